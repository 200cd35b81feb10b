//! Connections to the database that an URL names.

use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::error::{DbError, FileLoss};
use super::file::{self, OpenedFiles};
use super::options::{DatabaseOptions, Purpose};
#[cfg(feature = "postgres")]
use super::postgres;
use super::sqlite;
use super::url::DatabaseUrl;
use crate::clock::Stopwatch;
use crate::throttle;

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
    /// What stands around a SELECT's FROM so that a statement is about its rows. SQLite lets a key be anything, even
    /// nothing. PostgreSQL would scan the table for `IN`, once it no longer looks at how many rows it is given.
    pub(crate) fn rows_of_select(&self) -> (&'static str, &'static str) {
        match self {
            Self::Sqlite(_) => ("rowid IN (SELECT rowid", ")"),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => ("session_key = ANY(ARRAY(SELECT session_key", "))"),
        }
    }

    /// Whether nobody else can write while this connection is in a write transaction.
    pub(crate) fn locks_all_rows(&self) -> bool {
        match self {
            Self::Sqlite(_) => true,
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => false,
        }
    }

    /// Whether there is a table of sessions.
    pub(super) fn has_table(&mut self) -> QueryResult<bool> {
        match self {
            Self::Sqlite(conn) => sqlite::has_table(conn),
            #[cfg(feature = "postgres")]
            Self::Postgres(conn) => postgres::has_table(conn),
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
    /// The files that others have open, where some have: no connection opens others in their place.
    pub(super) files: Option<Arc<OpenedFiles>>,
}

impl Connector {
    /// One to write to a database, whatever files it consists of.
    pub(super) fn new(url: &DatabaseUrl, options: DatabaseOptions) -> Self {
        Self { url: url.clone(), options, purpose: Purpose::Write, files: None }
    }

    /// The same for connections to files that are open.
    pub(super) fn beside(&self, files: &Arc<OpenedFiles>, purpose: Purpose) -> Self {
        Self { files: Some(Arc::clone(files)), purpose, ..self.clone() }
    }

    /// Whether its database may be changed.
    pub(super) fn writes(&self) -> bool {
        matches!(self.purpose, Purpose::Write)
    }

    /// Opens a database that has its files, if it needs any.
    pub(super) fn open(&self) -> Result<DbConnection, DbError> {
        self.check_files()?;
        let connect = |source| DbError::Connect { url: self.url.to_string(), source };
        let unusable = |source| DbError::Use { url: self.url.to_string(), source };
        let conn = match &self.url {
            DatabaseUrl::Sqlite(path) => {
                let mut conn = SqliteConnection::establish(&sqlite::existing(path)).map_err(connect)?;
                sqlite::prepare(&mut conn, self.purpose, &self.options).map_err(unusable)?;
                DbConnection::Sqlite(conn)
            }
            #[cfg(feature = "postgres")]
            DatabaseUrl::Postgres(url) => {
                let mut conn = postgres::establish(url, &self.options).map_err(connect)?;
                postgres::prepare(&mut conn, &self.options).map_err(unusable)?;
                DbConnection::Postgres(conn)
            }
        };
        self.check_files()?;
        Ok(conn)
    }

    /// The same where the file may have to be created first.
    pub(super) fn create(&self) -> Result<DbConnection, DbError> {
        if let DatabaseUrl::Sqlite(path) = &self.url
            && let Err(error) = file::create_private(path)
        {
            // SQLite says the same of the file, in its own words.
            log::debug!("{} cannot be created: {error}", path.display());
        }
        self.open()
    }

    fn check_files(&self) -> Result<(), FileLoss> {
        self.files.as_ref().map_or(Ok(()), |files| files.check())
    }
}

/// A connection between two uses.
pub(super) struct Kept {
    pub(super) connection: DbConnection,
    /// Let go of after the connection is closed.
    _files: Option<Arc<OpenedFiles>>,
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
        // Whoever waits until all connections are closed waits for this one from here on.
        let files = self.files.clone();
        Ok(Kept { connection: self.open()?, _files: files, broken: false, used: Stopwatch::start() })
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
        match error {
            // Whoever noticed it has told.
            DbError::File(_) => {}
            error => throttle::error(module_path!(), "", &crate::error::chain(&error)),
        }
    }
}
