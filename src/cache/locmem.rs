//! A cache in the memory of this process (`django.core.cache.backends.locmem`), bounded.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use super::contract::{Cache, CacheFuture, Held, Listing, Renamed, Swapped, Until, Value};

/// What keys and values may take in all, in bytes.
const CAPACITY: usize = 64 << 20;
/// What an entry takes beside its key and value, roughly.
const OVERHEAD: usize = 200;

/// A cache that nobody else sees and that is gone with the process; clones are the same cache.
///
/// It holds 64 MB. When it is full it drops what has ended, and then what was not used for longest, until a quarter is free.
/// Django's holds 300 entries, be they small or large.
#[derive(Clone)]
pub struct LocMemCache {
    entries: Arc<Mutex<Entries>>,
}

#[derive(Default)]
struct Entries {
    capacity: usize,
    by_key: HashMap<String, Entry>,
    /// Keys by the moment of their last use, the oldest first.
    by_use: BTreeMap<u64, String>,
    uses: u64,
    size: usize,
}

struct Entry {
    value: Value,
    end: DateTime<Utc>,
    used: u64,
}

impl LocMemCache {
    /// An empty cache.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    fn with_capacity(capacity: usize) -> Self {
        Self { entries: Arc::new(Mutex::new(Entries { capacity, ..Entries::default() })) }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        // What happens under the lock does not panic.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An answer that is there already.
    fn ready<'a, T: Send + 'a>(&self, work: impl FnOnce(&mut Entries) -> T) -> CacheFuture<'a, T> {
        let done = work(&mut self.entries());
        Box::pin(std::future::ready(Ok(done)))
    }
}

impl Default for LocMemCache {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for LocMemCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocMemCache({} keys)", self.entries().by_key.len())
    }
}

impl Entries {
    fn get(&mut self, key: &str) -> Option<Held> {
        self.uses += 1;
        let entry = self.by_key.get_mut(key)?;
        let name = self.by_use.remove(&entry.used)?;
        entry.used = self.uses;
        self.by_use.insert(self.uses, name);
        Some(Held { value: Arc::clone(&entry.value), end: Some(entry.end), left: None })
    }

    fn set(&mut self, key: &str, value: &[u8], until: Until) {
        self.remove(key);
        if until.seconds() <= 0 {
            return;
        }
        let size = size(key, value);
        if self.size + size > self.capacity {
            self.cull(size, until.now);
        }
        self.uses += 1;
        self.size += size;
        self.by_use.insert(self.uses, key.to_owned());
        self.by_key.insert(key.to_owned(), Entry { value: value.into(), end: until.end, used: self.uses });
    }

    fn remove(&mut self, key: &str) -> bool {
        let Some(entry) = self.by_key.remove(key) else { return false };
        self.by_use.remove(&entry.used);
        self.size -= size(key, &entry.value);
        true
    }

    /// Makes room for `more`.
    fn cull(&mut self, more: usize, now: DateTime<Utc>) {
        self.clear_ended(now);
        while self.size + more > self.capacity / 4 * 3 {
            let Some(oldest) = self.by_use.first_key_value().map(|(_, key)| key.clone()) else { return };
            self.remove(&oldest);
        }
    }

    fn clear_ended(&mut self, now: DateTime<Utc>) -> usize {
        let ended = self.by_key.iter().filter(|(_, entry)| entry.end <= now);
        let ended: Vec<_> = ended.map(|(key, _)| key.clone()).collect();
        ended.iter().filter(|key| self.remove(key)).count()
    }

    fn swap(&mut self, key: &str, expected: &[u8], value: &[u8], until: Until) -> Swapped {
        match self.get(key) {
            None => Swapped::Gone,
            Some(held) if *held.value != *expected => Swapped::Changed(held.value),
            Some(_) => {
                self.set(key, value, until);
                Swapped::Stored
            }
        }
    }

    fn rename(&mut self, from: &str, expected: &[u8], to: &str, value: &[u8], until: Until) -> Renamed {
        match self.get(from) {
            None => Renamed::Gone,
            Some(held) if *held.value != *expected => Renamed::Changed(held.value),
            Some(_) if self.by_key.contains_key(to) => Renamed::Taken,
            Some(_) => {
                self.remove(from);
                self.set(to, value, until);
                Renamed::Stored
            }
        }
    }
}

fn size(key: &str, value: &[u8]) -> usize {
    2 * key.len() + value.len() + OVERHEAD
}

impl Cache for LocMemCache {
    fn get<'a>(&'a self, key: &'a str) -> CacheFuture<'a, Option<Held>> {
        self.ready(|entries| entries.get(key))
    }

    fn add<'a>(&'a self, key: &'a str, value: &'a [u8], until: Until) -> CacheFuture<'a, bool> {
        self.ready(|entries| {
            let ended = |entry: &Entry| entry.end <= until.now;
            let free = entries.by_key.get(key).is_none_or(ended);
            if free {
                entries.set(key, value, until);
            }
            free
        })
    }

    fn set<'a>(&'a self, key: &'a str, value: &'a [u8], until: Until) -> CacheFuture<'a, ()> {
        self.ready(|entries| entries.set(key, value, until))
    }

    fn replace<'a>(&'a self, key: &'a str, value: &'a [u8], until: Until) -> CacheFuture<'a, bool> {
        self.ready(|entries| {
            let held = entries.by_key.contains_key(key);
            if held {
                entries.set(key, value, until);
            }
            held
        })
    }

    fn swap<'a>(
        &'a self,
        key: &'a str,
        expected: &'a [u8],
        value: &'a [u8],
        until: Until,
    ) -> CacheFuture<'a, Swapped> {
        self.ready(|entries| entries.swap(key, expected, value, until))
    }

    fn rename<'a>(
        &'a self,
        from: &'a str,
        expected: &'a [u8],
        to: &'a str,
        value: &'a [u8],
        until: Until,
    ) -> CacheFuture<'a, Renamed> {
        self.ready(|entries| entries.rename(from, expected, to, value, until))
    }

    fn delete<'a>(&'a self, key: &'a str) -> CacheFuture<'a, bool> {
        self.ready(|entries| entries.remove(key))
    }

    fn accepts(&self, _: &str) -> bool {
        true
    }

    fn ping(&self) -> CacheFuture<'_, ()> {
        self.ready(|_| ())
    }

    fn risks(&self) -> CacheFuture<'_, Vec<String>> {
        self.ready(|_| vec!["locmem keeps sessions in the memory of one process: they are lost when it restarts, and no other process sees them.".to_owned()])
    }

    fn listing(&self) -> Option<&dyn Listing> {
        Some(self)
    }
}

impl Listing for LocMemCache {
    fn keys<'a>(&'a self, prefix: &'a str) -> CacheFuture<'a, Vec<(String, Option<DateTime<Utc>>)>> {
        self.ready(|entries| {
            let found = entries.by_key.iter().filter(|(key, _)| key.starts_with(prefix));
            found.map(|(key, entry)| (key.clone(), Some(entry.end))).collect()
        })
    }

    fn end<'a>(&'a self, key: &'a str) -> CacheFuture<'a, Option<DateTime<Utc>>> {
        self.ready(|entries| entries.by_key.get(key).map(|entry| entry.end))
    }

    fn clear_ended(&self, now: DateTime<Utc>) -> CacheFuture<'_, usize> {
        self.ready(|entries| entries.clear_ended(now))
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;

    fn until(now: i64, seconds: i64) -> Until {
        let now = DateTime::from_timestamp(now, 0).expect("a date");
        Until { now, end: now + TimeDelta::seconds(seconds) }
    }

    #[test]
    fn a_full_cache_drops_what_has_ended_and_then_what_was_not_used_for_longest() {
        let mut entries = Entries { capacity: 20 * OVERHEAD, ..Entries::default() };
        entries.set("ended", b"", until(0, 5));
        for number in 0..17 {
            entries.set(&number.to_string(), b"", until(0, 60));
        }
        entries.get("0").expect("still there");
        entries.set("large", &[0; 2 * OVERHEAD], until(10, 60));
        let gone = |entries: &Entries, key: &str| !entries.by_key.contains_key(key);
        assert!(gone(&entries, "ended") && gone(&entries, "1"));
        assert!(!gone(&entries, "0") && !gone(&entries, "16") && !gone(&entries, "large"));
    }

    proptest! {
        #[test]
        fn it_never_holds_more_than_it_may(steps in prop::collection::vec((0..40_u8, 0..3000_usize, -1..50_i64), 1..300)) {
            let mut entries = Entries { capacity: 20_000, ..Entries::default() };
            for (at, (key, length, seconds)) in (0..).zip(steps) {
                let (key, value) = (key.to_string(), vec![0; length]);
                entries.set(&key, &value, until(at, seconds));
                prop_assert_eq!(entries.by_key.contains_key(&key), seconds > 0);
                prop_assert!(entries.size <= entries.capacity);
                prop_assert_eq!(entries.by_key.len(), entries.by_use.len());
                let sizes: usize = entries.by_key.iter().map(|(key, entry)| size(key, &entry.value)).sum();
                prop_assert_eq!(entries.size, sizes);
            }
        }
    }
}
