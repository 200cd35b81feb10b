//! The state of one session: key, data, changes, flags. Pure, `Send`, without I/O.
//!
//! This is Django's `SessionBase`, with `_session_cache` split from what the store was found to hold, so that a
//! session can be fetched ahead of time without counting as accessed. What the methods mean is said at
//! [`Session`](super::Session).

mod lifetime;
mod saving;
mod take;
pub(crate) mod values;

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;

pub(crate) use self::saving::Verb;
pub(crate) use self::take::{Take, Taken};
pub(crate) use self::values::Values;
use super::backends::Payload;
use super::error::SessionError;
use super::heavy::{Room, discard};
use super::json::RawJson;
use super::key::SessionKey;
use super::policy::SessionPolicy;
use super::serializers::{PayloadError, SessionData, UnreadablePayload};
use super::storage::Loaded;
use super::write_set::{Update, WriteSet, read};
use crate::error::chain;

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
pub(crate) struct SessionBase {
    session_key: Option<SessionKey>,
    /// Django's `_session_cache`.
    cache: Option<SessionData>,
    /// What the store was found to hold, until the session is accessed.
    found: Option<Loaded>,
    /// What the store held when the session was loaded or last saved, which a save has to find there again.
    loaded: Option<Payload>,
    /// Whether the session sees something else than that with its changes, since a value was taken out meanwhile.
    outdated: bool,
    /// Why that cannot be read, once an access has shown it.
    unreadable: Option<UnreadablePayload>,
    /// Why it is not known what the store holds.
    failure: Option<SessionError>,
    write_set: WriteSet,
    renewal: Option<Renewal>,
    flushed: Vec<SessionKey>,
    accessed: bool,
    modified: bool,
    policy: Arc<SessionPolicy>,
    /// Held while a large session is in memory.
    room: Option<Room>,
}

/// Hundreds of thousands of values take milliseconds to drop.
impl Drop for SessionBase {
    fn drop(&mut self) {
        // Its room is here once it has been accessed.
        if self.room.is_some() || self.found.as_ref().is_some_and(Loaded::is_large) {
            discard((self.cache.take(), self.found.take(), self.renewal.take(), self.room.take()));
        }
    }
}

impl SessionBase {
    /// A session under the key that a client sent, if it sent one that can be a key.
    pub(crate) fn new(session_key: Option<SessionKey>, policy: Arc<SessionPolicy>) -> Self {
        Self {
            session_key,
            cache: None,
            found: None,
            loaded: None,
            outdated: false,
            unreadable: None,
            failure: None,
            write_set: WriteSet::default(),
            renewal: None,
            flushed: Vec::new(),
            accessed: false,
            modified: false,
            policy,
            room: None,
        }
    }

    pub(crate) fn session_key(&self) -> Option<&SessionKey> {
        self.session_key.as_ref()
    }

    pub(crate) fn accessed(&self) -> bool {
        self.accessed
    }

    pub(crate) fn modified(&self) -> bool {
        self.modified
    }

    pub(crate) fn set_modified(&mut self, modified: bool) {
        self.modified = modified;
    }

    pub(crate) fn policy(&self) -> &Arc<SessionPolicy> {
        &self.policy
    }

    /// Whether there is neither a key nor data (`is_empty`): the cookie is then deleted.
    pub(crate) fn is_empty(&self) -> bool {
        self.session_key.is_none() && self.cache.as_ref().is_none_or(SessionData::is_empty)
    }

    /// [`remove`](Self::remove) for many keys, in one pass.
    #[cfg(feature = "actix-session")]
    pub(crate) fn remove_all(&mut self, keys: Vec<String>) -> Result<(), SessionError> {
        if !keys.is_empty() {
            self.data()?.remove_all(keys.iter().map(String::as_str));
            for key in keys {
                self.write_set.remove(key);
            }
            self.modified = true;
        }
        Ok(())
    }

    pub(crate) fn contains_key(&mut self, key: &str) -> Result<bool, SessionError> {
        Ok(self.data()?.contains_key(key))
    }

    pub(crate) fn entries(&mut self) -> Result<&SessionData, SessionError> {
        self.data().map(|data| &*data)
    }

    /// Does not load: what is there is not needed.
    pub(crate) fn clear(&mut self) {
        let before = self.cache.replace(SessionData::default());
        if self.room.is_some() {
            discard(before);
        }
        self.write_set.clear();
        self.accessed = true;
        self.modified = true;
    }

    /// The session under the key is deleted with the response.
    pub(crate) fn flush(&mut self) {
        self.clear();
        let key = self.session_key.take();
        // A key that `cycle_key` gave has no session yet.
        let stored = self.renewal.take().map_or(key, |renewal| renewal.from);
        self.flushed.extend(stored);
        self.loaded = None;
    }

    /// The session is moved with the response, to a key that is final as soon as it can be seen.
    /// Where `key_of` tells the key of the data there is nothing to move.
    pub(crate) fn cycle_key(
        &mut self,
        key_of: impl FnOnce(&SessionData) -> Option<SessionKey>,
    ) -> Result<(), SessionError> {
        let data = self.data()?.clone();
        self.modified = true;
        if let Some(key) = key_of(&data) {
            self.session_key = Some(key);
            return Ok(());
        }
        let key = self.session_key.replace(SessionKey::random());
        let from = self.renewal.take().map_or(key, |renewal| renewal.from);
        self.renewal = Some(Renewal { from, data, changes: self.write_set.mark() });
        Ok(())
    }

    /// Django's `_session`: the first access decides what was found, and drops a key that nobody has.
    fn data(&mut self) -> Result<&mut SessionData, SessionError> {
        self.accessed = true;
        let found = if self.cache.is_none() { self.access()? } else { SessionData::default() };
        Ok(self.cache.get_or_insert(found))
    }

    /// What the store was found to hold. A key without a session is given up.
    fn access(&mut self) -> Result<SessionData, SessionError> {
        if self.session_key.is_none() {
            return Ok(SessionData::default());
        }
        let Some(found) = self.found.take() else {
            let unreadable = self.unreadable.clone().map(SessionError::Unreadable);
            return Err(self.failure.clone().or(unreadable).unwrap_or(SessionError::NotLoaded));
        };
        let (payload, data) = match found {
            Loaded::Session { payload, data, room } => {
                self.room = room;
                (payload, data)
            }
            Loaded::Nothing => {
                self.session_key = None;
                return Ok(SessionData::default());
            }
            Loaded::Ended => {
                self.begin_anew();
                return Ok(SessionData::default());
            }
            Loaded::Reset => {
                self.modified = true;
                return Ok(SessionData::default());
            }
        };
        self.loaded = Some(payload);
        match data {
            Ok(data) => Ok(data),
            Err(PayloadError::BadSignature) => {
                log::warn!(target: "django.security.SuspiciousSession", "Session data corrupted");
                Ok(SessionData::default())
            }
            Err(PayloadError::Unreadable(error)) => {
                log::error!("session {:?} is left as it is: {}", self.session_key, chain(&error));
                self.unreadable = Some(error.clone());
                Err(error.into())
            }
        }
    }

    /// What Django's `file` and `signed_cookies` engines do when they load a session that has ended: delete it and
    /// create another, which is modified and so saved.
    fn begin_anew(&mut self) {
        self.flushed.extend(self.session_key.replace(SessionKey::random()));
        self.renewal = Some(Renewal { from: None, data: SessionData::default(), changes: 0 });
        self.modified = true;
    }
}

impl Values for SessionBase {
    fn get<T: DeserializeOwned>(&mut self, key: &str) -> Result<Option<T>, SessionError> {
        self.data()?.get(key).map(|value| read(key, value)).transpose()
    }

    fn set(&mut self, key: &str, value: RawJson) -> Result<(), SessionError> {
        self.data()?.insert(key, value.clone());
        self.write_set.set(key, value);
        self.modified = true;
        Ok(())
    }

    fn set_by(&mut self, key: &str, value: RawJson, update: Update) -> Result<(), SessionError> {
        self.data()?.insert(key, value);
        self.write_set.update(key, update);
        self.modified = true;
        Ok(())
    }

    fn remove(&mut self, key: &str) -> Result<bool, SessionError> {
        let removed = self.data()?.remove(key).is_some();
        if removed {
            self.write_set.remove(key.to_owned());
            self.modified = true;
        }
        Ok(removed)
    }

    fn modify(&mut self) -> Result<(), SessionError> {
        self.data()?;
        self.modified = true;
        Ok(())
    }
}

/// The keys of the data, and no value: what a session holds is nobody's who reads a log.
impl fmt::Debug for SessionBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = self.found.as_ref().and_then(Loaded::data);
        let keys =
            self.cache.as_ref().or(found).map(|data| data.iter().map(|(key, _)| key).collect::<Vec<_>>());
        let mut shown = f.debug_struct("Session");
        shown.field("session_key", &self.session_key);
        match keys {
            Some(keys) => shown.field("keys", &keys),
            None => shown.field("keys", &format_args!("not loaded")),
        };
        shown.field("accessed", &self.accessed).field("modified", &self.modified).finish_non_exhaustive()
    }
}
