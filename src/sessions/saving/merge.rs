//! Saves of one session that are written together: applied one after the other, in memory, without I/O.

use std::panic::{AssertUnwindSafe, catch_unwind};

use chrono::{DateTime, Utc};

use super::pending::{Pending, Saved};
use crate::sessions::backends::{Entry, Payload};
use crate::sessions::error::SessionError;
use crate::sessions::heavy::LARGEST_LIGHT;
use crate::sessions::key::SessionKey;
use crate::sessions::serializers::{PayloadCodec, PayloadError, SessionData};

/// What the first save is applied to.
#[derive(Debug)]
pub(super) enum Base {
    /// What it has loaded itself, unless the store turns out to hold something else: the session becomes what this save
    /// sees of it.
    AsLoaded,
    /// This, which the store is known to hold, or to have held a moment ago.
    Stored(Payload),
    /// The same, decoded.
    Decoded(Decoded),
}

/// What a store holds, decoded.
#[derive(Debug)]
pub(super) struct Decoded {
    payload: Payload,
    data: Result<SessionData, PayloadError>,
}

/// What the session is to become, if it still is what the merge started from.
#[derive(Debug)]
pub(super) struct Merged {
    /// What the store must hold for that; `None`: anything.
    pub(super) expected: Option<Payload>,
    pub(super) data: SessionData,
    pub(super) expire_date: DateTime<Utc>,
    /// The moment of the last save in it, which signs.
    pub(super) now: DateTime<Utc>,
}

impl Merged {
    pub(super) fn stored(self, key: &SessionKey, entry: Entry) -> Saved {
        let Entry { payload, expire_date, .. } = entry;
        Saved { key: key.clone(), data: self.data, payload, expire_date }
    }
}

impl Base {
    /// The same, decoded where that takes no longer than a worker has, and whether it still takes longer.
    pub(super) fn lightly_decoded(self, codec: &dyn PayloadCodec) -> (Self, bool) {
        match self {
            Self::Stored(payload) => match codec.decode_within(&payload, LARGEST_LIGHT) {
                Some(data) => (Self::Decoded(Decoded { payload, data }), false),
                None => (Self::Stored(payload), true),
            },
            Self::Decoded(decoded) => {
                let heavy = decoded.data.as_ref().is_ok_and(|data| data.json_len() > LARGEST_LIGHT);
                (Self::Decoded(decoded), heavy)
            }
            Self::AsLoaded => (Self::AsLoaded, false),
        }
    }

    /// What the store is known to hold after a write.
    pub(super) fn after(written: &Result<Saved, SessionError>) -> Self {
        match written {
            Ok(saved) => {
                Self::Decoded(Decoded { payload: saved.payload.clone(), data: Ok(saved.data.clone()) })
            }
            Err(_) => Self::AsLoaded,
        }
    }
}

/// Saves in the order in which they came.
#[derive(Debug)]
pub(super) struct Batch {
    first: Save,
    others: Vec<Save>,
}

#[derive(Debug)]
struct Save {
    pending: Pending,
    /// What is wrong with it by itself.
    error: Option<SessionError>,
}

impl Batch {
    pub(super) fn of(pending: Pending) -> Self {
        Self { first: Save { pending, error: None }, others: Vec::new() }
    }

    /// `None` without any save.
    pub(super) fn new(saves: Vec<Pending>) -> Option<Self> {
        let mut saves = saves.into_iter().map(|pending| Save { pending, error: None });
        Some(Self { first: saves.next()?, others: saves.collect() })
    }

    /// Whether one of them takes longer to work on than a worker has.
    pub(super) fn is_heavy(&self) -> bool {
        let heavy = |save: &Save| save.pending.data.json_len() > LARGEST_LIGHT;
        heavy(&self.first) || self.others.iter().any(heavy)
    }

    /// Applies every save, the one after the other. A save that fails (a value of another type, a panic in a function of
    /// the application) leaves no trace in what the others become; when each of them does, the last error is the
    /// batch's.
    pub(super) fn merge(&mut self, base: Base, codec: &dyn PayloadCodec) -> Result<Merged, SessionError> {
        let base = match base {
            Base::AsLoaded => {
                let outdated = Some(&self.first.pending).filter(|first| first.outdated);
                let loaded = outdated.and_then(|first| first.loaded.clone());
                loaded.map(|payload| Decoded { data: codec.decode(&payload), payload })
            }
            Base::Stored(payload) => Some(Decoded { data: codec.decode(&payload), payload }),
            Base::Decoded(decoded) => Some(decoded),
        };
        let mut merged = self.first.apply(None, base.as_ref());
        for save in &mut self.others {
            let next = save.apply(merged.as_ref().ok(), base.as_ref());
            if next.is_ok() || merged.is_err() {
                merged = next;
            }
        }
        merged
    }

    /// What is wrong with each of them by itself.
    pub(super) fn verdicts(self) -> impl Iterator<Item = Result<(), SessionError>> {
        let saves = std::iter::once(self.first).chain(self.others);
        saves.map(|save| save.error.map_or(Ok(()), Err))
    }
}

impl Save {
    fn apply(&mut self, before: Option<&Merged>, base: Option<&Decoded>) -> Result<Merged, SessionError> {
        let pending = &mut self.pending;
        let merged = catch_unwind(AssertUnwindSafe(|| step(pending, before, base)));
        let merged = merged.unwrap_or(Err(SessionError::Panicked));
        self.error = merged.as_ref().err().cloned();
        merged
    }
}

/// One save after those before it, or after the base.
fn step(save: &mut Pending, before: Option<&Merged>, base: Option<&Decoded>) -> Result<Merged, SessionError> {
    let (expected, data) = match (before, base) {
        (Some(before), _) => (before.expected.clone(), save.apply_to(Ok(&before.data))?),
        (None, Some(base)) => (Some(base.payload.clone()), save.apply_to(base.data.as_ref())?),
        // Its view is needed once: whatever the store turns out to hold instead, the changes are applied to that.
        (None, None) => (save.loaded.take(), std::mem::take(&mut save.data)),
    };
    let expire_date = save.accept(&data)?;
    Ok(Merged { expected, data, expire_date, now: save.now })
}
