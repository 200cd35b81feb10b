//! Sessions as Django's caches hold them.

use chrono::{DateTime, Utc};

use super::json::RawJson;
use super::payload::Payload;
use super::pickle::{self, PickleError, Spaces};
use super::serializers::{PayloadCodec, PayloadError, SessionData, Signature, UnreadablePayload};
use crate::signing::SigningError;

/// A session as a pickled dict: what Django's `cache` engine gives its cache, and the cache pickles.
///
/// Nobody signs it. Whoever can write into the cache can make any session, and in a Django that unpickles it run any code; here
/// nothing in a pickle is run. What cannot be read is never overwritten: a class, a set, bytes, a datetime.
#[derive(Clone, Copy, Debug, Default)]
pub struct PickleCodec;

impl PickleCodec {
    /// The same for data that was read from JSON, in which spaces mean nothing.
    pub(super) fn encode_plain(data: &SessionData) -> Payload {
        pickle::dumps(data.members(), Spaces::Ignored).into()
    }
}

impl PayloadCodec for PickleCodec {
    fn encode(&self, data: &SessionData, _: DateTime<Utc>) -> Payload {
        pickle::dumps(data.members(), Spaces::Tell).into()
    }

    fn decode(&self, payload: &Payload) -> Result<SessionData, PayloadError> {
        data(pickle::loads(payload.as_bytes()))
    }

    fn decode_within(&self, payload: &Payload, limit: usize) -> Option<Result<SessionData, PayloadError>> {
        match pickle::loads_within(payload.as_bytes(), limit) {
            Err(PickleError::TooLarge) => None,
            items => Some(data(items)),
        }
    }

    fn signature(&self, _: &Payload) -> Option<Result<Signature, SigningError>> {
        None
    }
}

fn data(items: Result<Vec<(Box<str>, RawJson)>, PickleError>) -> Result<SessionData, PayloadError> {
    match items {
        Ok(items) => Ok(SessionData::from_members(items)),
        Err(error) => Err(PayloadError::Unreadable(UnreadablePayload::Pickle(error))),
    }
}
