//! Texts as JSON and Python write them, and what is wrong with those that are none.

use std::borrow::Cow;
use std::fmt::Write as _;

/// A text is not JSON, not even in Python's dialect.
///
/// ```
/// use sessionid::sessions::RawJson;
///
/// let error = RawJson::parse("[1,]").map_err(|error| error.to_string());
/// assert_eq!(error, Err("not JSON: expected a value at byte 3".to_owned()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not JSON: expected {expected} at byte {at}")]
pub struct JsonError {
    pub(super) expected: &'static str,
    pub(super) at: usize,
}

/// Escapes DEL and everything beyond ASCII as `\uXXXX`, in surrogate pairs where one is not enough.
pub(super) fn escape_beyond_ascii(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte < 0x7f) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() * 2);
    for character in text.chars() {
        if character < '\x7f' {
            escaped.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                push_unit(&mut escaped, *unit);
            }
        }
    }
    Cow::Owned(escaped)
}

fn push_unit(text: &mut String, unit: u16) {
    // Writing to a `String` cannot fail.
    let _ = write!(text, "\\u{unit:04x}");
}

/// JSON text without the white space between its tokens.
pub(in crate::sessions) fn without_spaces(json: &str) -> String {
    let mut in_string = false;
    let mut escaped = false;
    json.chars()
        .filter(|character| {
            let keep = in_string || !character.is_ascii_whitespace();
            match character {
                '"' if !escaped => in_string = !in_string,
                _ => {}
            }
            escaped = in_string && *character == '\\' && !escaped;
            keep
        })
        .collect()
}

/// A key of a JSON object as Python writes it between the quotes: the one form of each key.
pub(in crate::sessions) fn escape_key(key: &str) -> Cow<'_, str> {
    if key.bytes().all(|byte| (0x20..0x7f).contains(&byte) && byte != b'"' && byte != b'\\') {
        return Cow::Borrowed(key);
    }
    escape_units(key.encode_utf16()).into()
}

/// The key again, with a replacement character for each lone surrogate.
pub(in crate::sessions) fn unescape_key(escaped: &str) -> String {
    if escaped.contains('\\') { String::from_utf16_lossy(&units(escaped)) } else { escaped.to_owned() }
}

pub(in crate::sessions) fn escape_units(units: impl Iterator<Item = u16>) -> String {
    let mut escaped = String::new();
    for unit in units {
        match u8::try_from(unit) {
            Ok(b'"') => escaped.push_str("\\\""),
            Ok(b'\\') => escaped.push_str("\\\\"),
            Ok(b'\n') => escaped.push_str("\\n"),
            Ok(b'\r') => escaped.push_str("\\r"),
            Ok(b'\t') => escaped.push_str("\\t"),
            Ok(0x08) => escaped.push_str("\\b"),
            Ok(0x0c) => escaped.push_str("\\f"),
            Ok(byte @ 0x20..0x7f) => escaped.push(char::from(byte)),
            _ => push_unit(&mut escaped, unit),
        }
    }
    escaped
}

/// The UTF-16 units of a scanned string's inside; UTF-16, since Python tells lone surrogates apart.
pub(in crate::sessions) fn units(inside: &str) -> Vec<u16> {
    let mut units = Vec::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(at) = rest.find('\\') {
        units.extend(rest[..at].encode_utf16());
        let escape = &rest[at + 1..];
        let (unit, length) = match escape.as_bytes().first() {
            Some(b'u') => {
                (escape.get(1..5).and_then(|hex| u16::from_str_radix(hex, 16).ok()).unwrap_or(0xfffd), 5)
            }
            Some(b'n') => (0x0a, 1),
            Some(b'r') => (0x0d, 1),
            Some(b't') => (0x09, 1),
            Some(b'b') => (0x08, 1),
            Some(b'f') => (0x0c, 1),
            Some(byte) => (u16::from(*byte), 1),
            None => break,
        };
        units.push(unit);
        rest = escape.get(length..).unwrap_or_default();
    }
    units.extend(rest.encode_utf16());
    units
}
