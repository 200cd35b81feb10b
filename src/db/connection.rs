//! Connections to the database that an URL names.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::error::DbError;
use super::options::{DatabaseOptions, Purpose};
#[cfg(feature = "postgres")]
use super::postgres;
use super::sqlite;
use super::url::DatabaseUrl;
use crate::clock::Stopwatch;

/// A connection to whichever database `DATABASE_URL` names.
///
/// ```
/// use diesel::prelude::*;
/// use sessionid::db::DbConnection;
///
/// diesel::table! {
///     visits (path) {
///         path -> Text,
///     }
/// }
///
/// // A query of your own, for `Database::read`.
/// fn paths(conn: &mut DbConnection) -> QueryResult<Vec<String>> {
///     visits::table.select(visits::path).load(conn)
/// }
/// ```
#[derive(diesel::MultiConnection)]
#[non_exhaustive]
pub enum DbConnection {
    /// SQLite, bundled.
    Sqlite(SqliteConnection),
    /// PostgreSQL, through libpq.
    #[cfg(feature = "postgres")]
    Postgres(PgConnection),
}

impl DbConnection {
    /// What a SELECT ends with that reads a row in order to change it. SQLite's write transaction has locked
    /// them all.
    pub(crate) fn for_update(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "",
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => " FOR UPDATE",
        }
    }
}

impl DbConnection {
    /// Whether nobody else can write while this connection is in a write transaction.
    pub(crate) fn locks_all_rows(&self) -> bool {
        match self {
            Self::Sqlite(_) => true,
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => false,
        }
    }

    /// Whether a statement on `django_session` may change more rows than it tells of. On PostgreSQL, where no rows are
    /// copied, nobody has to know.
    pub(super) fn has_triggers(&mut self) -> QueryResult<bool> {
        match self {
            Self::Sqlite(conn) => sqlite::has_triggers(conn),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => Ok(true),
        }
    }

    /// Whether the database stores every character.
    #[cfg_attr(
        not(feature = "postgres"),
        expect(clippy::unnecessary_wraps, reason = "SQLite need not be asked")
    )]
    pub(super) fn stores_unicode(&mut self) -> QueryResult<bool> {
        match self {
            Self::Sqlite(_) => Ok(true),
            #[cfg(feature = "postgres")]
            Self::Postgres(conn) => postgres::stores_unicode(conn),
        }
    }
}

/// Opens connections of one purpose; `r2d2` keeps them.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    pub(super) url: DatabaseUrl,
    pub(super) options: DatabaseOptions,
    pub(super) purpose: Purpose,
}

impl Connector {
    pub(super) fn open(&self) -> Result<DbConnection, DbError> {
        let connect = |source| DbError::Connect { url: self.url.to_string(), source };
        let unusable = |source| DbError::Use { url: self.url.to_string(), source };
        match &self.url {
            DatabaseUrl::Sqlite(path) => {
                let mut conn = SqliteConnection::establish(&sqlite::file(path)).map_err(connect)?;
                sqlite::prepare(&mut conn, self.purpose, &self.options).map_err(unusable)?;
                Ok(DbConnection::Sqlite(conn))
            }
            #[cfg(feature = "postgres")]
            DatabaseUrl::Postgres(url) => {
                let mut conn = postgres::establish(url, &self.options).map_err(connect)?;
                postgres::prepare(&mut conn, &self.options).map_err(unusable)?;
                Ok(DbConnection::Postgres(conn))
            }
        }
    }
}

/// A connection between two uses.
pub(super) struct Kept {
    pub(super) connection: DbConnection,
    /// Not to be used again.
    pub(super) broken: bool,
    pub(super) used: Stopwatch,
}

#[cfg(feature = "postgres")]
impl Kept {
    /// After a use. An error may be the connection's own, and a new one is soon made.
    pub(super) fn finish(&mut self, failed: bool) {
        self.broken = failed;
        self.used = Stopwatch::start();
    }
}

/// A connection that answered this long ago is taken to be alive.
const FRESH: Duration = Duration::from_secs(1);

impl r2d2::ManageConnection for Connector {
    type Connection = Kept;
    type Error = DbError;

    fn connect(&self) -> Result<Kept, DbError> {
        Ok(Kept { connection: self.open()?, broken: false, used: Stopwatch::start() })
    }

    fn is_valid(&self, kept: &mut Kept) -> Result<(), DbError> {
        if kept.used.elapsed() < FRESH {
            return Ok(());
        }
        kept.connection.batch_execute("SELECT 1")?;
        kept.used = Stopwatch::start();
        Ok(())
    }

    fn has_broken(&self, kept: &mut Kept) -> bool {
        kept.broken
    }
}

/// Tells of connections that could not be made; those who waited for one are told as well.
#[derive(Debug)]
pub(super) struct LogPoolError;

impl r2d2::HandleError<DbError> for LogPoolError {
    fn handle_error(&self, error: DbError) {
        log::error!("{}", crate::error::chain(&error));
    }
}
