//! The keys of the sessions that a room has made.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Keys that a room keeps.
const CAPACITY: usize = 256;
/// Django's `max_length` of a key. A longer one is a whole session, of an engine that keeps it in its cookie and has no rows.
const LONGEST: usize = 40;

/// Keys in the order in which they were made, bounded: the oldest makes room.
#[derive(Debug, Default)]
pub(in crate::lab) struct Keys(Mutex<VecDeque<String>>);

impl Keys {
    /// Adds a key that has just been made.
    pub(in crate::lab) fn add(&self, key: &str) {
        let mut keys = self.keys();
        if key.len() > LONGEST || keys.iter().any(|known| known == key) {
            return;
        }
        if keys.len() == CAPACITY {
            keys.pop_front();
        }
        keys.push_back(key.to_owned());
    }

    /// Adds keys from before the server's start, the oldest first.
    pub(in crate::lab) fn restore(&self, older: &[String]) {
        let mut keys = self.keys();
        for key in older.iter().rev() {
            if keys.len() < CAPACITY && key.len() <= LONGEST && !keys.contains(key) {
                keys.push_front(key.clone());
            }
        }
    }

    pub(in crate::lab) fn contains(&self, key: &str) -> bool {
        self.keys().iter().any(|known| known == key)
    }

    /// The newest ones, the oldest of them first.
    pub(in crate::lab) fn newest(&self, count: usize) -> Vec<String> {
        let keys = self.keys();
        keys.iter().skip(keys.len().saturating_sub(count)).cloned().collect()
    }

    /// All of them.
    pub(in crate::lab) fn all(&self) -> Vec<String> {
        self.newest(CAPACITY)
    }

    fn keys(&self) -> MutexGuard<'_, VecDeque<String>> {
        // Nothing that can panic happens under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_makes_room_and_nothing_is_there_twice() {
        let keys = Keys::default();
        for number in 0..CAPACITY + 2 {
            keys.add(&number.to_string());
            keys.add(&number.to_string());
        }
        assert_eq!(keys.all().len(), CAPACITY);
        assert!(!keys.contains("1") && keys.contains("2"));
        assert_eq!(keys.newest(2), ["256", "257"]);
        keys.restore(&["x".to_owned()]);
        assert!(!keys.contains("x"), "there is no place for older ones");
        keys.add(&"k".repeat(LONGEST + 1));
        assert_eq!(keys.newest(1), ["257"]);
    }

    #[test]
    fn what_is_restored_comes_first() {
        let keys = Keys::default();
        keys.add("new");
        keys.restore(&["a".to_owned(), "b".to_owned(), "new".to_owned()]);
        assert_eq!(keys.all(), ["a", "b", "new"]);
    }
}
