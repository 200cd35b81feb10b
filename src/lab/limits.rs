//! What a learner may choose and type in. Forms, checks and error texts take it from here.

use std::ops::RangeInclusive;

use serde::Serialize;

/// The values of `SESSION_COOKIE_AGE` that can be chosen, in seconds, the shortest first.
pub(super) const AGES: [i64; 8] = [5, 10, 30, 60, 120, 300, 900, 3600];
/// Characters of a session's key in the sandbox.
pub(super) const KEY: RangeInclusive<usize> = 1..=200;
/// Characters of a value in the sandbox.
pub(super) const LONGEST_VALUE: usize = 2000;
/// Seconds of an expiry in the sandbox; two weeks are Django's default age.
pub(super) const EXPIRY: RangeInclusive<i64> = 1..=1_209_600;

/// Characters of a key that a browser can be made to send: Django asks for 8, and its column holds 40.
pub(super) const PLANTED: RangeInclusive<usize> = 8..=40;

/// Whether a text may be a session's key as Django makes them: of `a-z0-9`.
pub(super) fn is_a_key(text: &str) -> bool {
    PLANTED.contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// The range that [`AGES`] span.
pub(super) const AGE: RangeInclusive<i64> = AGES[0]..=AGES[AGES.len() - 1];

/// The limits as a form writes them into its fields.
#[derive(Debug, Serialize)]
pub(super) struct FormLimits {
    longest_key: usize,
    longest_value: usize,
    shortest_expiry: i64,
    longest_expiry: i64,
    shortest_planted: usize,
    longest_planted: usize,
}

impl FormLimits {
    pub(super) fn new() -> Self {
        Self {
            longest_key: *KEY.end(),
            longest_value: LONGEST_VALUE,
            shortest_expiry: *EXPIRY.start(),
            longest_expiry: *EXPIRY.end(),
            shortest_planted: *PLANTED.start(),
            longest_planted: *PLANTED.end(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_8_to_40_of_djangos_characters() {
        for (text, expected) in [
            ("abcdefg", false),
            ("abcdefg8", true),
            (&"a".repeat(40), true),
            (&"a".repeat(41), false),
            ("", false),
            ("ABCDEFGH", false),
            ("abcdefg;", false),
            ("abcd efgh", false),
            ("abcdefg\r\n", false),
            ("éééééééé", false),
        ] {
            assert_eq!(is_a_key(text), expected, "{text:?}");
        }
    }
}
