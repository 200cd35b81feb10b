//! The state of one session: key, data, changes, flags. Pure, `Send`, without I/O.
//!
//! This is Django's `SessionBase`, with `_session_cache` split from what a backend found, so that a
//! row can be fetched ahead of time without counting as looked at.

use std::sync::Arc;

use chrono::{DateTime, FixedOffset, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::SessionError;
use super::expiry::{EXPIRY_KEY, Expiry, Lifetime};
use super::json::RawJson;
use super::key::SessionKey;
use super::pending::{Loaded, Pending, Saved, Verb};
use super::policy::SessionPolicy;
use super::serializers::{PayloadError, SessionData};
use super::write_set::{WriteSet, read, write};
use crate::error::chain;

const TEST_COOKIE_NAME: &str = "testcookie";
const TEST_COOKIE_VALUE: &str = "worked";

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

    /// Gives the session an expiry of its own, or returns it to the policy.
    ///
    /// ```
    /// # use sessionid::sessions::{Expiry, SessionBase};
    /// # use chrono::TimeDelta;
    /// # let mut session = SessionBase::new(None, Default::default());
    /// let now = "2026-11-22T18:24:10Z".parse()?;
    /// session.set_expiry(TimeDelta::days(30), now)?;
    /// assert_eq!(session.get("_session_expiry")?, Some("2026-12-22T18:24:10+00:00".to_owned()));
    /// session.set_expiry(Expiry::Policy, now)?;
    /// assert!(!session.contains_key("_session_expiry")?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Expiry`] for a moment past the dates that can be stored.
    pub fn set_expiry(&mut self, expiry: impl Into<Expiry>, now: DateTime<Utc>) -> Result<(), SessionError> {
        match expiry.into().to_stored(now)? {
            Some(value) => self.insert_raw(EXPIRY_KEY, value),
            None => self.remove(EXPIRY_KEY).map(drop),
        }
    }

    /// Seconds until the session ends.
    ///
    /// ```
    /// # use sessionid::sessions::SessionBase;
    /// # let mut session = SessionBase::new(None, Default::default());
    /// let now = "2026-11-22T18:24:10Z".parse()?;
    /// assert_eq!(session.get_expiry_age(now)?, 1_209_600); // SESSION_COOKIE_AGE: two weeks
    /// session.set_expiry(300, now)?;
    /// assert_eq!(session.get_expiry_age(now)?, 300);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Expiry`] when `_session_expiry` holds something else.
    pub fn get_expiry_age(&mut self, now: DateTime<Utc>) -> Result<i64, SessionError> {
        Ok(self.lifetime()?.age(now))
    }

    /// When the session ends, were it saved now.
    ///
    /// ```
    /// # use sessionid::sessions::SessionBase;
    /// # use chrono::TimeDelta;
    /// # let mut session = SessionBase::new(None, Default::default());
    /// let now = "2026-11-22T18:24:10Z".parse()?;
    /// session.set_expiry(300, now)?;
    /// assert_eq!(session.get_expiry_date(now)?, now + TimeDelta::minutes(5));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get_expiry_age`](Self::get_expiry_age), or past the dates that can be stored.
    pub fn get_expiry_date(&mut self, now: DateTime<Utc>) -> Result<DateTime<FixedOffset>, SessionError> {
        Ok(self.lifetime()?.date(now)?)
    }

    /// Whether the cookie ends with the browser.
    ///
    /// ```
    /// # use sessionid::sessions::SessionBase;
    /// # let mut session = SessionBase::new(None, Default::default());
    /// session.set_expiry(0, "2026-11-22T18:24:10Z".parse()?)?;
    /// assert!(session.get_expire_at_browser_close()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get_expiry_age`](Self::get_expiry_age).
    pub fn get_expire_at_browser_close(&mut self) -> Result<bool, SessionError> {
        match self.lifetime() {
            Err(SessionError::Expiry(_)) => Ok(false),
            lifetime => Ok(lifetime?.at_browser_close()),
        }
    }

    /// Sets a value to look for in the next request.
    ///
    /// ```
    /// # use sessionid::sessions::SessionBase;
    /// # let mut session = SessionBase::new(None, Default::default());
    /// session.set_test_cookie()?;
    /// assert_eq!(session.get("testcookie")?, Some("worked".to_owned()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert).
    pub fn set_test_cookie(&mut self) -> Result<(), SessionError> {
        self.insert(TEST_COOKIE_NAME, TEST_COOKIE_VALUE)
    }

    /// Whether [`set_test_cookie`](Self::set_test_cookie) came back.
    ///
    /// ```
    /// # use sessionid::sessions::SessionBase;
    /// # let mut session = SessionBase::new(None, Default::default());
    /// assert!(!session.test_cookie_worked()?);
    /// session.set_test_cookie()?;
    /// assert!(session.test_cookie_worked()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`contains_key`](Self::contains_key).
    pub fn test_cookie_worked(&mut self) -> Result<bool, SessionError> {
        let worked = RawJson::from_plain_text(TEST_COOKIE_VALUE);
        Ok(self.data()?.get(TEST_COOKIE_NAME) == Some(&worked))
    }

    /// Takes the test cookie's value out, and tells whether it was there.
    ///
    /// ```
    /// # use sessionid::sessions::SessionBase;
    /// # let mut session = SessionBase::new(None, Default::default());
    /// session.set_test_cookie()?;
    /// assert!(session.delete_test_cookie()?);
    /// assert!(!session.test_cookie_worked()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`remove`](Self::remove).
    pub fn delete_test_cookie(&mut self) -> Result<bool, SessionError> {
        self.remove(TEST_COOKIE_NAME)
    }

    /// When the session ends, by its data.
    pub(crate) fn lifetime(&mut self) -> Result<Lifetime, SessionError> {
        let policy = Arc::clone(&self.policy);
        Ok(Lifetime::new(self.data()?.get(EXPIRY_KEY), &policy)?)
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

    /// Keeps the data, for a new key.
    pub(crate) fn forget_key(&mut self) -> Result<(), SessionError> {
        self.data()?;
        self.session_key = None;
        self.renewal = None;
        self.stored = None;
        Ok(())
    }

    /// The key whose row is to be fetched before the data can be looked at.
    pub(crate) fn key_to_load(&self) -> Option<&SessionKey> {
        self.session_key.as_ref().filter(|_| self.cache.is_none() && matches!(self.found, Found::NotAsked))
    }

    /// Hands over what a backend found, without looking at it.
    pub(crate) fn set_found(&mut self, found: Option<Loaded>) {
        if self.cache.is_none() {
            self.found = found.map_or(Found::NoLiveRow, Found::Row);
        }
    }

    /// Keys whose rows a `flush` gave up.
    pub(crate) fn take_flushed(&mut self) -> Vec<SessionKey> {
        std::mem::take(&mut self.flushed)
    }

    /// How the session is saved, and what is saved.
    pub(crate) fn begin_save(&mut self, now: DateTime<Utc>) -> Result<(Verb, Pending), SessionError> {
        let had_key = self.session_key.is_some();
        let data = self.data()?.clone();
        if had_key && self.session_key.is_none() {
            // Django's save has decided on an UPDATE before its look shows that there is no row.
            return Err(SessionError::Interrupted);
        }
        let renewal = self.renewal.take();
        let verb = match (self.session_key.clone(), renewal) {
            (None, _) => Verb::Create,
            (Some(to), Some(Renewal { from, .. })) => Verb::CycleKey { from, to },
            (Some(key), None) => Verb::Update(key),
        };
        let changes = std::mem::take(&mut self.changes);
        let (stored, policy) = (self.stored.take(), Arc::clone(&self.policy));
        Ok((verb, Pending { data, stored, changes, policy, now }))
    }

    /// The state that the store has now.
    pub(crate) fn finish_save(&mut self, saved: Saved) {
        self.session_key = Some(saved.session_key);
        self.cache = Some(saved.data);
        self.stored = saved.stored;
    }

    /// Back to what a `cycle_key` had saved at its moment, where there was one: what Django's store
    /// holds when the response is a 500.
    pub(crate) fn rewind_to_cycle_key(&mut self) -> bool {
        let Some(renewal) = &mut self.renewal else { return false };
        self.cache = Some(std::mem::take(&mut renewal.data));
        self.changes.truncate(renewal.changes);
        true
    }
}
