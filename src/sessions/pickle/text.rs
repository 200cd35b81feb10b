//! Texts as the protocols write them.

use crate::sessions::json::{escape_key, escape_units};

/// UTF-8 in which Python lets surrogates stand alone (`surrogatepass`), as JSON writes it.
pub(super) fn surrogatepass(bytes: &[u8]) -> Option<Box<str>> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Some(escape_key(text).into());
    }
    let mut units = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while !rest.is_empty() {
        let valid = match std::str::from_utf8(rest) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&rest[..error.valid_up_to()]).ok()?,
        };
        units.extend(valid.encode_utf16());
        rest = &rest[valid.len()..];
        if let [0xed, second @ 0xa0..=0xbf, third @ 0x80..=0xbf, after @ ..] = rest {
            units.push(0xd000 | u16::from(second & 0x3f) << 6 | u16::from(third & 0x3f));
            rest = after;
        } else if !rest.is_empty() {
            return None;
        }
    }
    Some(escape_units(units.into_iter()).into())
}

/// Latin-1 with `\uXXXX` and `\UXXXXXXXX`, in which any other backslash stands for itself and what follows it.
pub(super) fn raw_unicode_escape(line: &[u8]) -> Option<Box<str>> {
    let mut units = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some((&byte, after)) = rest.split_first() {
        let digits = match (byte, after.first()) {
            (b'\\', Some(b'u')) => 4,
            (b'\\', Some(b'U')) => 8,
            (b'\\', Some(other)) => {
                units.extend([u16::from(byte), u16::from(*other)]);
                rest = &after[1..];
                continue;
            }
            _ => {
                units.push(u16::from(byte));
                rest = after;
                continue;
            }
        };
        let hex = std::str::from_utf8(after.get(1..=digits)?).ok()?;
        let code = u32::from_str_radix(hex, 16).ok().filter(|_| !hex.starts_with('+'))?;
        match char::from_u32(code) {
            Some(character) => units.extend_from_slice(character.encode_utf16(&mut [0; 2])),
            None => units.push(u16::try_from(code).ok()?),
        }
        rest = after.get(1 + digits..)?;
    }
    Some(escape_units(units.into_iter()).into())
}

/// The inside of a `repr` without escapes.
pub(super) fn unquoted(line: &[u8]) -> Option<&[u8]> {
    let inside = |quote| line.strip_prefix(quote)?.strip_suffix(quote);
    inside(b"'").or_else(|| inside(b"\"")).filter(|inside: &&[u8]| !inside.contains(&b'\\'))
}
