//! Random strings, salted HMACs and comparison in constant time: `django.utils.crypto`.

use hmac::{Hmac, Mac};
use rand::RngExt;
use rand::distr::slice::Choose;
use sha2::{Digest, Sha256};
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
#[derive(Clone, Debug)]
pub struct SaltedHmac {
    keyed: Hmac<Sha256>,
}

impl SaltedHmac {
    /// Derives the key, `SHA256(key_salt + secret)`.
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

/// Whether two byte strings are equal, in a time that tells nothing of where they differ
/// (Django's `constant_time_compare`).
///
/// ```
/// assert!(sessionid::crypto::constant_time_compare(b"same", b"same"));
/// ```
#[must_use]
pub fn constant_time_compare(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}
