//! Work on a server's connections, on threads that may wait.

use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connection::{Connector, DbConnection, LogPoolError};
use super::error::DbError;
use super::options::DatabaseOptions;
use super::row_cache::ChangedRows;
use super::writer::{Failed, Job, is_transient};
use crate::clock::Stopwatch;
use crate::error::chain;

/// How often a transaction is begun that the server takes back for the sake of another.
const ATTEMPTS: u32 = 10;

/// Connections and the threads that use them: never more threads than connections, so that a server which
/// does not answer holds up that many and no more.
#[derive(Clone, Debug)]
pub(super) struct Pooled {
    connections: r2d2::Pool<Connector>,
    threads: Arc<Semaphore>,
    pool_timeout: Duration,
    answer_timeout: Duration,
}

impl Pooled {
    pub(super) fn start(connector: Connector) -> Self {
        let options = connector.options;
        let pool_timeout = DatabaseOptions::within(options.pool_timeout);
        let connections = r2d2::Pool::builder()
            .max_size(options.pool_size)
            // None is opened before somebody waits for it: a program that ends meanwhile would take OpenSSL
            // away from under the thread that opens it, and crash.
            .min_idle(Some(0))
            .connection_timeout(pool_timeout)
            .error_handler(Box::new(LogPoolError))
            .build_unchecked(connector);
        let threads = usize::try_from(options.pool_size).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self {
            connections,
            threads: Arc::new(Semaphore::new(threads)),
            pool_timeout,
            answer_timeout: options.answer_timeout(),
        }
    }

    /// Runs `work` with a connection on a thread that may wait. Past the time limit the thread is left to
    /// itself; it counts as used until it comes back.
    pub(super) async fn read<T, F>(&self, work: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> QueryResult<T> + Send + 'static,
    {
        let began = Stopwatch::start();
        let permit = self.thread().await?;
        let connections = self.connections.clone();
        let work = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let mut kept = connections.get()?;
            let done = work(&mut kept.connection);
            kept.finish(done.is_err());
            Ok(done?)
        });
        let left = self.answer_timeout.saturating_sub(began.elapsed());
        match tokio::time::timeout(left, work).await {
            Ok(Ok(done)) => done,
            Ok(Err(_)) => Err(DbError::Gone),
            Err(_) => Err(DbError::Timeout(self.answer_timeout)),
        }
    }

    /// Runs a job in a transaction of its own; the job answers those who wait for it.
    pub(super) fn submit(&self, job: Box<dyn Job>) {
        let pooled = self.clone();
        tokio::spawn(async move {
            match pooled.thread().await {
                Ok(permit) => {
                    let work = move || {
                        let _permit = permit;
                        pooled.perform(job);
                    };
                    drop(tokio::task::spawn_blocking(work));
                }
                Err(error) => job.refuse(&chain(&error)),
            }
        });
    }

    fn perform(&self, mut job: Box<dyn Job>) {
        let mut kept = match self.connections.get() {
            Ok(kept) => kept,
            Err(error) => return job.refuse(&chain(&DbError::from(error))),
        };
        let mut done = transaction(&mut kept.connection, &mut *job);
        for _ in 1..ATTEMPTS {
            // Another transaction was preferred to this one, and is over by now.
            let Err(Stopped { transient: true, .. }) = done else { break };
            if kept.connection.batch_execute("ROLLBACK").is_err() {
                break;
            }
            done = transaction(&mut kept.connection, &mut *job);
        }
        kept.finish(done.is_err());
        // The next job may have the connection while this one answers.
        drop(kept);
        match done {
            Ok(()) => job.answer(),
            Err(Stopped { reason, .. }) => job.refuse(&reason),
        }
    }

    async fn thread(&self) -> Result<OwnedSemaphorePermit, DbError> {
        let threads = Arc::clone(&self.threads);
        match tokio::time::timeout(self.pool_timeout, threads.acquire_owned()).await {
            Ok(permit) => permit.map_err(|_| DbError::Gone),
            Err(_) => Err(DbError::Timeout(self.pool_timeout)),
        }
    }
}

/// Why a transaction was not committed.
struct Stopped {
    transient: bool,
    reason: String,
}

impl From<Failed> for Stopped {
    fn from(Failed { transient }: Failed) -> Self {
        Self { transient, reason: "a statement in it failed".to_owned() }
    }
}

impl From<diesel::result::Error> for Stopped {
    fn from(error: diesel::result::Error) -> Self {
        Self { transient: is_transient(&error), reason: chain(&DbError::from(error)) }
    }
}

/// PostgreSQL answers the COMMIT of a transaction in which a statement has failed with success, and takes it
/// back. The SELECT before it does not succeed then.
fn transaction(conn: &mut DbConnection, job: &mut dyn Job) -> Result<(), Stopped> {
    conn.batch_execute("BEGIN")?;
    job.run(conn, &mut ChangedRows::default())?;
    Ok(conn.batch_execute("SELECT 1; COMMIT")?)
}
