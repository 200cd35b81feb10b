//! Whose a room is.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use super::ids::BrowserId;

/// How long a room stays a browser's that is not seen.
const ABSENCE: TimeDelta = TimeDelta::minutes(30);

/// The browser that has a room, if one has. It gets it by sending its id back: a client that keeps no cookies has every
/// free room, and takes none.
#[derive(Debug, Default)]
pub(super) struct Ownership(Mutex<Option<Owner>>);

#[derive(Debug)]
struct Owner {
    browser: BrowserId,
    seen: DateTime<Utc>,
}

impl Ownership {
    /// Whether the room is for this browser at `now`: it is its own, or free, and then it becomes its own.
    pub(super) fn admits(&self, browser: Option<&BrowserId>, now: DateTime<Utc>) -> bool {
        let mut owner = self.owner();
        let is_its = |owner: &Owner| Some(&owner.browser) == browser;
        if owner.as_ref().is_some_and(|owner| owner.is_here(now) && !is_its(owner)) {
            return false;
        }
        if let Some(browser) = browser.cloned() {
            *owner = Some(Owner { browser, seen: now });
        }
        true
    }

    /// Whether `browser` would be let in, without letting it in. If the room is its own it is free from now on: whoever
    /// deleted its id there, but not what leads there, gets it again.
    pub(super) fn awaits(&self, browser: Option<&BrowserId>, now: DateTime<Utc>) -> bool {
        let mut owner = self.owner();
        if owner.as_ref().is_some_and(|owner| Some(&owner.browser) == browser) {
            *owner = None;
        }
        !owner.as_ref().is_some_and(|owner| owner.is_here(now))
    }

    fn owner(&self) -> MutexGuard<'_, Option<Owner>> {
        // Nothing that can panic happens under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Owner {
    fn is_here(&self, now: DateTime<Utc>) -> bool {
        now - self.seen < ABSENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    #[test]
    fn the_first_browser_that_sends_its_id_back_has_the_room() {
        let (room, one, other) = (Ownership::default(), BrowserId::make(), BrowserId::make());
        for _ in 0..3 {
            assert!(room.admits(None, minute(0)), "who keeps no cookies takes nothing");
        }
        assert!(room.admits(Some(&one), minute(0)));
        for stranger in [None, Some(&other)] {
            assert!(!room.admits(stranger, minute(29)));
        }
        assert!(room.admits(Some(&one), minute(29)));
        assert!(!room.admits(Some(&other), minute(58)), "seen half an hour ago at most");
    }

    #[test]
    fn a_room_is_free_when_its_browser_has_been_away_for_half_an_hour() {
        let (room, one, other) = (Ownership::default(), BrowserId::make(), BrowserId::make());
        assert!(room.admits(Some(&one), minute(0)));
        assert!(room.admits(None, minute(30)));
        assert!(room.admits(Some(&one), minute(30)), "a guest has not taken it");
        assert!(room.admits(Some(&other), minute(60)));
        assert!(!room.admits(Some(&one), minute(61)));
    }

    #[test]
    fn a_browser_is_awaited_in_its_own_room_and_in_a_free_one() {
        let (room, one, other) = (Ownership::default(), BrowserId::make(), BrowserId::make());
        assert!(room.awaits(Some(&one), minute(0)) && room.awaits(None, minute(0)));
        assert!(room.admits(Some(&one), minute(0)));
        assert!(!room.awaits(Some(&other), minute(1)) && !room.awaits(None, minute(1)));
        assert!(room.awaits(Some(&one), minute(1)));
        assert!(room.admits(Some(&other), minute(1)), "it was given up when its browser was led there");
    }
}
