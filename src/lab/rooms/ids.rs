//! Names of rooms and of browsers: random, so that nobody guesses another's.

use serde::{Deserialize, Serialize};

use crate::crypto::{SaltedHmac, constant_time_compare, get_random_string};

/// 32 characters that a path and a cookie carry as they are, without those that look like others.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// Random characters of an id.
const RANDOM: usize = 14;
/// Characters that show that a room's id was made here.
const SEAL: usize = 8;
const SALT: &str = "sessionid.lab.room";

/// What names a room in its path. It carries a seal, so that a room which has gone, or was lost with the server, can be
/// opened again under its old name, and none under an invented one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub(in crate::lab) struct RoomId(String);

impl RoomId {
    pub(in crate::lab) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Makes ids of rooms, and knows them again.
#[derive(Debug)]
pub(super) struct RoomIds {
    /// Under SECRET_KEY, then under the fallbacks.
    seals: Vec<SaltedHmac>,
}

impl RoomIds {
    pub(super) fn new(secret_key: &str, fallbacks: &[String]) -> Self {
        let secrets = std::iter::once(secret_key).chain(fallbacks.iter().map(String::as_str));
        Self { seals: secrets.map(|secret| SaltedHmac::new(SALT, secret)).collect() }
    }

    pub(super) fn make(&self) -> RoomId {
        let random = get_random_string(RANDOM, ALPHABET);
        let seal = self.seals.first().map(|seal| sealed(seal, &random)).unwrap_or_default();
        RoomId(random + &seal)
    }

    pub(super) fn read(&self, text: &str) -> Option<RoomId> {
        if !is_made_of(text, RANDOM + SEAL) {
            return None;
        }
        let (random, seal) = text.split_at(RANDOM);
        let fits =
            |hmac: &SaltedHmac| constant_time_compare(sealed(hmac, random).as_bytes(), seal.as_bytes());
        self.seals.iter().any(fits).then(|| RoomId(text.to_owned()))
    }
}

fn sealed(hmac: &SaltedHmac, random: &str) -> String {
    let digest = hmac.digest(random.as_bytes());
    digest.iter().take(SEAL).map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}

fn is_made_of(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| ALPHABET.contains(&byte))
}

/// What a browser is known by. Only that browser is told it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::lab) struct BrowserId(String);

impl BrowserId {
    pub(in crate::lab) fn make() -> Self {
        Self(get_random_string(RANDOM, ALPHABET))
    }

    pub(in crate::lab) fn read(text: &str) -> Option<Self> {
        is_made_of(text, RANDOM).then(|| Self(text.to_owned()))
    }

    pub(in crate::lab) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_known_by_what_was_made_here_and_by_nothing_else() {
        let ids = RoomIds::new("secret", &[]);
        let id = ids.make();
        assert_eq!(ids.read(id.as_str()), Some(id.clone()));
        assert_eq!(RoomIds::new("secret", &[]).read(id.as_str()), Some(id.clone()), "after a restart");
        assert_eq!(RoomIds::new("new", &["secret".to_owned()]).read(id.as_str()), Some(id.clone()));
        assert_eq!(RoomIds::new("new", &[]).read(id.as_str()), None, "of another SECRET_KEY");
        assert_ne!(ids.make(), id);
        let other = if id.as_str().starts_with('a') { "b" } else { "a" };
        let forged = [
            String::new(),
            "..".to_owned(),
            "a".repeat(RANDOM + SEAL),
            "a".repeat(1 << 20),
            "é".repeat(11),
            format!("{other}{}", &id.as_str()[1..]),
            format!("{}a", id.as_str()),
            id.as_str().to_uppercase(),
            id.as_str()[..RANDOM].to_owned(),
        ];
        for text in forged {
            assert_eq!(ids.read(&text), None, "{text:.40}");
        }
    }

    #[test]
    fn a_browser_is_known_by_the_form_of_its_id() {
        let id = BrowserId::make();
        assert_eq!(BrowserId::read(id.as_str()), Some(id));
        for text in ["", "1", "aaaaaaaaaaaaa", "aaaaaaaaaaaaaaa", "aaaaaaaaaaaaa;", "ééééééé"] {
            assert_eq!(BrowserId::read(text), None, "{text}");
        }
    }
}
