//! Looking at all files.

use chrono::{DateTime, Utc};

use super::folder::{Folder, SessionFile};
use super::{BATCH, FileBackend};
use crate::sessions::backends::{BackendFuture, Count, ExpireDate, Moment, SessionRecord, SessionRecords};
use crate::sessions::error::SessionError;
use crate::sessions::policy::SessionPolicy;

impl FileBackend {
    fn record(&self, key: String, file: SessionFile, policy: &SessionPolicy) -> SessionRecord {
        let SessionFile { payload, modified } = file;
        let expire_date = match (modified, self.lifetime(&payload, policy)) {
            _ if payload.as_bytes().is_empty() => ExpireDate::Odd("never (empty)".to_owned()),
            (None, _) => ExpireDate::Odd("out of range".to_owned()),
            (_, Err(error)) => ExpireDate::Odd(error.to_string()),
            (Some(modified), Ok(lifetime)) => match lifetime.end_in_file(modified) {
                Ok(Some(end)) => ExpireDate::At(end),
                Ok(None) => ExpireDate::Odd("never (seconds)".to_owned()),
                Err(error) => ExpireDate::Odd(error.to_string()),
            },
        };
        SessionRecord { key, payload, expire_date }
    }

    async fn find_under(
        &self,
        key: &str,
        policy: &SessionPolicy,
    ) -> Result<Option<SessionRecord>, SessionError> {
        if !self.folder.holds(key) {
            return Ok(None);
        }
        let name = key.to_owned();
        let file = self.read(move |folder| folder.read(&name)).await?;
        Ok(file.map(|file| self.record(key.to_owned(), file, policy)))
    }

    /// What `each` makes of the files of all sessions, on threads that may wait, some at a time.
    async fn all<T, F>(&self, each: F) -> Result<Vec<T>, SessionError>
    where
        T: Send + 'static,
        F: Fn(&Self, String, SessionFile) -> T + Clone + Send + 'static,
    {
        let (keys, _) = self.read(Folder::names).await?;
        let mut all = Vec::with_capacity(keys.len());
        for keys in keys.chunks(BATCH) {
            let (backend, keys, each) = (self.clone(), keys.to_vec(), each.clone());
            let read = move |folder: &Folder| {
                // One that is gone by now, or that cannot be read, is left out.
                let file = |key: String| folder.read(&key).ok().flatten().map(|file| (key, file));
                Ok(keys.into_iter().filter_map(file).map(|(key, file)| each(&backend, key, file)).collect())
            };
            let read: Vec<T> = self.read(read).await?;
            all.extend(read);
        }
        Ok(all)
    }
}

/// Enumerating reads every file, since only that tells when a session ends.
impl SessionRecords for FileBackend {
    fn list(&self, limit: u32, offset: u64) -> BackendFuture<'_, Vec<SessionRecord>> {
        Box::pin(async move {
            let policy = self.policy.get();
            let mut ends = self
                .all(move |backend, key, file| {
                    let record = backend.record(key, file, &policy);
                    (record.expire_date.moment(), record.key)
                })
                .await?;
            // As a database sorts them; what never ends is the latest of all.
            ends.sort_by(|(one, one_key), (other, other_key)| {
                let end = |end: &Option<DateTime<Utc>>| end.unwrap_or(DateTime::<Utc>::MAX_UTC);
                end(other).cmp(&end(one)).then_with(|| one_key.cmp(other_key))
            });
            let offset = usize::try_from(offset).unwrap_or(usize::MAX);
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let mut page = Vec::new();
            for (_, key) in ends.into_iter().skip(offset).take(limit) {
                page.extend(SessionRecords::find(self, &key).await?);
            }
            Ok(page)
        })
    }

    fn count(&self, now: DateTime<Utc>) -> BackendFuture<'_, Count> {
        Box::pin(async move {
            let policy = self.policy.get();
            let over = self.all(move |backend, _, file| backend.is_over(&file, &policy, now)).await?;
            let expired = over.iter().filter(|over| **over).count();
            Ok(Count { all: over.len() as u64, expired: expired as u64 })
        })
    }

    fn find<'a>(&'a self, key: &'a str) -> BackendFuture<'a, Option<SessionRecord>> {
        Box::pin(async move { self.find_under(key, &self.policy.get()).await })
    }

    fn find_at<'a>(&'a self, key: &'a str, moment: &'a Moment) -> BackendFuture<'a, Option<SessionRecord>> {
        Box::pin(self.find_under(key, &moment.policy))
    }

    fn delete<'a>(&'a self, key: &'a str) -> BackendFuture<'a, bool> {
        Box::pin(async move {
            if !self.folder.holds(key) {
                return Ok(false);
            }
            let key = key.to_owned();
            self.write(move |job| job.delete(&key)).await
        })
    }
}
