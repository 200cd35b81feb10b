//! The newest requests since the server's start, in memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::record::Record;
use super::tags::{Colours, KeyTag};
use crate::crypto::get_random_string;

/// Requests that are kept.
const CAPACITY: usize = 200;

/// The log of requests, bounded.
#[derive(Debug)]
pub(in crate::lab) struct RequestLog {
    /// Another one after each start.
    boot_id: Arc<str>,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    count: u64,
    records: VecDeque<Arc<Record>>,
    colours: Arc<Colours>,
}

/// The log at one moment. A page takes one, so that all its parts show the same requests.
#[derive(Clone, Debug)]
pub(in crate::lab) struct Snapshot {
    /// The run of the server that the records belong to.
    pub(in crate::lab) boot_id: Arc<str>,
    /// The number of the newest request; 0 when there was none.
    pub(in crate::lab) latest: u64,
    /// All that is kept, the oldest first.
    pub(in crate::lab) records: Vec<Arc<Record>>,
    colours: Arc<Colours>,
}

impl RequestLog {
    pub(in crate::lab) fn new() -> Self {
        let boot_id = get_random_string(6, b"abcdefghijklmnopqrstuvwxyz0123456789");
        Self { boot_id: boot_id.into(), entries: Mutex::default() }
    }

    /// An empty one of the same run of the server, whose numbers come after `n`.
    pub(in crate::lab) fn beside(&self, n: u64) -> Self {
        let entries = Entries { count: n, ..Entries::default() };
        Self { boot_id: Arc::clone(&self.boot_id), entries: Mutex::new(entries) }
    }

    pub(in crate::lab) fn boot_id(&self) -> &str {
        &self.boot_id
    }

    /// Keeps a record under the next number of this run; the oldest makes room for it.
    pub(in crate::lab) fn push(&self, mut record: Record) {
        let mut entries = self.entries();
        entries.count += 1;
        record.n = entries.count;
        record.boot_id = Arc::clone(&self.boot_id);
        let colours = Arc::make_mut(&mut entries.colours);
        record.sent_tag = record.sent_key.as_deref().map(|key| colours.meet(key));
        record.tag = record.key().map(|key| colours.meet(key));
        if entries.records.len() == CAPACITY {
            entries.records.pop_front();
        }
        entries.records.push_back(Arc::new(record));
    }

    pub(in crate::lab) fn snapshot(&self) -> Snapshot {
        let entries = self.entries();
        Snapshot {
            boot_id: Arc::clone(&self.boot_id),
            latest: entries.count,
            records: entries.records.iter().cloned().collect(),
            colours: Arc::clone(&entries.colours),
        }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        // Nothing that can panic happens under the lock.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Snapshot {
    /// The records after a number.
    pub(in crate::lab) fn after(&self, n: u64) -> &[Arc<Record>] {
        &self.records[self.records.partition_point(|record| record.n <= n)..]
    }

    /// What stands for a key on every page.
    pub(in crate::lab) fn tag(&self, key: &str) -> KeyTag {
        self.colours.tag(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_makes_room_and_numbers_go_on() {
        let log = RequestLog::new();
        let empty = log.snapshot();
        for _ in 0..CAPACITY + 3 {
            log.push(Record::visit("/hello/plain"));
        }
        let full = log.snapshot();
        assert_eq!((empty.latest, empty.records.len()), (0, 0), "a snapshot stays as it was");
        assert_eq!((full.latest, full.records.len()), (203, CAPACITY));
        assert_eq!((full.records[0].n, full.records[CAPACITY - 1].n), (4, 203));
        assert!(full.records.iter().all(|record| record.boot_id == empty.boot_id));
        assert_ne!(RequestLog::new().boot_id(), log.boot_id());
    }

    #[test]
    fn keys_are_tagged_in_the_order_in_which_they_appear() {
        let log = RequestLog::new();
        log.push(Record::visit("/hello/plain"));
        log.push(Record::visit("/hello/world").saves("a8"));
        let early = log.snapshot();
        log.push(Record::visit("/hello/world").unknown("zz").saves("f3"));
        let late = log.snapshot();
        let tags = |n: usize| {
            let colour = |tag: &Option<KeyTag>| tag.as_ref().map(|tag| tag.colour);
            (colour(&late.records[n].sent_tag), colour(&late.records[n].tag))
        };
        assert_eq!([tags(0), tags(1), tags(2)], [(None, None), (None, Some(0)), (Some(1), Some(2))]);
        assert_eq!((late.tag("a8"), late.tag("f3").colour), (early.tag("a8"), 2));
        assert_eq!(late.tag("a8").letters, "a8");
    }

    #[test]
    fn what_comes_after_a_number() {
        let log = RequestLog::new();
        for _ in 0..CAPACITY + 3 {
            log.push(Record::visit("/hello/plain"));
        }
        let snapshot = log.snapshot();
        for (n, first, length) in [
            (0, Some(4), CAPACITY),
            (3, Some(4), CAPACITY),
            (4, Some(5), 199),
            (203, None, 0),
            (999, None, 0),
        ] {
            let after = snapshot.after(n);
            assert_eq!((after.first().map(|record| record.n), after.len()), (first, length), "after {n}");
        }
    }
}
