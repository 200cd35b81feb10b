//! Writes a pickle of protocol 4, which Python has read since 3.4, without its optional frames and memos.

use crate::sessions::json::{RawJson, units, without_spaces};

/// Whether spaces in the text of a value tell of Python's types, as in what [`super::loads`] has made, or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sessions) enum Spaces {
    Tell,
    Ignored,
}

/// `{}` and the MARK under its items, which SETITEMS takes.
const DICT: &[u8] = b"}(";
const SETITEMS: u8 = b'u';

pub(super) fn dict<'a>(items: impl Iterator<Item = (&'a str, &'a RawJson)>, spaces: Spaces) -> Vec<u8> {
    let mut pickle = b"\x80\x04".to_vec();
    pickle.extend(DICT);
    for (key, value) in items {
        text(key, &mut pickle);
        match spaces {
            Spaces::Ignored if value.as_str().contains(char::is_whitespace) => {
                write_value(&without_spaces(value.as_str()), &mut pickle);
            }
            _ => write_value(value.as_str(), &mut pickle),
        }
    }
    pickle.extend([SETITEMS, b'.']);
    pickle
}

/// JSON is written from left to right, with a stack of what closes the brackets: commas and colons mean nothing to a pickle.
fn write_value(json: &str, pickle: &mut Vec<u8>) {
    let mut open = Vec::new();
    let mut rest = json;
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        let is_marked = rest.as_bytes().get(1) == Some(&b' ');
        let length = match first {
            '[' if is_marked => {
                pickle.push(b'(');
                open.push(b't');
                1
            }
            '[' => {
                pickle.extend(b"](");
                open.push(b'e');
                1
            }
            '{' => {
                pickle.extend(DICT);
                open.push(SETITEMS);
                1
            }
            ']' | '}' => {
                pickle.extend(open.pop());
                1
            }
            '"' => {
                let inside = inside(rest);
                // The space before a key: see `render::key`.
                if before == ' ' && open.last() == Some(&SETITEMS) && is_scalar(inside) {
                    scalar(inside, pickle);
                } else {
                    text(inside, pickle);
                }
                inside.len() + 2
            }
            ',' | ':' => 1,
            _ if first.is_ascii_whitespace() => 1,
            _ => {
                let length = rest.find([',', ']', '}', ' ', '\n', '\r', '\t']).unwrap_or(rest.len());
                scalar(&rest[..length], pickle);
                length
            }
        };
        before = first;
        rest = &rest[length..];
    }
}

/// What stands between the quotes at the beginning.
fn inside(rest: &str) -> &str {
    let mut escaped = false;
    let end = rest.bytes().skip(1).position(|byte| {
        let end = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        end
    });
    &rest[1..=end.unwrap_or(rest.len() - 2)]
}

fn is_scalar(text: &str) -> bool {
    RawJson::parse(text).is_ok_and(|value| !value.as_str().starts_with(['[', '{', '"']))
}

fn scalar(json: &str, pickle: &mut Vec<u8>) {
    match json {
        "null" => pickle.push(b'N'),
        "true" => pickle.push(0x88),
        "false" => pickle.push(0x89),
        "NaN" => float(f64::NAN, pickle),
        "Infinity" => float(f64::INFINITY, pickle),
        "-Infinity" => float(f64::NEG_INFINITY, pickle),
        _ if json.contains(['.', 'e', 'E']) => float(json.parse().unwrap_or(f64::NAN), pickle),
        _ => integer(json, pickle),
    }
}

fn float(value: f64, pickle: &mut Vec<u8>) {
    pickle.push(b'G');
    pickle.extend(value.to_be_bytes());
}

fn integer(json: &str, pickle: &mut Vec<u8>) {
    match json.parse::<i64>() {
        Ok(value @ 0..=0xff) => pickle.extend([&b"K"[..], &value.to_le_bytes()[..1]].concat()),
        Ok(value @ 0..=0xffff) => pickle.extend([&b"M"[..], &value.to_le_bytes()[..2]].concat()),
        Ok(value) if i32::try_from(value).is_ok() => {
            pickle.extend([&b"J"[..], &value.to_le_bytes()[..4]].concat());
        }
        // LONG takes any integer in digits.
        _ => {
            pickle.push(b'L');
            pickle.extend(json.as_bytes());
            pickle.extend(b"L\n");
        }
    }
}

/// UTF-8, with lone surrogates as Python writes them there.
fn text(inside: &str, pickle: &mut Vec<u8>) {
    if !inside.contains('\\') {
        return utf8(inside.as_bytes(), pickle);
    }
    let mut bytes = Vec::with_capacity(inside.len());
    for character in char::decode_utf16(units(inside)) {
        match character {
            Ok(character) => bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            Err(lone) => {
                let unit = lone.unpaired_surrogate();
                let [high, low] = [unit >> 6 & 0x3f, unit & 0x3f].map(|bits| 0x80 | bits.to_le_bytes()[0]);
                bytes.extend([0xed, high, low]);
            }
        }
    }
    utf8(&bytes, pickle);
}

fn utf8(bytes: &[u8], pickle: &mut Vec<u8>) {
    let length = bytes.len().to_le_bytes();
    match bytes.len() {
        0..=0xff => pickle.extend([0x8c, length[0]]),
        0x100..=0xffff_ffff => pickle.extend([&b"X"[..], &length[..4]].concat()),
        _ => pickle.extend([&[0x8d][..], &length[..8]].concat()),
    }
    pickle.extend(bytes);
}
