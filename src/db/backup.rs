//! A copy of a SQLite database, made while others read and write it.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::error::DbError;
use super::file::private;
use super::options::{DatabaseOptions, Purpose};
use super::sqlite;
use super::url::DatabaseUrl;

/// How often progress is told.
const STEP: Duration = Duration::from_millis(100);

/// Why there is no backup. Nothing of it is left then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The database cannot be read.
    #[error(transparent)]
    Database(#[from] DbError),
    /// A server has its own ways.
    #[error("only a SQLite file is copied; of {url}, make a dump with pg_dump")]
    Server {
        /// Which database, without a password.
        url: String,
    },
    /// There is something already, and it is left as it is.
    #[error("{} is there already; a backup overwrites nothing", .0.display())]
    Exists(PathBuf),
    /// The copy cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Whoever hears of the progress wants no more of it.
    #[error("interrupted; there is no backup")]
    Stopped,
}

/// Copies a SQLite database to `target`, which only its owner may read, and tells how many bytes it has. Sessions that
/// are saved meanwhile are not in it. `progress` hears how many bytes of how many are written, at most; it may end the work
/// with `false`.
///
/// ```
/// use sessionid::db::{DatabaseUrl, backup, migrate};
///
/// # let folder = tempfile::tempdir()?;
/// let url = DatabaseUrl::Sqlite(folder.path().join("db.sqlite3"));
/// migrate(&url)?;
/// let target = folder.path().join("backup.sqlite3");
/// backup(&url, &target, &mut |written, of| { println!("{written} of {of} bytes"); true })?;
/// assert!(backup(&url, &target, &mut |_, _| true).is_err()); // it is there already
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`BackupError`].
pub fn backup(
    url: &DatabaseUrl,
    target: &Path,
    progress: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<u64, BackupError> {
    let (conn, size) = source(url)?;
    let copy = Unfinished::create(target)?;
    let (done, finished) = sync_channel(1);
    let into = sqlite::existing(&copy.part);
    // SQLite tells nothing of its progress, so the file is looked at beside it.
    let work = move || drop(done.send(vacuum(conn, &into)));
    let write = |source| BackupError::Write { path: target.to_owned(), source };
    std::thread::Builder::new().name("sessionid-backup".to_owned()).spawn(work).map_err(write)?;
    loop {
        match finished.recv_timeout(STEP) {
            Ok(done) => break done?,
            Err(RecvTimeoutError::Disconnected) => return Err(DbError::Gone.into()),
            Err(RecvTimeoutError::Timeout) if progress(copy.size().min(size), size) => {}
            Err(RecvTimeoutError::Timeout) => return Err(BackupError::Stopped),
        }
    }
    copy.finish().map_err(write)
}

/// A connection to read the database, and about how many bytes there are to copy.
fn source(url: &DatabaseUrl) -> Result<(SqliteConnection, u64), BackupError> {
    let path = url.file().ok_or_else(|| BackupError::Server { url: url.to_string() })?;
    if !path.exists() {
        return Err(DbError::Missing { url: url.to_string() }.into());
    }
    let connect = |source| DbError::Connect { url: url.to_string(), source };
    let unusable = |source| DbError::Use { url: url.to_string(), source };
    let mut conn = SqliteConnection::establish(&sqlite::existing(path)).map_err(connect)?;
    sqlite::prepare(&mut conn, Purpose::Read, &DatabaseOptions::default()).map_err(unusable)?;
    // The copy is a database as well, and is to be written.
    conn.batch_execute("PRAGMA query_only = OFF").map_err(unusable)?;
    let pages = "SELECT (page_count - freelist_count) * page_size AS bytes \
                 FROM pragma_page_count, pragma_freelist_count, pragma_page_size";
    let size: Size = diesel::sql_query(pages).get_result(&mut conn).map_err(unusable)?;
    Ok((conn, size.bytes.unsigned_abs()))
}

#[derive(QueryableByName)]
struct Size {
    #[diesel(sql_type = BigInt)]
    bytes: i64,
}

/// One transaction that reads: others write beside it.
fn vacuum(mut conn: SqliteConnection, into: &str) -> Result<(), DbError> {
    diesel::sql_query("VACUUM INTO ?").bind::<Text, _>(into).execute(&mut conn)?;
    Ok(())
}

/// A new name is on the disk once its folder is.
#[cfg(unix)]
fn sync_folder_of(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// The file system's journal decides.
#[cfg(not(unix))]
fn sync_folder_of(_file: &Path) -> io::Result<()> {
    Ok(())
}

/// The target, reserved and empty, and the file beside it that takes its place when it is complete. Both are removed if
/// it never is.
struct Unfinished {
    target: PathBuf,
    part: PathBuf,
    complete: bool,
}

impl Unfinished {
    fn create(target: &Path) -> Result<Self, BackupError> {
        let mut part = OsString::from(target);
        part.push(".part");
        let part = PathBuf::from(part);
        create(target)?;
        if let Err(error) = create(&part) {
            // The part is another backup's.
            let _ = std::fs::remove_file(target);
            return Err(error);
        }
        Ok(Self { target: target.to_owned(), part, complete: false })
    }

    fn size(&self) -> u64 {
        self.part.metadata().map_or(0, |part| part.len())
    }

    /// On the disk, under its name.
    fn finish(mut self) -> io::Result<u64> {
        let size = self.size();
        // For writing, without which Windows flushes nothing.
        File::options().write(true).open(&self.part)?.sync_all()?;
        std::fs::rename(&self.part, &self.target)?;
        self.complete = true;
        sync_folder_of(&self.target)?;
        Ok(size)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.complete {
            let _ = std::fs::remove_file(&self.part);
            let _ = std::fs::remove_file(&self.target);
        }
    }
}

fn create(path: &Path) -> Result<(), BackupError> {
    private().create_new(true).open(path).map(drop).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => BackupError::Exists(path.to_owned()),
        _ => BackupError::Write { path: path.to_owned(), source },
    })
}
