//! The session key: the cookie's value and the row's primary key.

use std::fmt;

use crate::crypto::get_random_string;

/// The characters of a new key (Django's `VALID_KEY_CHARS`): one case only, since a file system may
/// not tell `A` from `a`.
const VALID_KEY_CHARS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const LENGTH: usize = 32;
const SHORTEST: usize = 8;
/// What keys that are made beside each other have in common: enough for one place in an index of many
/// million keys. Of 165 bits each keeps 144 to itself.
const SHARED: usize = 4;

/// A key of at least 8 characters; a new one has 32 of `a-z0-9`.
///
/// Whatever a client sends is held to Django's rule and no stricter (`_validate_session_key`): a
/// longer or stranger text is a key that no row has.
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
    ///
    /// ```
    /// # use sessionid::sessions::SessionKey;
    /// let key = SessionKey::random();
    /// assert!(key.as_str().bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
    /// assert_ne!(key, SessionKey::random());
    /// ```
    #[must_use]
    pub fn random() -> Self {
        Self(get_random_string(LENGTH, VALID_KEY_CHARS))
    }

    /// A new key that begins as `neighbour` does, so that rows which are inserted together change the same
    /// pages of the index (`docs/performance.md`).
    pub(crate) fn random_beside(neighbour: Option<&str>) -> Self {
        let Some(shared) = neighbour.and_then(|neighbour| neighbour.get(..SHARED)) else {
            return Self::random();
        };
        Self(format!("{shared}{}", get_random_string(LENGTH - SHARED, VALID_KEY_CHARS)))
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
}

impl TryFrom<&str> for SessionKey {
    type Error = InvalidSessionKey;

    fn try_from(key: &str) -> Result<Self, InvalidSessionKey> {
        if key.chars().count() < SHORTEST { Err(InvalidSessionKey) } else { Ok(Self(key.to_owned())) }
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
///
/// ```
/// use sessionid::sessions::{InvalidSessionKey, SessionKey};
///
/// assert_eq!(SessionKey::try_from("1234567"), Err(InvalidSessionKey));
/// ```
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
    fn a_key_beside_another_has_only_its_beginning() {
        let one = SessionKey::random();
        let keys: std::collections::HashSet<_> =
            (0..1000).map(|_| SessionKey::random_beside(Some(one.as_str())).0).collect();
        assert_eq!(keys.len(), 1000);
        for key in keys {
            assert_eq!((key.len(), &key[..SHARED]), (LENGTH, &one.as_str()[..SHARED]));
            assert!(key.bytes().all(|byte| VALID_KEY_CHARS.contains(&byte)), "{key}");
        }
        assert_eq!(SessionKey::random_beside(None).0.len(), LENGTH);
    }

    #[test]
    fn eight_characters_are_enough_whatever_they_are() {
        assert!(SessionKey::try_from("1234567").is_err());
        assert!(SessionKey::try_from("12345678").is_ok());
        assert!(SessionKey::try_from("ключключ").is_ok());
    }

    #[test]
    fn a_log_shows_only_the_start_of_a_key() {
        let key = SessionKey::try_from("abcdefghijklmnop").expect("a key");
        assert_eq!(format!("{key:?}"), "SessionKey(abcdef…)");
    }
}
