//! What all of the lab shares.

use std::fmt;

use actix_web::cookie::Key;
use chrono::{DateTime, Utc};

use super::at_once::Meetings;
use super::log::Place;
use super::progress::ProgressCodec;
use super::rooms::{RoomParts, Rooms};
use crate::clock::Clock;
use crate::sessions::actix::stock::cookie_key;
use crate::sessions::{SharedPolicy, Storage};

/// The state of the lab, as its pages and its recorder find it in the application's data.
pub(crate) struct Lab {
    pub(super) rooms: Rooms,
    pub(super) progress: ProgressCodec,
    /// What the stock middleware's cookie is encrypted with.
    pub(super) stock_key: Key,
    pub(super) meetings: Meetings,
    clock: Clock,
}

/// The keys that sign the learner's cookie.
#[derive(Clone, Copy)]
pub(crate) struct SecretKeys<'a> {
    pub(crate) current: &'a str,
    pub(crate) fallbacks: &'a [String],
}

impl Lab {
    pub(crate) fn new(
        keys: SecretKeys<'_>,
        storage: Storage,
        place: Place,
        policy: SharedPolicy,
        clock: Clock,
    ) -> Self {
        log::info!("DEBUG is on: the lab is at /lab, and shows rows and payloads");
        let parts = RoomParts { storage, place, clock: clock.clone() };
        Self {
            rooms: Rooms::new(keys.current, keys.fallbacks, parts, policy),
            progress: ProgressCodec::new(keys.current, keys.fallbacks),
            stock_key: cookie_key(keys.current),
            meetings: Meetings::new(),
            clock,
        }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}

#[cfg(test)]
impl Lab {
    /// What stands before the paths of a room that can be entered.
    pub(crate) fn new_room(&self) -> String {
        format!("/room/{}", self.rooms.make_id().as_str())
    }
}

impl fmt::Debug for Lab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lab").field("boot_id", &self.rooms.main().log.boot_id()).finish_non_exhaustive()
    }
}
