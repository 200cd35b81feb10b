//! A session's JSON.

use serde_json::Value;
use serde_json::value::RawValue;
use sessionid::sessions::{RawJson, SessionData};

/// # Panics
///
/// If the scanner takes another text for JSON than `serde_json` does, or what it has read is not the same once it is
/// written and read again.
pub(super) fn run(data: &[u8]) {
    value(&String::from_utf8_lossy(data));
    if let Ok(data) = SessionData::from_json(data) {
        let json = data.to_json();
        assert!(json.is_ascii() && json.len() == data.json_len());
        assert_eq!(SessionData::from_json(json.as_bytes()).unwrap(), data);
        assert_eq!(data.iter().count(), data.len());
    }
}

fn value(text: &str) {
    let parsed = RawJson::parse(text);
    // Python's spelling of floats that are no numbers is the only thing that is JSON to one of them alone.
    if !text.contains("NaN") && !text.contains("Infinity") {
        assert_eq!(parsed.is_ok(), serde_json::from_str::<&RawValue>(text).is_ok(), "{text:?}");
    }
    let Ok(parsed) = parsed else { return };
    assert!(parsed.as_str().is_ascii());
    assert_eq!(RawJson::parse(parsed.as_str()).as_ref(), Ok(&parsed));
    if let Ok(value) = parsed.get::<Value>() {
        assert_eq!(RawJson::new(&value).unwrap().get::<Value>().unwrap(), value);
    }
}
