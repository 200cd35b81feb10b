//! The session table, as far as the lab reads it. No other file of the lab reads stored sessions.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::timeout;

use super::row::{Place, RowView};
use crate::clock::{Clock, Stopwatch};
use crate::error::chain;
use crate::lab::error::LabError;
use crate::sessions::backends::{Count, Moment, SessionRecord};
use crate::sessions::{SharedPolicy, Storage};

/// How long reading one row may take: the request that is recorded has its own wait for the database before it.
const PATIENCE: Duration = Duration::from_millis(400);
/// How long no row is read after one could not be. Otherwise each request would wait for a database that is down twice
/// more, [`PATIENCE`] each time.
const PAUSE: Duration = Duration::from_secs(2);

/// Reads the table, and touches no session.
#[derive(Debug)]
pub(in crate::lab) struct SessionTable {
    storage: Storage,
    policy: SharedPolicy,
    clock: Clock,
    pub(in crate::lab) place: Place,
    /// Runs since a row could not be read.
    failed: Mutex<Option<Stopwatch>>,
}

/// The database did not answer, now or a moment ago.
struct NoAnswer;

impl SessionTable {
    pub(in crate::lab) fn new(storage: Storage, place: Place, policy: SharedPolicy, clock: Clock) -> Self {
        Self { storage, policy, clock, place, failed: Mutex::default() }
    }

    /// The row under a key as it is now, expired or not. `None` as well when the database does not answer: the request
    /// that is recorded reports that itself.
    pub(in crate::lab) async fn row(&self, key: Option<&str>) -> Option<RowView> {
        self.look(key?).await.ok().flatten()
    }

    /// Whether there is a row under a key, expired or not. `None` when the database does not answer.
    pub(in crate::lab) async fn has(&self, key: &str) -> Option<bool> {
        self.look(key).await.ok().map(|row| row.is_some())
    }

    async fn look(&self, key: &str) -> Result<Option<RowView>, NoAnswer> {
        if self.is_away() {
            return Err(NoAnswer);
        }
        let problem = match timeout(PATIENCE, self.storage.find(key, &self.moment())).await {
            Ok(Ok(record)) => return Ok(record.map(|record| self.view(&record))),
            Ok(Err(error)) => chain(&error),
            Err(elapsed) => elapsed.to_string(),
        };
        log::debug!("the lab cannot read a row: {problem}");
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Stopwatch::start());
        Err(NoAnswer)
    }

    /// Whether the store did not answer a moment ago.
    pub(in crate::lab) fn is_away(&self) -> bool {
        let failed = *self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.is_some_and(|failed| failed.elapsed() < PAUSE)
    }

    /// Whether the engine can list its sessions.
    pub(in crate::lab) fn can_list(&self) -> bool {
        self.storage.records().is_some()
    }

    /// A page of the table, the latest expiry first.
    pub(in crate::lab) async fn list(&self, limit: u32, offset: u64) -> Result<Vec<RowView>, LabError> {
        let Some(records) = self.storage.records() else { return Ok(Vec::new()) };
        let found = records.list(limit, offset).await?;
        Ok(found.iter().map(|record| self.view(record)).collect())
    }

    /// How many rows there are, and how many of them had expired at `now`.
    pub(in crate::lab) async fn count(&self, now: DateTime<Utc>) -> Result<Count, LabError> {
        let Some(records) = self.storage.records() else { return Ok(Count::default()) };
        Ok(records.count(now).await?)
    }

    /// The row under a key, however long it takes.
    pub(in crate::lab) async fn find(&self, key: &str) -> Result<Option<RowView>, LabError> {
        let found = self.storage.find(key, &self.moment()).await?;
        Ok(found.map(|record| self.view(&record)))
    }

    /// Deletes the row under a key, and tells whether there was one.
    pub(in crate::lab) async fn delete(&self, key: &str) -> Result<bool, LabError> {
        let Some(records) = self.storage.records() else { return Ok(false) };
        Ok(records.delete(key).await?)
    }

    fn moment(&self) -> Moment {
        Moment::new(self.clock.now(), self.policy.get())
    }

    fn view(&self, record: &SessionRecord) -> RowView {
        RowView::new(record, self.storage.codec(), &self.place, self.clock.now())
    }

    /// Deletes the rows that had expired at `now`, and tells how many.
    pub(in crate::lab) async fn clear_expired(&self, now: DateTime<Utc>) -> Result<usize, LabError> {
        Ok(self.storage.clear_expired(now, &|_| ()).await?)
    }
}
