//! Where sessions are kept: the contract of an engine's storage, which sees bytes.
//!
//! An engine of Django's is one file here. It stores an opaque [`Payload`] under a key until a moment, and replaces
//! it only where nobody else has: compare and swap. What a payload means is its [`PayloadCodec`]'s business; how
//! overlapping requests are merged and how often something is tried again stands above, once for every engine
//! ([`Storage`]).
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
//! [`PayloadCodec`]: super::PayloadCodec
//! [`Storage`]: super::Storage

mod cache;
mod cached_db;
mod db;
mod engine;
mod entry;
mod file;
mod records;
mod signed_cookies;

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};

pub use self::cache::CacheBackend;
pub use self::cached_db::CachedDbBackend;
pub use self::db::DbBackend;
pub use self::engine::{Engine, UnknownEngine};
pub use self::entry::{BackendFuture, Entry, Found, Inserted, Moment, Renamed, Replaced, Stored};
pub use self::file::{FileBackend, FileCodec, FolderError};
pub use self::records::{Count, ExpireDate, SessionRecord, SessionRecords};
pub use self::signed_cookies::SignedCookiesBackend;
use super::key::SessionKey;
pub use super::payload::Payload;

/// The storage of an engine.
///
/// Every verb answers within [`timeout`](Self::timeout), with
/// [`SessionError::Unavailable`](super::SessionError::Unavailable) if need be, and can be dropped at any moment: what has
/// been answered is done, what has not been may or may not be. A verb waits on other threads, never on the one that polls
/// it. A backend does not care whether a payload can be decoded: it is stored, found and deleted like any other.
///
/// Every verb has to be written, and a wrapper has to hand on every one: a default would silently lose what the
/// backend inside does better. Verbs are called only with keys that the store [`holds`](Self::holds).
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
/// #   fn is_stateless(&self) -> bool { self.0.is_stateless() }
/// #   fn holds(&self, key: &SessionKey) -> bool { self.0.holds(key) }
/// #   fn load<'a>(&'a self, key: &'a SessionKey, moment: &'a Moment) -> BackendFuture<'a, Found> {
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
    /// Whether nothing is kept here, and a session's key is its payload (Django's `signed_cookies`). Then nothing is inserted,
    /// compared, moved or merged: a save gives the session another key, and that is all.
    fn is_stateless(&self) -> bool;

    /// Whether the store can have a session under this key at all; any other key is unknown, and no verb is called with it.
    /// [`SessionKey::is_storable`] is the answer of a store without limits of its own.
    fn holds(&self, key: &SessionKey) -> bool;

    /// What is stored under a key. What has expired at that moment is not found.
    fn load<'a>(&'a self, key: &'a SessionKey, moment: &'a Moment) -> BackendFuture<'a, Found>;

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

    /// Deletes a session, and tells whether there was one. Deleting what is not there is no error; a session that is still
    /// there afterwards is.
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
