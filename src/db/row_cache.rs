//! Copies of rows in memory, each of them what the file holds at this moment, whoever writes to it.
//!
//! The copies belong to one version of the file. A reader compares that with the file's own before it
//! takes one. The writer, who knows what it has changed, brings copies and version forward after each
//! COMMIT if nobody else has committed between, and drops the copies if somebody has.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use super::wal_index::{Log, Version, WalIndex};

/// What all copies together may take.
const CAPACITY: usize = 4 << 20;
/// What a copy takes beside its payload, about.
const OVERHEAD: usize = 160;

/// What a row holds under its key.
#[derive(Clone, Debug)]
pub(crate) struct CachedRow {
    pub(crate) payload: Arc<[u8]>,
    pub(crate) expire_date: DateTime<Utc>,
}

/// What became of the rows in one transaction.
#[derive(Debug, Default)]
pub(crate) struct ChangedRows {
    any: bool,
    rows: Vec<(Box<str>, Option<CachedRow>)>,
    unknown: bool,
}

impl ChangedRows {
    /// There is a row that was not there before. Not every visitor comes back, so it is copied when one
    /// reads it.
    pub(crate) fn inserted(&mut self) {
        self.any = true;
    }

    /// A row holds this now, and held another payload before: SQLite writes nothing where nothing differs,
    /// and then there is no commit of our own to be told from another's.
    pub(crate) fn updated(&mut self, key: &str, row: CachedRow) {
        self.any = true;
        self.rows.push((key.into(), Some(row)));
    }

    /// A row is gone.
    pub(crate) fn deleted(&mut self, key: &str) {
        self.any = true;
        self.rows.push((key.into(), None));
    }

    /// Any row may have changed.
    pub(crate) fn unknown(&mut self) {
        self.unknown = true;
    }
}

/// What others have done to the file since the last transaction of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Since {
    /// Nothing, or there are no copies that it could matter to.
    Nothing,
    /// That cannot be told.
    NotKnown,
    /// They have committed.
    Others,
}

/// The version of the file that a copy would belong to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReadAt(Option<Version>);

#[derive(Debug, Default)]
pub(crate) struct RowCache {
    /// Without one there are no copies.
    index: Option<WalIndex>,
    copies: Mutex<Copies>,
}

#[derive(Debug, Default)]
struct Copies {
    /// The version of the file that holds the same as the copies.
    version: Option<Version>,
    /// Those used since the others were.
    young: HashMap<Box<str>, CachedRow>,
    /// Dropped when the young ones have grown old.
    old: HashMap<Box<str>, CachedRow>,
    young_size: usize,
}

impl RowCache {
    pub(super) fn new(index: Option<WalIndex>) -> Self {
        Self { index, copies: Mutex::default() }
    }

    /// The row under a key, if a copy of it is there and it lives at `now`.
    pub(crate) fn get(&self, key: &str, now: DateTime<Utc>) -> Result<CachedRow, ReadAt> {
        let version = self.version();
        if version.is_some() {
            let mut copies = self.copies();
            if copies.version == version
                && let Some(row) = copies.get(key)
                && row.expire_date > now
            {
                return Ok(row);
            }
        }
        Err(ReadAt(version))
    }

    /// Keeps a row that was read after [`get`](Self::get) had none, unless the file has moved since.
    pub(crate) fn put(&self, key: &str, row: CachedRow, at: ReadAt) {
        if at.0.is_some() && self.version() == at.0 {
            let mut copies = self.copies();
            if copies.version == at.0 {
                copies.insert(key.into(), row);
            }
        }
    }

    /// In a transaction that nobody else can commit beside: drops what others have changed before, and
    /// tells whether they have.
    pub(super) fn begin(&self) -> Since {
        let version = self.version();
        let mut copies = self.copies();
        let since = match (copies.version, version) {
            (before, now) if before == now => Since::Nothing,
            (None, _) => Since::NotKnown,
            (Some(_), _) => Since::Others,
        };
        if since != Since::Nothing {
            *copies = Copies { version, ..Copies::default() };
        }
        since
    }

    /// After the COMMIT of that transaction.
    pub(super) fn commit(&self, changed: ChangedRows) {
        let version = self.version();
        let mut copies = self.copies();
        let nobody_else = match (version, copies.version) {
            (Some(now), Some(before)) if !changed.any => now == before,
            (Some(now), Some(before)) => now.is_next_after(before),
            _ => false,
        };
        if changed.unknown || !nobody_else {
            *copies = Copies::default();
            return;
        }
        copies.version = version;
        for (key, row) in changed.rows {
            match row {
                Some(row) => copies.insert(key, row),
                None => copies.remove(&key),
            }
        }
    }

    /// After a transaction of which nothing is known.
    pub(super) fn clear(&self) {
        *self.copies() = Copies::default();
    }

    /// How long the WAL is, where that can be told.
    pub(super) fn log(&self) -> Option<Log> {
        self.index?.log()
    }

    fn version(&self) -> Option<Version> {
        self.index?.version()
    }

    fn copies(&self) -> MutexGuard<'_, Copies> {
        // Nothing that can panic happens under the lock.
        self.copies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Copies {
    fn get(&mut self, key: &str) -> Option<CachedRow> {
        if let Some(row) = self.young.get(key) {
            return Some(row.clone());
        }
        let (key, row) = self.old.remove_entry(key)?;
        self.insert(key, row.clone());
        Some(row)
    }

    fn insert(&mut self, key: Box<str>, row: CachedRow) {
        self.remove(&key);
        let size = key.len() + row.payload.len() + OVERHEAD;
        // One that would push out most of the others is read from the file.
        if size > CAPACITY / 8 {
            return;
        }
        if self.young_size + size > CAPACITY / 2 {
            self.old = std::mem::take(&mut self.young);
            self.young_size = 0;
        }
        self.young_size += size;
        self.young.insert(key, row);
    }

    fn remove(&mut self, key: &str) {
        if let Some(row) = self.young.remove(key) {
            self.young_size -= key.len() + row.payload.len() + OVERHEAD;
        }
        self.old.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str) -> CachedRow {
        CachedRow { payload: text.as_bytes().into(), expire_date: DateTime::UNIX_EPOCH }
    }

    #[test]
    fn what_is_used_outlives_what_is_not() {
        let mut copies = Copies::default();
        let text = "x".repeat(1000);
        for number in 0..20_000 {
            copies.insert(number.to_string().into(), row(&text));
            assert!(copies.get("0").is_some(), "after {number} others");
        }
        assert!(copies.get("1").is_none());
        assert!(copies.get("19999").is_some());
        let held = copies.young.len() + copies.old.len();
        assert!(held * text.len() <= CAPACITY, "{held} rows");
    }

    #[test]
    fn what_is_removed_is_counted_no_more() {
        let mut copies = Copies::default();
        for text in ["one", "two", &"x".repeat(CAPACITY)] {
            copies.insert("key".into(), row(text));
            copies.remove("key");
        }
        assert_eq!(copies.young_size, 0);
        assert!(copies.get("key").is_none());
    }

    #[test]
    fn without_a_version_nothing_is_kept() {
        let rows = RowCache::default();
        rows.begin();
        let read_at = rows.get("key", DateTime::UNIX_EPOCH).unwrap_err();
        rows.put("key", row("text"), read_at);
        rows.commit(ChangedRows::default());
        assert!(rows.get("key", DateTime::UNIX_EPOCH).is_err());
    }

    /// A file in WAL mode, and two programs that have it open.
    #[cfg(target_os = "linux")]
    fn shared_file(folder: &std::path::Path) -> (RowCache, impl FnMut(usize)) {
        use diesel::connection::SimpleConnection as _;
        use diesel::prelude::*;

        let path = folder.join("db.sqlite3");
        let connect = || SqliteConnection::establish(path.to_str().expect("a path")).expect("a connection");
        let mut programs = [connect(), connect()];
        programs[0].batch_execute("PRAGMA journal_mode = WAL; CREATE TABLE t (x)").expect("a table");
        let rows = RowCache::new(WalIndex::open(&path));
        (rows, move |program| programs[program].batch_execute("INSERT INTO t VALUES (1)").expect("a commit"))
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn copies_are_kept_only_where_one_commit_and_no_other_lies_between() {
        let folder = tempfile::tempdir().expect("a folder");
        let (rows, mut commit) = shared_file(folder.path());
        let now = DateTime::UNIX_EPOCH - chrono::TimeDelta::seconds(1);
        assert_eq!(rows.begin(), Since::NotKnown);
        // (who commits until ours is known, whether the row is known afterwards)
        for (commits, kept) in [(vec![0], true), (vec![0, 1], false), (vec![1, 0], false), (vec![], false)] {
            rows.begin();
            let mut changed = ChangedRows::default();
            changed.updated("key", row("text"));
            for program in &commits {
                commit(*program);
            }
            rows.commit(changed);
            assert_eq!(rows.get("key", now).is_ok(), kept, "{commits:?}");
        }
        rows.begin();
        commit(0);
        rows.commit(ChangedRows::default());
        rows.begin();
        commit(0);
        let mut changed = ChangedRows::default();
        changed.inserted();
        rows.commit(changed);
        assert_eq!(rows.begin(), Since::Nothing);
        commit(1);
        assert_eq!(rows.begin(), Since::Others);
    }
}
