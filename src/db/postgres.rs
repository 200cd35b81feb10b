//! PostgreSQL: connections whose every wait has an end, and work on threads that may wait.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::connection::SimpleConnection as _;
use diesel::deserialize::{self, FromSql};
use diesel::pg::{Pg, PgConnection, PgValue};
use diesel::prelude::*;
use diesel::result::Error::QueryBuilderError;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{BigInt, Text};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connection::{Connector, DbConnection, LogPoolError};
use super::datetime::DbDateTime;
use super::error::DbError;
use super::options::DatabaseOptions;
use super::row_cache::Changes;
use super::schema::sql_types;
use super::text::LossyText;
use super::url::PostgresUrl;
use super::writer::Job;
use crate::clock::Stopwatch;
use crate::error::chain;

/// Opens a connection. What the URL does not say is said here: how long to wait for the server, and how soon
/// to notice that it is gone.
pub(super) fn establish(url: &PostgresUrl, options: &DatabaseOptions) -> ConnectionResult<PgConnection> {
    let url = url.with_defaults(&[
        ("connect_timeout", options.connect_timeout.as_secs().max(1).to_string()),
        ("application_name", "sessionid".to_owned()),
        ("keepalives_idle", "5".to_owned()),
        ("keepalives_interval", "2".to_owned()),
        ("keepalives_count", "3".to_owned()),
        ("tcp_user_timeout", options.statement_timeout.as_millis().to_string()),
    ]);
    PgConnection::establish(&url)
}

/// What holds for every statement of a connection.
pub(super) fn prepare(conn: &mut PgConnection, options: &DatabaseOptions) -> QueryResult<()> {
    let milliseconds = |limit| DatabaseOptions::within_database(limit).as_millis();
    conn.batch_execute(&format!(
        "SET TIME ZONE 'UTC'; SET client_encoding = 'UTF8'; \
         SET default_transaction_isolation = 'read committed'; \
         SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = {}",
        milliseconds(options.statement_timeout),
        milliseconds(options.lock_timeout),
        milliseconds(options.statement_timeout),
    ))
}

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
            .min_idle(Some(1))
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
        let done = transaction(&mut kept.connection, &mut *job);
        kept.finish(done.is_err());
        // The next job may have the connection while this one answers.
        drop(kept);
        match done {
            Ok(()) => job.answer(),
            Err(error) => job.refuse(&chain(&error)),
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

/// PostgreSQL answers the COMMIT of a transaction in which a statement has failed with success, and takes it
/// back. The SELECT before it does not succeed then.
fn transaction(conn: &mut DbConnection, job: &mut dyn Job) -> Result<(), DbError> {
    conn.batch_execute("BEGIN")?;
    if !job.run(conn, &mut Changes::default()) {
        return Err(DbError::RolledBack("a statement in it failed".to_owned()));
    }
    Ok(conn.batch_execute("SELECT 1; COMMIT")?)
}

/// Creates what is missing. Programs that start at the same moment wait for each other.
pub(super) fn migrate(
    conn: &mut PgConnection,
    migrations: EmbeddedMigrations,
) -> Result<Vec<String>, Box<dyn std::error::Error + Send + Sync>> {
    let mut applied = Vec::new();
    conn.transaction(|conn| {
        // Any number that everybody who migrates this table agrees on.
        conn.batch_execute("SELECT pg_advisory_xact_lock(hashtext('django_session'))")?;
        for migration in conn.pending_migrations(migrations).map_err(QueryBuilderError)? {
            conn.run_migration(&*migration).map_err(QueryBuilderError)?;
            applied.push(migration.name().to_string());
        }
        Ok::<_, diesel::result::Error>(())
    })?;
    Ok(applied)
}

/// Microseconds since 2000.
fn epoch() -> DateTime<Utc> {
    const SECONDS: i64 = 946_684_800;
    DateTime::from_timestamp(SECONDS, 0).unwrap_or_default()
}

impl FromSql<sql_types::DateTime, Pg> for DbDateTime {
    fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
        let micros = <i64 as FromSql<BigInt, Pg>>::from_sql(bytes)?;
        let moment = epoch().checked_add_signed(TimeDelta::microseconds(micros));
        moment.map(Self::from).ok_or_else(|| "a moment beyond what can be told".into())
    }
}

impl ToSql<sql_types::DateTime, Pg> for DbDateTime {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let micros = (DateTime::from(*self) - epoch()).num_microseconds();
        let micros = micros.ok_or("a moment beyond what PostgreSQL can tell")?;
        ToSql::<BigInt, Pg>::to_sql(&micros, &mut out.reborrow())
    }
}

impl FromSql<Text, Pg> for LossyText {
    fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
        <String as FromSql<Text, Pg>>::from_sql(bytes).map(Self)
    }
}
