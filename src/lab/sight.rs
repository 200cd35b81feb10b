//! A look at a row that never makes a request wait for long, whatever the database does.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::timeout;

use super::rows::RowView;
use crate::clock::Stopwatch;
use crate::error::chain;
use crate::sessions::Storage;

/// How long a look may take: a request has its own wait for the database before it.
const PATIENCE: Duration = Duration::from_millis(100);
/// How long nobody looks after a look that failed.
const BLIND: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Sight {
    storage: Storage,
    failed: Mutex<Option<Stopwatch>>,
}

impl Sight {
    pub(super) fn new(storage: Storage) -> Self {
        Self { storage, failed: Mutex::default() }
    }

    /// The row under a key as it is now, expired or not. A database that does not answer has none to
    /// show; the request that is looked at tells of it.
    pub(super) async fn row(&self, key: Option<&str>) -> Option<RowView> {
        let (key, records) = (key?, self.storage.records()?);
        if self.is_blind() {
            return None;
        }
        let problem = match timeout(PATIENCE, records.find(key)).await {
            Ok(Ok(row)) => return row.map(|row| RowView::new(&row, self.storage.codec())),
            Ok(Err(error)) => chain(&error),
            Err(elapsed) => elapsed.to_string(),
        };
        log::debug!("the lab sees no row: {problem}");
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Stopwatch::start());
        None
    }

    fn is_blind(&self) -> bool {
        let failed = *self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.is_some_and(|failed| failed.elapsed() < BLIND)
    }
}
