//! What passes between a session and its backend.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::error::SessionError;
use super::expiry::{EXPIRY_KEY, Lifetime};
use super::key::SessionKey;
use super::policy::SessionPolicy;
use super::serializers::{PayloadError, SessionData};
use super::write_set::WriteSet;

/// What a backend found under a key.
///
/// ```
/// use sessionid::sessions::{Loaded, SessionCodec};
///
/// // What a backend makes of the text under a key.
/// let codec = SessionCodec::new("secret", &[]);
/// let found = |text: &str| Loaded { data: codec.decode(text), stored: Some(text.into()) };
/// assert!(found("forged").data.is_err());
/// ```
#[derive(Debug)]
pub struct Loaded {
    /// The text that the store holds, by which a save tells whether it still holds that.
    pub stored: Option<Arc<str>>,
    /// The data in it, or why there is none.
    pub data: Result<SessionData, PayloadError>,
}

/// How a save reaches the store.
#[derive(Debug)]
pub(crate) enum Verb {
    /// There is no key yet.
    Create,
    /// The key has a row.
    Update(SessionKey),
    /// The data moves to a new key, away from an old one if there was one.
    CycleKey { from: Option<SessionKey>, to: SessionKey },
}

/// What is to be saved: the data as this session sees it, and the changes that lead there.
///
/// ```
/// use sessionid::sessions::{BackendFuture, Pending, Saved, SharedBackend};
///
/// /// A wrapper's `create`, which tells when it was.
/// fn create(inner: &SharedBackend, pending: Pending) -> BackendFuture<'_, Saved> {
///     println!("a new session at {}", pending.now());
///     inner.create(pending)
/// }
/// ```
#[derive(Debug)]
pub struct Pending {
    pub(super) data: SessionData,
    pub(super) stored: Option<Arc<str>>,
    pub(super) changes: WriteSet,
    pub(super) policy: Arc<SessionPolicy>,
    pub(super) now: DateTime<Utc>,
}

impl Pending {
    /// The moment of the save.
    ///
    /// ```
    /// # use sessionid::sessions::{Pending, SessionCodec, SessionError};
    /// # fn job(mut pending: Pending, codec: &SessionCodec, stored: &str) -> Result<(), SessionError> {
    /// let data = pending.take_data();
    /// let payload = codec.encode(&data, pending.now()); // signed as of the save
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The data for a row that does not exist yet; it can be taken once.
    ///
    /// ```
    /// # use sessionid::sessions::{Pending, SessionCodec, SessionError};
    /// # fn job(mut pending: Pending, codec: &SessionCodec, stored: &str) -> Result<(), SessionError> {
    /// let data = pending.take_data();
    /// assert!(pending.take_data().is_empty());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn take_data(&mut self) -> SessionData {
        std::mem::take(&mut self.data)
    }

    /// The data for a row that holds `stored` by now: the session's own view if it has not moved,
    /// else the changes applied to what it holds.
    ///
    /// ```
    /// # use sessionid::sessions::{Pending, SessionCodec, SessionError};
    /// # fn job(mut pending: Pending, codec: &SessionCodec, stored: &str) -> Result<(), SessionError> {
    /// // Inside the transaction that has read `stored`.
    /// let data = pending.merge_into(stored, |stored| codec.decode(stored))?;
    /// let payload = codec.encode(&data, pending.now());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Unreadable`] when the row has a good signature and cannot be read, and what
    /// an update reports of a value of another type.
    pub fn merge_into(
        &mut self,
        stored: &str,
        decode: impl FnOnce(&str) -> Result<SessionData, PayloadError>,
    ) -> Result<SessionData, SessionError> {
        if self.stored.as_deref() == Some(stored) {
            return Ok(self.take_data());
        }
        match decode(stored) {
            Ok(data) => self.changes.apply(data),
            Err(PayloadError::BadSignature) => self.changes.apply(SessionData::default()),
            Err(PayloadError::Unreadable(error)) => Err(error.into()),
        }
    }

    /// The same after another save, whose data no row holds yet.
    pub(crate) fn merge_after(&self, data: &SessionData) -> Result<SessionData, SessionError> {
        self.changes.apply(data.clone())
    }

    /// The text that the row held when the session was loaded.
    pub(crate) fn stored(&self) -> Option<&str> {
        self.stored.as_deref()
    }

    /// The data for a row that still holds [`stored`](Self::stored).
    pub(crate) fn unless_changed(&self) -> Option<&SessionData> {
        self.stored.as_ref().map(|_| &self.data)
    }

    /// When a row with this data ends.
    ///
    /// ```
    /// # use sessionid::sessions::{Pending, SessionCodec, SessionError};
    /// # fn job(mut pending: Pending, codec: &SessionCodec, stored: &str) -> Result<(), SessionError> {
    /// let data = pending.take_data();
    /// let expire_date = pending.expire_date(&data)?; // the column of that name
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Expiry`] when the data tells no expiry.
    pub fn expire_date(&self, data: &SessionData) -> Result<DateTime<Utc>, SessionError> {
        Ok(Lifetime::new(data.get(EXPIRY_KEY), &self.policy)?.date(self.now)?.to_utc())
    }
}

/// What a store has saved.
///
/// ```
/// use sessionid::sessions::{Saved, SessionData, SessionKey};
///
/// // What a backend answers when it has written `payload`.
/// let saved = |session_key: SessionKey, data: SessionData, payload: String| {
///     Saved { session_key, data, stored: Some(payload.into()) }
/// };
/// # saved(SessionKey::random(), SessionData::default(), String::new());
/// ```
#[derive(Debug)]
pub struct Saved {
    /// The key that it is saved under.
    pub session_key: SessionKey,
    /// The data, with what overlapping requests changed.
    pub data: SessionData,
    /// The text that the store holds now.
    pub stored: Option<Arc<str>>,
}
