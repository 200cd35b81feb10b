//! A database of its own for each test: a SQLite file, or, with `TEST_POSTGRES_URL`, a database of that
//! PostgreSQL server. `tests/run` runs the suites over both.
#![allow(dead_code, reason = "each harness uses what it needs")]

pub(crate) mod caches;

use std::path::PathBuf;
#[cfg(feature = "postgres")]
use std::sync::atomic::{AtomicUsize, Ordering};

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;
use tempfile::TempDir;

/// A database that is dropped at the end.
pub(crate) enum TestDatabase {
    Sqlite(TempDir),
    #[cfg(feature = "postgres")]
    Postgres {
        server: String,
        name: String,
    },
}

/// A row as any other program sees it; the expiry as SQLite holds it.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub(crate) struct Row {
    #[diesel(sql_type = Text)]
    pub(crate) session_key: String,
    #[diesel(sql_type = Text)]
    pub(crate) session_data: String,
    #[diesel(sql_type = Text)]
    pub(crate) expire_date: String,
}

#[cfg(feature = "postgres")]
#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    number: i64,
}

impl TestDatabase {
    /// A file whatever the others are.
    pub(crate) fn file_of_its_own() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    #[cfg(not(feature = "postgres"))]
    pub(crate) fn new() -> Self {
        assert!(std::env::var_os("TEST_POSTGRES_URL").is_none(), "run with --features postgres");
        Self::file_of_its_own()
    }

    #[cfg(feature = "postgres")]
    pub(crate) fn new() -> Self {
        let Ok(server) = std::env::var("TEST_POSTGRES_URL") else {
            return Self::file_of_its_own();
        };
        Self::on_server(server, "")
    }

    /// A database in an encoding that lacks most characters; a file stores them all.
    pub(crate) fn in_latin1() -> Self {
        #[cfg(feature = "postgres")]
        if let Ok(server) = std::env::var("TEST_POSTGRES_URL") {
            return Self::on_server(
                server,
                "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0",
            );
        }
        Self::file_of_its_own()
    }

    #[cfg(feature = "postgres")]
    fn on_server(server: String, options: &str) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        let mut conn = PgConnection::establish(&format!("{server}/postgres")).unwrap();
        conn.batch_execute(&format!("CREATE DATABASE {name} {options}")).unwrap();
        Self::Postgres { server, name }
    }

    /// `DATABASE_URL`.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(_) => format!("sqlite://{}", self.file().unwrap().display()),
            #[cfg(feature = "postgres")]
            Self::Postgres { server, name } => format!("{server}/{name}"),
        }
    }

    /// The file, where it is one.
    #[cfg_attr(not(feature = "postgres"), expect(clippy::unnecessary_wraps, reason = "PostgreSQL has none"))]
    pub(crate) fn file(&self) -> Option<PathBuf> {
        match self {
            Self::Sqlite(folder) => Some(folder.path().join("db.sqlite3")),
            #[cfg(feature = "postgres")]
            Self::Postgres { .. } => None,
        }
    }

    /// The rows, the first to end before the others.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let select = "SELECT session_key, session_data, expire_date FROM django_session ORDER BY expire_date";
        match self {
            Self::Sqlite(_) => diesel::sql_query(select).load(&mut self.sqlite()).unwrap(),
            #[cfg(feature = "postgres")]
            Self::Postgres { .. } => {
                let text = "rtrim(rtrim(to_char(expire_date AT TIME ZONE 'UTC', \
                            'YYYY-MM-DD HH24:MI:SS.US'), '0'), '.') AS expire_date";
                let select = select.replacen("expire_date", text, 1).replace("BY expire_date", "BY 3");
                let rows: Vec<Row> = diesel::sql_query(select).load(&mut self.postgres()).unwrap();
                rows.into_iter().map(with_six_digits).collect()
            }
        }
    }

    /// Writes a row over what is there.
    pub(crate) fn write(&self, key: &str, session_data: &str, expire_date: &str) {
        match self {
            Self::Sqlite(_) => diesel::sql_query("REPLACE INTO django_session VALUES (?, ?, ?)")
                .bind::<Text, _>(key)
                .bind::<Text, _>(session_data)
                .bind::<Text, _>(expire_date)
                .execute(&mut self.sqlite()),
            #[cfg(feature = "postgres")]
            Self::Postgres { .. } => diesel::sql_query(
                "INSERT INTO django_session VALUES ($1, $2, ($3 || ' UTC')::timestamptz) ON CONFLICT (session_key) \
                 DO UPDATE SET session_data = excluded.session_data, expire_date = excluded.expire_date",
            )
            .bind::<Text, _>(key)
            .bind::<Text, _>(session_data)
            .bind::<Text, _>(expire_date)
            .execute(&mut self.postgres()),
        }
        .unwrap();
    }

    /// Whether it is a database of a server.
    pub(crate) fn is_on_server(&self) -> bool {
        self.file().is_none()
    }

    pub(crate) fn execute(&self, statement: &str) {
        match self {
            Self::Sqlite(_) => self.sqlite().batch_execute(statement).unwrap(),
            #[cfg(feature = "postgres")]
            Self::Postgres { .. } => self.postgres().batch_execute(statement).unwrap(),
        }
    }

    /// Another program's lock on a row, until it is dropped.
    #[cfg(feature = "postgres")]
    pub(crate) fn lock(&self, key: &str) -> PgConnection {
        let mut conn = self.postgres();
        let lock = format!("BEGIN; SELECT 1 FROM django_session WHERE session_key = '{key}' FOR UPDATE");
        conn.batch_execute(&lock).unwrap();
        conn
    }

    /// How many connections there are to this database of which `condition` holds; this one is none of them.
    #[cfg(feature = "postgres")]
    pub(crate) fn activity(&self, condition: &str) -> usize {
        let count = format!(
            "SELECT count(*) AS number FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid() AND {condition}"
        );
        usize::try_from(self.number(&count)).unwrap()
    }

    /// Waits until there are so many of them.
    #[cfg(feature = "postgres")]
    pub(crate) fn wait_for(&self, condition: &str, count: usize) {
        for _ in 0..1000 {
            if self.activity(condition) == count {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        panic!("there are not {count} connections with {condition}");
    }

    /// A query for a `number`.
    #[cfg(feature = "postgres")]
    pub(crate) fn number(&self, select: &str) -> i64 {
        diesel::sql_query(select).get_result::<Number>(&mut self.postgres()).unwrap().number
    }

    fn sqlite(&self) -> SqliteConnection {
        SqliteConnection::establish(self.file().unwrap().to_str().unwrap()).unwrap()
    }

    #[cfg(feature = "postgres")]
    fn postgres(&self) -> PgConnection {
        PgConnection::establish(&self.url()).unwrap()
    }
}

/// SQLite's text has six digits of a fraction or none.
#[cfg(feature = "postgres")]
fn with_six_digits(mut row: Row) -> Row {
    if let Some((_, fraction)) = row.expire_date.split_once('.') {
        row.expire_date.push_str(&"000000"[fraction.len()..]);
    }
    row
}

#[cfg(feature = "postgres")]
impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Self::Postgres { server, name } = self
            && let Ok(mut conn) = PgConnection::establish(&format!("{server}/postgres"))
        {
            // The pools of the test may still be there.
            let _ = conn.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)"));
        }
    }
}
