//! Where sessions are kept: the contract of a backend, and the engines by their Django names.

mod db;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, Utc};

pub use self::db::DbBackend;
use super::error::SessionError;
use super::key::SessionKey;
use super::pending::{Loaded, Pending, Saved};

/// What a backend's verb returns.
///
/// ```
/// use sessionid::sessions::{BackendFuture, SessionKey, SharedBackend};
///
/// /// A wrapper's `delete`, which writes it down.
/// fn delete(inner: &SharedBackend, key: SessionKey) -> BackendFuture<'_, ()> {
///     Box::pin(async move {
///         println!("deleting {key:?}");
///         inner.delete(key).await
///     })
/// }
/// ```
pub type BackendFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, SessionError>> + Send + 'a>>;

/// A store of sessions, with the verbs of Django's `SessionBase`.
///
/// Every verb answers within the backend's time limit, with [`SessionError::Unavailable`] if need
/// be, and can be given up at any moment: what has been answered is done, what has not may be
/// either. A verb waits on other threads, never on the one that polls it.
///
/// ```
/// use std::sync::Arc;
/// # use sessionid::clock::Clock;
/// # use sessionid::db::{Database, DatabaseOptions, DatabaseUrl};
/// use sessionid::sessions::{DbBackend, SessionBackend as _, SessionCodec, SessionStore};
/// # #[actix_web::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let url = DatabaseUrl::Sqlite(folder.path().join("db.sqlite3"));
/// # let database = Database::open(&url, DatabaseOptions::default())?;
/// let backend = Arc::new(DbBackend::new(database, SessionCodec::new("secret", &[])));
/// let mut session = SessionStore::new(None, backend.clone(), Default::default(), Clock::System);
/// session.save().await?;
///
/// let key = session.session_key().cloned().ok_or("a saved session has a key")?;
/// assert!(backend.exists(key).await?);
/// # Ok(()) }
/// ```
pub trait SessionBackend: fmt::Debug + Send + Sync {
    /// What is stored under a key that has not expired at `now`; `None` where there is nothing.
    /// A payload that gives no data is no error here, since nobody may look at it.
    ///
    /// ```
    /// # use sessionid::db::{Database, DatabaseOptions, DatabaseUrl};
    /// # use sessionid::sessions::{DbBackend, SessionBackend as _, SessionCodec, SessionKey};
    /// # #[actix_web::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let url = DatabaseUrl::Sqlite(folder.path().join("db.sqlite3"));
    /// # let database = Database::open(&url, DatabaseOptions::default())?;
    /// # let backend = DbBackend::new(database, SessionCodec::new("secret", &[]));
    /// let now = "2026-11-22T18:24:10Z".parse()?;
    /// let found = backend.load(SessionKey::random(), now).await?;
    /// assert!(found.is_none());
    /// # Ok(()) }
    /// ```
    fn load(&self, key: SessionKey, now: DateTime<Utc>) -> BackendFuture<'_, Option<Loaded>>;

    /// Whether a key is taken, by an expired session as well.
    ///
    /// ```
    /// # use sessionid::db::{Database, DatabaseOptions, DatabaseUrl};
    /// # use sessionid::sessions::{DbBackend, SessionBackend as _, SessionCodec, SessionKey};
    /// # #[actix_web::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let url = DatabaseUrl::Sqlite(folder.path().join("db.sqlite3"));
    /// # let database = Database::open(&url, DatabaseOptions::default())?;
    /// # let backend = DbBackend::new(database, SessionCodec::new("secret", &[]));
    /// assert!(!backend.exists(SessionKey::random()).await?);
    /// # Ok(()) }
    /// ```
    fn exists(&self, key: SessionKey) -> BackendFuture<'_, bool>;

    /// Saves a new session under a key that nobody had before.
    ///
    /// ```
    /// # use sessionid::sessions::{Pending, Saved, SessionError, SharedBackend};
    /// # async fn wrapper(
    /// #     inner: SharedBackend,
    /// #     pending: Pending,
    /// # ) -> Result<Saved, SessionError> {
    /// // In a wrapper, which hands on what it is given.
    /// let saved = inner.create(pending).await?;
    /// println!("a new visitor: {:?}", saved.session_key);
    /// Ok(saved)
    /// # }
    /// ```
    fn create(&self, pending: Pending) -> BackendFuture<'_, Saved>;

    /// Saves a session under a key that is there, expired or not, merged with what it holds by now
    /// where the backend can; [`SessionError::Interrupted`] when the key is gone, and it stays gone.
    ///
    /// ```
    /// # use sessionid::sessions::{Pending, Saved, SessionError, SessionKey, SharedBackend};
    /// # async fn wrapper(
    /// #     inner: SharedBackend,
    /// #     key: SessionKey,
    /// #     pending: Pending,
    /// # ) -> Result<Saved, SessionError> {
    /// // In a wrapper that counts logouts which overtook a request.
    /// let saved = inner.save(key, pending).await;
    /// if let Err(SessionError::Interrupted) = &saved {
    ///     println!("the row is gone");
    /// }
    /// saved
    /// # }
    /// ```
    fn save(&self, key: SessionKey, pending: Pending) -> BackendFuture<'_, Saved>;

    /// Saves a session under the new key `to`, merged with what `from` holds by now, and deletes
    /// `from`. A `from` that is gone does not matter; a `to` that is taken is replaced by another.
    ///
    /// ```
    /// # use sessionid::sessions::{Pending, Saved, SessionError, SessionKey, SharedBackend};
    /// # async fn wrapper(
    /// #     inner: SharedBackend,
    /// #     from: SessionKey,
    /// #     to: SessionKey,
    /// #     pending: Pending,
    /// # ) -> Result<Saved, SessionError> {
    /// // In a wrapper: the key to believe is the one that comes back.
    /// let saved = inner.cycle_key(from, to, pending).await?;
    /// println!("moved to {:?}", saved.session_key);
    /// Ok(saved)
    /// # }
    /// ```
    fn cycle_key(&self, from: SessionKey, to: SessionKey, pending: Pending) -> BackendFuture<'_, Saved>;

    /// Deletes a session. One that is not there is deleted already.
    ///
    /// ```
    /// # use sessionid::db::{Database, DatabaseOptions, DatabaseUrl};
    /// # use sessionid::sessions::{DbBackend, SessionBackend as _, SessionCodec, SessionKey};
    /// # #[actix_web::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let url = DatabaseUrl::Sqlite(folder.path().join("db.sqlite3"));
    /// # let database = Database::open(&url, DatabaseOptions::default())?;
    /// # let backend = DbBackend::new(database, SessionCodec::new("secret", &[]));
    /// let key = SessionKey::random();
    /// backend.delete(key.clone()).await?;
    /// backend.delete(key).await?; // twice is no error
    /// # Ok(()) }
    /// ```
    fn delete(&self, key: SessionKey) -> BackendFuture<'_, ()>;

    /// Deletes what had expired at `now`, in batches that never hold up a request for long, and tells
    /// how many sessions that were; `progress` hears the number so far after each batch. Given up in
    /// between, whole batches are done and the rest is as it was.
    ///
    /// ```
    /// # use sessionid::db::{Database, DatabaseOptions, DatabaseUrl};
    /// # use sessionid::sessions::{DbBackend, SessionBackend as _, SessionCodec, SessionKey};
    /// # #[actix_web::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let url = DatabaseUrl::Sqlite(folder.path().join("db.sqlite3"));
    /// # let database = Database::open(&url, DatabaseOptions::default())?;
    /// # let backend = DbBackend::new(database, SessionCodec::new("secret", &[]));
    /// let now = "2026-11-22T18:24:10Z".parse()?;
    /// let deleted = backend.clear_expired(now, &|so_far| println!("{so_far} so far")).await?;
    /// assert_eq!(deleted, 0);
    /// # Ok(()) }
    /// ```
    fn clear_expired<'a>(
        &'a self,
        now: DateTime<Utc>,
        progress: &'a (dyn Fn(usize) + Sync),
    ) -> BackendFuture<'a, usize>;
}

/// A backend that is shared by everything that uses it.
///
/// ```
/// use std::sync::Arc;
/// use sessionid::db::Database;
/// use sessionid::sessions::{DbBackend, SessionCodec, SharedBackend};
///
/// fn backend(database: Database, secret_key: &str) -> SharedBackend {
///     Arc::new(DbBackend::new(database, SessionCodec::new(secret_key, &[])))
/// }
/// ```
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
    ///
    /// ```
    /// use sessionid::sessions::Engine;
    ///
    /// assert!(Engine::ALLOWED.contains("django.contrib.sessions.backends.db"));
    /// ```
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
///
/// ```
/// use sessionid::sessions::{Engine, UnknownEngine};
///
/// assert_eq!("cached_db".parse::<Engine>(), Err(UnknownEngine::NotBuiltIn));
/// assert_eq!("redis".parse::<Engine>(), Err(UnknownEngine::Unknown));
/// ```
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
