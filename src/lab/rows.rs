//! Rows of the session table as a learner sees them: raw, decoded, verified.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::record::shortened;
use crate::error::chain;
use crate::sessions::backends::Payload;
use crate::sessions::backends::{ExpireDate, SessionRecord};
use crate::sessions::{PayloadCodec, PayloadError};

const COUNTER: &str = "counter";

/// A row, its payload taken apart.
#[derive(Clone, Debug, Serialize)]
pub(super) struct RowView {
    pub(super) key: String,
    /// The payload, whole in the table and shortened here.
    pub(super) raw: String,
    /// Bytes of the whole.
    pub(super) size: usize,
    /// `None` where it cannot be told.
    pub(super) expire_date: Option<DateTime<Utc>>,
    pub(super) expires_ms: Option<i64>,
    /// As the table has it.
    pub(super) expires: String,
    pub(super) signature: Signature,
    /// The data as JSON; `None` where there is none to be had.
    pub(super) data: Option<String>,
    pub(super) counter: Option<i64>,
}

/// The verdict on a payload.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Signature {
    pub(super) valid: bool,
    pub(super) text: String,
}

impl RowView {
    pub(super) fn new(row: &SessionRecord, codec: &dyn PayloadCodec) -> Self {
        let expire_date = row.expire_date.moment();
        let text = String::from_utf8_lossy(row.payload.as_bytes());
        let decoded = codec.decode(&row.payload);
        let data = decoded.as_ref().ok();
        Self {
            key: shortened(&row.key),
            raw: shortened(&text),
            size: row.payload.as_bytes().len(),
            expire_date,
            expires_ms: expire_date.map(|end| end.timestamp_millis()),
            expires: match &row.expire_date {
                ExpireDate::At(end) => clock_time(*end),
                ExpireDate::Odd(text) => shortened(text),
            },
            signature: Signature::of(&row.payload, codec, decoded.as_ref().err()),
            data: data.map(|data| shortened(&data.to_json())),
            counter: data.and_then(|data| data.get(COUNTER)?.get().ok()),
        }
    }

    pub(super) fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.expire_date.is_some_and(|end| end > now)
    }
}

impl Signature {
    fn of(payload: &Payload, codec: &dyn PayloadCodec, error: Option<&PayloadError>) -> Self {
        let unsigned = match codec.signature(payload) {
            Some(Ok(unsigned)) => unsigned,
            Some(Err(error)) => return Self { valid: false, text: chain(&error) },
            None => return Self { valid: true, text: "this engine signs nothing".to_owned() },
        };
        let key = match unsigned.key_index.checked_sub(1) {
            None => "SECRET_KEY".to_owned(),
            Some(fallback) => format!("SECRET_KEY_FALLBACKS[{fallback}]"),
        };
        let at = i64::try_from(unsigned.timestamp)
            .ok()
            .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
            .map(|made| format!(" at {} UTC", made.format("%H:%M:%S")))
            .unwrap_or_default();
        let unreadable = error.map(|error| format!("; {}", chain(error))).unwrap_or_default();
        Self { valid: true, text: format!("made with {key}{at}{unreadable}") }
    }
}

/// A moment to milliseconds, in UTC.
pub(super) fn clock_time(moment: DateTime<Utc>) -> String {
    moment.format("%Y-%m-%d %H:%M:%S%.3f").to_string()
}
