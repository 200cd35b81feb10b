//! Rows of the session table as a learner sees them: raw, decoded, verified.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::record::shortened;
use crate::error::chain;
use crate::sessions::models::SessionRow;
use crate::sessions::{PayloadError, SessionCodec};

const COUNTER: &str = "counter";

/// A row, its payload taken apart.
#[derive(Clone, Debug, Serialize)]
pub(super) struct RowView {
    pub(super) key: String,
    /// The payload, whole in the table and shortened here.
    pub(super) raw: String,
    /// Bytes of the whole.
    pub(super) size: usize,
    pub(super) expire_date: DateTime<Utc>,
    pub(super) expires_ms: i64,
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
    pub(super) fn new(row: &SessionRow, codec: &SessionCodec) -> Self {
        let expire_date = DateTime::from(row.expire_date);
        let decoded = row.get_decoded(codec);
        let data = decoded.as_ref().ok();
        Self {
            key: shortened(&row.session_key),
            raw: shortened(&row.session_data),
            size: row.session_data.len(),
            expire_date,
            expires_ms: expire_date.timestamp_millis(),
            expires: clock_time(expire_date),
            signature: Signature::of(row, codec, decoded.as_ref().err()),
            data: data.map(|data| shortened(&data.to_json())),
            counter: data.and_then(|data| data.get(COUNTER)?.get().ok()),
        }
    }

    pub(super) fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.expire_date > now
    }
}

impl Signature {
    fn of(row: &SessionRow, codec: &SessionCodec, error: Option<&PayloadError>) -> Self {
        let unsigned = match codec.unsign(&row.session_data) {
            Ok(unsigned) => unsigned,
            Err(error) => return Self { valid: false, text: chain(&error) },
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
