//! The state of one session: key, data, changes, flags. Pure, `Send`, without I/O.
//!
//! This is Django's `SessionBase`, with `_session_cache` split from what a backend found, so that a
//! row can be fetched ahead of time without counting as looked at.

mod lifetime;
mod saving;

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::SessionError;
use super::json::RawJson;
use super::key::SessionKey;
use super::pending::Loaded;
use super::policy::SessionPolicy;
use super::serializers::{PayloadError, SessionData};
use super::write_set::{WriteSet, read, write};
use crate::error::chain;

/// What a backend found, until somebody looks.
#[derive(Debug, Default)]
enum Found {
    #[default]
    NotAsked,
    NoLiveRow,
    Row(Loaded),
}

/// A `cycle_key` that the store has not seen yet.
#[derive(Debug)]
struct Renewal {
    from: Option<SessionKey>,
    /// The data and the number of changes at that moment, which is what Django has saved even when
    /// the response turns out to be a 500.
    data: SessionData,
    changes: usize,
}

/// A session as one request, or one script, sees it.
///
/// ```
/// use sessionid::sessions::SessionBase;
///
/// let mut session = SessionBase::new(None, Default::default());
/// session.insert("counter", &1)?;
/// assert!(session.modified());
/// assert_eq!(session.session_key(), None); // a save gives it one
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SessionBase {
    session_key: Option<SessionKey>,
    /// Django's `_session_cache`.
    cache: Option<SessionData>,
    found: Found,
    stored: Option<Arc<str>>,
    changes: WriteSet,
    renewal: Option<Renewal>,
    flushed: Vec<SessionKey>,
    accessed: bool,
    modified: bool,
    policy: Arc<SessionPolicy>,
}

impl SessionBase {
    /// A session under the key that a client sent, if it sent one that can be a key.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use sessionid::sessions::{SessionBase, SessionKey, SessionPolicy};
    ///
    /// let sent = SessionKey::try_from("2b1189a188b44ad18c35e113ac6ceead").ok();
    /// let mut session = SessionBase::new(sent, Arc::new(SessionPolicy::default()));
    /// assert!(session.get::<i64>("counter").is_err()); // a `SessionStore` loads the row first
    /// ```
    #[must_use]
    pub fn new(session_key: Option<SessionKey>, policy: Arc<SessionPolicy>) -> Self {
        Self {
            session_key,
            cache: None,
            found: Found::NotAsked,
            stored: None,
            changes: WriteSet::default(),
            renewal: None,
            flushed: Vec::new(),
            accessed: false,
            modified: false,
            policy,
        }
    }

    /// The key; `None` before the first save, and once a look has shown that it has no live row.
    ///
    /// ```
    /// use sessionid::sessions::{SessionBase, SessionKey};
    ///
    /// let key = SessionKey::random();
    /// let session = SessionBase::new(Some(key.clone()), Default::default());
    /// assert_eq!(session.session_key(), Some(&key));
    /// ```
    #[must_use]
    pub fn session_key(&self) -> Option<&SessionKey> {
        self.session_key.as_ref()
    }

    /// Whether anything has looked at the data.
    ///
    /// ```
    /// # use sessionid::sessions::SessionBase;
    /// # let mut session = SessionBase::new(None, Default::default());
    /// assert!(!session.accessed());
    /// session.contains_key("counter")?;
    /// assert!(session.accessed());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn accessed(&self) -> bool {
        self.accessed
    }

    /// Whether the session is to be saved.
    ///
    /// ```
    /// # use sessionid::sessions::SessionBase;
    /// # let mut session = SessionBase::new(None, Default::default());
    /// session.get::<i64>("counter")?;
    /// assert!(!session.modified());
    /// session.insert("counter", &1)?;
    /// assert!(session.modified());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn modified(&self) -> bool {
        self.modified
    }

    /// Marks the session as modified, or not.
    ///
    /// ```
    /// # use sessionid::sessions::SessionBase;
    /// # let mut session = SessionBase::new(None, Default::default());
    /// session.set_modified(true);
    /// assert!(session.modified());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_modified(&mut self, modified: bool) {
        self.modified = modified;
    }

    /// Whether there is neither a key nor data (`is_empty`): the cookie is then deleted.
    ///
    /// ```
    /// # use sessionid::sessions::SessionBase;
    /// # let mut session = SessionBase::new(None, Default::default());
    /// assert!(session.is_empty());
    /// session.insert("counter", &1)?;
    /// assert!(!session.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.session_key.is_none() && self.cache.as_ref().is_none_or(SessionData::is_empty)
    }

    /// The value under `key`.
    ///
    /// ```
    /// # use sessionid::sessions::SessionBase;
    /// # let mut session = SessionBase::new(None, Default::default());
    /// session.insert("counter", &1)?;
    /// assert_eq!(session.get("counter")?, Some(1));
    /// assert!(session.get::<String>("counter").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Type`] when it is not a `T`; [`SessionError::Unreadable`] and
    /// [`SessionError::NotLoaded`] from every method that looks at the data.
    pub fn get<T: DeserializeOwned>(&mut self, key: &str) -> Result<Option<T>, SessionError> {
        self.data()?.get(key).map(|value| read(key, value)).transpose()
    }

    /// Sets `key` (Django's `session[key] = value`).
    ///
    /// ```
    /// # use sessionid::sessions::SessionBase;
    /// # let mut session = SessionBase::new(None, Default::default());
    /// session.insert("name", "Ada")?;
    /// session.insert("scores", &[3, 5])?;
    /// assert_eq!(session.entries()?.to_json(), r#"{"name":"Ada","scores":[3,5]}"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Serialize`] when the value is nothing that JSON has.
    pub fn insert<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), SessionError> {
        let value = write(key, value)?;
        self.insert_raw(key, value)
    }

    fn insert_raw(&mut self, key: &str, value: RawJson) -> Result<(), SessionError> {
        self.data()?.insert(key, value.clone());
        self.changes.set(key, value);
        self.modified = true;
        Ok(())
    }

    /// Sets several keys (`update`); with none of them, the session is still modified.
    ///
    /// ```
    /// # use sessionid::sessions::SessionBase;
    /// # let mut session = SessionBase::new(None, Default::default());
    /// session.update([("a", 1), ("b", 2)])?;
    /// assert_eq!(session.entries()?.to_json(), r#"{"a":1,"b":2}"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert); the keys before the one that failed are set.
    pub fn update<K: AsRef<str>, V: Serialize>(
        &mut self,
        values: impl IntoIterator<Item = (K, V)>,
    ) -> Result<(), SessionError> {
        self.data()?;
        self.modified = true;
        values.into_iter().try_for_each(|(key, value)| self.insert(key.as_ref(), &value))
    }

    /// Takes `key` out (`del session[key]`) and tells whether it was there.
    ///
    /// ```
    /// # use sessionid::sessions::SessionBase;
    /// # let mut session = SessionBase::new(None, Default::default());
    /// session.insert("draft", "Dear")?;
    /// assert!(session.remove("draft")?);
    /// assert!(!session.remove("draft")?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), without the type.
    pub fn remove(&mut self, key: &str) -> Result<bool, SessionError> {
        let removed = self.data()?.remove(key).is_some();
        if removed {
            self.changes.remove(key);
            self.modified = true;
        }
        Ok(removed)
    }

    /// Takes the value under `key` out.
    ///
    /// ```
    /// # use sessionid::sessions::SessionBase;
    /// # let mut session = SessionBase::new(None, Default::default());
    /// session.insert("message", "saved")?;
    /// assert_eq!(session.pop("message")?, Some("saved".to_owned()));
    /// assert_eq!(session.pop::<String>("message")?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get); a value of another type stays where it is.
    pub fn pop<T: DeserializeOwned>(&mut self, key: &str) -> Result<Option<T>, SessionError> {
        let value = self.get(key)?;
        self.remove(key)?;
        Ok(value)
    }

    /// The value under `key`, which is set to `default` first where there is none.
    ///
    /// ```
    /// # use sessionid::sessions::SessionBase;
    /// # let mut session = SessionBase::new(None, Default::default());
    /// assert_eq!(session.setdefault("page", 1)?, 1);
    /// assert_eq!(session.setdefault("page", 9)?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get) and [`insert`](Self::insert).
    pub fn setdefault<T: Serialize + DeserializeOwned>(
        &mut self,
        key: &str,
        default: T,
    ) -> Result<T, SessionError> {
        if let Some(value) = self.get(key)? {
            return Ok(value);
        }
        self.insert(key, &default)?;
        Ok(default)
    }

    /// Stores `f` of the value under `key`, or of `default` where there is none, and returns what
    /// this session saw before.
    ///
    /// The change is stored as the function, and applied to what the row holds when it is saved: a
    /// counter loses no increment when requests overlap.
    ///
    /// ```
    /// # use sessionid::sessions::SessionBase;
    /// # let mut session = SessionBase::new(None, Default::default());
    /// assert_eq!(session.fetch_update("counter", 0, |counter| counter + 1)?, 0);
    /// assert_eq!(session.fetch_update("counter", 0, |counter| counter + 1)?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get) and [`insert`](Self::insert).
    pub fn fetch_update<T, F>(&mut self, key: &str, default: T, f: F) -> Result<T, SessionError>
    where
        T: Serialize + DeserializeOwned + Clone + Send + 'static,
        F: Fn(T) -> T + Send + 'static,
    {
        let seen: T = self.get(key)?.unwrap_or_else(|| default.clone());
        let value = write(key, &f(seen.clone()))?;
        self.data()?.insert(key, value);
        self.changes.update(key, default, f);
        self.modified = true;
        Ok(seen)
    }

    /// Whether `key` is there (`key in session`, `has_key`).
    ///
    /// ```
    /// # use sessionid::sessions::SessionBase;
    /// # let mut session = SessionBase::new(None, Default::default());
    /// session.insert("user", &7)?;
    /// assert!(session.contains_key("user")?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), without the type.
    pub fn contains_key(&mut self, key: &str) -> Result<bool, SessionError> {
        Ok(self.data()?.contains_key(key))
    }

    /// All keys and values in their order (`items`).
    ///
    /// ```
    /// # use sessionid::sessions::SessionBase;
    /// # let mut session = SessionBase::new(None, Default::default());
    /// session.update([("b", 1), ("a", 2)])?;
    /// let keys: Vec<_> = session.entries()?.iter().map(|(key, _)| key).collect();
    /// assert_eq!(keys, ["b", "a"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), without the type.
    pub fn entries(&mut self) -> Result<&SessionData, SessionError> {
        self.data().map(|data| &*data)
    }

    /// Empties the session under its key, without looking at what it held.
    ///
    /// ```
    /// # use sessionid::sessions::SessionBase;
    /// # let mut session = SessionBase::new(None, Default::default());
    /// session.insert("counter", &1)?;
    /// session.clear();
    /// assert!(session.entries()?.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn clear(&mut self) {
        self.cache = Some(SessionData::default());
        self.changes.clear();
        self.accessed = true;
        self.modified = true;
    }

    /// Empties the session and gives up its key; the row goes with the response.
    ///
    /// ```
    /// use sessionid::sessions::{SessionBase, SessionKey};
    ///
    /// let mut session = SessionBase::new(Some(SessionKey::random()), Default::default());
    /// session.flush();
    /// assert_eq!(session.session_key(), None);
    /// assert!(session.is_empty());
    /// ```
    pub fn flush(&mut self) {
        self.clear();
        let key = self.session_key.take();
        let row = self.renewal.take().map_or(key, |renewal| renewal.from);
        self.flushed.extend(row);
        self.stored = None;
    }

    /// Moves the data to a new key; the old row goes with the response.
    ///
    /// ```
    /// # use sessionid::sessions::SessionBase;
    /// # let mut session = SessionBase::new(None, Default::default());
    /// session.insert("cart", "tea")?;
    /// session.cycle_key()?;
    /// assert!(session.session_key().is_some());
    /// assert!(session.contains_key("cart")?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), without the type.
    pub fn cycle_key(&mut self) -> Result<(), SessionError> {
        let data = self.data()?.clone();
        let key = self.session_key.replace(SessionKey::random());
        let from = self.renewal.take().map_or(key, |renewal| renewal.from);
        self.renewal = Some(Renewal { from, data, changes: self.changes.len() });
        self.modified = true;
        Ok(())
    }

    /// Django's `_session`: the first look decides what was found, and drops a key without a row.
    fn data(&mut self) -> Result<&mut SessionData, SessionError> {
        self.accessed = true;
        if self.cache.is_none() {
            self.cache = Some(self.look()?);
        }
        self.cache.as_mut().ok_or(SessionError::NotLoaded)
    }

    fn look(&mut self) -> Result<SessionData, SessionError> {
        if self.session_key.is_none() {
            return Ok(SessionData::default());
        }
        let loaded = match std::mem::take(&mut self.found) {
            Found::Row(loaded) => loaded,
            Found::NoLiveRow => {
                self.session_key = None;
                return Ok(SessionData::default());
            }
            Found::NotAsked => return Err(SessionError::NotLoaded),
        };
        self.stored = loaded.stored;
        match loaded.data {
            Ok(data) => Ok(data),
            Err(PayloadError::BadSignature) => {
                log::warn!(target: "django.security.SuspiciousSession", "Session data corrupted");
                Ok(SessionData::default())
            }
            Err(PayloadError::Unreadable(error)) => {
                log::error!("session {:?} is left as it is: {}", self.session_key, chain(&error));
                Err(error.into())
            }
        }
    }
}
