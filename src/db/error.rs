//! The errors of the database room.

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
    Query(#[from] diesel::result::Error),
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
