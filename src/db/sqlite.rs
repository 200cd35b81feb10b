//! How a connection to SQLite is set up.

use std::path::Path;
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;

use super::options::{DatabaseOptions, Purpose};

/// Pages of the WAL that SQLite itself checkpoints in a COMMIT. Where the WAL-index can be read that
/// is the last resort, 64 MB: see `checkpoints.rs`.
const CHECKPOINT_PAGES: u32 = if cfg!(target_os = "linux") { 16_000 } else { 4000 };

/// Between two attempts at what SQLite does not wait for.
const RETRY: Duration = Duration::from_millis(50);

/// The journal is the file's own, so only the writer sets it.
pub(super) fn prepare(
    conn: &mut SqliteConnection,
    purpose: Purpose,
    options: &DatabaseOptions,
) -> QueryResult<()> {
    let patience = match purpose {
        Purpose::ReadAtOnce => Duration::ZERO,
        Purpose::Read | Purpose::Write | Purpose::Checkpoint => {
            DatabaseOptions::within_database(options.lock_timeout)
        }
    };
    let wait = format!("PRAGMA busy_timeout = {};", patience.as_millis());
    let synchronous = options.synchronous.pragma();
    match purpose {
        Purpose::ReadAtOnce | Purpose::Read => conn.batch_execute(&format!("{wait} PRAGMA query_only = ON;")),
        Purpose::Checkpoint => {
            conn.batch_execute(&format!("{wait} PRAGMA query_only = ON; PRAGMA synchronous = {synchronous};"))
        }
        Purpose::Write => {
            refuse_read_only(conn)?;
            conn.batch_execute(&format!(
                "{wait} PRAGMA synchronous = {synchronous}; PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES};"
            ))?;
            enter_wal(conn, patience)
        }
    }
}

/// SQLite opens a file that may not be written for reading, and says so at the first write (not at
/// `BEGIN IMMEDIATE`, which then only reads). A lock is another program's business, and nothing to
/// wait for here.
fn refuse_read_only(conn: &mut SqliteConnection) -> QueryResult<()> {
    match conn.batch_execute(
        "PRAGMA busy_timeout = 0; BEGIN IMMEDIATE; CREATE TABLE sessionid_probe (x); ROLLBACK;",
    ) {
        Err(error) if is_locked(&error) => Ok(()),
        done => done,
    }
}

/// Another program that is writing to a file that is not in WAL mode yet does not make SQLite
/// wait here, but fail.
fn enter_wal(conn: &mut SqliteConnection, patience: Duration) -> QueryResult<()> {
    let mut attempts = patience.as_millis() / RETRY.as_millis();
    loop {
        match conn.batch_execute("PRAGMA journal_mode = WAL") {
            Err(error) if attempts > 0 && is_locked(&error) => attempts -= 1,
            done => return done,
        }
        // SQLite's own busy handler is not asked here; this thread has nothing else to do.
        std::thread::sleep(RETRY);
    }
}

/// Whether there is a table of sessions, or a view in its place.
pub(super) fn has_table(conn: &mut SqliteConnection) -> QueryResult<bool> {
    let tables = "SELECT count(*) > 0 AS found FROM sqlite_master WHERE name = 'django_session' AND type IN ('table', 'view')";
    Ok(diesel::sql_query(tables).get_result::<Found>(conn)?.found)
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = diesel::sql_types::Bool)]
    found: bool,
}

/// Whether a statement on `django_session` may change more rows than it tells of.
pub(super) fn has_triggers(conn: &mut SqliteConnection) -> QueryResult<bool> {
    let triggers =
        "EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND lower(tbl_name) = 'django_session')";
    diesel::select(diesel::dsl::sql::<diesel::sql_types::Bool>(triggers)).get_result(conn)
}

/// Diesel has no kind for SQLITE_BUSY.
pub(super) fn is_locked(error: &diesel::result::Error) -> bool {
    matches!(error, diesel::result::Error::DatabaseError(_, info) if info.message().contains("database is locked"))
}

/// The URI of a file that is there: SQLite would create another where it was removed. What else it takes for more than a
/// path (`:memory:`, `file:`, a parameter) is one here, and so is a path that is not UTF-8, which Diesel does not take.
pub(super) fn existing(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes().iter();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    let written =
        bytes.map(|&byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") });
    let start = if path.is_absolute() { "file://" } else { "file:./" };
    format!("{start}{}?mode=rw", written.collect::<String>())
}
