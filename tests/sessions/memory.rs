//! A store in memory that compares and swaps, and that others meddle with on purpose.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use sessionid::sessions::backends::{
    BackendFuture, Entry, Found, Inserted, Moment, Payload, Renamed, Replaced, SessionBackend,
    SessionRecords, Stored,
};
use sessionid::sessions::{SessionError, SessionKey};

/// What is called on the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Load,
    Exists,
    Insert,
    Replace,
    Rename,
    Delete,
}

/// What happens to a call before it reaches the sessions.
pub(crate) enum Fault {
    /// Somebody else does this first.
    Meddle(Box<dyn FnOnce(&mut Sessions) + Send>),
    /// The store does not answer.
    Unavailable,
    /// The same, for this reason.
    UnavailableFor(&'static str),
    /// The key is taken, says the store.
    Taken,
    /// The store reports what it holds, and replaces nothing.
    Refuse,
}

pub(crate) type Sessions = BTreeMap<String, Entry>;

#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryBackend(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    sessions: Sessions,
    faults: Vec<(Verb, Fault)>,
    calls: Vec<Verb>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "State({} sessions)", self.sessions.len())
    }
}

impl MemoryBackend {
    /// Lets `fault` happen to the next call of `verb` that none is waiting for yet.
    pub(crate) fn fault(&self, verb: Verb, fault: Fault) {
        self.0.lock().unwrap().faults.push((verb, fault));
    }

    /// The calls since the last time this was asked.
    pub(crate) fn calls(&self) -> Vec<Verb> {
        std::mem::take(&mut self.0.lock().unwrap().calls)
    }

    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Sessions) -> T) -> T {
        work(&mut self.0.lock().unwrap().sessions)
    }

    /// One call: what goes wrong with it on purpose, and else what `work` makes of the sessions.
    ///
    /// As with a real store, others have a turn before it is done.
    fn call<'a, T: Send + 'a>(
        &'a self,
        verb: Verb,
        taken: Option<T>,
        refuse: impl FnOnce(&Sessions) -> Option<T> + Send + 'a,
        work: impl FnOnce(&mut Sessions) -> T + Send + 'a,
    ) -> BackendFuture<'a, T> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.perform(verb, taken, refuse, work)
        })
    }

    fn perform<T>(
        &self,
        verb: Verb,
        taken: Option<T>,
        refuse: impl FnOnce(&Sessions) -> Option<T>,
        work: impl FnOnce(&mut Sessions) -> T,
    ) -> Result<T, SessionError> {
        let mut state = self.0.lock().unwrap();
        state.calls.push(verb);
        let at = state.faults.iter().position(|(of, _)| *of == verb);
        match at.map(|at| state.faults.remove(at).1) {
            None => Ok(work(&mut state.sessions)),
            Some(Fault::Meddle(meddle)) => {
                meddle(&mut state.sessions);
                Ok(work(&mut state.sessions))
            }
            Some(Fault::Unavailable) => Err(SessionError::unavailable("on purpose")),
            Some(Fault::UnavailableFor(reason)) => Err(SessionError::unavailable(reason)),
            Some(Fault::Taken) => Ok(taken.expect("a verb that can find a key taken")),
            Some(Fault::Refuse) => Ok(refuse(&state.sessions).expect("a session to report")),
        }
    }
}

impl SessionBackend for MemoryBackend {
    fn is_stateless(&self) -> bool {
        false
    }

    fn holds(&self, key: &SessionKey) -> bool {
        key.is_storable()
    }

    fn load<'a>(&'a self, key: &'a SessionKey, moment: &'a Moment) -> BackendFuture<'a, Found> {
        let load = move |sessions: &mut Sessions| {
            let live = sessions.get(key.as_str()).filter(|entry| entry.expire_date > moment.now).cloned();
            live.map_or(Found::Nothing, |Entry { payload, expire_date, .. }| {
                Found::Session(Stored { payload, expire_date: Some(expire_date) })
            })
        };
        self.call(Verb::Load, None, |_| None, load)
    }

    fn exists<'a>(&'a self, key: &'a SessionKey) -> BackendFuture<'a, bool> {
        self.call(Verb::Exists, None, |_| None, move |sessions| sessions.contains_key(key.as_str()))
    }

    fn insert<'a>(&'a self, key: &'a SessionKey, entry: Entry) -> BackendFuture<'a, Inserted> {
        let insert = move |sessions: &mut Sessions| {
            if sessions.contains_key(key.as_str()) {
                return Inserted::Taken;
            }
            sessions.insert(key.to_string(), entry);
            Inserted::Stored
        };
        self.call(Verb::Insert, Some(Inserted::Taken), |_| None, insert)
    }

    fn replace<'a>(
        &'a self,
        key: &'a SessionKey,
        expected: Option<&'a Payload>,
        entry: Entry,
    ) -> BackendFuture<'a, Replaced> {
        let replace = move |sessions: &mut Sessions| {
            let Some(held) = sessions.get_mut(key.as_str()) else { return Replaced::Gone };
            if expected.is_some_and(|expected| *expected != held.payload) {
                return Replaced::Changed(held.payload.clone());
            }
            *held = entry;
            Replaced::Stored
        };
        let refuse = move |sessions: &Sessions| {
            sessions.get(key.as_str()).map(|held| Replaced::Changed(held.payload.clone()))
        };
        self.call(Verb::Replace, None, refuse, replace)
    }

    fn rename<'a>(
        &'a self,
        from: &'a SessionKey,
        expected: Option<&'a Payload>,
        to: &'a SessionKey,
        entry: Entry,
    ) -> BackendFuture<'a, Renamed> {
        let rename = move |sessions: &mut Sessions| {
            match (sessions.get(from.as_str()), expected) {
                (None, Some(_)) => return Renamed::Gone,
                (Some(held), Some(expected)) if held.payload != *expected => {
                    return Renamed::Changed(held.payload.clone());
                }
                _ => {}
            }
            if sessions.contains_key(to.as_str()) {
                return Renamed::Taken;
            }
            sessions.remove(from.as_str());
            sessions.insert(to.to_string(), entry);
            Renamed::Stored
        };
        let refuse = move |sessions: &Sessions| {
            sessions.get(from.as_str()).map(|held| Renamed::Changed(held.payload.clone()))
        };
        self.call(Verb::Rename, Some(Renamed::Taken), refuse, rename)
    }

    fn delete<'a>(&'a self, key: &'a SessionKey) -> BackendFuture<'a, bool> {
        self.call(Verb::Delete, None, |_| None, move |sessions| sessions.remove(key.as_str()).is_some())
    }

    fn clear_expired<'a>(
        &'a self,
        now: DateTime<Utc>,
        progress: &'a (dyn Fn(usize) + Sync),
    ) -> BackendFuture<'a, usize> {
        Box::pin(async move {
            let cleared = self.with(|sessions| {
                let before = sessions.len();
                sessions.retain(|_, entry| entry.expire_date >= now);
                before - sessions.len()
            });
            progress(cleared);
            Ok(cleared)
        })
    }

    fn records(&self) -> Option<&dyn SessionRecords> {
        None
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(4)
    }
}
