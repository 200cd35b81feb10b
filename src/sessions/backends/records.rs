//! Enumerating sessions, for commands and for whoever wants to look into the store.

use chrono::{DateTime, Utc};

use super::entry::{BackendFuture, Moment};
use crate::sessions::payload::Payload;

/// The sessions of an engine that can enumerate them, as they are stored: live, expired or odd.
pub trait SessionRecords: Send + Sync {
    /// A page of them, the latest to end first.
    fn list(&self, limit: u32, offset: u64) -> BackendFuture<'_, Vec<SessionRecord>>;

    /// How many there are, and how many of them had expired at `now`.
    fn count(&self, now: DateTime<Utc>) -> BackendFuture<'_, Count>;

    /// The one under a key, which need not be a possible [`SessionKey`](crate::sessions::SessionKey).
    fn find<'a>(&'a self, key: &'a str) -> BackendFuture<'a, Option<SessionRecord>>;

    /// The same, its end by the policy of `moment` where none is stored and the engine works it out.
    fn find_at<'a>(&'a self, key: &'a str, moment: &'a Moment) -> BackendFuture<'a, Option<SessionRecord>> {
        let _ = moment;
        self.find(key)
    }

    /// Deletes the one under a key, likewise, and tells whether there was one.
    fn delete<'a>(&'a self, key: &'a str) -> BackendFuture<'a, bool>;
}

/// How many sessions there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// All of them.
    pub all: u64,
    /// Of these, those that have expired.
    pub expired: u64,
}

/// A session as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionRecord {
    /// Its key, with U+FFFD for what is not UTF-8.
    pub key: String,
    /// The session, encoded.
    pub payload: Payload,
    /// When it ends.
    pub expire_date: ExpireDate,
}

impl SessionRecord {
    /// Whether it has not expired at `now`; one whose end cannot be told is neither live nor expired.
    #[must_use]
    pub fn is_live(&self, now: DateTime<Utc>) -> Option<bool> {
        self.expire_date.moment().map(|end| end > now)
    }
}

/// When a stored session ends.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpireDate {
    /// At this moment.
    At(DateTime<Utc>),
    /// Something that is no moment in the form that Django writes, as it is stored.
    Odd(String),
}

impl ExpireDate {
    /// The moment, if it is one.
    #[must_use]
    pub fn moment(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::At(moment) => Some(*moment),
            Self::Odd(_) => None,
        }
    }
}
