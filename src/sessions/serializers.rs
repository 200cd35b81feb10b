//! A session's data, and the signed text it is stored as.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use chrono::{DateTime, Utc};
use indexmap::IndexMap;

use super::json::{JsonError, RawJson, Scanner, escape_key, unescape_key};
use super::payload::Payload;
use super::pickle::PickleError;
use crate::signing::{self, SigningError, TimestampSigner, Unsigned};

/// The salt of `SessionBase.encode`: "django.contrib.sessions." and the class's name.
const SALT: &str = "django.contrib.sessions.SessionStore";
/// The salt of the `signed_cookies` engine, which does not use that method.
const COOKIE_SALT: &str = "django.contrib.sessions.backends.signed_cookies";

/// What a session holds: keys in the order in which they were first set, each with its JSON text.
///
/// ```
/// use sessionid::sessions::{RawJson, SessionData};
///
/// let mut data = SessionData::default();
/// data.insert("counter", RawJson::new(&1)?);
/// assert_eq!(data.to_json(), r#"{"counter":1}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SessionData {
    /// By the key as Python escapes it.
    values: IndexMap<Box<str>, RawJson>,
}

impl SessionData {
    /// The value under `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&RawJson> {
        self.values.get(&*escape_key(key))
    }

    /// Sets `key`; one that is there keeps its place.
    pub fn insert(&mut self, key: &str, value: RawJson) {
        self.values.insert(escape_key(key).into(), value);
    }

    /// Takes `key` out; the others keep their order.
    pub fn remove(&mut self, key: &str) -> Option<RawJson> {
        self.values.shift_remove(&*escape_key(key))
    }

    /// Takes many keys out at once: one by one, each would move all that follow it.
    pub(crate) fn remove_all<'a>(&mut self, keys: impl IntoIterator<Item = &'a str>) {
        let keys: HashSet<Cow<'_, str>> = keys.into_iter().map(escape_key).collect();
        self.values.retain(|key, _| !keys.contains(&**key));
    }

    /// Whether `key` is there.
    #[must_use]
    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The keys and values in order. A lone surrogate in a key, which Python allows and Rust does
    /// not, shows as U+FFFD.
    ///
    /// ```
    /// # use sessionid::sessions::{RawJson, SessionData};
    /// let data = SessionData::from_json(br#"{"b": 1, "a": [2]}"#)?;
    /// let lines: Vec<_> = data.iter().map(|(key, value)| format!("{key}={value}")).collect();
    /// assert_eq!(lines, ["b=1", "a=[2]"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn iter(&self) -> Entries<'_> {
        Entries(self.values.iter())
    }

    /// Bytes of the JSON text.
    #[must_use]
    pub fn json_len(&self) -> usize {
        // Quotation marks and a colon for each, a comma between two, and the braces.
        let members: usize =
            self.values.iter().map(|(key, value)| key.len() + value.as_str().len() + 3).sum();
        members + self.values.len().saturating_sub(1) + 2
    }

    /// The keys with the longest values, each with the bytes of its JSON, the longest first.
    pub(crate) fn largest(&self, count: usize) -> Vec<(String, usize)> {
        let mut sizes: Vec<_> = self.values.iter().map(|(key, value)| (value.as_str().len(), key)).collect();
        sizes.sort_unstable_by(|one, other| other.cmp(one));
        sizes.into_iter().take(count).map(|(size, key)| (unescape_key(key), size)).collect()
    }

    /// The JSON text, as Django's serializer writes it.
    ///
    /// ```
    /// # use sessionid::sessions::{RawJson, SessionData};
    /// let mut data = SessionData::default();
    /// data.insert("größe", RawJson::new("XL")?);
    /// assert_eq!(data.to_json(), r#"{"gr\u00f6\u00dfe":"XL"}"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = String::with_capacity(self.json_len());
        json.push('{');
        for (index, (key, value)) in self.values.iter().enumerate() {
            if index > 0 {
                json.push(',');
            }
            json.push('"');
            json.push_str(key);
            json.push_str("\":");
            json.push_str(value.as_str());
        }
        json.push('}');
        json
    }

    /// Reads the bytes of a JSON object as Django's serializer does: in Latin-1.
    ///
    /// ```
    /// # use sessionid::sessions::SessionData;
    /// assert_eq!(SessionData::from_json(b"{\"n\": NaN}")?.to_json(), r#"{"n":NaN}"#); // as Python reads it
    /// assert!(SessionData::from_json(b"[1]").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`JsonError`] for what is no JSON object.
    pub fn from_json(json: &[u8]) -> Result<Self, JsonError> {
        let latin1: Cow<'_, str> = match std::str::from_utf8(json) {
            Ok(text) if json.is_ascii() => text.into(),
            _ => json.iter().copied().map(char::from).collect(),
        };
        let mut values = IndexMap::new();
        let mut scanner = Scanner::new(&latin1);
        scanner.members(|key, value| {
            values.insert(key, RawJson::scanned(value));
        })?;
        scanner.end()?;
        Ok(Self { values })
    }

    /// Keys as JSON writes them, each with its value; where a key is there twice, the last value counts.
    pub(super) fn from_members(members: impl IntoIterator<Item = (Box<str>, RawJson)>) -> Self {
        Self { values: members.into_iter().collect() }
    }

    /// The same the other way.
    pub(super) fn members(&self) -> impl Iterator<Item = (&str, &RawJson)> {
        self.values.iter().map(|(key, value)| (&**key, value))
    }
}

/// The keys and values in order, as [`SessionData::iter`] has them.
#[derive(Debug)]
pub struct IntoEntries(indexmap::map::IntoIter<Box<str>, RawJson>);

impl Iterator for IntoEntries {
    type Item = (String, RawJson);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, value)| (unescape_key(&key), value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

/// The same, borrowed.
#[derive(Clone, Debug)]
pub struct Entries<'a>(indexmap::map::Iter<'a, Box<str>, RawJson>);

impl<'a> Iterator for Entries<'a> {
    type Item = (String, &'a RawJson);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, value)| (unescape_key(key), value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl IntoIterator for SessionData {
    type Item = (String, RawJson);
    type IntoIter = IntoEntries;

    fn into_iter(self) -> IntoEntries {
        IntoEntries(self.values.into_iter())
    }
}

impl<'a> IntoIterator for &'a SessionData {
    type Item = (String, &'a RawJson);
    type IntoIter = Entries<'a>;

    fn into_iter(self) -> Entries<'a> {
        self.iter()
    }
}

/// How the engine of a storage encodes a session.
pub trait PayloadCodec: fmt::Debug + Send + Sync {
    /// The payload of `data`, saved at `now`.
    fn encode(&self, data: &SessionData, now: DateTime<Utc>) -> Payload;

    /// The data in a payload, whoever has stored it.
    ///
    /// # Errors
    ///
    /// [`PayloadError::BadSignature`], which makes an empty session, or
    /// [`PayloadError::Unreadable`], which must not be overwritten.
    fn decode(&self, payload: &Payload) -> Result<SessionData, PayloadError>;

    /// The same where that takes no more than `limit` bytes of JSON; `None`, without much work, where it takes more.
    fn decode_within(&self, payload: &Payload, limit: usize) -> Option<Result<SessionData, PayloadError>>;

    /// Who made a payload, and when, where payloads are signed.
    fn signature(&self, payload: &Payload) -> Option<Result<Signature, SigningError>>;
}

/// What a valid signature says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// When the payload was signed, in seconds since 1970; negative before.
    pub timestamp: i64,
    /// Which key signed it: 0 is `SECRET_KEY`, 1 the first of `SECRET_KEY_FALLBACKS`, and so on.
    pub key_index: usize,
}

/// Encodes and decodes the `session_data` column: `SessionBase.encode` and `decode`.
///
/// ```
/// use sessionid::sessions::{SessionCodec, SessionData};
///
/// let codec = SessionCodec::new("secret", &[]);
/// let payload = codec.encode(&SessionData::default(), "2026-11-22T18:24:10Z".parse()?);
/// assert!(codec.decode(&payload)?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct SessionCodec {
    signer: TimestampSigner,
}

impl SessionCodec {
    /// A codec that signs with `SECRET_KEY`, and reads what `SECRET_KEY_FALLBACKS` signed.
    ///
    /// ```
    /// use sessionid::sessions::{SessionCodec, SessionData};
    ///
    /// let before = SessionCodec::new("old", &[]);
    /// let payload = before.encode(&SessionData::default(), "2026-11-22T18:24:10Z".parse()?);
    /// let rotated = SessionCodec::new("new", &["old"]);
    /// assert!(rotated.decode(&payload).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new(secret_key: &str, fallbacks: &[&str]) -> Self {
        Self { signer: TimestampSigner::new(secret_key, fallbacks, SALT) }
    }

    /// The codec of the `signed_cookies` engine: no payload of another engine is good as a cookie, and none the other way
    /// round.
    #[must_use]
    pub fn for_cookies(secret_key: &str, fallbacks: &[&str]) -> Self {
        Self { signer: TimestampSigner::new(secret_key, fallbacks, COOKIE_SALT) }
    }

    /// The signed text of `data`.
    ///
    /// ```
    /// # use sessionid::sessions::{SessionCodec, SessionData};
    /// let codec = SessionCodec::new("secret", &[]);
    /// let payload = codec.encode(&SessionData::default(), "2026-11-22T18:24:10Z".parse()?);
    /// assert!(payload.starts_with("e30:")); // base64 of {}, then the time and the signature
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn encode(&self, data: &SessionData, now: DateTime<Utc>) -> String {
        signing::dumps(&self.signer, data.to_json().as_bytes(), now)
    }

    /// Verifies a payload's signature, and returns when it was made and by which key.
    ///
    /// # Errors
    ///
    /// As [`TimestampSigner::unsign`].
    pub fn unsign<'a>(&self, payload: &'a str) -> Result<Unsigned<'a>, SigningError> {
        self.signer.unsign(payload)
    }

    /// The data in a signed text.
    ///
    /// ```
    /// # use sessionid::sessions::{PayloadError, SessionCodec};
    /// let codec = SessionCodec::new("secret", &[]);
    /// assert!(matches!(codec.decode("e30:1:forged"), Err(PayloadError::BadSignature)));
    /// ```
    ///
    /// # Errors
    ///
    /// [`PayloadError::BadSignature`], which makes an empty session, or
    /// [`PayloadError::Unreadable`], which must not be overwritten.
    pub fn decode(&self, payload: &str) -> Result<SessionData, PayloadError> {
        data(signing::loads(&self.signer, payload))
    }
}

fn data(json: Result<Vec<u8>, SigningError>) -> Result<SessionData, PayloadError> {
    let json = json.map_err(|error| match error {
        SigningError::BadSignature => PayloadError::BadSignature,
        error => PayloadError::Unreadable(UnreadablePayload::Signing(error)),
    })?;
    SessionData::from_json(&json).map_err(|error| PayloadError::Unreadable(error.into()))
}

impl PayloadCodec for SessionCodec {
    fn encode(&self, data: &SessionData, now: DateTime<Utc>) -> Payload {
        Self::encode(self, data, now).into_bytes().into()
    }

    fn decode(&self, payload: &Payload) -> Result<SessionData, PayloadError> {
        Self::decode(self, payload.as_str().ok_or(PayloadError::BadSignature)?)
    }

    fn decode_within(&self, payload: &Payload, limit: usize) -> Option<Result<SessionData, PayloadError>> {
        let Some(text) = payload.as_str() else { return Some(Err(PayloadError::BadSignature)) };
        match signing::loads_within(&self.signer, text, limit) {
            Err(SigningError::TooLarge) => None,
            json => Some(data(json)),
        }
    }

    fn signature(&self, payload: &Payload) -> Option<Result<Signature, SigningError>> {
        let unsigned = payload.as_str().ok_or(SigningError::BadSignature).and_then(|text| self.unsign(text));
        let signature = |Unsigned { timestamp, key_index, .. }| Signature { timestamp, key_index };
        Some(unsigned.map(signature))
    }
}

/// Why a stored payload gives no data.
///
/// ```
/// use sessionid::sessions::{PayloadError, SessionData};
///
/// fn data(decoded: Result<SessionData, PayloadError>) -> Result<SessionData, PayloadError> {
///     match decoded {
///         Err(PayloadError::BadSignature) => Ok(SessionData::default()), // as Django
///         other => other,
///     }
/// }
/// # assert!(data(Err(PayloadError::BadSignature)).is_ok());
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// Nobody with one of our keys made it.
    #[error("the payload's signature does not match")]
    BadSignature,
    /// Somebody with one of our keys made it, but not as JSON in Django's form.
    #[error("the payload cannot be read")]
    Unreadable(#[source] UnreadablePayload),
}

/// What is wrong under a good signature.
///
/// ```
/// use sessionid::sessions::{SessionData, UnreadablePayload};
///
/// let error = SessionData::from_json(b"gASVAgAAAAAAAAB9lC4=").map_err(UnreadablePayload::from);
/// assert!(matches!(error, Err(UnreadablePayload::Json(_))));
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnreadablePayload {
    /// Its wrapping.
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// Its JSON; another serializer may have written it.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// Its pickle, in a cache.
    #[error(transparent)]
    Pickle(#[from] PickleError),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(json: &str) -> SessionData {
        SessionData::from_json(json.as_bytes()).expect("a JSON object")
    }

    #[test]
    fn order_is_kept_and_the_last_duplicate_counts() {
        assert_eq!(data(r#" {"b": 1, "a": 2, "b": [3]} "#).to_json(), r#"{"b":[3],"a":2}"#);
        let mut order = data(r#"{"b":1,"a":2,"c":3}"#);
        order.insert("b", RawJson::parse("9").expect("JSON"));
        order.remove("a");
        order.insert("a", RawJson::parse("8").expect("JSON"));
        assert_eq!(order.to_json(), r#"{"b":9,"c":3,"a":8}"#);
    }

    #[test]
    fn the_length_is_that_of_the_text() {
        for json in ["{}", r#"{"a":1}"#, r#"{"a":[1,2],"b\u00e9":"\ud800","":null}"#] {
            assert_eq!((data(json).to_json().as_str(), data(json).json_len()), (json, json.len()));
        }
        let sizes = data(r#"{"a":1,"b":[1,2,3],"c":"x"}"#).largest(2);
        assert_eq!(sizes, [("b".to_owned(), 7), ("c".to_owned(), 3)]);
    }

    #[test]
    fn raw_utf8_is_read_as_django_reads_it() {
        // json.loads('{"k":"é"}'.encode().decode("latin-1")) == {"k": "Ã©"}
        assert_eq!(data(r#"{"k":"é"}"#).get("k").map(RawJson::as_str), Some(r#""\u00c3\u00a9""#));
    }

    #[test]
    fn a_lone_surrogate_in_a_key_survives() {
        let text = r#"{"\ud800":"\udfff","k":1}"#;
        let mut surrogates = data(text);
        surrogates.insert("k", RawJson::parse("2").expect("JSON"));
        assert_eq!(surrogates.to_json(), text.replace('1', "2"));
    }

    #[test]
    fn a_signed_list_is_no_session() {
        let codec = SessionCodec::new("secret", &[]);
        let now = DateTime::from_timestamp(1_700_000_000, 0).expect("a date");
        let payload = signing::dumps(&codec.signer, b"[1]", now);
        assert!(matches!(codec.decode(&payload), Err(PayloadError::Unreadable(_))));
        assert!(matches!(SessionCodec::new("other", &[]).decode(&payload), Err(PayloadError::BadSignature)));
    }
}
