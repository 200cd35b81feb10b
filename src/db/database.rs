//! One database: reads on pooled connections, writes in one thread's transactions.

use std::sync::Arc;
use std::time::Duration;

use super::checkpoints;
use super::connection::{Connector, DbConnection};
use super::error::DbError;
use super::local_file::LocalFile;
use super::migrations;
use super::options::{DatabaseOptions, Purpose};
#[cfg(feature = "postgres")]
use super::pooled::Pooled;
use super::readers::Current;
use super::row_cache::{ChangedRows, RowCache};
use super::sqlite::is_locked;
use super::url::DatabaseUrl;
use super::writer::{Job, Task, Writer};

/// Creates the tables that are missing, and names the migrations that did it.
///
/// ```
/// use sessionid::db::{DatabaseUrl, migrate};
///
/// # let folder = tempfile::tempdir()?;
/// let url = DatabaseUrl::Sqlite(folder.path().join("db.sqlite3"));
/// assert!(!migrate(&url)?.is_empty());
/// assert!(migrate(&url)?.is_empty()); // there was nothing left to do
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// As [`Database::open`].
pub fn migrate(url: &DatabaseUrl) -> Result<Vec<String>, DbError> {
    let mut conn = Connector::new(url, DatabaseOptions::default()).create()?;
    migrations::run(&mut conn, url)
}

/// A handle on one database; clones share it.
#[derive(Clone, Debug)]
pub struct Database {
    access: Access,
    /// Where rows are not copied.
    no_rows: Arc<RowCache>,
    /// Whether every character can be stored, or else ASCII.
    unicode: bool,
    timeout: Duration,
}

#[derive(Clone, Debug)]
enum Access {
    Sqlite(Local),
    #[cfg(feature = "postgres")]
    Postgres(Pooled),
}

/// A file: many read it, one writes.
#[derive(Clone, Debug)]
struct Local {
    current: Current,
    writer: Arc<Writer>,
}

impl Database {
    /// Opens a database, creates its tables where they are missing, and starts its writer.
    ///
    /// ```
    /// use sessionid::db::{Database, DatabaseOptions, DatabaseUrl};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let url = DatabaseUrl::Sqlite(folder.path().join("db.sqlite3"));
    /// let database = Database::open(&url, DatabaseOptions::default())?;
    /// # drop(database);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`DbError::Connect`] when it cannot be opened, [`DbError::Migrate`] when it cannot be brought
    /// to this version, [`DbError::Query`] when it is no database.
    pub fn open(url: &DatabaseUrl, options: DatabaseOptions) -> Result<Self, DbError> {
        let connector = Connector::new(url, options);
        let mut conn = connector.create()?;
        migrations::run(&mut conn, url)?;
        Self::start(connector, conn)
    }

    /// Opens a database that has its tables, and creates nothing.
    ///
    /// ```
    /// # use sessionid::db::{Database, DatabaseOptions, DatabaseUrl, DbError};
    /// let nowhere = DatabaseUrl::Sqlite("/no/such/folder/db.sqlite3".into());
    /// let refused = Database::open_existing(&nowhere, DatabaseOptions::default());
    /// assert!(matches!(refused, Err(DbError::Missing { .. })));
    /// ```
    ///
    /// # Errors
    ///
    /// [`DbError::Missing`], [`DbError::NotMigrated`] and [`DbError::Newer`], and as
    /// [`open`](Self::open).
    pub fn open_existing(url: &DatabaseUrl, options: DatabaseOptions) -> Result<Self, DbError> {
        if !url.exists() {
            return Err(DbError::Missing { url: url.to_string() });
        }
        let connector = Connector::new(url, options);
        let mut conn = connector.open()?;
        migrations::check(&mut conn, url)?;
        Self::start(connector, conn)
    }

    /// Opens a database that has its tables for reading: nothing in it is changed, not even the journal mode of a file,
    /// and a write fails.
    ///
    /// ```
    /// use sessionid::db::{Database, DatabaseOptions, DatabaseUrl, migrate};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let file = folder.path().join("db.sqlite3");
    /// let url = DatabaseUrl::Sqlite(file.clone());
    /// migrate(&url)?;
    /// let before = std::fs::read(&file)?;
    /// drop(Database::open_to_read(&url, DatabaseOptions::default())?);
    /// assert_eq!(std::fs::read(&file)?, before);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`open_existing`](Self::open_existing).
    pub fn open_to_read(url: &DatabaseUrl, options: DatabaseOptions) -> Result<Self, DbError> {
        if !url.exists() {
            return Err(DbError::Missing { url: url.to_string() });
        }
        let connector = Connector { purpose: Purpose::Read, ..Connector::new(url, options) };
        let mut conn = connector.open()?;
        migrations::check(&mut conn, url)?;
        Self::start(connector, conn)
    }

    fn start(connector: Connector, mut conn: DbConnection) -> Result<Self, DbError> {
        let unicode = conn.stores_unicode()?;
        let timeout = connector.options.answer_timeout();
        let access = match connector.url.clone() {
            DatabaseUrl::Sqlite(path) => {
                let patience = DatabaseOptions::within_database(connector.options.lock_timeout);
                let (file, current) = LocalFile::start(&path, connector, conn)?;
                Access::Sqlite(Local { current, writer: Arc::new(Writer::start(file, patience)?) })
            }
            #[cfg(feature = "postgres")]
            DatabaseUrl::Postgres(_) => Access::Postgres(Pooled::start(connector)),
        };
        Ok(Self { access, no_rows: Arc::default(), unicode, timeout })
    }

    /// Runs a query for one row on the calling thread where that waits for nobody, else as
    /// [`read`](Self::read): in WAL mode a reader waits neither for writers nor for fsyncs.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub(crate) async fn look_up<T, F>(&self, query: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: Fn(&mut DbConnection) -> diesel::QueryResult<T> + Send + 'static,
    {
        if let Access::Sqlite(local) = &self.access
            && let Some(mut kept) = local.current.readers()?.inline.try_get()
        {
            match query(&mut kept.connection) {
                Err(error) if is_locked(&error) => log::debug!("a read waits for a lock: {error}"),
                done => return Ok(done?),
            }
        }
        self.read(query).await
    }

    /// Runs `query` on a connection for reading, on a thread that may wait.
    ///
    /// # Errors
    ///
    /// What the query reports, or that there was no connection or answer within the time limit.
    pub async fn read<T, F>(&self, query: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> diesel::QueryResult<T> + Send + 'static,
    {
        match &self.access {
            Access::Sqlite(local) => {
                let readers = local.current.readers()?.pool.clone();
                let work = tokio::task::spawn_blocking(move || Ok(query(&mut readers.get()?.connection)?));
                match tokio::time::timeout(self.timeout, work).await {
                    Ok(Ok(result)) => result,
                    Ok(Err(_)) => Err(DbError::Gone),
                    Err(_) => Err(DbError::Timeout(self.timeout)),
                }
            }
            #[cfg(feature = "postgres")]
            Access::Postgres(pooled) => pooled.read(query).await,
        }
    }

    /// Runs `job` in a write transaction, and returns once that is committed.
    ///
    /// The transaction may hold other jobs too: a job that finds something wrong must return before its first change,
    /// as a value, and a statement that fails takes the whole transaction back. A job may run more than once: the
    /// server can take a transaction back for the sake of another, and it is then tried again.
    ///
    /// # Errors
    ///
    /// What a statement reports, or why the job was not run or not committed.
    pub async fn write<T, F>(&self, mut job: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnMut(&mut DbConnection) -> diesel::QueryResult<T> + Send + 'static,
    {
        self.write_rows(move |conn, changed| {
            changed.unknown();
            job(conn)
        })
        .await
    }

    /// The same for a job that notes every row that it changes.
    pub(crate) async fn write_rows<T, F>(&self, job: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnMut(&mut DbConnection, &mut ChangedRows) -> diesel::QueryResult<T> + Send + 'static,
    {
        let (task, answer) = Task::new(job);
        self.submit(Box::new(task))?;
        match tokio::time::timeout(self.timeout, answer).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(DbError::Gone),
            Err(_) => Err(DbError::Timeout(self.timeout)),
        }
    }

    /// The longest that a call waits for its answer.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Whether a text can be stored, or looked for.
    pub(crate) fn holds(&self, text: &str) -> bool {
        (self.unicode || text.is_ascii()) && !text.contains('\0')
    }

    /// Copies of rows that need not be read.
    pub(crate) fn rows(&self) -> Arc<RowCache> {
        let copies = match &self.access {
            Access::Sqlite(local) => local.current.readers().ok().map(|readers| Arc::clone(&readers.rows)),
            #[cfg(feature = "postgres")]
            Access::Postgres(_) => None,
        };
        copies.unwrap_or_else(|| Arc::clone(&self.no_rows))
    }

    /// Whether so much waits for a checkpoint that whoever has time should wait.
    pub(crate) fn has_long_log(&self) -> bool {
        self.rows().log().is_some_and(checkpoints::is_long)
    }

    /// Queues a job.
    fn submit(&self, job: Box<dyn Job>) -> Result<(), DbError> {
        match &self.access {
            Access::Sqlite(local) => local.writer.submit(job),
            #[cfg(feature = "postgres")]
            Access::Postgres(pooled) => {
                pooled.submit(job);
                Ok(())
            }
        }
    }
}
