//! Taking a value out of the store at once, so that of overlapping requests one gets it.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;

use super::{SessionBase, Values as _};
use crate::sessions::backends::Payload;
use crate::sessions::error::SessionError;
use crate::sessions::json::RawJson;
use crate::sessions::key::SessionKey;
use crate::sessions::saving::Pending;
use crate::sessions::write_set::{Update, WriteSet, read};

/// What the last attempt to store the session without the value has found there.
#[derive(Clone, Default)]
pub(crate) struct Found(Arc<Mutex<Option<RawJson>>>);

impl Found {
    fn put(&self, value: Option<RawJson>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = value;
    }

    /// The value, once the session is stored without it as `payload`.
    pub(crate) fn taken(&self, payload: Payload) -> Taken {
        let value = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        Taken { value, payload: Some(payload) }
    }
}

/// A value on its way out.
pub(crate) enum Take {
    /// Nobody else can have it: there is none, or it is this request's own.
    Here(Taken),
    /// Whoever stores the session without it first gets it.
    Stored(Removal),
}

/// A save of its own that takes out one value and nothing else.
pub(crate) struct Removal {
    key: SessionKey,
    pending: Pending,
    found: Found,
}

impl Removal {
    pub(crate) fn into_parts(self) -> (SessionKey, Pending, Found) {
        (self.key, self.pending, self.found)
    }
}

/// What was taken out, and what the store holds since, where it was there.
pub(crate) struct Taken {
    value: Option<RawJson>,
    payload: Option<Payload>,
}

impl Taken {
    fn here(value: Option<RawJson>) -> Take {
        Take::Here(Self { value, payload: None })
    }
}

impl SessionBase {
    /// Takes the value under `name` out of what this request sees, and tells what it takes to have it.
    ///
    /// What this request has set itself is in no store, and neither is a session that is not shared. What it has made of a stored value, by `fetch_update`, goes along with
    /// that.
    pub(crate) fn begin_take<T: DeserializeOwned>(
        &mut self,
        name: &str,
        now: DateTime<Utc>,
        is_shared: bool,
    ) -> Result<Take, SessionError> {
        let Some(value) = self.data()?.get(name).cloned() else { return Ok(Taken::here(None)) };
        read::<T>(name, &value)?;
        let stored = self.loaded.clone().zip(self.stored_key().cloned());
        let Some((loaded, key)) = stored.filter(|_| is_shared && !self.write_set.settles(name)) else {
            self.remove(name)?;
            return Ok(Taken::here(Some(value)));
        };
        self.data()?.remove(name);
        if let Some(renewal) = &mut self.renewal {
            renewal.data.remove(name);
        }
        (self.modified, self.outdated) = (true, true);
        let (found, updates) = (Found::default(), self.write_set.drain_updates(name));
        let mut write_set = WriteSet::default();
        write_set.take(
            name,
            put_into(found.clone(), name, updates, |name, value| read::<T>(name, value).map(drop)),
        );
        let (data, policy) = (self.data()?.clone(), Arc::clone(&self.policy));
        let pending = Pending { data, loaded: Some(loaded), outdated: true, write_set, policy, now };
        Ok(Take::Stored(Removal { key, pending, found }))
    }

    /// The value that was taken; when that is not known, nothing of the session is any more.
    pub(crate) fn end_take(
        &mut self,
        taken: Result<Taken, SessionError>,
    ) -> Result<Option<RawJson>, SessionError> {
        match taken {
            Ok(Taken { value, payload }) => {
                if payload.is_some() && self.loaded.is_some() {
                    self.loaded = payload;
                }
                Ok(value)
            }
            Err(error) => {
                self.give_up();
                self.failure = Some(error.clone());
                Err(error)
            }
        }
    }

    /// The key under which the store has the session.
    fn stored_key(&self) -> Option<&SessionKey> {
        match &self.renewal {
            Some(renewal) => renewal.from.as_ref(),
            None => self.session_key.as_ref(),
        }
    }

    /// Forgets what was changed and what was loaded.
    fn give_up(&mut self) {
        if let Some(renewal) = self.renewal.take() {
            self.session_key = renewal.from;
        }
        self.write_set = WriteSet::default();
        self.unload();
    }
}

/// What a merge does with the value that it takes out: again at each try, so that the last one counts. A value of another type
/// stays where it is.
fn put_into(
    found: Found,
    name: &str,
    updates: Vec<Update>,
    check: fn(&str, &RawJson) -> Result<(), SessionError>,
) -> impl Fn(Option<RawJson>) -> Result<(), SessionError> + Send + use<> {
    let name = name.to_owned();
    move |stored| {
        let value = updates.iter().try_fold(stored, |value, update| update(value.as_ref()).map(Some))?;
        value.iter().try_for_each(|value| check(&name, value))?;
        found.put(value);
        Ok(())
    }
}
