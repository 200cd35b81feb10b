//! Which database an URL names.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

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
    ///
    /// ```
    /// use sessionid::db::DatabaseUrl;
    ///
    /// assert!(DatabaseUrl::ALLOWED.contains("such as sqlite://db.sqlite3"));
    /// ```
    pub const ALLOWED: &str = if cfg!(feature = "postgres") {
        "sqlite:// and the path of a file, such as sqlite://db.sqlite3, or postgres://user:password@host/database"
    } else {
        "sqlite:// and the path of a file, such as sqlite://db.sqlite3 (postgres:// needs the cargo feature postgres)"
    };

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
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => true,
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
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(PostgresUrl::new(url)?)),
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

/// An URL names no database of this build.
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
    #[error("this database is not built in")]
    NotBuiltIn,
    /// No database at all.
    #[error("this names no database")]
    Unknown,
}

/// `postgres://user:password@host:port/database?parameters`. What is shown of it has no password.
///
/// ```
/// use sessionid::db::DatabaseUrl;
///
/// let url: DatabaseUrl = "postgres://site:secret@db.example/site?sslmode=require".parse()?;
/// assert_eq!(url.to_string(), "postgres://site:***@db.example/site?sslmode=require");
/// # Ok::<(), sessionid::db::InvalidDatabaseUrl>(())
/// ```
#[cfg(feature = "postgres")]
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl(String);

#[cfg(feature = "postgres")]
impl PostgresUrl {
    fn new(url: &str) -> Result<Self, InvalidDatabaseUrl> {
        let unusable = |character: char| character.is_whitespace() || character.is_control();
        if url.contains(unusable) { Err(InvalidDatabaseUrl::Unknown) } else { Ok(Self(url.to_owned())) }
    }

    /// The URL for libpq, with the parameters that it does not give itself.
    pub(super) fn with_defaults(&self, parameters: &[(&str, String)]) -> String {
        let mut url = self.0.clone();
        for (name, value) in parameters {
            let (_, given) = self.0.split_once('?').unwrap_or_default();
            if given.split('&').any(|parameter| parameter.split('=').next() == Some(*name)) {
                continue;
            }
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(name);
            url.push('=');
            url.push_str(value);
        }
        url
    }
}

#[cfg(feature = "postgres")]
impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (address, parameters) =
            self.0.split_once('?').map_or((self.0.as_str(), None), |(a, p)| (a, Some(p)));
        let (scheme, address) = address.split_once("://").unwrap_or(("postgres", address));
        match address.rsplit_once('@') {
            Some((login, host)) => {
                let user = login.split(':').next().unwrap_or_default();
                let password = if login.contains(':') { ":***" } else { "" };
                write!(f, "{scheme}://{user}{password}@{host}")?;
            }
            None => write!(f, "{scheme}://{address}")?,
        }
        for (index, parameter) in parameters.iter().flat_map(|all| all.split('&')).enumerate() {
            f.write_str(if index == 0 { "?" } else { "&" })?;
            match parameter.split_once('=') {
                Some((name, _)) if name.contains("password") => write!(f, "{name}=***")?,
                _ => f.write_str(parameter)?,
            }
        }
        Ok(())
    }
}

#[cfg(feature = "postgres")]
impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresUrl({self})")
    }
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use super::*;

    #[test]
    fn what_the_url_says_itself_is_left_as_it_is() {
        let limits = [("connect_timeout", "5".to_owned()), ("application_name", "sessionid".to_owned())];
        for (url, full) in [
            ("postgres://db/site", "postgres://db/site?connect_timeout=5&application_name=sessionid"),
            (
                "postgres://db/site?connect_timeout=2&sslmode=require",
                "postgres://db/site?connect_timeout=2&sslmode=require&application_name=sessionid",
            ),
        ] {
            let url = PostgresUrl::new(url).expect("an URL");
            assert_eq!(url.with_defaults(&limits), full);
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            ("postgresql://site:p@ss:word@db:5433/site", "postgresql://site:***@db:5433/site"),
            ("postgres://db/site?user=site&password=secret", "postgres://db/site?user=site&password=***"),
            ("postgres://db/site?sslpassword=secret", "postgres://db/site?sslpassword=***"),
            ("postgres:///site?host=/run/postgresql", "postgres:///site?host=/run/postgresql"),
        ] {
            assert_eq!(PostgresUrl::new(url).expect("an URL").to_string(), shown);
        }
    }
}
