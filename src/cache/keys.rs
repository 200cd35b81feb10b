//! What a key may have in it.

/// What memcached takes in a key (Django's `memcache_key_warnings`).
pub(super) fn is_of_a_key(byte: u8) -> bool {
    byte > b' ' && byte != 0x7f
}
