//! The database file, as any other program on it sees it.

use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Binary, Text};
use tempfile::TempDir;

/// A path for a database in a folder of its own, which goes with it.
pub(crate) struct DatabaseFile(TempDir);

#[derive(QueryableByName)]
struct Bytes {
    #[diesel(sql_type = Binary)]
    bytes: Vec<u8>,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    text: String,
}

#[derive(QueryableByName)]
struct Checkpoint {
    #[diesel(sql_type = BigInt)]
    busy: i64,
}

impl DatabaseFile {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder().join("db.sqlite3")
    }

    fn connect(&self) -> SqliteConnection {
        let mut conn = SqliteConnection::establish(self.path().to_str().unwrap()).unwrap();
        conn.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
        conn
    }

    /// Holds a lock on the database, `begin` being the statement that takes it.
    pub(crate) fn lock(&self, begin: &str) -> Lock {
        let mut conn = self.connect();
        conn.batch_execute(begin).unwrap();
        Lock(conn)
    }

    /// Any statements, by another program.
    pub(crate) fn execute(&self, statements: &str) {
        self.connect().batch_execute(statements).unwrap();
    }

    /// The file that SQLite keeps beside the database under this suffix.
    pub(crate) fn beside(&self, suffix: &str) -> PathBuf {
        self.folder().join(format!("db.sqlite3{suffix}"))
    }

    /// Writes a row; the last two are SQL expressions.
    pub(crate) fn put(&self, key: &str, session_data: &str, expire_date: &str) {
        let insert = format!("INSERT INTO django_session VALUES ('{key}', {session_data}, {expire_date})");
        self.connect().batch_execute(&insert).unwrap();
    }

    /// A row's payload, byte for byte.
    pub(crate) fn session_data(&self, key: &str) -> Vec<u8> {
        let select = "SELECT CAST(session_data AS BLOB) AS bytes FROM django_session WHERE session_key = ?";
        let row: Bytes = sql_query(select).bind::<Text, _>(key).get_result(&mut self.connect()).unwrap();
        row.bytes
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.lines("SELECT session_key AS text FROM django_session")
    }

    /// Fails when SQLite finds anything wrong with the file.
    pub(crate) fn assert_whole(&self) {
        assert_eq!(self.lines("SELECT integrity_check AS text FROM pragma_integrity_check"), ["ok"]);
    }

    /// Moves what the log file holds into the database, and leaves the log file empty.
    pub(crate) fn empty_the_log(&self) {
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        let result: Checkpoint = sql_query(checkpoint).get_result(&mut self.connect()).unwrap();
        assert_eq!(result.busy, 0, "somebody is in the way");
    }

    fn lines(&self, select: &str) -> Vec<String> {
        let lines: Vec<Line> = sql_query(select).load(&mut self.connect()).unwrap();
        lines.into_iter().map(|line| line.text).collect()
    }
}

/// A text as an SQL expression.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A transaction that is open in another program.
pub(crate) struct Lock(SqliteConnection);

impl Lock {
    pub(crate) fn release(mut self) {
        self.0.batch_execute("ROLLBACK").unwrap();
    }
}
