//! One room.

use chrono::{DateTime, Utc};

use super::ids::{BrowserId, RoomId};
use super::keys::Keys;
use super::owner::Ownership;
use crate::clock::Clock;
use crate::lab::log::{Place, RequestLog, SessionTable};
use crate::sessions::{SharedPolicy, Storage};

/// What a browser sees of the site: what it has done, under which settings.
#[derive(Debug)]
pub(crate) struct Room {
    /// `None` for the main room.
    pub(in crate::lab) id: Option<RoomId>,
    /// What stands before its paths: nothing, or `/room/<id>`.
    pub(in crate::lab) root: String,
    pub(in crate::lab) log: RequestLog,
    pub(in crate::lab) policy: SharedPolicy,
    /// The sessions, their ends by this room's policy where the engine works them out.
    pub(in crate::lab) table: SessionTable,
    /// Of the sessions that were made here. The main room has all that no other has, and keeps none.
    pub(in crate::lab) keys: Keys,
    owner: Ownership,
}

/// What every room is made of.
#[derive(Clone, Debug)]
pub(in crate::lab) struct RoomParts {
    pub(in crate::lab) storage: Storage,
    pub(in crate::lab) place: Place,
    pub(in crate::lab) clock: Clock,
}

impl Room {
    pub(super) fn new(id: Option<RoomId>, parts: &RoomParts, policy: SharedPolicy, log: RequestLog) -> Self {
        let RoomParts { storage, place, clock } = parts.clone();
        Self {
            root: id.as_ref().map(root).unwrap_or_default(),
            id,
            log,
            table: SessionTable::new(storage, place, policy.clone(), clock),
            policy,
            keys: Keys::default(),
            owner: Ownership::default(),
        }
    }

    pub(in crate::lab) fn is_main(&self) -> bool {
        self.id.is_none()
    }

    /// Whether it is for this browser at `now`: its own or free, and then its own from now on.
    pub(in crate::lab) fn admits(&self, browser: Option<&BrowserId>, now: DateTime<Utc>) -> bool {
        self.owner.admits(browser, now)
    }

    /// Whether a browser has it at `now`.
    pub(in crate::lab) fn is_taken(&self, now: DateTime<Utc>) -> bool {
        !self.owner.awaits(None, now)
    }

    /// Whether a browser may be led here.
    pub(in crate::lab) fn awaits(&self, browser: Option<&BrowserId>, now: DateTime<Utc>) -> bool {
        self.owner.awaits(browser, now)
    }
}

/// What stands before the paths of a room.
pub(super) fn root(id: &RoomId) -> String {
    format!("/room/{}", id.as_str())
}
