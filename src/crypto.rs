//! Random strings, salted HMACs and comparison in constant time: `django.utils.crypto`.
//!
//! ```
//! use sessionid::crypto::{constant_time_compare, get_random_string, salted_hmac_sha512};
//!
//! let nonce = get_random_string(16, b"0123456789abcdef");
//! let token = salted_hmac_sha512("my.app.unsubscribe", nonce.as_bytes(), "SECRET_KEY");
//! # let sent = token;
//! assert!(constant_time_compare(&sent, &token));
//! ```

use hmac::{Hmac, Mac};
use rand::RngExt;
use rand::distr::slice::Choose;
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;

/// A string of `length` characters of `allowed_chars`, from a cryptographically secure generator
/// (Django's `get_random_string`). Empty when `allowed_chars` is.
///
/// ```
/// let key = sessionid::crypto::get_random_string(32, b"abcdefghijklmnopqrstuvwxyz0123456789");
/// assert_eq!(key.len(), 32);
/// ```
#[must_use]
pub fn get_random_string(length: usize, allowed_chars: &[u8]) -> String {
    Choose::new(allowed_chars).map_or_else(
        |_| String::new(),
        |choose| rand::rng().sample_iter(choose).take(length).map(|byte| char::from(*byte)).collect(),
    )
}

/// HMAC-SHA256 under a key derived from a salt and a secret: Django's
/// `salted_hmac(…, algorithm="sha256")`, with the derived key kept for the next value.
///
/// ```
/// use sessionid::crypto::SaltedHmac;
///
/// let hmac = SaltedHmac::new("salt", "secret");
/// assert_eq!(hmac.digest(b"value")[..4], [0xde, 0xba, 0xdd, 0xcd]); // as Django 5.2 says
/// assert_ne!(hmac.digest(b"value"), SaltedHmac::new("another", "secret").digest(b"value"));
/// ```
#[derive(Clone, Debug)]
pub struct SaltedHmac {
    keyed: Hmac<Sha256>,
}

impl SaltedHmac {
    /// Derives the key, `SHA256(key_salt + secret)`.
    ///
    /// ```
    /// use sessionid::crypto::SaltedHmac;
    ///
    /// // The key is derived once, and serves for many values.
    /// let hmac = SaltedHmac::new("salt", "secret");
    /// assert_ne!(hmac.digest(b"one"), hmac.digest(b"two"));
    /// ```
    #[must_use]
    pub fn new(key_salt: &str, secret: &str) -> Self {
        let key = Sha256::new().chain_update(key_salt).chain_update(secret).finalize();
        // HMAC fills a key up with zeros to SHA-256's block.
        let mut block = [0; 64];
        block[..key.len()].copy_from_slice(&key);
        Self { keyed: Mac::new(&block.into()) }
    }

    /// The 32 bytes of the HMAC of `value`.
    ///
    /// ```
    /// let digest = sessionid::crypto::SaltedHmac::new("salt", "secret").digest(b"value");
    /// assert_eq!(digest.len(), 32);
    /// ```
    #[must_use]
    pub fn digest(&self, value: &[u8]) -> [u8; 32] {
        self.keyed.clone().chain_update(value).finalize().into_bytes().into()
    }
}

/// Django's `salted_hmac(key_salt, value, secret, algorithm="sha512")`, for keys of 64 bytes.
#[must_use]
pub fn salted_hmac_sha512(key_salt: &str, value: &[u8], secret: &str) -> [u8; 64] {
    let key = Sha512::new().chain_update(key_salt).chain_update(secret).finalize();
    // HMAC fills a key up with zeros to SHA-512's block.
    let mut block = [0; 128];
    block[..key.len()].copy_from_slice(&key);
    <Hmac<Sha512> as Mac>::new(&block.into()).chain_update(value).finalize().into_bytes().into()
}

/// Whether two byte strings are equal, in a time that tells nothing of where they differ
/// (Django's `constant_time_compare`).
#[must_use]
pub fn constant_time_compare(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmacs_are_djangos() {
        // salted_hmac("salt", "value", "secret", algorithm=…).hexdigest(), by Django 5.2.19.
        let hex = |bytes: &[u8]| {
            bytes
                .iter()
                .flat_map(|byte| [byte >> 4, byte & 15])
                .map(|digit| char::from_digit(digit.into(), 16))
                .collect::<Option<String>>()
                .expect("digits")
        };
        assert_eq!(
            hex(&SaltedHmac::new("salt", "secret").digest(b"value")),
            "debaddcd9ecbaab181289870baf8af49b0af0a7050d620d1a63f1e69bd87ceb8"
        );
        assert_eq!(
            hex(&salted_hmac_sha512("salt", b"value", "secret")),
            "8bce5eeb3926d0f90c727217746725e26de26d311eb6b34ceceb478f89acb51d02ba74ed0f9c4f5797b2ae5f020d4b22e7c1409a5ff1d968045026fdc1936e0e"
        );
    }
}
