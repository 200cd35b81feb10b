//! Checkpoints the WAL beside the writer.
//!
//! SQLite does that in the COMMIT that has filled the WAL, and everybody who has something to write waits
//! for thousands of pages. A second connection may do it while others commit; but the WAL is restarted only
//! when all of it is checkpointed and nobody adds to it, so the writer does the little that is left.

use std::fmt;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use diesel::connection::SimpleConnection as _;

use super::connection::{Connector, DbConnection};
use super::error::DbError;
use super::log_growth::{Growth, LogGrowth};
use super::options::DatabaseOptions;
use super::row_cache::RowCache;
use super::wal_index::Log;
use crate::error::chain;

/// Pages in the WAL from which on it is checkpointed: 16 MB. With SQLite's own 1000, new sessions pay
/// for it more often than they need (`docs/performance.md`).
const PAGES: u32 = 4000;
/// What the writer checkpoints at most.
const LEFT_TO_WRITER: u32 = 200;
const CHECKPOINT: &str = "PRAGMA wal_checkpoint(PASSIVE)";
/// At once or not at all: whoever still reads in the WAL would make every writer wait.
const TRUNCATE: &str = "PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE);";

/// Whether more waits for a checkpoint than the writer does.
pub(super) fn is_long(log: Log) -> bool {
    log.pages >= PAGES && log.left() > LEFT_TO_WRITER
}

/// The writer's end; dropping it ends the thread.
pub(super) struct Checkpoints {
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    growth: LogGrowth,
    /// Of the writer's connection.
    patience: Duration,
}

impl Checkpoints {
    pub(super) fn start(connector: Connector) -> Result<Self, DbError> {
        let (wake, woken) = sync_channel(1);
        let patience = DatabaseOptions::within_database(connector.options.lock_timeout);
        let thread = std::thread::Builder::new()
            .name("sessionid-checkpoint".to_owned())
            .spawn(move || run(&connector, &woken))
            .map_err(|_| DbError::Gone)?;
        Ok(Self { wake: Some(wake), thread: Some(thread), growth: LogGrowth::default(), patience })
    }

    /// After a COMMIT of the writer's connection, which has been answered.
    pub(super) fn committed(&mut self, conn: &mut DbConnection, rows: &RowCache) {
        let Some(log) = rows.log() else { return };
        if is_long(log) {
            // One that is still at work looks again when it has done.
            let _ = self.wake.as_ref().map(|wake| wake.try_send(()));
        } else if log.pages >= PAGES {
            // What cannot be done now is tried again after the next COMMIT.
            if let Err(error) = conn.batch_execute(CHECKPOINT) {
                log::debug!("no checkpoint: {error}");
            }
        }
        match self.growth.seen(log) {
            Growth::Nothing => {}
            Growth::Warn(held) => log::warn!(
                "the log beside the database has grown to {} pages, {} MB: a transaction that has been open for {} s, here or in another program, still reads the state before them, and they stay in the log until it ends",
                log.pages,
                log.bytes() >> 20,
                held.as_secs()
            ),
            Growth::Truncate => self.truncate(conn, rows),
        }
    }

    /// While nobody has anything to write.
    pub(super) fn idle(&mut self, conn: &mut DbConnection, rows: &RowCache) {
        if self.growth.is_large() {
            self.committed(conn, rows);
        }
    }

    /// Nearly all of the WAL is checkpointed.
    fn truncate(&mut self, conn: &mut DbConnection, rows: &RowCache) {
        let truncated = conn.batch_execute(TRUNCATE);
        let patience = conn.batch_execute(&format!("PRAGMA busy_timeout = {}", self.patience.as_millis()));
        match truncated.and(patience) {
            Err(error) => log::debug!("the log is not truncated: {error}"),
            Ok(()) if rows.log().is_some_and(|log| log.pages > 0) => {}
            Ok(()) => {
                self.growth = LogGrowth::default();
                log::warn!("the log beside the database is in the file again, and truncated");
            }
        }
    }
}

impl fmt::Debug for Checkpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Checkpoints")
    }
}

impl Drop for Checkpoints {
    /// Waits for the connection to be closed: the last one to close a file removes its log.
    fn drop(&mut self) {
        drop(self.wake.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(connector: &Connector, woken: &Receiver<()>) {
    let mut conn: Option<DbConnection> = None;
    while woken.recv().is_ok() {
        let done = conn.take().map_or_else(|| connector.open(), Ok).and_then(|mut conn| {
            conn.batch_execute(CHECKPOINT)?;
            Ok(conn)
        });
        // What could not be done is left to SQLite in the writer's COMMIT.
        conn = done.inspect_err(|error| log::debug!("no checkpoint: {}", chain(error))).ok();
    }
}
