//! What a file holds.

use chrono::{DateTime, Utc};

use crate::sessions::payload::Payload;
use crate::sessions::serializers::{PayloadCodec, PayloadError, SessionCodec, SessionData, Signature};
use crate::signing::SigningError;

/// What the `file` engine stores: the signed payload of the `db` engine, or nothing, which is an empty session.
#[derive(Clone, Debug)]
pub struct FileCodec(SessionCodec);

impl FileCodec {
    /// Signed by `codec`.
    #[must_use]
    pub fn new(codec: SessionCodec) -> Self {
        Self(codec)
    }
}

impl PayloadCodec for FileCodec {
    fn encode(&self, data: &SessionData, now: DateTime<Utc>) -> Payload {
        PayloadCodec::encode(&self.0, data, now)
    }

    /// An empty file is a placeholder, which Django makes before it saves.
    fn decode(&self, payload: &Payload) -> Result<SessionData, PayloadError> {
        if payload.as_bytes().is_empty() {
            return Ok(SessionData::default());
        }
        PayloadCodec::decode(&self.0, payload)
    }

    fn decode_within(&self, payload: &Payload, limit: usize) -> Option<Result<SessionData, PayloadError>> {
        if payload.as_bytes().is_empty() {
            return Some(Ok(SessionData::default()));
        }
        self.0.decode_within(payload, limit)
    }

    fn signature(&self, payload: &Payload) -> Option<Result<Signature, SigningError>> {
        PayloadCodec::signature(&self.0, payload).filter(|_| !payload.as_bytes().is_empty())
    }
}
