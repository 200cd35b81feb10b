//! Which database an URL names.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::error::InvalidDatabaseUrl;
#[cfg(feature = "postgres")]
use super::postgres_url::PostgresUrl;

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
    /// A PostgreSQL server, as libpq understands it.
    #[cfg(feature = "postgres")]
    Postgres(PostgresUrl),
}

impl DatabaseUrl {
    /// What may be written in this build.
    pub const ALLOWED: &str = if cfg!(feature = "postgres") {
        "sqlite:// and the path of a file, such as sqlite://db.sqlite3, or postgres://user:password@host/database"
    } else {
        "sqlite:// and the path of a file, such as sqlite://db.sqlite3 (postgres:// needs the cargo feature postgres)"
    };

    /// Whether there may be a database behind the URL: a file has to be there.
    #[must_use]
    pub fn exists(&self) -> bool {
        match self {
            Self::Sqlite(path) => path.exists(),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => true,
        }
    }

    /// The file, where it is one.
    #[cfg_attr(not(feature = "postgres"), expect(clippy::unnecessary_wraps, reason = "PostgreSQL has none"))]
    pub(super) fn file(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => Some(path),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => None,
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
            #[cfg(feature = "postgres")]
            Self::Postgres(url) => Self::Postgres(url),
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
            #[cfg(feature = "postgres")]
            Some(("postgres" | "postgresql", url)) => Ok(Self::Postgres(PostgresUrl::parse(url)?)),
            #[cfg(not(feature = "postgres"))]
            Some(("postgres" | "postgresql", _)) => Err(InvalidDatabaseUrl::NotBuiltIn),
            _ => Err(InvalidDatabaseUrl::Unknown),
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            #[cfg(feature = "postgres")]
            Self::Postgres(url) => url.fmt(f),
        }
    }
}
