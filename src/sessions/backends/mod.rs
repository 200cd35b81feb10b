//! Where sessions are kept: the contract of a backend, and the engines by their Django names.

mod db;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, Utc};

pub use self::db::DbBackend;
use super::base::{Loaded, Pending, Saved};
use super::error::SessionError;
use super::key::SessionKey;

/// What a backend's verb returns.
pub type BackendFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, SessionError>> + Send + 'a>>;

/// A store of sessions, with the verbs of Django's `SessionBase`.
///
/// Every verb answers within the backend's time limit, with [`SessionError::Unavailable`] if need
/// be, and can be given up at any moment: what has been answered is done, what has not may be
/// either. A verb waits on other threads, never on the one that polls it.
pub trait SessionBackend: fmt::Debug + Send + Sync {
    /// What is stored under a key that has not expired at `now`; `None` where there is nothing.
    /// A payload that gives no data is no error here, since nobody may look at it.
    fn load(&self, key: SessionKey, now: DateTime<Utc>) -> BackendFuture<'_, Option<Loaded>>;

    /// Whether a key is taken, by an expired session as well.
    fn exists(&self, key: SessionKey) -> BackendFuture<'_, bool>;

    /// Saves a new session under a key that nobody had before.
    fn create(&self, pending: Pending) -> BackendFuture<'_, Saved>;

    /// Saves a session under a key that is there, expired or not, merged with what it holds by now
    /// where the backend can; [`SessionError::Interrupted`] when the key is gone, and it stays gone.
    fn save(&self, key: SessionKey, pending: Pending) -> BackendFuture<'_, Saved>;

    /// Saves a session under the new key `to`, merged with what `from` holds by now, and deletes
    /// `from`. A `from` that is gone does not matter; a `to` that is taken is replaced by another.
    fn cycle_key(&self, from: SessionKey, to: SessionKey, pending: Pending) -> BackendFuture<'_, Saved>;

    /// Deletes a session. One that is not there is deleted already.
    fn delete(&self, key: SessionKey) -> BackendFuture<'_, ()>;

    /// Deletes what had expired at `now`, in batches that never hold up a request for long, and tells
    /// how many sessions that were; `progress` hears the number so far after each batch. Given up in
    /// between, whole batches are done and the rest is as it was.
    fn clear_expired<'a>(
        &'a self,
        now: DateTime<Utc>,
        progress: &'a (dyn Fn(usize) + Sync),
    ) -> BackendFuture<'a, usize>;
}

/// A backend that is shared by everything that uses it.
pub type SharedBackend = Arc<dyn SessionBackend>;

/// `SESSION_ENGINE`.
///
/// ```
/// use sessionid::sessions::Engine;
///
/// assert_eq!("django.contrib.sessions.backends.db".parse(), Ok(Engine::Db));
/// assert_eq!("db".parse(), Ok(Engine::Db));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Engine {
    /// The `django_session` table.
    #[default]
    Db,
}

/// Django's engines that this build does not have.
const NOT_BUILT_IN: [&str; 4] = ["cache", "cached_db", "file", "signed_cookies"];

impl Engine {
    /// The names that a setting may use in this build.
    pub const ALLOWED: &str = "db, or its dotted path django.contrib.sessions.backends.db";
}

impl FromStr for Engine {
    type Err = UnknownEngine;

    fn from_str(name: &str) -> Result<Self, UnknownEngine> {
        match name.strip_prefix("django.contrib.sessions.backends.").unwrap_or(name) {
            "db" => Ok(Self::Db),
            known if NOT_BUILT_IN.contains(&known) => Err(UnknownEngine::NotBuiltIn),
            _ => Err(UnknownEngine::Unknown),
        }
    }
}

/// A name is no engine of this build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnknownEngine {
    /// Django has it, this build has not.
    #[error("this engine is not built in")]
    NotBuiltIn,
    /// Django has no such engine either.
    #[error("there is no such engine")]
    Unknown,
}
