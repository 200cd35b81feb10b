//! Which of several memcached servers has a key: pymemcache's `RendezvousHash` over its `murmur3_32`, so that a Django that uses
//! `PyMemcacheCache` finds our sessions where it looks for them.

use std::cmp::Reverse;

use memcache::exp::Router;

/// Every key scores every server, and goes to the highest.
#[derive(Clone, Copy, Debug)]
pub(super) struct RendezvousHash;

impl Router for RendezvousHash {
    fn route(&self, key: &[u8], servers: &[String]) -> usize {
        let key = String::from_utf8_lossy(key);
        let score = |server: &str| {
            let node = server.replace(['[', ']'], "");
            (murmur3_32(&format!("{node}-{key}")), node)
        };
        // Where two score alike, the greater name wins, as there.
        let best = servers.iter().enumerate().max_by_key(|(at, server)| (score(server), Reverse(*at)));
        best.map_or(0, |(at, _)| at)
    }
}

/// MurmurHash3 by Austin Appleby, x86, 32 bits, seed 0; of each character it sees the lowest byte.
fn murmur3_32(text: &str) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "`ord(character) & 0xFF`")]
    let bytes: Vec<u8> = text.chars().map(|character| u32::from(character) as u8).collect();
    let mut hash = 0_u32;
    let mixed = |word: u32| word.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
    let (words, tail) = bytes.as_chunks::<4>();
    for word in words {
        hash ^= mixed(u32::from_le_bytes(*word));
        hash = hash.rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
    let tail = tail.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte));
    hash ^= mixed(tail);
    hash ^= u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_hashes_as_pymemcache_does() {
        for (text, hash) in [
            ("", 0),
            ("a", 1_009_084_850),
            ("ab", 2_613_040_991),
            ("abc", 3_017_643_002),
            ("abcd", 1_139_631_978),
            (
                "127.0.0.1:11211-:1:django.contrib.sessions.cache0123456789abcdefghijklmnopqrstuv",
                2_733_602_526,
            ),
            ("gr\u{f6}\u{2603}\u{df}e", 1_434_286_837),
        ] {
            assert_eq!(murmur3_32(text), hash, "{text}");
        }
    }

    #[test]
    fn it_finds_the_server_that_pymemcache_finds() {
        let servers = ["127.0.0.1:11211", "127.0.0.1:11212", "[::1]:11213"].map(str::to_owned);
        let found: Vec<_> = (0..24)
            .map(|number| format!(":1:django.contrib.sessions.cache{number:032}"))
            .map(|key| RendezvousHash.route(key.as_bytes(), &servers))
            .collect();
        // [RendezvousHash(nodes).get_node(key) for key in …]
        let pymemcache = [1, 0, 2, 1, 2, 1, 0, 2, 2, 2, 2, 2, 0, 1, 0, 0, 0, 1, 1, 2, 2, 2, 1, 2];
        assert_eq!(found, pymemcache);
    }
}
