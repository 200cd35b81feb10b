//! The errors of the database room.

use std::path::PathBuf;

/// Why the database did not do its work.
///
/// ```
/// use sessionid::db::{Database, DatabaseOptions, DatabaseUrl, DbError};
///
/// # let folder = tempfile::tempdir()?;
/// let url = DatabaseUrl::Sqlite(folder.path().join("db.sqlite3"));
/// match Database::open_existing(&url, DatabaseOptions::default()) {
///     Err(DbError::Missing { url } | DbError::NotMigrated { url }) => println!("run `manage migrate`: {url}"),
///     opened => drop(opened?),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DbError {
    /// A connection cannot be had.
    #[error("cannot open the database {url}")]
    Connect {
        /// Which database, without a password.
        url: String,
        /// What Diesel says.
        source: diesel::ConnectionError,
    },
    /// It can be opened, but not worked with.
    #[error("cannot use the database {url}")]
    Use {
        /// Which database, without a password.
        url: String,
        /// What it says.
        source: diesel::result::Error,
    },
    /// There is no such database.
    #[error("there is no database {url}; `manage migrate` creates it")]
    Missing {
        /// Which database, without a password.
        url: String,
    },
    /// The table is not there, or has other columns.
    #[error(
        "the database {url} has no table django_session with Django's columns; `manage migrate` creates it where there is none"
    )]
    NotMigrated {
        /// Which database, without a password.
        url: String,
    },
    /// A newer version of this program has been here.
    #[error("the database {url} was migrated by a newer version of this program ({migration}); use that one")]
    Newer {
        /// Which database, without a password.
        url: String,
        /// The migration that this version does not know.
        migration: String,
    },
    /// No connection was free within the time limit.
    #[error("no database connection is to be had")]
    Pool(#[from] r2d2::Error),
    /// A statement failed.
    #[error("the database refused a statement")]
    Query(#[source] diesel::result::Error),
    /// The table was there at the start, and was dropped since.
    #[error("the table django_session is gone; `manage migrate` makes it again, empty")]
    NoTable(#[source] diesel::result::Error),
    /// The file was removed or replaced while it was in use.
    #[error(transparent)]
    File(#[from] FileLoss),
    /// A transaction that this job was part of was rolled back.
    #[error("the transaction was rolled back: {0}")]
    RolledBack(String),
    /// A migration failed.
    #[error("cannot migrate the database {url}")]
    Migrate {
        /// Which database, without a password.
        url: String,
        /// The statement that failed, and why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The answer did not come within the time limit.
    #[error("the database did not answer within {} ms", .0.as_millis())]
    Timeout(std::time::Duration),
    /// More is waiting to be written than the queue holds.
    #[error("too many writes are waiting")]
    QueueFull,
    /// A function that was to work on the database panicked.
    #[error("a job on the database panicked")]
    JobPanicked,
    /// The thread that does the work is gone.
    #[error("the database thread gave no answer")]
    Gone,
}

impl From<diesel::result::Error> for DbError {
    fn from(error: diesel::result::Error) -> Self {
        if is_no_table(&error) { Self::NoTable(error) } else { Self::Query(error) }
    }
}

/// Diesel has no kind for it, so the messages of SQLite and of PostgreSQL have to do; the latter may be translated.
fn is_no_table(error: &diesel::result::Error) -> bool {
    let diesel::result::Error::DatabaseError(_, info) = error else { return false };
    let message = info.message();
    message.contains("no such table: django_session")
        || message.contains("relation \"django_session\" does not exist")
}

/// What has become of the file of a SQLite database that was in use. Nothing is read or written until it is back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileLoss {
    /// Nothing has its name.
    #[error(
        "the database file {} was removed or moved away while in use; put it back, or run `manage migrate` to begin with an empty one",
        .0.display()
    )]
    Missing(PathBuf),
    /// Another file has its name.
    #[error("the database file {} was replaced while in use; it is opened anew", .0.display())]
    Replaced(PathBuf),
    /// A file that SQLite keeps beside it was removed or replaced, alone.
    #[error(
        "{} was removed or replaced while in use; what was in it is brought into the database, which is then opened anew",
        .0.display()
    )]
    Log(PathBuf),
    /// Another file has its name, and cannot be used yet.
    #[error("the database file {} was replaced while in use, and the new one cannot be used: {reason}", path.display())]
    Unusable {
        /// Where.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// Why a URL names no database of this build. What it says has nothing of the URL, which may hold a password.
///
/// ```
/// use sessionid::db::{DatabaseUrl, InvalidDatabaseUrl};
///
/// # #[cfg(not(feature = "postgres"))]
/// assert_eq!("postgres://localhost/site".parse::<DatabaseUrl>(), Err(InvalidDatabaseUrl::NotBuiltIn));
/// assert_eq!("db.sqlite3".parse::<DatabaseUrl>(), Err(InvalidDatabaseUrl::Unknown));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidDatabaseUrl {
    /// A database that this build has no driver for.
    #[error("a URL of a database that is not built in")]
    NotBuiltIn,
    /// No database at all.
    #[error("a text that names no database")]
    Unknown,
    /// White space or a control character.
    #[error("a URL with a space or a control character in it (a space is written %20)")]
    Blank,
    /// A `%` that encodes nothing.
    #[error("a URL with a % that two hexadecimal digits do not follow (a % itself is written %25)")]
    Percent,
    /// A character that ends a part of a URL stands inside of one, such as a `?` in a password.
    #[error(
        "a URL with one of / ? # @ inside of its user, password, database or parameters (there they are written %2F %3F %23 %40)"
    )]
    Reserved,
    /// A host that is none, or a port that is no number.
    #[error(
        "a URL with a host or a port that is none (a port is a number from 1 to 65535, an IPv6 address stands in [ ])"
    )]
    Host,
    /// Not `name=value`, or not a name that libpq knows.
    #[error("a URL with a parameter that is not name=value, or that libpq does not know")]
    Parameter,
}
