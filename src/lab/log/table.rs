//! The session table, as far as the lab reads it. No other file of the lab reads stored sessions.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::timeout;

use super::row::RowView;
use crate::clock::Stopwatch;
use crate::error::chain;
use crate::lab::error::LabError;
use crate::sessions::Storage;
use crate::sessions::backends::{Count, SessionRecords};

/// How long reading one row may take: the request that is recorded has its own wait for the database before it.
const PATIENCE: Duration = Duration::from_millis(100);
/// How long no row is read after one could not be. Otherwise each request would wait for a database that is down twice
/// more, [`PATIENCE`] each time.
const PAUSE: Duration = Duration::from_secs(2);

/// Reads the table, and touches no session.
#[derive(Debug)]
pub(in crate::lab) struct SessionTable {
    storage: Storage,
    /// Runs since a row could not be read.
    failed: Mutex<Option<Stopwatch>>,
}

impl SessionTable {
    pub(in crate::lab) fn new(storage: Storage) -> Self {
        Self { storage, failed: Mutex::default() }
    }

    /// The row under a key as it is now, expired or not. `None` as well when the database does not answer: the request
    /// that is recorded reports that itself.
    pub(in crate::lab) async fn row(&self, key: Option<&str>) -> Option<RowView> {
        let (key, records) = (key?, self.storage.records()?);
        if self.is_paused() {
            return None;
        }
        let problem = match timeout(PATIENCE, records.find(key)).await {
            Ok(Ok(record)) => return record.map(|record| RowView::new(&record, self.storage.codec())),
            Ok(Err(error)) => chain(&error),
            Err(elapsed) => elapsed.to_string(),
        };
        log::debug!("the lab cannot read a row: {problem}");
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Stopwatch::start());
        None
    }

    fn is_paused(&self) -> bool {
        let failed = *self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.is_some_and(|failed| failed.elapsed() < PAUSE)
    }

    /// A page of the table, the latest expiry first.
    pub(in crate::lab) async fn page(&self, limit: u32, offset: u64) -> Result<Vec<RowView>, LabError> {
        let found = self.records()?.list(limit, offset).await?;
        Ok(found.iter().map(|record| RowView::new(record, self.storage.codec())).collect())
    }

    /// How many rows there are, and how many of them had expired at `now`.
    pub(in crate::lab) async fn counts(&self, now: DateTime<Utc>) -> Result<Count, LabError> {
        Ok(self.records()?.count(now).await?)
    }

    /// Deletes the rows that had expired at `now`, and tells how many.
    pub(in crate::lab) async fn clear_expired(&self, now: DateTime<Utc>) -> Result<usize, LabError> {
        Ok(self.storage.clear_expired(now, &|_| ()).await?)
    }

    fn records(&self) -> Result<&dyn SessionRecords, LabError> {
        self.storage.records().ok_or(LabError::NotFound("table: this engine cannot list its sessions"))
    }
}
