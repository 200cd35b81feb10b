//! Rows of the session table as a learner sees them: raw, decoded, verified.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

use super::text::{clock_time, shortened};
use crate::error::chain;
use crate::sessions::backends::{ExpireDate, Payload, SessionRecord};
use crate::sessions::{PayloadCodec, PayloadError};

/// What the counter's views keep their number under.
const COUNTER: &str = "counter";
/// What the demo login keeps its user under.
const USER: &str = "user";

/// Where the sessions are, in the engine's own words.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// All of them.
    pub(crate) text: String,
    /// What one is called there: a file, a Redis key.
    pub(crate) kind: &'static str,
    /// What stands before the session's key in its name.
    pub(crate) before_key: String,
    /// How it tells when one ends.
    pub(crate) ends: Ends,
}

/// How an engine tells when a session ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ends {
    /// By a column of its row.
    ExpireDate,
    /// By the time that a cache still keeps it.
    Ttl,
    /// By its age, counted from this.
    CountedFrom(&'static str),
}

/// A row, its payload decoded.
#[derive(Clone, Debug, Serialize)]
pub(in crate::lab) struct RowView {
    /// What the engine calls the place of a session.
    kind: &'static str,
    /// What stands before the key in its name there.
    before_key: String,
    pub(in crate::lab) key: String,
    /// The payload, cut off where it is long.
    pub(in crate::lab) raw: String,
    /// Bytes of the whole payload.
    pub(in crate::lab) size: usize,
    /// `None` where the stored value is no date.
    pub(in crate::lab) expire_date: Option<DateTime<Utc>>,
    pub(in crate::lab) expires_ms: Option<i64>,
    /// What the engine calls the end.
    end: &'static str,
    /// The end in the engine's words.
    pub(in crate::lab) expires: String,
    pub(in crate::lab) signature: Signature,
    /// The data as JSON; `None` where the payload cannot be decoded.
    pub(in crate::lab) data: Option<String>,
    pub(in crate::lab) counter: Option<i64>,
    /// Who is logged in.
    pub(in crate::lab) user: Option<String>,
}

/// Whether a payload's signature is valid, and what it says or what is wrong with it.
#[derive(Clone, Debug, Serialize)]
pub(in crate::lab) struct Signature {
    pub(in crate::lab) valid: bool,
    pub(in crate::lab) text: String,
}

impl RowView {
    /// What a row was at `now`.
    pub(in crate::lab) fn new(
        row: &SessionRecord,
        codec: &dyn PayloadCodec,
        place: &Place,
        now: DateTime<Utc>,
    ) -> Self {
        let expire_date = row.expire_date.moment();
        let text = String::from_utf8_lossy(row.payload.as_bytes());
        let decoded = codec.decode(&row.payload);
        let data = decoded.as_ref().ok();
        Self {
            kind: place.kind,
            before_key: place.before_key.clone(),
            key: shortened(&row.key),
            raw: shortened(&text),
            size: row.payload.as_bytes().len(),
            expire_date,
            expires_ms: expire_date.map(|end| end.timestamp_millis()),
            end: place.ends.name(),
            expires: match &row.expire_date {
                ExpireDate::At(end) => place.ends.text(*end, now),
                ExpireDate::Odd(text) => shortened(text),
            },
            signature: Signature::of(&row.payload, codec, decoded.as_ref().err()),
            data: data.map(|data| shortened(&data.to_json())),
            counter: data.and_then(|data| data.get(COUNTER)?.get().ok()),
            user: data.and_then(|data| data.get(USER)?.get().ok()).map(|user: String| shortened(&user)),
        }
    }

    /// What the data has under a key. `None` as well where the data is too long to be kept here whole.
    pub(in crate::lab) fn value(&self, key: &str) -> Option<Value> {
        let mut data: Map<String, Value> = serde_json::from_str(self.data.as_deref()?).ok()?;
        data.remove(key)
    }

    pub(in crate::lab) fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.expire_date.is_some_and(|end| end > now)
    }
}

impl Ends {
    fn name(self) -> &'static str {
        if matches!(self, Self::ExpireDate) { "expire_date" } else { "end" }
    }

    fn text(self, end: DateTime<Utc>, now: DateTime<Utc>) -> String {
        match self {
            Self::ExpireDate => format!("{} UTC", clock_time(end)),
            Self::CountedFrom(moment) => format!("{} UTC, counted from {moment}", clock_time(end)),
            // To the nearest second, as the command TTL of Redis.
            Self::Ttl => match ((end - now).num_milliseconds() + 500).div_euclid(1000) {
                left @ 0.. => format!("expires in {left} s (TTL)"),
                over => format!("expired {} s ago (TTL)", -over),
            },
        }
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
        let at = DateTime::from_timestamp(unsigned.timestamp, 0)
            .map(|made| format!(" at {} UTC", made.format("%H:%M:%S")))
            .unwrap_or_default();
        let unreadable = error.map(|error| format!("; {}", chain(error))).unwrap_or_default();
        Self { valid: true, text: format!("made with {key}{at}{unreadable}") }
    }
}

/// Rows for tests.
#[cfg(test)]
mod testing {
    use super::*;

    impl RowView {
        /// A row without a payload: only its key, its expiry and its counter are known.
        pub(in crate::lab) fn fake(key: &str, end: DateTime<Utc>, counter: Option<i64>) -> Self {
            Self {
                kind: "session_key",
                before_key: String::new(),
                key: key.to_owned(),
                raw: String::new(),
                size: 0,
                expire_date: Some(end),
                expires_ms: Some(end.timestamp_millis()),
                end: Ends::ExpireDate.name(),
                expires: clock_time(end),
                signature: Signature { valid: true, text: String::new() },
                data: None,
                counter,
                user: None,
            }
        }
    }
}
