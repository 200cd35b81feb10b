//! The one thread that writes: whatever waits is committed together, and answered after COMMIT.
//!
//! SQLite has one write lock and pays for every COMMIT with an fsync, so jobs that arrive while one
//! transaction commits share the next.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::result::DatabaseErrorKind;
use tokio::sync::oneshot;

use super::connection::DbConnection;
use super::error::DbError;
use super::file::OpenedFiles;
use super::local_file::{InUse, LocalFile};
use super::row_cache::{ChangedRows, Since};
use super::sqlite::is_locked;
use super::turns::Turns;
use crate::clock::Stopwatch;
use crate::error::chain;

/// Jobs that may wait; beyond them a request is better told at once.
const QUEUE: usize = 16_384;
/// Jobs that share a transaction at most.
const BATCH: usize = 256;
/// How often the file is checked while nobody writes.
const LOOK: Duration = Duration::from_millis(250);

/// The sending half; dropping it ends the thread once the queue is empty.
pub(super) struct Writer {
    jobs: Option<SyncSender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// `patience` is for a lock that another program holds.
    pub(super) fn start(file: LocalFile, patience: Duration) -> Result<Self, DbError> {
        let (sender, receiver) = sync_channel(QUEUE);
        let thread = WriterThread { file, patience, turns: Turns::default() };
        let thread = std::thread::Builder::new()
            .name("sessionid-writer".to_owned())
            .spawn(move || thread.run(&receiver))
            .map_err(|_| DbError::Gone)?;
        Ok(Self { jobs: Some(sender), thread: Some(thread) })
    }

    /// Queues a job; it is answered once its transaction is committed.
    pub(super) fn submit(&self, job: Box<dyn Job>) -> Result<(), DbError> {
        let jobs = self.jobs.as_ref().ok_or(DbError::Gone)?;
        jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => DbError::QueueFull,
            TrySendError::Disconnected(_) => DbError::Gone,
        })
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Writer")
    }
}

impl Drop for Writer {
    /// Waits for the last commit, so that the file is closed when the database is dropped.
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A job as the thread sees it, whatever it returns.
pub(crate) trait Job: Send {
    /// Works inside the transaction and notes every row that it changes. After [`Failed`] the transaction is rolled
    /// back, and the job may be run once more in another.
    fn run(&mut self, conn: &mut DbConnection, changed: &mut ChangedRows) -> Result<(), Failed>;
    /// Answers after COMMIT.
    fn answer(self: Box<Self>);
    /// Answers when there was no COMMIT; the job may not have run.
    fn refuse(self: Box<Self>, reason: &str);
}

/// A statement of a job failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failed {
    /// Whether the same may succeed in another transaction.
    #[cfg_attr(
        not(feature = "postgres"),
        expect(dead_code, reason = "SQLite has one writer, and so no transactions that conflict")
    )]
    pub(super) transient: bool,
}

/// A function and the one who waits for its result.
pub(super) struct Task<T, F> {
    work: F,
    result: Option<Result<T, DbError>>,
    reply: oneshot::Sender<Result<T, DbError>>,
}

impl<T, F> Task<T, F> {
    pub(super) fn new(work: F) -> (Self, oneshot::Receiver<Result<T, DbError>>) {
        let (reply, answer) = oneshot::channel();
        (Self { work, result: None, reply }, answer)
    }
}

impl<T, F> Job for Task<T, F>
where
    T: Send,
    F: FnMut(&mut DbConnection, &mut ChangedRows) -> diesel::QueryResult<T> + Send,
{
    fn run(&mut self, conn: &mut DbConnection, changed: &mut ChangedRows) -> Result<(), Failed> {
        if self.reply.is_closed() {
            return Ok(());
        }
        // A function of the application may panic: its request fails, and the others go on.
        let done = catch_unwind(AssertUnwindSafe(|| (self.work)(conn, changed)));
        let (result, flow) = match done {
            Ok(Ok(done)) => (Ok(done), Ok(())),
            Ok(Err(error)) => {
                let failed = Failed { transient: is_transient(&error) };
                (Err(error.into()), Err(failed))
            }
            Err(_) => {
                changed.unknown();
                (Err(DbError::JobPanicked), Ok(()))
            }
        };
        self.result = Some(result);
        flow
    }

    fn answer(self: Box<Self>) {
        if let Some(result) = self.result {
            // Nobody may wait any more; then nobody needs the answer.
            let _ = self.reply.send(result);
        }
    }

    fn refuse(self: Box<Self>, reason: &str) {
        // What the job itself found wrong says more than the rolled-back transaction.
        let rolled_back = || Err(DbError::RolledBack(reason.to_owned()));
        let result = self.result.filter(Result::is_err).unwrap_or_else(rolled_back);
        let _ = self.reply.send(result);
    }
}

/// Whether the database has taken a transaction back for the sake of another (SQLSTATE 40001 and 40P01). Diesel
/// has no kind for the second, so its message has to do, which a server may translate.
pub(super) fn is_transient(error: &diesel::result::Error) -> bool {
    match error {
        diesel::result::Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => true,
        diesel::result::Error::DatabaseError(_, info) => info.message().contains("deadlock detected"),
        _ => false,
    }
}

/// SQLite's own busy handler sleeps for up to 100 ms between two looks, while a program that commits in
/// a loop leaves the lock for moments; see `docs/performance.md`. Tells whether somebody had it. The lock of a file that
/// has lost its name is not waited for.
fn begin(conn: &mut DbConnection, files: &OpenedFiles, patience: Duration) -> Result<bool, DbError> {
    let (began, mut pause, mut waited) = (Stopwatch::start(), Duration::from_micros(100), false);
    loop {
        match conn.batch_execute("BEGIN IMMEDIATE") {
            Err(error) if is_locked(&error) && began.elapsed() < patience => {
                waited = true;
                files.check_name()?;
                std::thread::sleep(pause);
                pause = Duration::from_micros(500).min(pause * 2);
            }
            done => return Ok(done.map(|()| waited)?),
        }
    }
}

struct WriterThread {
    file: LocalFile,
    patience: Duration,
    turns: Turns,
}

impl WriterThread {
    fn run(mut self, jobs: &Receiver<Box<dyn Job>>) {
        loop {
            match jobs.recv_timeout(LOOK) {
                Ok(first) => {
                    let mut batch = vec![first];
                    batch.extend(jobs.try_iter().take(BATCH - 1));
                    let began = Stopwatch::start();
                    self.write(batch);
                    if let Some(pause) = self.turns.after(began.elapsed()) {
                        std::thread::sleep(pause);
                    }
                }
                Err(RecvTimeoutError::Timeout) => self.look(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn write(&mut self, mut batch: Vec<Box<dyn Job>>) {
        let in_use = match self.file.in_use() {
            Ok(in_use) => in_use,
            Err(loss) => return refuse(batch, &loss),
        };
        let done = transaction(in_use, &mut batch, self.patience, &mut self.turns);
        // What was stored in a file that has lost its name is stored nowhere.
        match done.and_then(|()| Ok(in_use.files.check_name()?)) {
            Ok(()) => {
                batch.into_iter().for_each(Job::answer);
                if let Some(conn) = &mut in_use.conn {
                    in_use.checkpoints.committed(conn, &in_use.rows);
                }
            }
            Err(DbError::File(loss)) => {
                refuse(batch, &loss);
                self.file.lose(loss);
            }
            Err(error) => {
                in_use.conn = None;
                in_use.rows.clear();
                refuse(batch, &error);
            }
        }
    }

    /// While nobody writes.
    fn look(&mut self) {
        if let Ok(InUse { conn: Some(conn), checkpoints, rows, .. }) = self.file.in_use() {
            checkpoints.idle(conn, rows);
        }
    }
}

fn refuse(batch: Vec<Box<dyn Job>>, error: &dyn std::error::Error) {
    let reason = chain(error);
    log::debug!("{} writes were refused or rolled back: {reason}", batch.len());
    for job in batch {
        job.refuse(&reason);
    }
}

fn transaction(
    in_use: &mut InUse,
    batch: &mut [Box<dyn Job>],
    patience: Duration,
    turns: &mut Turns,
) -> Result<(), DbError> {
    let (rows, files) = (Arc::clone(&in_use.rows), Arc::clone(&in_use.files));
    let (conn, triggers) = in_use.connection()?;
    let mut changed = ChangedRows::default();
    let waited = begin(conn, &files, patience)?;
    let since = rows.begin();
    if since == Since::Others || waited {
        turns.others_write();
    }
    if since != Since::Nothing {
        *triggers = conn.has_triggers()?;
    }
    if *triggers {
        changed.unknown();
    }
    for job in batch {
        job.run(conn, &mut changed)
            .map_err(|Failed { .. }| DbError::RolledBack("a statement in it failed".to_owned()))?;
    }
    conn.batch_execute("COMMIT")?;
    rows.commit(changed);
    Ok(())
}
