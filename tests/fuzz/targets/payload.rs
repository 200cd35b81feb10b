//! What stands in a row: unsigned, and under a good signature.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use sessionid::sessions::{PayloadCodec, PayloadError, SessionCodec};
use sessionid::signing::{TimestampSigner, dumps, loads};

use super::SECRET_KEY;

/// As in `SessionBase.encode`.
const SALT: &str = "django.contrib.sessions.SessionStore";
/// In seconds since 1970.
const SIGNED_AT: i64 = 1_795_371_850;

/// # Panics
///
/// If an unsigned text is believed, or a signed one makes anything but data or an error, or what was encoded is not decoded
/// to the same.
pub(super) fn run(data: &[u8]) {
    let (signer, now) =
        (TimestampSigner::new(SECRET_KEY, &[], SALT), DateTime::from_timestamp(SIGNED_AT, 0).unwrap());
    let (text, base64) = (String::from_utf8_lossy(data), URL_SAFE_NO_PAD.encode(data));
    let codec = SessionCodec::new(SECRET_KEY, &[]);
    let unsigned = codec.decode(&text);
    assert!(matches!(unsigned, Err(PayloadError::BadSignature)), "{unsigned:?}");
    // As it stands, and as JSON and a zlib stream that somebody with the key has signed.
    for value in [&*text, &base64, &format!(".{base64}")] {
        signed(&codec, &signer.sign(value, now));
    }
    assert_eq!(loads(&signer, &dumps(&signer, data, now)).unwrap(), data);
}

fn signed(codec: &SessionCodec, payload: &str) {
    let now = DateTime::from_timestamp(SIGNED_AT, 0).unwrap();
    let decoded = codec.decode(payload);
    assert!(!matches!(decoded, Err(PayloadError::BadSignature)), "{payload}");
    let shown = |decoded: &Result<_, PayloadError>| format!("{decoded:?}");
    for limit in [0, 64, 4096, usize::MAX] {
        if let Some(within) = codec.decode_within(&payload.as_bytes().into(), limit) {
            assert_eq!(shown(&within), shown(&decoded), "within {limit} bytes");
        }
    }
    let Ok(data) = decoded else { return };
    let encoded = codec.encode(&data, now);
    assert_eq!(codec.decode(&encoded).unwrap(), data);
    let within = codec.decode_within(&encoded.as_bytes().into(), data.json_len());
    assert_eq!(within.unwrap().unwrap(), data);
}
