//! What happens around loading and saving.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Renewal, SessionBase};
use crate::sessions::error::SessionError;
use crate::sessions::key::SessionKey;
use crate::sessions::saving::{Pending, Saved};
use crate::sessions::storage::Loaded;

/// How a save reaches the store.
#[derive(Debug)]
pub(crate) enum Verb {
    /// There is no key yet.
    Create,
    /// The key has a session.
    Update(SessionKey),
    /// The data moves to a new key, away from an old one if there was one.
    CycleKey { from: Option<SessionKey>, to: SessionKey },
}

impl SessionBase {
    /// Keeps the data, for a new key.
    pub(crate) fn forget_key(&mut self) -> Result<(), SessionError> {
        self.data()?;
        self.session_key = None;
        self.renewal = None;
        self.loaded = None;
        Ok(())
    }

    /// The key whose session is to be fetched before the data can be accessed.
    pub(crate) fn key_to_load(&self) -> Option<&SessionKey> {
        self.session_key.as_ref().filter(|_| self.cache.is_none() && self.found.is_none())
    }

    /// Hands over what the store holds, without accessing it.
    pub(crate) fn set_found(&mut self, found: Loaded) {
        if self.cache.is_none() {
            self.found = Some(found);
        }
    }

    /// Remembers why it is not known what the store holds: whoever looks is told.
    pub(crate) fn set_failure(&mut self, failure: SessionError) {
        self.failure = Some(failure);
    }

    /// Why the session that the store may hold is not known, unless that does not matter any more: after a `clear`, for
    /// example.
    pub(crate) fn failure(&self) -> Option<&SessionError> {
        self.failure.as_ref().filter(|_| self.key_to_load().is_some())
    }

    /// A key whose session a `flush` gave up, and that is not known to be deleted.
    pub(crate) fn flushed(&self) -> Option<&SessionKey> {
        self.flushed.last()
    }

    /// The session under that key is deleted.
    pub(crate) fn set_deleted(&mut self) {
        self.flushed.pop();
    }

    /// How the session is saved, and what is saved.
    pub(crate) fn begin_save(&mut self, now: DateTime<Utc>) -> Result<(Verb, Pending), SessionError> {
        let had_key = self.session_key.is_some();
        self.data()?;
        // What comes back is what was stored. A save that is given up brings nothing back, and leaves this not loaded.
        let data = self.cache.take().unwrap_or_default();
        if had_key && self.session_key.is_none() {
            // Django's save has decided on an UPDATE before its look shows that there is no row.
            return Err(SessionError::Interrupted);
        }
        let renewal = self.renewal.take();
        let verb = match (self.session_key.clone(), renewal) {
            (None, _) => Verb::Create,
            (Some(to), Some(Renewal { from, .. })) => {
                // Until it has been moved, the session is where it was.
                self.session_key.clone_from(&from);
                Verb::CycleKey { from, to }
            }
            (Some(key), None) => Verb::Update(key),
        };
        let write_set = std::mem::take(&mut self.write_set);
        let (loaded, policy) = (self.loaded.take(), Arc::clone(&self.policy));
        let outdated = std::mem::take(&mut self.outdated);
        Ok((verb, Pending { data, loaded, outdated, write_set, policy, now }))
    }

    /// What the store has now.
    pub(crate) fn finish_save(&mut self, saved: Saved) {
        self.session_key = Some(saved.key);
        self.cache = Some(saved.data);
        self.loaded = Some(saved.payload);
    }

    /// After a save that failed or was given up: what the store holds now is not known.
    pub(crate) fn unload(&mut self) {
        self.cache = None;
        self.found = None;
        self.loaded = None;
        self.outdated = false;
        self.unreadable = None;
        self.failure = None;
        // To load a large session again takes room, and who waits for that must not have any.
        self.room = None;
    }

    /// Back to what a `cycle_key` had saved at its moment, where there was one: what Django's store
    /// holds when the response is a 500.
    pub(crate) fn rewind_to_cycle_key(&mut self) -> bool {
        let Some(renewal) = &mut self.renewal else { return false };
        self.cache = Some(std::mem::take(&mut renewal.data));
        self.write_set.truncate(renewal.changes);
        true
    }
}
