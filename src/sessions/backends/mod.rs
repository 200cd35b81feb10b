//! Where sessions are kept: the contract of an engine's storage, which sees bytes.
//!
//! An engine of Django's is one file here. It stores an opaque [`Payload`] under a key until a moment, and replaces
//! it only where nobody else has: compare and swap. What a payload means (signed JSON), how overlapping requests are
//! merged and how often something is tried again stands above, once for every engine ([`Storage`]).
//!
//! | verb | Django's `SessionBase` |
//! |---|---|
//! | [`load`](SessionBackend::load) | `load` |
//! | [`exists`](SessionBackend::exists) | `exists` |
//! | [`insert`](SessionBackend::insert) | `save(must_create=True)` |
//! | [`replace`](SessionBackend::replace) | `save()` |
//! | [`rename`](SessionBackend::rename) | `cycle_key`: `create`, then `delete` of the old key |
//! | [`delete`](SessionBackend::delete) | `delete` |
//! | [`clear_expired`](SessionBackend::clear_expired) | `clear_expired` |
//!
//! [`Storage`]: super::Storage

mod db;
mod engine;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

pub use self::db::DbBackend;
pub use self::engine::{Engine, UnknownEngine};
use super::error::SessionError;
use super::key::SessionKey;
use super::policy::SessionPolicy;

/// What a verb returns.
pub type BackendFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, SessionError>> + Send + 'a>>;

/// What is stored under a key, opaque to the backend; clones share it.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload(Arc<[u8]>);

impl Payload {
    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The same as a text, where it is one: Django's database and file engines keep signed ASCII.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    pub(crate) fn shared(&self) -> Arc<[u8]> {
        Arc::clone(&self.0)
    }
}

impl<B: Into<Arc<[u8]>>> From<B> for Payload {
    fn from(bytes: B) -> Self {
        Self(bytes.into())
    }
}

/// Who reads a payload may be able to take the session over, so a log shows only its size.
impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} bytes)", self.0.len())
    }
}

/// What is to be stored under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The session, encoded.
    pub payload: Payload,
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

/// What became of an [`insert`](SessionBackend::insert).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It is stored.
    Stored,
    /// The key has a session, which may have expired; nothing was changed.
    Taken,
}

/// What became of a [`replace`](SessionBackend::replace).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replaced {
    /// The new payload is stored.
    Stored,
    /// The key holds this instead of what was expected; nothing was changed.
    Changed(Payload),
    /// The key has no session; nothing was stored.
    Gone,
}

/// What became of a [`rename`](SessionBackend::rename).
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

/// The storage of an engine.
///
/// Every verb answers within [`timeout`](Self::timeout), with [`SessionError::Unavailable`] if need be, and can be given up at any
/// moment: what has been answered is done, what has not may be either. A verb waits on other threads, never on the
/// one that polls it. A payload that nobody can decode is none of a backend's business: it is stored, found and
/// deleted like any other.
///
/// Every verb has to be written, and a wrapper has to hand on every one: a default would silently lose what the
/// backend inside does better. Keys that no store could hold ([`SessionKey::is_storable`]) never arrive here; one
/// that this store in particular cannot hold has no session.
///
/// What is wrapped, counted or delayed here is seen by all sessions:
///
/// ```
/// use chrono::{DateTime, Utc};
/// use std::time::Duration;
/// use sessionid::sessions::SessionKey;
/// use sessionid::sessions::backends::*;
///
/// /// A backend that writes every logout to the log.
/// #[derive(Debug)]
/// struct Audited<B>(B);
///
/// impl<B: SessionBackend> SessionBackend for Audited<B> {
///     fn delete<'a>(&'a self, key: &'a SessionKey) -> BackendFuture<'a, bool> {
///         Box::pin(async move {
///             let deleted = self.0.delete(key).await?;
///             log::info!("{key:?} deleted: {deleted}");
///             Ok(deleted)
///         })
///     }
///     // The others hand on what they are given.
/// #   fn load<'a>(&'a self, key: &'a SessionKey, moment: &'a Moment) -> BackendFuture<'a, Option<Stored>> {
/// #       self.0.load(key, moment)
/// #   }
/// #   fn exists<'a>(&'a self, key: &'a SessionKey) -> BackendFuture<'a, bool> { self.0.exists(key) }
/// #   fn insert<'a>(&'a self, key: &'a SessionKey, entry: Entry) -> BackendFuture<'a, Inserted> {
/// #       self.0.insert(key, entry)
/// #   }
/// #   fn replace<'a>(
/// #       &'a self,
/// #       key: &'a SessionKey,
/// #       expected: Option<&'a Payload>,
/// #       entry: Entry,
/// #   ) -> BackendFuture<'a, Replaced> {
/// #       self.0.replace(key, expected, entry)
/// #   }
/// #   fn rename<'a>(
/// #       &'a self,
/// #       from: &'a SessionKey,
/// #       expected: Option<&'a Payload>,
/// #       to: &'a SessionKey,
/// #       entry: Entry,
/// #   ) -> BackendFuture<'a, Renamed> {
/// #       self.0.rename(from, expected, to, entry)
/// #   }
/// #   fn clear_expired<'a>(
/// #       &'a self,
/// #       now: DateTime<Utc>,
/// #       progress: &'a (dyn Fn(usize) + Sync),
/// #   ) -> BackendFuture<'a, usize> {
/// #       self.0.clear_expired(now, progress)
/// #   }
/// #   fn records(&self) -> Option<&dyn SessionRecords> { self.0.records() }
/// #   fn timeout(&self) -> Duration { self.0.timeout() }
/// }
/// ```
pub trait SessionBackend: fmt::Debug + Send + Sync {
    /// What is stored under a key, if it has not expired at that moment.
    fn load<'a>(&'a self, key: &'a SessionKey, moment: &'a Moment) -> BackendFuture<'a, Option<Stored>>;

    /// Whether a key has a session, be it an expired one.
    fn exists<'a>(&'a self, key: &'a SessionKey) -> BackendFuture<'a, bool>;

    /// Stores a session under a key that has none.
    fn insert<'a>(&'a self, key: &'a SessionKey, entry: Entry) -> BackendFuture<'a, Inserted>;

    /// Stores a session under a key that holds `expected`, in one step that nobody can come between; without an
    /// expectation, under a key that has any session. An expired session that is still there is one: Django's
    /// UPDATE does not look at the date either.
    fn replace<'a>(
        &'a self,
        key: &'a SessionKey,
        expected: Option<&'a Payload>,
        entry: Entry,
    ) -> BackendFuture<'a, Replaced>;

    /// Moves a session to a key that has none, in one step that nobody can come between. `from` has to hold `expected`;
    /// without an expectation nothing of it is taken along, and it need not be there.
    fn rename<'a>(
        &'a self,
        from: &'a SessionKey,
        expected: Option<&'a Payload>,
        to: &'a SessionKey,
        entry: Entry,
    ) -> BackendFuture<'a, Renamed>;

    /// Deletes a session, and tells whether there was one. Where there is none it is deleted already.
    fn delete<'a>(&'a self, key: &'a SessionKey) -> BackendFuture<'a, bool>;

    /// Deletes what had expired at `now`, in batches that never hold up a request for long, and tells
    /// how many sessions that were; `progress` hears the number so far after each batch. Given up in
    /// between, whole batches are done and the rest is as it was.
    fn clear_expired<'a>(
        &'a self,
        now: DateTime<Utc>,
        progress: &'a (dyn Fn(usize) + Sync),
    ) -> BackendFuture<'a, usize>;

    /// The sessions one by one, where the engine can enumerate them.
    fn records(&self) -> Option<&dyn SessionRecords>;

    /// The longest that a verb takes.
    fn timeout(&self) -> Duration;
}

/// The sessions of an engine that can enumerate them, as they are stored: live, expired or odd.
pub trait SessionRecords: Send + Sync {
    /// A page of them, the latest to end first.
    fn list(&self, limit: u32, offset: u64) -> BackendFuture<'_, Vec<SessionRecord>>;

    /// How many there are, and how many of them had expired at `now`.
    fn count(&self, now: DateTime<Utc>) -> BackendFuture<'_, Count>;

    /// The one under a key, which need not be a possible [`SessionKey`].
    fn find<'a>(&'a self, key: &'a str) -> BackendFuture<'a, Option<SessionRecord>>;

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
