//! The session key: the cookie's value and the row's primary key.

use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Stopwatch;
use crate::crypto::get_random_string;

/// The characters of a new key (Django's `VALID_KEY_CHARS`): one case only, since a file system may
/// not tell `A` from `a`.
const VALID_KEY_CHARS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const LENGTH: usize = 32;
const SHORTEST: usize = 8;
/// Django's column is that wide. SQLite would store more, but no Django would have written it.
const LONGEST: usize = 40;

/// A key of at least 8 characters; a new one has 32 of `a-z0-9`.
///
/// Whatever a client sends is held to Django's rule and no stricter (`_validate_session_key`): a
/// longer or stranger text is a key that no session has.
///
/// ```
/// use sessionid::sessions::SessionKey;
///
/// assert_eq!(SessionKey::random().as_str().len(), 32);
/// assert!(SessionKey::try_from("short").is_err());
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SessionKey(String);

impl SessionKey {
    /// A new key, from a cryptographically secure generator.
    #[must_use]
    pub fn random() -> Self {
        Self(get_random_string(LENGTH, VALID_KEY_CHARS))
    }

    /// The key as the cookie carries it.
    ///
    /// ```
    /// # use sessionid::sessions::SessionKey;
    /// let key = SessionKey::try_from("2b1189a188b44ad18c35e113ac6ceead")?;
    /// assert_eq!(key.as_str(), "2b1189a188b44ad18c35e113ac6ceead");
    /// assert_eq!(format!("{key:?}"), "SessionKey(2b1189…)"); // a log shows only the start
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether any store may have a session under this key: of at most 40 characters, and none of them NUL, which
    /// PostgreSQL cannot query. For any other key no store is asked.
    #[must_use]
    pub fn is_storable(&self) -> bool {
        self.0.chars().count() <= LONGEST && !self.0.contains('\0')
    }
}

/// How many characters keys that are made at about the same time have in common: enough for one place in an index
/// of many million keys. Of 165 bits each keeps 144 to itself.
const SHARED: usize = 4;
/// How long keys begin alike. Sessions that are created within one transaction, about a millisecond of load, share it.
const SHARED_FOR: Duration = Duration::from_millis(2);

/// Draws the keys of new sessions, so that rows which are inserted together change the same pages of the index
/// (`docs/performance.md`).
#[derive(Debug, Default)]
pub(crate) struct NewKeys {
    beginning: Mutex<Option<(Stopwatch, String)>>,
}

impl NewKeys {
    pub(crate) fn draw(&self) -> SessionKey {
        let mut key = self.beginning();
        key.push_str(&get_random_string(LENGTH - SHARED, VALID_KEY_CHARS));
        SessionKey(key)
    }

    fn beginning(&self) -> String {
        let mut beginning = self.beginning.lock().unwrap_or_else(PoisonError::into_inner);
        match &*beginning {
            Some((drawn, characters)) if drawn.elapsed() < SHARED_FOR => characters.clone(),
            _ => {
                let characters = get_random_string(SHARED, VALID_KEY_CHARS);
                *beginning = Some((Stopwatch::start(), characters.clone()));
                characters
            }
        }
    }
}

impl TryFrom<&str> for SessionKey {
    type Error = InvalidSessionKey;

    fn try_from(key: &str) -> Result<Self, InvalidSessionKey> {
        Self::try_from(key.to_owned())
    }
}

impl TryFrom<String> for SessionKey {
    type Error = InvalidSessionKey;

    fn try_from(key: String) -> Result<Self, InvalidSessionKey> {
        if key.chars().count() < SHORTEST { Err(InvalidSessionKey) } else { Ok(Self(key)) }
    }
}

impl FromStr for SessionKey {
    type Err = InvalidSessionKey;

    fn from_str(key: &str) -> Result<Self, InvalidSessionKey> {
        Self::try_from(key)
    }
}

impl fmt::Display for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who holds a key holds the session, so a log shows only its start.
impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionKey({}…)", self.0.chars().take(6).collect::<String>())
    }
}

/// The text is too short to be a session key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a session key has at least {SHORTEST} characters")]
pub struct InvalidSessionKey;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_has_32_characters_of_djangos_alphabet() {
        let key = SessionKey::random();
        assert_eq!(key.as_str().len(), LENGTH);
        assert!(key.as_str().bytes().all(|byte| VALID_KEY_CHARS.contains(&byte)), "{key}");
        assert_ne!(key, SessionKey::random());
    }

    #[test]
    fn keys_that_are_drawn_together_have_only_their_beginning_in_common() {
        let keys = NewKeys::default();
        let drawn: Vec<_> = (0..1000).map(|_| keys.draw().0).collect();
        assert_eq!(drawn.iter().collect::<std::collections::HashSet<_>>().len(), 1000);
        assert!(drawn.iter().all(|key| key.len() == LENGTH));
        assert!(drawn.iter().flat_map(|key| key.bytes()).all(|byte| VALID_KEY_CHARS.contains(&byte)));
        let ends: std::collections::HashSet<_> = drawn.iter().map(|key| &key[SHARED..]).collect();
        assert_eq!(ends.len(), 1000, "what follows the beginning is each key's own");
    }

    #[test]
    fn of_a_key_that_no_store_could_hold_nobody_is_asked() {
        for (key, storable) in [
            ("2b1189a188b44ad18c35e113ac6ceead".to_owned(), true),
            ("ключключ".to_owned(), true),
            ("é".repeat(40), true),
            ("a".repeat(41), false),
            ("é".repeat(41), false),
            ("a".repeat(5000), false),
            ("abcdefgh\0".to_owned(), false),
        ] {
            assert_eq!(SessionKey::try_from(key.as_str()).expect("a key").is_storable(), storable, "{key}");
        }
    }

    #[test]
    fn eight_characters_are_enough_whatever_they_are() {
        assert!(SessionKey::try_from("1234567").is_err());
        assert!(SessionKey::try_from("12345678").is_ok());
        assert!(SessionKey::try_from("ключключ").is_ok());
        assert_eq!("12345678".parse(), SessionKey::try_from("12345678".to_owned()));
        assert!("1234567".parse::<SessionKey>().is_err());
    }

    #[test]
    fn a_log_shows_only_the_start_of_a_key() {
        let key = SessionKey::try_from("abcdefghijklmnop").expect("a key");
        assert_eq!(format!("{key:?}"), "SessionKey(abcdef…)");
    }
}
