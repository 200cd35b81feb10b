//! Sessions in a cache (`django.contrib.sessions.backends.cache`).

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{
    BackendFuture, Count, Entry, ExpireDate, Found, Inserted, Moment, Renamed, Replaced, SessionBackend,
    SessionRecord, SessionRecords, Stored,
};
use crate::cache::{self, Cache, CacheError, CacheOptions, LIMIT, Listing, LocMemCache, Until};
use crate::sessions::error::SessionError;
use crate::sessions::key::SessionKey;
use crate::sessions::payload::Payload;

/// The `cache` engine: one value for each session, which the cache drops when the session ends.
///
/// ```
/// use sessionid::sessions::{CacheBackend, PickleCodec, SessionMiddleware, SessionPolicy, Storage};
///
/// // In the memory of this process: for tests, and where no session has to outlive it.
/// let storage = Storage::new(CacheBackend::in_memory(), PickleCodec);
/// let sessions = SessionMiddleware::new(storage, SessionPolicy::default());
/// ```
#[derive(Clone, Debug)]
pub struct CacheBackend {
    cache: Arc<dyn Cache>,
    /// What stands before each session's key.
    prefix: String,
}

impl CacheBackend {
    /// `KEY_PREFIX` of Django's module, before the cache puts its own prefix and version in front.
    pub const KEY_PREFIX: &str = "django.contrib.sessions.cache";

    /// Sessions in `cache`, under keys as `options` have them.
    #[must_use]
    pub fn new(cache: Arc<dyn Cache>, options: &CacheOptions) -> Self {
        Self { cache, prefix: options.key(Self::KEY_PREFIX) }
    }

    /// Sessions in the memory of this process, gone with it; clones share them.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::new(Arc::new(LocMemCache::new()), &CacheOptions::default())
    }

    fn key(&self, key: &SessionKey) -> String {
        format!("{}{}", self.prefix, key.as_str())
    }

    async fn listing(&self) -> Result<(&dyn Listing, Vec<(String, Option<DateTime<Utc>>)>), SessionError> {
        let listing = self.cache.listing().ok_or_else(|| SessionError::unavailable(NO_LISTING))?;
        Ok((listing, listing.keys(&self.prefix).await?))
    }

    async fn record(
        &self,
        key: &str,
        end: Option<DateTime<Utc>>,
    ) -> Result<Option<SessionRecord>, SessionError> {
        let Some(held) = self.cache.get(key).await? else { return Ok(None) };
        let end = end.or(held.end);
        Ok(Some(SessionRecord {
            key: key.strip_prefix(&self.prefix).unwrap_or(key).to_owned(),
            payload: held.value.into(),
            expire_date: end.map_or_else(|| ExpireDate::Odd("never".to_owned()), ExpireDate::At),
        }))
    }
}

const NO_LISTING: &str = "this cache does not tell its keys";

pub(super) fn until(entry: &Entry) -> Until {
    Until { now: entry.saved_at, end: entry.expire_date }
}

impl SessionBackend for CacheBackend {
    fn is_stateless(&self) -> bool {
        false
    }

    fn holds(&self, key: &SessionKey) -> bool {
        key.is_storable() && self.cache.accepts(&self.key(key))
    }

    fn load<'a>(&'a self, key: &'a SessionKey, moment: &'a Moment) -> BackendFuture<'a, Found> {
        Box::pin(async move {
            let held = self.cache.get(&self.key(key)).await?;
            let live = held.filter(|held| held.end.is_none_or(|end| end > moment.now));
            Ok(live.map_or(Found::Nothing, |held| {
                let end = held.end.or_else(|| moment.now.checked_add_signed(held.left?));
                Found::Session(Stored { payload: held.value.into(), expire_date: end })
            }))
        })
    }

    fn exists<'a>(&'a self, key: &'a SessionKey) -> BackendFuture<'a, bool> {
        Box::pin(async move { Ok(self.cache.get(&self.key(key)).await?.is_some()) })
    }

    fn insert<'a>(&'a self, key: &'a SessionKey, entry: Entry) -> BackendFuture<'a, Inserted> {
        Box::pin(async move {
            let added = self.cache.add(&self.key(key), entry.payload.as_bytes(), until(&entry)).await?;
            Ok(if added { Inserted::Stored } else { Inserted::Taken })
        })
    }

    fn replace<'a>(
        &'a self,
        key: &'a SessionKey,
        expected: Option<&'a Payload>,
        entry: Entry,
    ) -> BackendFuture<'a, Replaced> {
        Box::pin(async move {
            let (key, value, until) = (self.key(key), entry.payload.as_bytes(), until(&entry));
            let Some(expected) = expected else {
                let replaced = self.cache.replace(&key, value, until).await?;
                return Ok(if replaced { Replaced::Stored } else { Replaced::Gone });
            };
            Ok(match self.cache.swap(&key, expected.as_bytes(), value, until).await? {
                cache::Swapped::Stored => Replaced::Stored,
                cache::Swapped::Changed(held) => Replaced::Changed(held.into()),
                cache::Swapped::Gone => Replaced::Gone,
            })
        })
    }

    /// Where nothing of the old session is taken along, the new one is there before the old one is deleted: what is given up
    /// in between has changed nothing for anybody who comes with the old key.
    fn rename<'a>(
        &'a self,
        from: &'a SessionKey,
        expected: Option<&'a Payload>,
        to: &'a SessionKey,
        entry: Entry,
    ) -> BackendFuture<'a, Renamed> {
        Box::pin(async move {
            let Some(expected) = expected else {
                return Ok(match self.insert(to, entry).await? {
                    Inserted::Stored => {
                        self.cache.delete(&self.key(from)).await?;
                        Renamed::Stored
                    }
                    Inserted::Taken => Renamed::Taken,
                });
            };
            let (from, to) = (self.key(from), self.key(to));
            let (value, until) = (entry.payload.as_bytes(), until(&entry));
            Ok(match self.cache.rename(&from, expected.as_bytes(), &to, value, until).await? {
                cache::Renamed::Stored => Renamed::Stored,
                cache::Renamed::Changed(held) => Renamed::Changed(held.into()),
                cache::Renamed::Gone => Renamed::Gone,
                cache::Renamed::Taken => Renamed::Taken,
            })
        })
    }

    fn delete<'a>(&'a self, key: &'a SessionKey) -> BackendFuture<'a, bool> {
        SessionRecords::delete(self, key.as_str())
    }

    /// A cache on a server does this by itself.
    fn clear_expired<'a>(
        &'a self,
        now: DateTime<Utc>,
        progress: &'a (dyn Fn(usize) + Sync),
    ) -> BackendFuture<'a, usize> {
        Box::pin(async move {
            let cleared = match self.cache.listing() {
                Some(listing) => listing.clear_ended(now).await?,
                None => 0,
            };
            progress(cleared);
            Ok(cleared)
        })
    }

    fn records(&self) -> Option<&dyn SessionRecords> {
        self.cache.listing().map(|_| self as _)
    }

    fn timeout(&self) -> Duration {
        LIMIT
    }
}

impl SessionRecords for CacheBackend {
    fn list(&self, limit: u32, offset: u64) -> BackendFuture<'_, Vec<SessionRecord>> {
        Box::pin(async move {
            let (_, mut keys) = self.listing().await?;
            keys.sort_by(|(left, left_end), (right, right_end)| {
                right_end.cmp(left_end).then(left.cmp(right))
            });
            let offset = usize::try_from(offset).unwrap_or(usize::MAX);
            let mut page = Vec::new();
            for (key, end) in keys.into_iter().skip(offset).take(usize::try_from(limit).unwrap_or(usize::MAX))
            {
                page.extend(self.record(&key, end).await?);
            }
            Ok(page)
        })
    }

    fn count(&self, now: DateTime<Utc>) -> BackendFuture<'_, Count> {
        Box::pin(async move {
            let (_, keys) = self.listing().await?;
            let expired = keys.iter().filter(|(_, end)| end.is_some_and(|end| end <= now)).count();
            Ok(Count { all: keys.len() as u64, expired: expired as u64 })
        })
    }

    fn find<'a>(&'a self, key: &'a str) -> BackendFuture<'a, Option<SessionRecord>> {
        Box::pin(async move {
            let key = format!("{}{key}", self.prefix);
            let end = match self.cache.listing() {
                Some(listing) => listing.end(&key).await?,
                None => None,
            };
            self.record(&key, end).await
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BackendFuture<'a, bool> {
        Box::pin(async move { Ok(self.cache.delete(&format!("{}{key}", self.prefix)).await?) })
    }
}

impl From<CacheError> for SessionError {
    fn from(error: CacheError) -> Self {
        Self::unavailable(error)
    }
}
