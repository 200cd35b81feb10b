//! Text as a page can show it.

use actix_web::http::header::HeaderMap;
use chrono::{DateTime, Utc};

/// Characters of a text that are kept: a session may hold megabytes, and the log holds many of them.
const LONGEST_TEXT: usize = 1000;

/// Bytes of the headers of one request or response that are kept: there are many records in many logs. A browser sends a
/// tenth of it.
const LONGEST_HEADERS: usize = 8 << 10;

/// Characters of a header's name that are kept, and headers of a request.
const LONGEST_NAME: usize = 60;
const MOST_HEADERS: usize = 60;

/// A text with control characters made visible, cut off where it is too long for a page.
pub(in crate::lab) fn shortened(text: &str) -> String {
    let visible = text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character });
    let mut short: String = visible.take(LONGEST_TEXT).collect();
    if text.chars().nth(LONGEST_TEXT).is_some() {
        short.push('…');
    }
    short
}

/// A moment to milliseconds, in UTC.
pub(super) fn clock_time(moment: DateTime<Utc>) -> String {
    moment.format("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

/// Headers sorted by name, capitalized as documents show them; long values are cut off where all are longer than
/// [`LONGEST_HEADERS`].
pub(super) fn headers(map: &HeaderMap) -> Vec<(String, String)> {
    let mut headers: Vec<_> = map
        .iter()
        .map(|(name, value)| {
            let name: String = name.as_str().chars().take(LONGEST_NAME).collect();
            (capitalized(&name), shortened(&String::from_utf8_lossy(value.as_bytes())))
        })
        .collect();
    headers.sort();
    headers.truncate(MOST_HEADERS);
    let length: usize = headers.iter().map(|(_, value)| value.len()).sum();
    if length > LONGEST_HEADERS {
        let share = LONGEST_HEADERS / headers.len();
        headers.iter_mut().filter(|(_, value)| value.len() > share).for_each(|(_, value)| cut(value, share));
    }
    headers
}

/// Cuts a text off before it is longer than some bytes.
fn cut(text: &mut String, bytes: usize) {
    let fits = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= bytes).last();
    text.truncate(fits.unwrap_or(0));
    text.push('…');
}

fn capitalized(name: &str) -> String {
    let words: Vec<_> = name
        .split('-')
        .map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            first.to_ascii_uppercase() + rest
        })
        .collect();
    words.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_off_and_its_control_characters_are_visible() {
        assert_eq!(shortened("a\u{1b}[2Jb\n"), "a\u{fffd}[2Jb\u{fffd}");
        assert_eq!(shortened(&"é".repeat(LONGEST_TEXT)), "é".repeat(LONGEST_TEXT));
        assert_eq!(shortened(&"é".repeat(LONGEST_TEXT + 1)), "é".repeat(LONGEST_TEXT) + "…");
    }

    #[test]
    fn headers_are_bounded_and_short_ones_stay() {
        let mut map = HeaderMap::new();
        for number in 10..40 {
            let name = format!("a-{number}").parse().expect("a name");
            map.append(name, "x".repeat(900).parse().expect("a value"));
        }
        map.append("cookie".parse().expect("a name"), "sessionid=a".parse().expect("a value"));
        let kept = headers(&map);
        let bytes: usize = kept.iter().map(|(_, value)| value.len()).sum();
        assert_eq!(kept.len(), 31);
        assert!(bytes < LONGEST_HEADERS + 31 * 3 && kept[0].1.len() > 200, "{bytes}");
        assert_eq!(kept.last().map(|(_, value)| value.as_str()), Some("sessionid=a"));
    }

    #[test]
    fn header_names_are_capitalized() {
        for (name, shown) in [("set-cookie", "Set-Cookie"), ("host", "Host"), ("x--y", "X--Y")] {
            assert_eq!(capitalized(name), shown);
        }
    }
}
