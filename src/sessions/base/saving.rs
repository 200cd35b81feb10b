//! What happens around loading and saving.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Found, Renewal, SessionBase};
use crate::sessions::error::SessionError;
use crate::sessions::key::SessionKey;
use crate::sessions::pending::{Loaded, Pending, Saved, Verb};

impl SessionBase {
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
