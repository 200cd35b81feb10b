//! Signed, timestamped, optionally compressed payloads: `django.core.signing`.
//!
//! A payload is `base64(json):timestamp:signature`, or `.base64(zlib(json)):timestamp:signature`
//! where zlib made it shorter. The signature is checked before anything else is looked at.
//!
//! ```
//! use sessionid::signing::TimestampSigner;
//!
//! // A link that says who may unsubscribe.
//! let signer = TimestampSigner::new("SECRET_KEY", &[], "my.app.unsubscribe");
//! let token = signer.sign("ada@example.com", "2026-11-22T18:24:10Z".parse()?);
//! assert_eq!(signer.unsign(&token)?.value, "ada@example.com");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::cell::RefCell;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use crate::crypto::{SaltedHmac, constant_time_compare};

/// The longest text that a payload may inflate to: 8 MiB. What would grow larger is refused
/// unread, so that a few kilobytes in the table cannot take the server's memory.
///
/// ```
/// use sessionid::signing::{INFLATED_LIMIT, SigningError, TimestampSigner, dumps, loads};
///
/// let signer = TimestampSigner::new("secret", &[], "salt");
/// let bomb = dumps(&signer, &vec![b' '; INFLATED_LIMIT + 1], "2026-11-22T18:24:10Z".parse()?);
/// assert!(bomb.len() < 20_000);
/// assert!(matches!(loads(&signer, &bomb), Err(SigningError::TooLarge)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub const INFLATED_LIMIT: usize = 8 << 20;

const SEPARATOR: char = ':';

/// Why a signed text was refused.
///
/// ```
/// use sessionid::signing::{SigningError, TimestampSigner};
///
/// let signer = TimestampSigner::new("secret", &[], "salt");
/// assert!(matches!(signer.unsign("value:1vABCD:forged"), Err(SigningError::BadSignature)));
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// There is no signature, or none of the keys made it (Django's `BadSignature`).
    #[error("the signature does not match")]
    BadSignature,
    /// The signature is good, yet there is no timestamp in base 62 under it.
    #[error("the signed text has no readable timestamp")]
    Timestamp,
    /// The signature is good, yet the text under it is not url-safe base64.
    #[error("the signed text is not base64")]
    Base64(#[from] base64::DecodeError),
    /// The signature is good, yet zlib cannot inflate the text under it.
    #[error("the signed text is not a whole zlib stream")]
    Zlib(#[source] Option<flate2::DecompressError>),
    /// The signature is good, yet the text under it inflates past [`INFLATED_LIMIT`].
    #[error("the signed text inflates to more than {INFLATED_LIMIT} bytes")]
    TooLarge,
}

/// What a good signature covers.
///
/// ```
/// use sessionid::signing::{TimestampSigner, Unsigned};
///
/// let signer = TimestampSigner::new("secret", &[], "salt");
/// let signed = signer.sign("value", "1970-01-02T00:00:00Z".parse()?);
/// assert_eq!(signer.unsign(&signed)?, Unsigned { value: "value", timestamp: 86_400, key_index: 0 });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsigned<'a> {
    /// The text that was signed.
    pub value: &'a str,
    /// When it was signed, in seconds since 1970; negative before.
    pub timestamp: i64,
    /// Which key signed it: 0 is `SECRET_KEY`, 1 the first of `SECRET_KEY_FALLBACKS`, and so on.
    pub key_index: usize,
}

/// Signs texts together with the time of signing: Django's `TimestampSigner`.
///
/// ```
/// use sessionid::signing::TimestampSigner;
///
/// let salted = |salt| TimestampSigner::new("secret", &[], salt);
/// let signed = salted("sessions").sign("value", "2026-11-22T18:24:10Z".parse()?);
/// assert!(salted("sessions").unsign(&signed).is_ok());
/// assert!(salted("passwords").unsign(&signed).is_err()); // a salt for each purpose
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct TimestampSigner {
    keys: Vec<SaltedHmac>,
}

impl TimestampSigner {
    /// A signer that signs with `secret_key` and also accepts what one of `fallbacks` signed, tried
    /// in order (`SECRET_KEY_FALLBACKS`).
    ///
    /// ```
    /// # use sessionid::signing::TimestampSigner;
    /// let signed = TimestampSigner::new("old", &[], "salt").sign("value", "2026-11-22T18:24:10Z".parse()?);
    /// let rotated = TimestampSigner::new("new", &["old"], "salt");
    /// assert_eq!(rotated.unsign(&signed)?.key_index, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new(secret_key: &str, fallbacks: &[&str], salt: &str) -> Self {
        let key_salt = format!("{salt}signer");
        let keys = std::iter::once(secret_key)
            .chain(fallbacks.iter().copied())
            .map(|secret| SaltedHmac::new(&key_salt, secret))
            .collect();
        Self { keys }
    }

    /// `value:timestamp:signature`.
    ///
    /// ```
    /// use sessionid::signing::TimestampSigner;
    ///
    /// let signer = TimestampSigner::new("secret", &[], "salt");
    /// let signed = signer.sign("value", "2026-11-22T18:24:10Z".parse()?);
    /// assert_eq!(signer.unsign(&signed)?.value, "value");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn sign(&self, value: &str, now: DateTime<Utc>) -> String {
        let timestamp = now.timestamp();
        let mut signed = String::with_capacity(value.len() + 52);
        signed.push_str(value);
        signed.push(SEPARATOR);
        if timestamp < 0 {
            signed.push('-');
        }
        signed.push_str(&base62::encode(timestamp.unsigned_abs()));
        let signature = signature_of(&self.keys[0], &signed);
        signed.push(SEPARATOR);
        signed.push_str(&signature);
        signed
    }

    /// Checks a signature against every key in turn, and takes the text apart.
    ///
    /// ```
    /// # use sessionid::signing::TimestampSigner;
    /// let signer = TimestampSigner::new("secret", &[], "salt");
    /// let signed = signer.sign("a:b", "2026-11-22T18:24:10Z".parse()?);
    /// assert_eq!(signer.unsign(&signed)?.value, "a:b");
    /// assert!(signer.unsign(&signed.replace('a', "b")).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SigningError::BadSignature`] when no key made the signature, [`SigningError::Timestamp`]
    /// when one did, but not over a timestamp.
    pub fn unsign<'a>(&self, signed: &'a str) -> Result<Unsigned<'a>, SigningError> {
        let (text, signature) = signed.rsplit_once(SEPARATOR).ok_or(SigningError::BadSignature)?;
        let made_it = |key: &SaltedHmac| {
            constant_time_compare(signature_of(key, text).as_bytes(), signature.as_bytes())
        };
        let key_index = self.keys.iter().position(made_it).ok_or(SigningError::BadSignature)?;
        let (value, timestamp) = text.rsplit_once(SEPARATOR).ok_or(SigningError::Timestamp)?;
        let (sign, digits) = timestamp.strip_prefix('-').map_or((1, timestamp), |digits| (-1, digits));
        let timestamp = base62::decode(digits)
            .ok()
            .and_then(|seconds| i64::try_from(seconds).ok())
            .ok_or(SigningError::Timestamp)?
            * sign;
        Ok(Unsigned { value, timestamp, key_index })
    }
}

fn signature_of(key: &SaltedHmac, text: &str) -> String {
    URL_SAFE_NO_PAD.encode(key.digest(text.as_bytes()))
}

/// Signs JSON as Django's `signing.dumps(…, compress=True)` does: compressed exactly when that
/// makes it shorter by more than the dot that says so.
///
/// ```
/// use sessionid::signing::{TimestampSigner, dumps, loads};
///
/// let signer = TimestampSigner::new("secret", &[], "salt");
/// let payload = dumps(&signer, br#"{"counter":1}"#, "2026-11-22T18:24:10Z".parse()?);
/// assert_eq!(loads(&signer, &payload)?, br#"{"counter":1}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn dumps(signer: &TimestampSigner, json: &[u8], now: DateTime<Utc>) -> String {
    let mut value = String::with_capacity(json.len() * 4 / 3 + 4);
    let shorter = |compressed: &Vec<u8>| compressed.len() + 1 < json.len();
    match (!is_incompressible(json)).then(|| compress(json)).flatten().filter(shorter) {
        Some(compressed) => {
            value.push('.');
            URL_SAFE_NO_PAD.encode_string(compressed, &mut value);
        }
        None => URL_SAFE_NO_PAD.encode_string(json, &mut value),
    }
    signer.sign(&value, now)
}

/// The bytes that [`dumps`] signed.
///
/// ```
/// # use sessionid::signing::{TimestampSigner, dumps, loads};
/// let signer = TimestampSigner::new("secret", &[], "salt");
/// let long = dumps(&signer, &[b'7'; 1000], "2026-11-22T18:24:10Z".parse()?);
/// assert!(long.starts_with('.')); // compressed
/// assert_eq!(loads(&signer, &long)?, [b'7'; 1000]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`SigningError::BadSignature`] before anything else is tried; the other kinds for a good
/// signature over something unreadable.
pub fn loads(signer: &TimestampSigner, payload: &str) -> Result<Vec<u8>, SigningError> {
    loads_within(signer, payload, INFLATED_LIMIT)
}

/// The same where that is at most `limit` bytes, else [`SigningError::TooLarge`], without much work on it. The limit of
/// what is inflated at all holds as well.
pub(crate) fn loads_within(
    signer: &TimestampSigner,
    payload: &str,
    limit: usize,
) -> Result<Vec<u8>, SigningError> {
    // Of four characters of base64 three bytes are left, and zlib never makes them fewer. To verify the signature of a
    // large one takes as long as the rest.
    if limit < INFLATED_LIMIT && payload.len() / 4 * 3 > limit + OVERHEAD {
        return Err(SigningError::TooLarge);
    }
    let value = signer.unsign(payload)?.value;
    match value.strip_prefix('.') {
        Some(compressed) => decompress(&URL_SAFE_NO_PAD.decode(compressed)?, limit.min(INFLATED_LIMIT)),
        None => Ok(URL_SAFE_NO_PAD.decode(value)?),
    }
}

/// Bytes of timestamp and signature, and what zlib adds at most to what it cannot make smaller.
const OVERHEAD: usize = 256;

thread_local! {
    // A zlib state is some 300 kB; a thread keeps its own instead of allocating one for each payload.
    static COMPRESS: RefCell<Compress> = RefCell::new(Compress::new(Compression::new(6), true));
    static DECOMPRESS: RefCell<Decompress> = RefCell::new(Decompress::new(true));
}

/// Whether zlib cannot make so short a text shorter; then it need not try.
///
/// Without a sequence of three bytes that comes again, deflate has only Huffman codes to win by. The
/// fixed ones take 8 bits for a byte of ASCII, and the description of others takes more than they
/// save on so few bytes.
fn is_incompressible(data: &[u8]) -> bool {
    let again = |(at, sequence): (usize, &[u8])| data[at + 1..].windows(3).any(|later| later == sequence);
    data.len() <= 24 && !data.windows(3).enumerate().any(again)
}

/// Python's `zlib.compress(data)`; `None` when zlib failed, and the text then stays as it is.
fn compress(data: &[u8]) -> Option<Vec<u8>> {
    COMPRESS.with_borrow_mut(|zlib| {
        zlib.reset();
        // zlib's own bound on what `data` can become (`compressBound`).
        let bound = data.len() + (data.len() >> 12) + (data.len() >> 14) + 64;
        let mut compressed = Vec::with_capacity(bound);
        let status = zlib.compress_vec(data, &mut compressed, FlushCompress::Finish).ok()?;
        (status == Status::StreamEnd).then_some(compressed)
    })
}

fn decompress(data: &[u8], limit: usize) -> Result<Vec<u8>, SigningError> {
    DECOMPRESS.with_borrow_mut(|zlib| {
        zlib.reset(true);
        let mut inflated = Vec::with_capacity((data.len() * 4).clamp(256.min(limit), limit));
        loop {
            let read = usize::try_from(zlib.total_in()).unwrap_or(usize::MAX).min(data.len());
            let written = inflated.len();
            let status = zlib
                .decompress_vec(&data[read..], &mut inflated, FlushDecompress::Finish)
                .map_err(|error| SigningError::Zlib(Some(error)))?;
            if inflated.len() > limit {
                return Err(SigningError::TooLarge);
            }
            if status == Status::StreamEnd {
                return Ok(inflated);
            }
            if inflated.len() == inflated.capacity() {
                // By at least a byte: one that is written past the limit is how that is noticed.
                inflated.reserve(inflated.len().clamp(1, limit.max(1)));
            } else if inflated.len() == written {
                return Err(SigningError::Zlib(None));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn signer(secret: &str) -> TimestampSigner {
        TimestampSigner::new(secret, &[], "django.contrib.sessions.SessionStore")
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).expect("a date")
    }

    #[test]
    fn a_payload_is_djangos_to_the_byte() {
        // signing.dumps({"counter": 1}, key="secret", salt="django.contrib.sessions.SessionStore",
        // compress=True) at 1700000000, by Django 5.2.19.
        assert_eq!(dumps(&signer("secret"), br#"{"counter":1}"#, now()), DJANGO_SHORT);
        let long = format!(r#"{{"text":"{}"}}"#, "abc".repeat(40));
        assert_eq!(dumps(&signer("secret"), long.as_bytes(), now()), DJANGO_COMPRESSED);
    }

    const DJANGO_BEFORE_1970: &str = "eyJjb3VudGVyIjoxfQ:-G8:Co2L1RqR5LZfVk2sKP5wBO0Jf1TOGeQ4mLAbOT9TeOQ";
    const DJANGO_SHORT: &str = "eyJjb3VudGVyIjoxfQ:1r31eq:-BqjOHDGgndDCf9kulPtG4KPp7tUbaDTvHNsE3rTeXU";
    const DJANGO_COMPRESSED: &str =
        ".eJyrVipJrShRslJKTEoeEKRUCwCnkTFw:1r31eq:qzrJcaqJwJ0Y0QpfJpjiQWkrl3IWu4M_CtDyaAYrZSE";

    #[test]
    fn a_timestamp_before_1970_is_djangos_as_well() {
        // The same by Django 5.2.19 at -1000.
        let then = DateTime::from_timestamp(-1000, 0).expect("a date");
        let payload = dumps(&signer("secret"), br#"{"counter":1}"#, then);
        assert_eq!(payload, DJANGO_BEFORE_1970);
        assert_eq!(signer("secret").unsign(&payload).expect("a good signature").timestamp, -1000);
    }

    #[test]
    fn fallback_keys_are_tried_in_order() {
        let fallbacks = ["older", "oldest"];
        let rotated = TimestampSigner::new("new", &fallbacks, "django.contrib.sessions.SessionStore");
        for (index, secret) in ["new", "older", "oldest"].into_iter().enumerate() {
            let signed = signer(secret).sign("value", now());
            assert_eq!(rotated.unsign(&signed).expect("a known key").key_index, index);
        }
        let foreign = signer("foreign").sign("value", now());
        assert!(matches!(rotated.unsign(&foreign), Err(SigningError::BadSignature)));
    }

    #[test]
    fn a_bomb_is_refused_before_it_fills_the_memory() {
        let bomb = dumps(&signer("secret"), &vec![b' '; INFLATED_LIMIT + 1], now());
        assert!(bomb.len() < 20_000);
        assert!(matches!(loads(&signer("secret"), &bomb), Err(SigningError::TooLarge)));
        let at_the_limit = dumps(&signer("secret"), &vec![b' '; INFLATED_LIMIT], now());
        assert_eq!(loads(&signer("secret"), &at_the_limit).expect("readable").len(), INFLATED_LIMIT);
    }

    #[test]
    fn a_limit_holds_however_small_it_is() {
        let spaces = dumps(&signer("secret"), &[b' '; 100], now());
        assert!(spaces.starts_with('.'), "it is compressed");
        for limit in [0, 1, 2, 99] {
            let refused = loads_within(&signer("secret"), &spaces, limit);
            assert!(matches!(refused, Err(SigningError::TooLarge)), "{limit}");
        }
        assert_eq!(loads_within(&signer("secret"), &spaces, 100).expect("within").len(), 100);
    }

    #[test]
    fn a_good_signature_over_something_unreadable_is_no_bad_signature() {
        let signer = signer("secret");
        let refused = |value: &str| loads(&signer, &signer.sign(value, now())).expect_err("unreadable");
        assert!(matches!(refused("not base64!"), SigningError::Base64(_)));
        assert!(matches!(refused(".AAAA"), SigningError::Zlib(_)));
        let whole = compress(&[b'a'; 4000]).expect("compressed");
        let cut = URL_SAFE_NO_PAD.encode(&whole[..whole.len() - 6]);
        assert!(matches!(refused(&format!(".{cut}")), SigningError::Zlib(_)));
    }

    proptest! {
        #[test]
        fn what_was_signed_comes_back(json in proptest::collection::vec(any::<u8>(), 0..4000)) {
            let signer = signer("secret");
            prop_assert_eq!(loads(&signer, &dumps(&signer, &json, now())).expect("readable"), json);
        }

        #[test]
        fn what_zlib_is_spared_it_could_not_shorten(json in r#"\{"[a-c]{1,9}":[0-3]{1,9}(,"[a-c]":"[a-b]{0,4}")?\}"#) {
            let json = json.as_bytes();
            if is_incompressible(json) {
                prop_assert!(compress(json).expect("compressed").len() + 1 >= json.len());
            }
        }

        #[test]
        fn any_flipped_byte_is_refused(text in "[ -~]{0,200}", at in any::<prop::sample::Index>(), bit in 0u8..7) {
            let signer = signer("secret");
            let mut payload = dumps(&signer, text.as_bytes(), now()).into_bytes();
            let at = at.index(payload.len());
            payload[at] ^= 1 << bit;
            let flipped = String::from_utf8(payload).expect("still ASCII");
            prop_assert!(matches!(loads(&signer, &flipped), Err(SigningError::BadSignature)));
        }

        #[test]
        fn arbitrary_text_never_panics(text in any::<String>()) {
            let signer = signer("secret");
            prop_assert!(loads(&signer, &text).is_err());
            // The same under a good signature: whatever it says, it is answered.
            let _ = loads(&signer, &signer.sign(&text, now()));
        }
    }
}
