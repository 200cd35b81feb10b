//! Brings the log into the file beside the writer.
//!
//! SQLite does that in the COMMIT that has filled the log up, and everybody who has something to write waits
//! for thousands of pages. A second connection may do it at the same time as others commit; what these
//! have added meanwhile is left to the writer, so that the log is bounded as before, and is little.

use std::fmt;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use diesel::connection::SimpleConnection as _;

use super::connection::{Connector, DbConnection};
use super::error::DbError;
use super::options::Purpose;
use super::sqlite::CHECKPOINT_PAGES;
use crate::error::chain;

/// Pages in the log at which this begins.
const EARLY_PAGES: u32 = CHECKPOINT_PAGES / 4 * 3;

/// The writer's end; dropping it ends the thread.
pub(super) struct Checkpoints {
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    /// Whether this round of the log has been seen to.
    woken: bool,
}

impl Checkpoints {
    pub(super) fn start(connector: Connector) -> Result<Self, DbError> {
        let (wake, woken) = sync_channel(1);
        let connector = Connector { purpose: Purpose::Checkpoint, ..connector };
        let thread = std::thread::Builder::new()
            .name("sessionid-checkpoint".to_owned())
            .spawn(move || run(&connector, &woken))
            .map_err(|_| DbError::Gone)?;
        Ok(Self { wake: Some(wake), thread: Some(thread), woken: false })
    }

    /// After a COMMIT that left so many pages in the log.
    pub(super) fn committed(&mut self, pages: u32) {
        let due = pages >= EARLY_PAGES;
        if due && !self.woken {
            // One that is still at work will do.
            let _ = self.wake.as_ref().map(|wake| wake.try_send(()));
        }
        self.woken = due;
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
            conn.batch_execute("PRAGMA wal_checkpoint(PASSIVE)")?;
            Ok(conn)
        });
        // What could not be done is left to the writer, who says what is wrong.
        conn = done.inspect_err(|error| log::debug!("no checkpoint: {}", chain(error))).ok();
    }
}
