//! What passes between an engine's storage and those above it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::sessions::error::SessionError;
use crate::sessions::payload::Payload;
use crate::sessions::policy::SessionPolicy;

/// What a verb of a backend returns.
pub type BackendFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, SessionError>> + Send + 'a>>;

/// What is to be stored under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The session, encoded.
    pub payload: Payload,
    /// When it is saved.
    pub saved_at: DateTime<Utc>,
    /// When it ends.
    pub expire_date: DateTime<Utc>,
}

/// What is stored under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The session, encoded.
    pub payload: Payload,
    /// When it ends, where the store tells.
    pub expire_date: Option<DateTime<Utc>>,
}

/// What was found under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found {
    /// A session that has not expired.
    Session(Stored),
    /// None, or one that has expired: the first access gives the key up, and the cookie is deleted (Django's `db`, `cache`
    /// and `cached_db`).
    Nothing,
    /// One that has expired or that was not signed with one of our keys: the first access deletes it and begins a new session in its
    /// place, which is saved (Django's `file` and `signed_cookies`).
    Ended,
}

/// When a session is loaded, and under which settings.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Moment {
    /// The time.
    pub now: DateTime<Utc>,
    /// The settings: an engine that stores no expiry works it out from `SESSION_COOKIE_AGE`.
    pub policy: Arc<SessionPolicy>,
}

impl Moment {
    /// The time `now`, under `policy`.
    #[must_use]
    pub fn new(now: DateTime<Utc>, policy: Arc<SessionPolicy>) -> Self {
        Self { now, policy }
    }
}

/// What became of an [`insert`](super::SessionBackend::insert).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It is stored.
    Stored,
    /// The key has a session, which may have expired; nothing was changed.
    Taken,
}

/// What became of a [`replace`](super::SessionBackend::replace).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replaced {
    /// The new payload is stored.
    Stored,
    /// The key holds this instead of what was expected; nothing was changed.
    Changed(Payload),
    /// The key has no session; nothing was stored.
    Gone,
}

/// What became of a [`rename`](super::SessionBackend::rename).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Renamed {
    /// The new payload is stored under the new key, and the old key has no session.
    Stored,
    /// The old key holds this instead of what was expected; nothing was changed.
    Changed(Payload),
    /// The old key has no session; nothing was stored.
    Gone,
    /// The new key has a session; nothing was changed.
    Taken,
}
