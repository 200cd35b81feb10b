//! A session together with where it is kept, usable outside of requests: Django's "Using sessions out of views".

mod methods;
mod take;

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::backends::Moment;
use super::base::{SessionBase, Verb};
use super::error::SessionError;
use super::expiry::Lifetime;
use super::key::SessionKey;
use super::policy::SessionPolicy;
use super::storage::{Loaded, Storage};
use crate::clock::Clock;

/// Django's `SessionStore`: a session that loads and saves itself.
///
/// Between [`load`](Self::load) and [`save`](Self::save) its methods work in memory; they are those of [`Session`](super::Session) in a
/// request, except that [`flush`](Self::flush) and [`cycle_key`](Self::cycle_key) reach the store at once.
///
/// ```
/// use std::sync::Arc;
/// use sessionid::clock::Clock;
/// use sessionid::db::{Database, DatabaseOptions, DatabaseUrl};
/// use sessionid::sessions::{DbBackend, SessionCodec, SessionPolicy, SessionStore, Storage};
///
/// # #[actix_web::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let url = DatabaseUrl::Sqlite(folder.path().join("db.sqlite3"));
/// let database = Database::open(&url, DatabaseOptions::default())?;
/// let storage = Storage::new(DbBackend::new(database), SessionCodec::new("SECRET_KEY", &[]));
/// let policy = Arc::new(SessionPolicy::default());
///
/// let mut session = SessionStore::new(None, storage.clone(), policy.clone(), Clock::default());
/// session.insert("last_login", &1_376_587_691)?;
/// session.create().await?;
/// let key = session.session_key().cloned().ok_or("a saved session has a key")?;
///
/// // Another process, with the same table and SECRET_KEY.
/// let mut again = SessionStore::new(Some(key.clone()), storage, policy, Clock::default());
/// again.load().await?;
/// assert_eq!(again.get("last_login")?, Some(1_376_587_691));
///
/// again.delete().await?;
/// assert!(!again.exists(&key).await?);
/// # Ok(())
/// # }
/// ```
pub struct SessionStore {
    base: SessionBase,
    storage: Storage,
    clock: Clock,
}

impl SessionStore {
    /// A session under `key`, or a new one; nothing is loaded yet.
    #[must_use]
    pub fn new(key: Option<SessionKey>, storage: Storage, policy: Arc<SessionPolicy>, clock: Clock) -> Self {
        Self { base: SessionBase::new(key, policy), storage, clock }
    }

    /// Fetches the session, where that has not happened; this is no access yet.
    ///
    /// ```
    /// # use sessionid::sessions::{SessionError, SessionStore};
    /// # async fn script(session: &mut SessionStore) -> Result<(), SessionError> {
    /// session.load().await?;
    /// let user: Option<i64> = session.get("user")?; // without the `load`, `SessionError::NotLoaded`
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Unavailable`].
    pub async fn load(&mut self) -> Result<(), SessionError> {
        if let Some(fetch) = self.fetch() {
            self.base.unload();
            let found = fetch.await?;
            self.set_found(found);
        }
        Ok(())
    }

    /// What [`load`](Self::load) waits for, if it has to, without holding on to this session.
    pub(crate) fn fetch(&self) -> Option<impl Future<Output = Result<Loaded, SessionError>> + Send + use<>> {
        let key = self.base.key_to_load()?.clone();
        let (storage, moment) = (self.storage.clone(), self.moment());
        Some(async move { storage.load(&key, &moment).await })
    }

    pub(crate) fn set_found(&mut self, found: Loaded) {
        self.base.set_found(found);
    }

    /// What became of a [`fetch`](Self::fetch). That it failed is what every access is told from then on, until the next
    /// [`load`](Self::load).
    pub(crate) fn set_fetched(&mut self, found: Result<Loaded, SessionError>) -> Result<(), SessionError> {
        match found {
            Ok(found) => self.set_found(found),
            Err(error) => {
                self.base.set_failure(error.clone());
                return Err(error);
            }
        }
        Ok(())
    }

    /// Why it is not known what the store holds, where that matters.
    pub(crate) fn failure(&self) -> Option<&SessionError> {
        self.base.failure()
    }

    fn moment(&self) -> Moment {
        Moment::new(self.clock.now(), Arc::clone(self.base.policy()))
    }

    /// Saves the session, under a new key if it has none; loads it first if need be.
    ///
    /// When that fails, what had been changed is lost and the session is not loaded any more: load it, change it and save
    /// it again.
    ///
    /// ```
    /// # use sessionid::sessions::{SessionError, SessionStore};
    /// # async fn script(session: &mut SessionStore) -> Result<(), SessionError> {
    /// session.load().await?;
    /// session.insert("seen", &true)?;
    /// match session.save().await {
    ///     Err(SessionError::Interrupted) => println!("logged out in the meantime"),
    ///     saved => saved?,
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Interrupted`] when the session is gone from the store, and whatever stands in the way of
    /// reading, merging or writing it.
    pub async fn save(&mut self) -> Result<(), SessionError> {
        self.commit().await.map(drop)
    }

    /// The same; returns the key, and when what was stored expires.
    pub(crate) async fn commit(&mut self) -> Result<(SessionKey, DateTime<Utc>), SessionError> {
        self.delete_flushed().await?;
        self.load().await?;
        let (verb, pending) = self.base.begin_save(self.clock.now())?;
        // It may have been the first to look, at a session that is over.
        self.delete_flushed().await?;
        let saved = match verb {
            Verb::Create => self.storage.create(pending).await,
            Verb::Update(key) => self.storage.save(&key, pending).await,
            Verb::CycleKey { from, to } => self.storage.cycle_key(from, to, pending).await,
        };
        match saved {
            Ok(saved) => {
                let stored = (saved.key.clone(), saved.expire_date);
                self.base.finish_save(saved);
                Ok(stored)
            }
            Err(error) => {
                self.base.unload();
                Err(error)
            }
        }
    }

    /// Saves the session under a new key, whatever key it had (`create`).
    ///
    /// ```
    /// # use sessionid::sessions::{SessionError, SessionStore};
    /// # async fn script(session: &mut SessionStore) -> Result<(), SessionError> {
    /// let before = session.session_key().cloned();
    /// session.create().await?;
    /// assert_ne!(session.session_key(), before.as_ref()); // two sessions now
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`save`](Self::save).
    pub async fn create(&mut self) -> Result<(), SessionError> {
        self.load().await?;
        self.base.forget_key()?;
        self.save().await
    }

    /// Empties the session, deletes it from the store, and gives up its key.
    ///
    /// # Errors
    ///
    /// [`SessionError::Unavailable`].
    pub async fn flush(&mut self) -> Result<(), SessionError> {
        self.base.flush();
        self.delete_flushed().await
    }

    /// Moves the data to a new key, and saves it there; what the old one held is gone.
    ///
    /// # Errors
    ///
    /// As [`save`](Self::save).
    pub async fn cycle_key(&mut self) -> Result<(), SessionError> {
        self.load().await?;
        self.renew_key()?;
        self.save().await
    }

    /// The same in memory, for a save that comes later.
    pub(crate) fn renew_key(&mut self) -> Result<(), SessionError> {
        let (storage, now) = (&self.storage, self.clock.now());
        self.base.cycle_key(|data| storage.key_of(data, now))
    }

    /// Deletes the session under this key from the store; this one keeps key and data, and cannot be saved any more. Where the
    /// session is kept in its cookie, key and data are forgotten, which is all that can be done.
    ///
    /// # Errors
    ///
    /// [`SessionError::Unavailable`].
    pub async fn delete(&mut self) -> Result<(), SessionError> {
        if self.storage.is_stateless() {
            return self.flush().await;
        }
        match self.base.session_key() {
            Some(key) => self.storage.delete(key).await.map(drop),
            None => Ok(()),
        }
    }

    /// Whether a key is taken, by an expired session as well.
    ///
    /// # Errors
    ///
    /// [`SessionError::Unavailable`].
    pub fn exists<'a>(
        &'a self,
        key: &'a SessionKey,
    ) -> impl Future<Output = Result<bool, SessionError>> + Send + 'a {
        self.storage.exists(key)
    }

    /// Deletes all sessions that have expired, and returns how many.
    ///
    /// # Errors
    ///
    /// [`SessionError::Unavailable`].
    pub fn clear_expired(&self) -> impl Future<Output = Result<usize, SessionError>> + Send {
        // Updates that wait in the session are not shared between threads, but where it is kept is.
        let (storage, now) = (&self.storage, self.clock.now());
        async move { storage.clear_expired(now, &|_| ()).await }
    }

    /// What Django has done by the end of a request that is not saved: a `flush` has deleted its
    /// session, a `cycle_key` has moved what it had then.
    ///
    /// # Errors
    ///
    /// As [`save`](Self::save).
    pub(crate) async fn settle(&mut self) -> Result<(), SessionError> {
        self.delete_flushed().await?;
        if self.base.rewind_to_cycle_key() { self.save().await } else { Ok(()) }
    }

    async fn delete_flushed(&mut self) -> Result<(), SessionError> {
        // What fails or is given up is still to be done: the next call does it.
        while let Some(key) = self.base.flushed() {
            self.storage.delete(key).await?;
            self.base.set_deleted();
        }
        Ok(())
    }

    /// When the session ends, by its data.
    pub(crate) fn lifetime(&mut self) -> Result<Lifetime, SessionError> {
        self.base.lifetime()
    }

    /// Whether the session would have to be loaded to be saved.
    pub(crate) fn is_untouched(&self) -> bool {
        self.base.key_to_load().is_some()
    }

    /// The state alone, whose `flush` and `cycle_key` wait for [`settle`](Self::settle) or a save.
    pub(crate) fn base_mut(&mut self) -> &mut SessionBase {
        &mut self.base
    }

    /// The clock that the session goes by.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }
}

impl fmt::Debug for SessionStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.base.fmt(f)
    }
}
