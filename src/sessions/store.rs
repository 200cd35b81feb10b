//! A session together with where it is kept, usable outside of requests.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use chrono::{DateTime, FixedOffset};

use super::backends::{BackendFuture, SharedBackend};
use super::base::SessionBase;
use super::error::SessionError;
use super::expiry::Expiry;
use super::key::SessionKey;
use super::pending::Verb;
use super::policy::SessionPolicy;
use crate::clock::Clock;

/// Django's `SessionStore`: a [`SessionBase`] that loads and saves itself.
///
/// ```
/// use std::sync::Arc;
/// use sessionid::clock::Clock;
/// use sessionid::db::{Database, DatabaseOptions, DatabaseUrl};
/// use sessionid::sessions::models::SessionRow;
/// use sessionid::sessions::{DbBackend, SessionCodec, SessionPolicy, SessionStore};
///
/// # #[actix_web::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let url = DatabaseUrl::Sqlite(folder.path().join("db.sqlite3"));
/// let database = Database::open(&url, DatabaseOptions::default())?;
/// let codec = SessionCodec::new("secret", &[]);
/// let backend = Arc::new(DbBackend::new(database.clone(), codec.clone()));
/// let policy = Arc::new(SessionPolicy::default());
///
/// let mut session = SessionStore::new(None, backend.clone(), policy.clone(), Clock::default());
/// session.insert("last_login", &1_376_587_691)?;
/// session.create().await?;
/// let key = session.session_key().cloned().ok_or("a saved session has a key")?;
///
/// // Another process, with the same table and SECRET_KEY.
/// let mut again = SessionStore::new(Some(key.clone()), backend, policy, Clock::default());
/// again.load().await?;
/// assert_eq!(again.get("last_login")?, Some(1_376_587_691));
///
/// // The row, as Django's `Session` model has it.
/// let name = key.to_string();
/// let row = database.read(move |conn| SessionRow::find(conn, &name)).await?.ok_or("a row")?;
/// assert_eq!(row.get_decoded(&codec)?.to_json(), r#"{"last_login":1376587691}"#);
///
/// assert_eq!(again.clear_expired().await?, 0);
/// again.delete().await?;
/// assert!(!again.exists(&key).await?);
/// # Ok(())
/// # }
/// ```
pub struct SessionStore {
    base: SessionBase,
    backend: SharedBackend,
    clock: Clock,
}

impl SessionStore {
    /// A session under `key`, or a new one; nothing is loaded yet.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use sessionid::clock::Clock;
    /// # use sessionid::sessions::{SessionKey, SessionPolicy, SessionStore, SharedBackend};
    /// # fn open(backend: SharedBackend, cookie: &str) -> SessionStore {
    /// let key = SessionKey::try_from(cookie).ok();
    /// SessionStore::new(key, backend, Arc::new(SessionPolicy::default()), Clock::System)
    /// # }
    /// ```
    #[must_use]
    pub fn new(
        key: Option<SessionKey>,
        backend: SharedBackend,
        policy: Arc<SessionPolicy>,
        clock: Clock,
    ) -> Self {
        Self { base: SessionBase::new(key, policy), backend, clock }
    }

    /// Fetches the row, where that has not happened; looks at nothing.
    ///
    /// ```
    /// # use sessionid::sessions::{SessionError, SessionKey, SessionStore};
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
        if let Some(key) = self.base.key_to_load().cloned() {
            let found = self.backend.load(key, self.clock.now()).await?;
            self.base.set_found(found);
        }
        Ok(())
    }

    /// Saves the session, under a new key if it has none; loads it first if need be.
    ///
    /// ```
    /// # use sessionid::sessions::{SessionError, SessionKey, SessionStore};
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
    /// [`SessionError::Interrupted`] when the row is gone, and whatever stands in the way of
    /// reading, merging or writing it.
    pub async fn save(&mut self) -> Result<(), SessionError> {
        self.delete_flushed().await?;
        self.load().await?;
        let (verb, pending) = self.base.begin_save(self.clock.now())?;
        let saving: BackendFuture<'_, _> = match verb {
            Verb::Update(key) => self.backend.save(key, pending),
            Verb::CycleKey { from: Some(from), to } => self.backend.cycle_key(from, to, pending),
            Verb::Create | Verb::CycleKey { from: None, .. } => self.backend.create(pending),
        };
        let saved = saving.await?;
        self.base.finish_save(saved);
        Ok(())
    }

    /// Saves the session under a new key, whatever key it had (`create`).
    ///
    /// ```
    /// # use sessionid::sessions::{SessionError, SessionKey, SessionStore};
    /// # async fn script(session: &mut SessionStore) -> Result<(), SessionError> {
    /// let before = session.session_key().cloned();
    /// session.create().await?;
    /// assert_ne!(session.session_key(), before.as_ref()); // two rows now
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

    /// Empties the session, deletes its row, and gives up its key.
    ///
    /// ```
    /// # use sessionid::sessions::{SessionError, SessionKey, SessionStore};
    /// # async fn script(session: &mut SessionStore) -> Result<(), SessionError> {
    /// session.flush().await?;
    /// assert!(session.is_empty());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Unavailable`].
    pub async fn flush(&mut self) -> Result<(), SessionError> {
        self.base.flush();
        self.delete_flushed().await
    }

    /// Moves the data to a new key, and saves it there.
    ///
    /// ```
    /// # use sessionid::sessions::{SessionError, SessionKey, SessionStore};
    /// # async fn script(session: &mut SessionStore) -> Result<(), SessionError> {
    /// session.cycle_key().await?; // saved, and the old row is gone
    /// assert!(session.session_key().is_some());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`save`](Self::save).
    pub async fn cycle_key(&mut self) -> Result<(), SessionError> {
        self.load().await?;
        self.base.cycle_key()?;
        self.save().await
    }

    /// Deletes the row under this session's key; the session itself keeps key and data.
    ///
    /// ```
    /// # use sessionid::sessions::{SessionError, SessionKey, SessionStore};
    /// # async fn script(session: &mut SessionStore) -> Result<(), SessionError> {
    /// session.save().await?;
    /// session.delete().await?;
    /// assert!(matches!(session.save().await, Err(SessionError::Interrupted)));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Unavailable`].
    pub async fn delete(&self) -> Result<(), SessionError> {
        match self.base.session_key() {
            Some(key) => self.backend.delete(key.clone()).await,
            None => Ok(()),
        }
    }

    /// Whether a key is taken, by an expired session as well.
    ///
    /// ```
    /// # use sessionid::sessions::{SessionError, SessionKey, SessionStore};
    /// # async fn script(session: &mut SessionStore) -> Result<(), SessionError> {
    /// session.save().await?;
    /// let key = session.session_key().cloned().ok_or(SessionError::NotLoaded)?;
    /// assert!(session.exists(&key).await?);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Unavailable`].
    pub async fn exists(&self, key: &SessionKey) -> Result<bool, SessionError> {
        self.backend.exists(key.clone()).await
    }

    /// Deletes all sessions that have expired, and tells how many.
    ///
    /// ```
    /// # use sessionid::sessions::{SessionError, SessionKey, SessionStore};
    /// # async fn script(session: &mut SessionStore) -> Result<(), SessionError> {
    /// let deleted = session.clear_expired().await?;
    /// println!("{deleted} sessions had expired");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Unavailable`].
    pub async fn clear_expired(&self) -> Result<usize, SessionError> {
        self.backend.clear_expired(self.clock.now(), &|_| ()).await
    }

    /// What Django has done by the end of a request that is not saved: a `flush` has deleted its
    /// row, a `cycle_key` has moved what it had then.
    ///
    /// # Errors
    ///
    /// [`SessionError::Unavailable`].
    pub(crate) async fn settle(&mut self) -> Result<(), SessionError> {
        self.delete_flushed().await?;
        if self.base.rewind_to_cycle_key() { self.save().await } else { Ok(()) }
    }

    async fn delete_flushed(&mut self) -> Result<(), SessionError> {
        for key in self.base.take_flushed() {
            self.backend.delete(key).await?;
        }
        Ok(())
    }

    /// See [`SessionBase::set_expiry`].
    ///
    /// ```
    /// # use sessionid::sessions::{SessionError, SessionKey, SessionStore};
    /// # async fn script(session: &mut SessionStore) -> Result<(), SessionError> {
    /// session.load().await?;
    /// session.set_expiry(300)?; // from the last save on
    /// session.save().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As there.
    pub fn set_expiry(&mut self, expiry: impl Into<Expiry>) -> Result<(), SessionError> {
        self.base.set_expiry(expiry, self.clock.now())
    }

    /// See [`SessionBase::get_expiry_age`].
    ///
    /// ```
    /// # use sessionid::sessions::{SessionError, SessionKey, SessionStore};
    /// # async fn script(session: &mut SessionStore) -> Result<(), SessionError> {
    /// session.load().await?;
    /// println!("{} seconds left", session.get_expiry_age()?);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As there.
    pub fn get_expiry_age(&mut self) -> Result<i64, SessionError> {
        self.base.get_expiry_age(self.clock.now())
    }

    /// See [`SessionBase::get_expiry_date`].
    ///
    /// ```
    /// # use sessionid::sessions::{SessionError, SessionKey, SessionStore};
    /// # async fn script(session: &mut SessionStore) -> Result<(), SessionError> {
    /// session.load().await?;
    /// println!("ends at {}", session.get_expiry_date()?.to_rfc3339());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As there.
    pub fn get_expiry_date(&mut self) -> Result<DateTime<FixedOffset>, SessionError> {
        self.base.get_expiry_date(self.clock.now())
    }

    /// The state alone, whose `flush` and `cycle_key` wait for [`settle`](Self::settle) or a save.
    pub(crate) fn base_mut(&mut self) -> &mut SessionBase {
        &mut self.base
    }

    /// Where the session is kept.
    pub(crate) fn backend(&self) -> SharedBackend {
        Arc::clone(&self.backend)
    }

    /// The clock that the session goes by.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }
}

impl Deref for SessionStore {
    type Target = SessionBase;

    fn deref(&self) -> &SessionBase {
        &self.base
    }
}

impl DerefMut for SessionStore {
    fn deref_mut(&mut self) -> &mut SessionBase {
        &mut self.base
    }
}

impl fmt::Debug for SessionStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.base.fmt(f)
    }
}
