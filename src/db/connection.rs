//! Which database an URL names, and connections to it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::error::DbError;

/// A connection to whichever database `DATABASE_URL` names.
///
/// ```
/// use diesel::{dsl::sql, prelude::*, sql_types::Text};
/// use sessionid::db::DbConnection;
///
/// // A query of your own, for `Database::read`.
/// fn version(conn: &mut DbConnection) -> QueryResult<String> {
///     diesel::select(sql::<Text>("sqlite_version()")).get_result(conn)
/// }
/// ```
#[derive(diesel::MultiConnection)]
pub enum DbConnection {
    /// SQLite, bundled.
    Sqlite(SqliteConnection),
}

/// `DATABASE_URL`, taken apart.
///
/// ```
/// use sessionid::db::DatabaseUrl;
///
/// let url: DatabaseUrl = "sqlite://db.sqlite3".parse()?;
/// assert_eq!(url, DatabaseUrl::Sqlite("db.sqlite3".into()));
/// # Ok::<(), sessionid::db::InvalidDatabaseUrl>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DatabaseUrl {
    /// A SQLite file: what follows `sqlite://`, as it stands.
    Sqlite(PathBuf),
}

impl DatabaseUrl {
    /// What may be written in this build.
    ///
    /// ```
    /// use sessionid::db::DatabaseUrl;
    ///
    /// assert!(DatabaseUrl::ALLOWED.ends_with("such as sqlite://db.sqlite3"));
    /// ```
    pub const ALLOWED: &str = "sqlite:// and the path of a file, such as sqlite://db.sqlite3";

    /// Whether there may be a database behind the URL: a file has to be there.
    ///
    /// ```
    /// # use sessionid::db::DatabaseUrl;
    /// assert!(!DatabaseUrl::Sqlite("/no/such/folder/db.sqlite3".into()).exists());
    /// ```
    #[must_use]
    pub fn exists(&self) -> bool {
        match self {
            Self::Sqlite(path) => path.exists(),
        }
    }

    /// The same database, with a relative path taken from `folder`.
    ///
    /// ```
    /// # use sessionid::db::DatabaseUrl;
    /// let url: DatabaseUrl = "sqlite://db.sqlite3".parse()?;
    /// assert_eq!(url.relative_to("/srv/site".as_ref()).to_string(), "sqlite:///srv/site/db.sqlite3");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn relative_to(self, folder: &Path) -> Self {
        match self {
            Self::Sqlite(path) => Self::Sqlite(folder.join(path)),
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = InvalidDatabaseUrl;

    fn from_str(url: &str) -> Result<Self, InvalidDatabaseUrl> {
        match url.split_once("://") {
            Some(("sqlite", path)) if !path.is_empty() && !path.contains('\0') => {
                Ok(Self::Sqlite(path.into()))
            }
            Some(("postgres" | "postgresql", _)) => Err(InvalidDatabaseUrl::NotBuiltIn),
            _ => Err(InvalidDatabaseUrl::Unknown),
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
        }
    }
}

/// An URL names no database of this build.
///
/// ```
/// use sessionid::db::{DatabaseUrl, InvalidDatabaseUrl};
///
/// assert_eq!("postgres://localhost/site".parse::<DatabaseUrl>(), Err(InvalidDatabaseUrl::NotBuiltIn));
/// assert_eq!("db.sqlite3".parse::<DatabaseUrl>(), Err(InvalidDatabaseUrl::Unknown));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidDatabaseUrl {
    /// A database that this build has no driver for.
    #[error("this database is not built in")]
    NotBuiltIn,
    /// No database at all.
    #[error("this names no database")]
    Unknown,
}

/// `DATABASE_SYNCHRONOUS`: what an answered write to SQLite has outlived.
///
/// ```
/// use sessionid::db::Synchronous;
///
/// assert_eq!("FULL".parse(), Ok(Synchronous::Full));
/// assert!("OFF".parse::<Synchronous>().is_err()); // a crash could damage the file
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// The end of the machine's power: it is on the disk.
    #[default]
    Full,
    /// The end of the process: the last writes before a power cut may be lost, but never a part of one.
    Normal,
}

impl Synchronous {
    /// What the setting may be.
    ///
    /// ```
    /// # use sessionid::db::Synchronous;
    /// assert_eq!(Synchronous::ALLOWED, "\"FULL\" or \"NORMAL\"");
    /// ```
    pub const ALLOWED: &str = "\"FULL\" or \"NORMAL\"";

    fn pragma(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Normal => "NORMAL",
        }
    }
}

impl FromStr for Synchronous {
    type Err = UnknownSynchronous;

    fn from_str(name: &str) -> Result<Self, UnknownSynchronous> {
        let all = [Self::Full, Self::Normal];
        all.into_iter().find(|known| known.pragma() == name).ok_or(UnknownSynchronous)
    }
}

/// A text is no [`Synchronous`].
///
/// ```
/// use sessionid::db::{Synchronous, UnknownSynchronous};
///
/// assert_eq!("sometimes".parse::<Synchronous>(), Err(UnknownSynchronous));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is neither FULL nor NORMAL")]
pub struct UnknownSynchronous;

/// What a connection is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    Read,
    Write,
}

/// Opens connections of one purpose; `r2d2` keeps them.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    pub(super) url: DatabaseUrl,
    pub(super) purpose: Purpose,
    /// How long a statement waits for another process's lock.
    pub(super) lock_timeout: Duration,
    pub(super) synchronous: Synchronous,
}

/// Pages of the log that are brought into the file at once: 16 MB. With SQLite's own 1000, new sessions
/// pay for it more often than they need (`docs/performance.md`).
const CHECKPOINT_PAGES: u32 = 4000;

impl Connector {
    pub(super) fn open(&self) -> Result<DbConnection, DbError> {
        let url = || self.url.to_string();
        match &self.url {
            DatabaseUrl::Sqlite(path) => {
                let conn = SqliteConnection::establish(&sqlite_file(path));
                let mut conn = conn.map_err(|source| DbError::Connect { url: url(), source })?;
                self.prepare_sqlite(&mut conn).map_err(|source| DbError::Use { url: url(), source })?;
                Ok(DbConnection::Sqlite(conn))
            }
        }
    }

    /// A connection for the writer, which waits for locks itself.
    pub(super) fn open_writer(&self) -> Result<DbConnection, DbError> {
        let mut conn = self.open()?;
        conn.batch_execute("PRAGMA busy_timeout = 0")?;
        Ok(conn)
    }

    /// The journal is the file's own, so only the writer sets it.
    fn prepare_sqlite(&self, conn: &mut SqliteConnection) -> QueryResult<()> {
        let wait = format!("PRAGMA busy_timeout = {};", self.lock_timeout.as_millis());
        if let Purpose::Read = self.purpose {
            return conn.batch_execute(&format!("{wait} PRAGMA query_only = ON;"));
        }
        refuse_read_only(conn)?;
        let synchronous = self.synchronous.pragma();
        conn.batch_execute(&format!(
            "{wait} PRAGMA synchronous = {synchronous}; PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES};"
        ))?;
        self.enter_wal(conn)
    }

    /// Another program that is writing to a file that is not in WAL mode yet does not make SQLite
    /// wait here, but fail.
    fn enter_wal(&self, conn: &mut SqliteConnection) -> QueryResult<()> {
        let mut attempts = self.lock_timeout.as_millis() / RETRY.as_millis();
        loop {
            match conn.batch_execute("PRAGMA journal_mode = WAL") {
                Err(error) if attempts > 0 && is_locked(&error) => attempts -= 1,
                done => return done,
            }
            // SQLite's own busy handler is not asked here; this thread has nothing else to do.
            std::thread::sleep(RETRY);
        }
    }
}

/// Between two attempts at what SQLite does not wait for.
const RETRY: Duration = Duration::from_millis(50);

/// SQLite opens a file that may not be written for reading, and says so at the first write (not at
/// `BEGIN IMMEDIATE`, which then only reads). A lock is another program's business, and nothing to
/// wait for here.
fn refuse_read_only(conn: &mut SqliteConnection) -> QueryResult<()> {
    match conn.batch_execute(
        "PRAGMA busy_timeout = 0; BEGIN IMMEDIATE; CREATE TABLE sessionid_probe (x); ROLLBACK;",
    ) {
        Err(error) if is_locked(&error) => Ok(()),
        done => done,
    }
}

/// Diesel has no kind for SQLITE_BUSY.
pub(super) fn is_locked(error: &diesel::result::Error) -> bool {
    matches!(error, diesel::result::Error::DatabaseError(_, info) if info.message().contains("database is locked"))
}

/// A path that SQLite takes for a file and nothing else: `:memory:` and `file:` mean more to it.
fn sqlite_file(path: &Path) -> String {
    let path = if path.is_absolute() { path.to_owned() } else { Path::new(".").join(path) };
    path.to_string_lossy().into_owned()
}

impl r2d2::ManageConnection for Connector {
    type Connection = DbConnection;
    type Error = DbError;

    fn connect(&self) -> Result<DbConnection, DbError> {
        self.open()
    }

    fn is_valid(&self, conn: &mut DbConnection) -> Result<(), DbError> {
        Ok(conn.batch_execute("SELECT 1")?)
    }

    fn has_broken(&self, _: &mut DbConnection) -> bool {
        false
    }
}
