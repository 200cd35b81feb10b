//! The session table, as any other program sees it.

use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;
use tempfile::TempDir;

/// A database in a folder of its own, which goes with it.
pub(crate) struct Database {
    folder: TempDir,
}

/// A row of `django_session`.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub(crate) struct Row {
    #[diesel(sql_type = Text)]
    pub(crate) session_key: String,
    #[diesel(sql_type = Text)]
    session_data: String,
    #[diesel(sql_type = Text)]
    expire_date: String,
}

impl Row {
    pub(crate) fn expires(&self) -> DateTime<Utc> {
        NaiveDateTime::parse_from_str(&self.expire_date, "%Y-%m-%d %H:%M:%S%.f").unwrap().and_utc()
    }
}

impl Database {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("db.sqlite3")
    }

    pub(crate) fn rows(&self) -> Vec<Row> {
        let mut conn = connect(&self.path());
        diesel::sql_query("SELECT session_key, session_data, expire_date FROM django_session")
            .load(&mut conn)
            .unwrap()
    }

    /// The row under a key that must have one.
    pub(crate) fn row(&self, key: &str) -> Row {
        let found = self.rows().into_iter().find(|row| row.session_key == key);
        found.unwrap_or_else(|| panic!("no row {key}"))
    }
}

fn connect(path: &Path) -> SqliteConnection {
    let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    conn.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
    conn
}
