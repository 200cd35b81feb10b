//! One save: what a session wants stored, and what became of it.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::sessions::backends::Payload;
use crate::sessions::error::SessionError;
use crate::sessions::expiry::{EXPIRY_KEY, Lifetime};
use crate::sessions::key::SessionKey;
use crate::sessions::policy::SessionPolicy;
use crate::sessions::serializers::{PayloadError, SessionData};
use crate::sessions::write_set::WriteSet;
use crate::signing::INFLATED_LIMIT;

/// Keys that are named when a session is too large.
const REPORTED: usize = 3;

/// What is to be saved: the data as this session sees it, and the changes that lead there.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) data: SessionData,
    /// What the store held when the session was loaded. `None` for a new session, and for one that was cleared before
    /// anything of it was read: the write set then begins with `clear`, and whatever is stored is replaced.
    pub(crate) loaded: Option<Payload>,
    /// Whether `data` is not what the changes make of that, and only as large: they have to be applied.
    pub(crate) outdated: bool,
    pub(crate) write_set: WriteSet,
    pub(crate) policy: Arc<SessionPolicy>,
    pub(crate) now: DateTime<Utc>,
}

impl Pending {
    /// The changes applied to what the store holds by now.
    ///
    /// A bad signature is an empty session, as it is to a request that loads it. What cannot be read under a good one
    /// is left alone, unless nothing of it is to stay.
    pub(super) fn apply_to(
        &self,
        found: Result<&SessionData, &PayloadError>,
    ) -> Result<SessionData, SessionError> {
        match found {
            Ok(data) => self.write_set.apply(data.clone()),
            Err(PayloadError::Unreadable(error)) if !self.write_set.replaces_all() => {
                Err(error.clone().into())
            }
            Err(_) => self.write_set.apply(SessionData::default()),
        }
    }

    /// When a session with this data ends, if it may be saved at all.
    pub(super) fn accept(&self, data: &SessionData) -> Result<DateTime<Utc>, SessionError> {
        // What is saved has to be read again, whatever the policy says.
        let (bytes, limit) = (data.json_len(), self.policy.max_bytes.min(INFLATED_LIMIT));
        if bytes > limit {
            return Err(SessionError::TooLarge { bytes, limit, largest: data.largest(REPORTED) });
        }
        Ok(Lifetime::new(data.get(EXPIRY_KEY), &self.policy)?.date(self.now)?.to_utc())
    }
}

/// A session as it is stored now.
#[derive(Clone, Debug)]
pub(crate) struct Saved {
    pub(crate) key: SessionKey,
    /// With what overlapping requests have changed.
    pub(crate) data: SessionData,
    pub(crate) payload: Payload,
    pub(crate) expire_date: DateTime<Utc>,
}
