//! Where sessions are kept, and how they are encoded: the one thing that everything above needs of an engine.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::backends::{
    CacheBackend, Entry, ExpireDate, Found, Inserted, Moment, Payload, Replaced, SessionBackend,
    SessionRecord, SessionRecords, Stored,
};
use super::error::SessionError;
use super::heavy::{Heavy, LARGEST_LIGHT, Room};
use super::key::{NewKeys, SessionKey};
use super::pickle_codec::PickleCodec;
use super::saving::{Pending, Queues, Saved, Saving, key_of};
use super::serializers::{PayloadCodec, PayloadError, SessionData};

/// How often `put` meets somebody who creates or deletes the same session between its two steps.
const PUT_ATTEMPTS: usize = 10;

/// A backend and the codec of its payloads; clones are the same storage.
///
/// ```
/// use sessionid::clock::Clock;
/// use sessionid::db::{Database, DatabaseOptions, DatabaseUrl};
/// use sessionid::sessions::{DbBackend, SessionCodec, SessionStore, Storage};
/// # #[actix_web::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let url = DatabaseUrl::Sqlite(folder.path().join("db.sqlite3"));
/// let database = Database::open(&url, DatabaseOptions::default())?;
/// let storage = Storage::new(DbBackend::new(database), SessionCodec::new("SECRET_KEY", &[]));
///
/// // Two scripts, or two requests, that overlap.
/// let mut one = SessionStore::new(None, storage.clone(), Default::default(), Clock::System);
/// one.save().await?;
/// let mut other = SessionStore::new(one.session_key().cloned(), storage, Default::default(), Clock::System);
/// other.load().await?;
/// for session in [&mut one, &mut other] {
///     session.fetch_update("counter", 0, |counter| counter + 1)?;
///     session.save().await?;
/// }
/// assert_eq!(other.get("counter")?, Some(2)); // though it had loaded none
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Storage(Arc<Saving>);

/// What a store holds under a key, decoded.
#[derive(Debug)]
pub(crate) enum Loaded {
    Session {
        payload: Payload,
        /// The data in it, or why there is none: nobody may ever ask.
        data: Result<SessionData, PayloadError>,
        /// Where it is a large one.
        room: Option<Room>,
    },
    Nothing,
    /// See [`Found::Ended`].
    Ended,
    /// The same where the key is the payload: until it is saved again, the session keeps the key that it was sent.
    Reset,
}

impl Loaded {
    /// What was found, where it can be read.
    pub(crate) fn data(&self) -> Option<&SessionData> {
        match self {
            Self::Session { data, .. } => data.as_ref().ok(),
            Self::Nothing | Self::Ended | Self::Reset => None,
        }
    }

    pub(crate) fn is_large(&self) -> bool {
        matches!(self, Self::Session { room: Some(_), .. })
    }
}

impl Storage {
    /// Whether nobody else has a clone of it.
    #[cfg(feature = "site")]
    pub(crate) fn is_the_last(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    /// Sessions kept in `backend`, their payloads encoded by `codec`.
    pub fn new(backend: impl SessionBackend + 'static, codec: impl PayloadCodec + 'static) -> Self {
        Self::with(Arc::new(backend), Arc::new(codec))
    }

    /// Sessions in the memory of this process, gone with it: for tests and examples.
    ///
    /// ```
    /// use sessionid::sessions::{SessionMiddleware, SessionPolicy, Storage};
    ///
    /// let sessions = SessionMiddleware::new(Storage::in_memory(), SessionPolicy::default());
    /// # drop(sessions);
    /// ```
    ///
    /// It is the engine `cache` on a [`LocMemCache`](crate::cache::LocMemCache), which holds 64 MB and drops what was not used for
    /// longest.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::new(CacheBackend::in_memory(), PickleCodec)
    }

    /// The same sessions by way of another backend, such as one that looks at what passes.
    #[must_use]
    pub fn wrapped<B: SessionBackend + 'static>(
        &self,
        wrap: impl FnOnce(Arc<dyn SessionBackend>) -> B,
    ) -> Self {
        Self::with(Arc::new(wrap(Arc::clone(&self.0.backend))), Arc::clone(&self.0.codec))
    }

    fn with(backend: Arc<dyn SessionBackend>, codec: Arc<dyn PayloadCodec>) -> Self {
        Self(Arc::new(Saving {
            backend,
            codec,
            queues: Queues::default(),
            keys: NewKeys::default(),
            heavy: Heavy::new(),
        }))
    }

    /// What encodes and decodes the payloads.
    #[must_use]
    pub fn codec(&self) -> &dyn PayloadCodec {
        &*self.0.codec
    }

    /// The sessions one by one, where the engine can enumerate them.
    #[must_use]
    pub fn records(&self) -> Option<&dyn SessionRecords> {
        self.0.backend.records()
    }

    /// What is stored under a key; where the engine cannot enumerate its sessions, as long as it is live.
    ///
    /// # Errors
    ///
    /// [`SessionError::Unavailable`].
    pub async fn find(&self, key: &str, moment: &Moment) -> Result<Option<SessionRecord>, SessionError> {
        if let Some(records) = self.records() {
            return records.find_at(key, moment).await;
        }
        let Some(possible) = SessionKey::try_from(key).ok().filter(|key| self.0.backend.holds(key)) else {
            return Ok(None);
        };
        let Found::Session(stored) = self.0.backend.load(&possible, moment).await? else { return Ok(None) };
        let expire_date = stored.expire_date.map_or(ExpireDate::Odd("not told".to_owned()), ExpireDate::At);
        Ok(Some(SessionRecord { key: key.to_owned(), payload: stored.payload, expire_date }))
    }

    /// Whether a key is taken, by an expired session as well.
    ///
    /// # Errors
    ///
    /// [`SessionError::Unavailable`].
    pub async fn exists(&self, key: &SessionKey) -> Result<bool, SessionError> {
        if self.0.backend.holds(key) { self.0.backend.exists(key).await } else { Ok(false) }
    }

    /// Deletes a session, whatever it holds, and tells whether there was one: its user is logged out. What requests that
    /// have loaded it still want to save is refused ([`SessionError::Interrupted`]).
    ///
    /// # Errors
    ///
    /// [`SessionError::Unavailable`].
    pub async fn delete(&self, key: &SessionKey) -> Result<bool, SessionError> {
        if self.0.backend.holds(key) { self.0.backend.delete(key).await } else { Ok(false) }
    }

    /// Deletes what had expired at `now` and tells how many sessions that were; `progress` hears the number so far.
    ///
    /// # Errors
    ///
    /// [`SessionError::Unavailable`].
    pub async fn clear_expired(
        &self,
        now: DateTime<Utc>,
        progress: &(dyn Fn(usize) + Sync),
    ) -> Result<usize, SessionError> {
        self.0.backend.clear_expired(now, progress).await
    }

    pub(crate) fn is_stateless(&self) -> bool {
        self.0.backend.is_stateless()
    }

    /// The key of a session with this data, saved at `now`, where that is its payload.
    pub(crate) fn key_of(&self, data: &SessionData, now: DateTime<Utc>) -> Option<SessionKey> {
        if self.is_stateless() { key_of(&self.0.codec.encode(data, now)) } else { None }
    }

    pub(crate) async fn load(&self, key: &SessionKey, moment: &Moment) -> Result<Loaded, SessionError> {
        if !self.0.backend.holds(key) {
            return Ok(Loaded::Nothing);
        }
        let found = self.0.backend.load(key, moment).await?;
        match self.decoded(found) {
            Some(loaded) => Ok(loaded),
            None => self.load_heavy(key, moment).await,
        }
    }

    /// Loads it again, once there is room: who waits for that has nothing of it in memory.
    async fn load_heavy(&self, key: &SessionKey, moment: &Moment) -> Result<Loaded, SessionError> {
        let room = self.0.heavy.room(self.0.backend.timeout()).await?;
        let found = self.0.backend.load(key, moment).await?;
        let Found::Session(Stored { payload, .. }) = found else {
            return Ok(self.decoded(found).unwrap_or(Loaded::Nothing));
        };
        let (this, text) = (Arc::clone(&self.0), payload.clone());
        let data = self.0.heavy.decode(key, &payload, move || this.codec.decode(&text)).await?;
        Ok(Loaded::Session { payload, data, room: Some(room) })
    }

    /// `None` for a session that takes longer to decode than a worker has.
    fn decoded(&self, found: Found) -> Option<Loaded> {
        Some(match found {
            Found::Session(Stored { payload, .. }) => {
                let data = self.0.codec.decode_within(&payload, LARGEST_LIGHT)?;
                Loaded::Session { payload, data, room: None }
            }
            Found::Nothing => Loaded::Nothing,
            Found::Ended if self.is_stateless() => Loaded::Reset,
            Found::Ended => Loaded::Ended,
        })
    }

    /// Puts a session under a key in the place of whatever is there: what a test begins with. A request that has loaded the old one merges
    /// its changes into this one.
    ///
    /// # Errors
    ///
    /// [`SessionError::Unavailable`], also for a key that the store can hold no session under.
    pub async fn put(
        &self,
        key: &SessionKey,
        data: &SessionData,
        expire_date: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), SessionError> {
        if self.is_stateless() || !self.0.backend.holds(key) {
            return Err(SessionError::unavailable("the store can hold no session under this key"));
        }
        let entry = Entry { payload: self.0.codec.encode(data, now), saved_at: now, expire_date };
        // What is there comes first: an INSERT of the payload that is there already counts as stored, and would leave the old end.
        for _ in 0..PUT_ATTEMPTS {
            let replaced = self.0.backend.replace(key, None, entry.clone()).await?;
            if replaced != Replaced::Gone
                || self.0.backend.insert(key, entry.clone()).await? == Inserted::Stored
            {
                return Ok(());
            }
        }
        Err(SessionError::unavailable("others create and delete this session all the time"))
    }

    pub(crate) async fn create(&self, pending: Pending) -> Result<Saved, SessionError> {
        if self.is_stateless() { self.0.sign(pending).await } else { self.0.create(pending).await }
    }

    pub(crate) async fn save(&self, key: &SessionKey, pending: Pending) -> Result<Saved, SessionError> {
        if self.is_stateless() { self.0.sign(pending).await } else { self.0.save(key, pending).await }
    }

    pub(crate) async fn cycle_key(
        &self,
        from: Option<SessionKey>,
        to: SessionKey,
        pending: Pending,
    ) -> Result<Saved, SessionError> {
        self.0.cycle_key(from, to, pending).await
    }
}
