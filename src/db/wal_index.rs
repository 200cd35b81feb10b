//! Whether anybody has committed to a SQLite file, at the cost of one read of 48 bytes.
//!
//! Every process that has a database in WAL mode open shares its WAL-index, the file with the suffix
//! `-shm`, and every commit rewrites the header at its start before it returns; see
//! <https://www.sqlite.org/walformat.html#the_wal_index_file_format>. All versions of SQLite that may
//! share a file agree on its layout, and say so in its first field. `PRAGMA data_version` tells the
//! same, but takes and leaves a lock for it that all connections share.

use std::path::Path;

#[cfg(target_os = "linux")]
use super::file::beside;

/// Of the header: version, change counter, checksums, salts.
const LENGTH: usize = 48;
/// The only layout there has been.
#[cfg(target_os = "linux")]
const LAYOUT: u32 = 3_007_000;

/// The header of the WAL-index: the same as before if and only if nothing was committed since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version([u8; LENGTH]);

impl Version {
    fn field(self, index: usize) -> u32 {
        let bytes = self.0.as_chunks().0;
        bytes.get(index).copied().map_or(0, u32::from_ne_bytes)
    }

    /// 65,536 does not fit in 16 bits, and is written as 1.
    #[cfg(target_os = "linux")]
    fn page_size(self) -> u32 {
        match u16::from_ne_bytes([self.0[14], self.0[15]]) {
            1 => 1 << 16,
            size => size.into(),
        }
    }

    /// Whether exactly one transaction was committed between `before` and this.
    pub(super) fn is_next_after(self, before: Self) -> bool {
        self.field(2) == before.field(2).wrapping_add(1)
    }
}

/// The pages in the log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Log {
    pub(super) pages: u32,
    /// Of these, those that have been checkpointed.
    pub(super) in_file: u32,
    pub(super) page_size: u32,
}

impl Log {
    pub(super) fn left(self) -> u32 {
        self.pages.saturating_sub(self.in_file)
    }

    pub(super) fn bytes(self) -> u64 {
        u64::from(self.pages) * u64::from(self.page_size)
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct WalIndex {
    #[cfg(target_os = "linux")]
    file: &'static std::fs::File,
}

#[cfg(target_os = "linux")]
impl WalIndex {
    /// The WAL-index of a database that a connection of this process has open, and keeps open.
    pub(super) fn open(database: &Path) -> Option<Self> {
        let index = Self { file: kept_open(&beside(database, "-shm").ok()?).ok()? };
        index.version()?;
        Some(index)
    }

    /// `None` where the layout is another.
    pub(super) fn version(self) -> Option<Version> {
        use std::os::unix::fs::FileExt as _;

        let mut header = [0; LENGTH];
        self.file.read_exact_at(&mut header, 0).ok()?;
        let version = Version(header);
        (version.field(0) == LAYOUT).then_some(version)
    }

    /// How long the WAL is.
    pub(super) fn log(self) -> Option<Log> {
        use std::os::unix::fs::FileExt as _;

        let mut in_file = [0; 4];
        // After the header and its copy.
        self.file.read_exact_at(&mut in_file, 2 * LENGTH as u64).ok()?;
        let version = self.version()?;
        Some(Log {
            pages: version.field(4),
            in_file: u32::from_ne_bytes(in_file),
            page_size: version.page_size(),
        })
    }
}

/// Closing any descriptor of a file drops every POSIX lock that the process has on it, and SQLite's
/// locks are on this one: so it is opened once, and never closed.
#[cfg(target_os = "linux")]
fn kept_open(path: &Path) -> std::io::Result<&'static std::fs::File> {
    use std::collections::HashMap;
    use std::fs::File;
    use std::os::unix::fs::MetadataExt as _;
    use std::sync::{LazyLock, Mutex, PoisonError};

    static OPEN: LazyLock<Mutex<HashMap<(u64, u64), &'static File>>> = LazyLock::new(Mutex::default);

    let identity = |found: std::fs::Metadata| (found.dev(), found.ino());
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(file) = open.get(&identity(path.metadata()?)) {
        return Ok(file);
    }
    let file: &'static File = Box::leak(Box::new(File::open(path)?));
    open.insert(identity(file.metadata()?), file);
    Ok(file)
}

/// Elsewhere a read of a file need not see what others have written to their mapping of it.
#[cfg(not(target_os = "linux"))]
impl WalIndex {
    pub(super) fn open(_: &Path) -> Option<Self> {
        None
    }

    pub(super) fn version(self) -> Option<Version> {
        None
    }

    pub(super) fn log(self) -> Option<Log> {
        None
    }
}

#[cfg(all(test, target_os = "linux"))]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use diesel::connection::SimpleConnection as _;
    use diesel::prelude::*;

    use super::*;

    fn connect(path: &Path) -> SqliteConnection {
        let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        conn.batch_execute("PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS t (x); SELECT * FROM t")
            .unwrap();
        conn
    }

    fn data_version(conn: &mut SqliteConnection) -> i32 {
        let version = diesel::dsl::sql::<diesel::sql_types::Integer>("PRAGMA data_version");
        version.get_result(conn).unwrap()
    }

    #[test]
    fn tells_what_sqlite_itself_tells() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db.sqlite3");
        let (mut one, mut other, mut observer) = (connect(&path), connect(&path), connect(&path));
        let index = WalIndex::open(&path).unwrap();
        let steps = [
            ("INSERT INTO t VALUES (1)", 1),
            ("SELECT * FROM t", 0),
            ("BEGIN IMMEDIATE; ROLLBACK", 0),
            ("BEGIN IMMEDIATE; UPDATE t SET x = 2; ROLLBACK", 0),
            ("BEGIN IMMEDIATE; UPDATE t SET x = 2; COMMIT", 1),
            ("BEGIN IMMEDIATE; DELETE FROM t WHERE x = 99; COMMIT", 0),
            // The same bytes again are not written.
            ("UPDATE t SET x = 2", 0),
            ("PRAGMA wal_checkpoint(PASSIVE)", 0),
            ("INSERT INTO t SELECT randomblob(3000) FROM t, t a, t b", 1),
        ];
        for round in 0..200 {
            for (statement, commits) in steps {
                let conn = if round % 2 == 0 { &mut one } else { &mut other };
                let before = (index.version().unwrap(), data_version(&mut observer));
                conn.batch_execute(statement).unwrap();
                let after = (index.version().unwrap(), data_version(&mut observer));
                assert_eq!(before.0 == after.0, before.1 == after.1, "{statement} in round {round}");
                assert_eq!(after.0.is_next_after(before.0), commits == 1, "{statement} in round {round}");
            }
            one.batch_execute("DELETE FROM t; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        }
    }

    #[test]
    fn the_log_grows_and_is_brought_into_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db.sqlite3");
        let mut conn = connect(&path);
        let index = WalIndex::open(&path).unwrap();
        conn.batch_execute("INSERT INTO t VALUES (randomblob(40000))").unwrap();
        let grown = index.log().unwrap();
        assert!(grown.left() > 10, "{grown:?}");
        assert_eq!(grown.bytes(), u64::from(grown.pages) * 4096);
        conn.batch_execute("PRAGMA wal_checkpoint(PASSIVE)").unwrap();
        let brought = index.log().unwrap();
        assert_eq!((brought.pages, brought.left()), (grown.pages, 0));
    }

    #[test]
    fn is_opened_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db.sqlite3");
        let _conn = connect(&path);
        let (one, other) = (WalIndex::open(&path).unwrap(), WalIndex::open(&path).unwrap());
        assert!(std::ptr::eq(one.file, other.file));
    }

    #[test]
    fn a_file_without_one_has_no_versions() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db.sqlite3");
        std::fs::write(&path, "").unwrap();
        assert!(WalIndex::open(&path).is_none());
        std::fs::write(folder.path().join("db.sqlite3-shm"), [0; 136]).unwrap();
        assert!(WalIndex::open(&path).is_none());
    }
}
