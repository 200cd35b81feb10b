//! Sessions in the database, and beside it in a cache (`django.contrib.sessions.backends.cached_db`).
//!
//! The database is the truth. Django believes its cache as long as that has anything: a session that was flushed while the
//! cache was down, or that another server could not delete there, comes back to life with it. Here a request gets what the
//! database holds, read at the same time as the cache; so what was ended stays ended, and no answer is older than the last
//! save. That costs a look by primary key for each request that asks for its session, which on SQLite is mostly answered from
//! memory.
//!
//! The cache is left as Django would leave it, for a Django that shares it: filled by a request that finds nothing there,
//! written through by every save, emptied with the session. Where that fails the key is remembered and deleted as soon as the
//! cache is back.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::timeout;

use super::cache::until;
use super::{
    BackendFuture, Count, DbBackend, Entry, Found, Inserted, Moment, Renamed, Replaced, SessionBackend,
    SessionRecord, SessionRecords, Stored,
};
use crate::cache::{Cache, CacheFuture, CacheOptions, Held};
use crate::clock::Stopwatch;
use crate::error::chain;
use crate::sessions::heavy::LARGEST_LIGHT;
use crate::sessions::key::SessionKey;
use crate::sessions::payload::Payload;
use crate::sessions::pickle_codec::PickleCodec;
use crate::sessions::serializers::{PayloadCodec as _, SessionCodec};

/// `KEY_PREFIX` of Django's module.
const KEY_PREFIX: &str = "django.contrib.sessions.cached_db";
/// How long the cache may take: the database has the answer.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long a cache that has failed is left alone. It is in the log as often.
const REST: Duration = Duration::from_secs(1);
/// Keys that are remembered because they hold something old in the cache.
const STALE: usize = 100_000;
/// So many of them are deleted with one call to the cache that succeeds.
const REPAIRS: usize = 50;

/// The `cached_db` engine: a row for each session, and a copy in a cache. Its payloads are those of the row.
#[derive(Clone, Debug)]
pub struct CachedDbBackend {
    db: DbBackend,
    copies: Arc<Copies>,
}

/// The copies in the cache. Nothing about them ever fails a request.
struct Copies {
    cache: Arc<dyn Cache>,
    prefix: String,
    codec: SessionCodec,
    failed: Mutex<Option<Stopwatch>>,
    /// Keys whose copies are older than their rows.
    stale: Mutex<BTreeSet<String>>,
}

impl CachedDbBackend {
    /// Sessions in `db`, whose payloads `codec` encodes, with copies in `cache` under keys as `options` have them.
    #[must_use]
    pub fn new(db: DbBackend, codec: SessionCodec, cache: Arc<dyn Cache>, options: &CacheOptions) -> Self {
        let copies = Copies {
            cache,
            prefix: options.key(KEY_PREFIX),
            codec,
            failed: Mutex::default(),
            stale: Mutex::default(),
        };
        Self { db, copies: Arc::new(copies) }
    }
}

impl Copies {
    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// The value in the cache; `None` where it does not answer.
    async fn get<'a>(&'a self, key: &'a str) -> Option<Option<Held>> {
        self.attempt(|| self.cache.get(key)).await
    }

    /// Makes the copy of a row, and none where the row has no session in it.
    async fn put(&self, key: &str, entry: &Entry) {
        let key = self.key(key);
        if !self.cache.accepts(&key) {
            return;
        }
        let done = match self.pickled(&entry.payload).await {
            Some(pickle) => {
                self.attempt(|| self.cache.set(&key, pickle.as_bytes(), until(entry))).await.is_some()
            }
            None => self.attempt(|| self.cache.delete(&key)).await.is_some(),
        };
        if !done {
            self.remember(key);
        }
    }

    /// A row's payload as Django pickles it; a large one on a thread that may take its time.
    async fn pickled(&self, payload: &Payload) -> Option<Payload> {
        if let Some(data) = self.codec.decode_within(payload, LARGEST_LIGHT) {
            return Some(PickleCodec::encode_plain(&data.ok()?));
        }
        let (codec, payload) = (self.codec.clone(), payload.clone());
        let pickled = move || Some(PickleCodec::encode_plain(&codec.decode(payload.as_str()?).ok()?));
        tokio::task::spawn_blocking(pickled).await.ok()?
    }

    async fn delete(&self, key: &str) {
        let key = self.key(key);
        if self.cache.accepts(&key) && self.attempt(|| self.cache.delete(&key)).await.is_none() {
            self.remember(key);
        }
    }

    /// What the cache answers, unless it fails or has just failed.
    async fn attempt<'a, T>(&'a self, call: impl FnOnce() -> CacheFuture<'a, T>) -> Option<T> {
        if self.failed().is_some_and(|failed| failed.elapsed() < REST) {
            return None;
        }
        let answer = self.patiently(call()).await?;
        self.repair().await;
        Some(answer)
    }

    async fn patiently<T>(&self, call: CacheFuture<'_, T>) -> Option<T> {
        let problem = match timeout(PATIENCE, call).await {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) => chain(&error),
            Err(_) => format!("no answer within {} s", PATIENCE.as_secs_f32()),
        };
        let mut failed = self.failed();
        // Many may have asked before it failed for the first of them.
        if failed.is_none_or(|failed| failed.elapsed() >= REST) {
            log::error!("cached_db goes on without its cache: {problem}");
            *failed = Some(Stopwatch::start());
        }
        None
    }

    /// Deletes copies that are old, now that the cache answers.
    async fn repair(&self) {
        for _ in 0..REPAIRS {
            let Some(key) = self.stale().pop_first() else { return };
            if self.patiently(self.cache.delete(&key)).await.is_none() {
                return self.remember(key);
            }
        }
    }

    fn remember(&self, key: String) {
        let mut stale = self.stale();
        if stale.len() < STALE {
            stale.insert(key);
        }
    }

    fn failed(&self) -> MutexGuard<'_, Option<Stopwatch>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stale(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.stale.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Copies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Copies({:?}, {} stale)", self.cache, self.stale().len())
    }
}

impl SessionBackend for CachedDbBackend {
    fn is_stateless(&self) -> bool {
        false
    }

    fn holds(&self, key: &SessionKey) -> bool {
        self.db.holds(key)
    }

    fn load<'a>(&'a self, key: &'a SessionKey, moment: &'a Moment) -> BackendFuture<'a, Found> {
        Box::pin(async move {
            let name = self.copies.key(key.as_str());
            if !self.copies.cache.accepts(&name) {
                return self.db.load(key, moment).await;
            }
            let (copy, row) =
                futures_util::future::join(self.copies.get(&name), self.db.load(key, moment)).await;
            let row = row?;
            match (&row, copy) {
                (Found::Session(Stored { payload, expire_date: Some(end) }), Some(None)) => {
                    let (payload, saved_at) = (payload.clone(), moment.now);
                    self.copies.put(key.as_str(), &Entry { payload, saved_at, expire_date: *end }).await;
                }
                (Found::Nothing, Some(Some(_))) => self.copies.delete(key.as_str()).await,
                _ => {}
            }
            Ok(row)
        })
    }

    fn exists<'a>(&'a self, key: &'a SessionKey) -> BackendFuture<'a, bool> {
        self.db.exists(key)
    }

    fn insert<'a>(&'a self, key: &'a SessionKey, entry: Entry) -> BackendFuture<'a, Inserted> {
        Box::pin(async move {
            let inserted = self.db.insert(key, entry.clone()).await?;
            if inserted == Inserted::Stored {
                self.copies.put(key.as_str(), &entry).await;
            }
            Ok(inserted)
        })
    }

    fn replace<'a>(
        &'a self,
        key: &'a SessionKey,
        expected: Option<&'a Payload>,
        entry: Entry,
    ) -> BackendFuture<'a, Replaced> {
        Box::pin(async move {
            let replaced = self.db.replace(key, expected, entry.clone()).await?;
            match replaced {
                Replaced::Stored => self.copies.put(key.as_str(), &entry).await,
                Replaced::Gone => self.copies.delete(key.as_str()).await,
                Replaced::Changed(_) => {}
            }
            Ok(replaced)
        })
    }

    fn rename<'a>(
        &'a self,
        from: &'a SessionKey,
        expected: Option<&'a Payload>,
        to: &'a SessionKey,
        entry: Entry,
    ) -> BackendFuture<'a, Renamed> {
        Box::pin(async move {
            let renamed = self.db.rename(from, expected, to, entry.clone()).await?;
            if matches!(renamed, Renamed::Stored | Renamed::Gone) {
                self.copies.delete(from.as_str()).await;
            }
            if renamed == Renamed::Stored {
                self.copies.put(to.as_str(), &entry).await;
            }
            Ok(renamed)
        })
    }

    fn delete<'a>(&'a self, key: &'a SessionKey) -> BackendFuture<'a, bool> {
        SessionRecords::delete(self, key.as_str())
    }

    /// The copies end by themselves.
    fn clear_expired<'a>(
        &'a self,
        now: DateTime<Utc>,
        progress: &'a (dyn Fn(usize) + Sync),
    ) -> BackendFuture<'a, usize> {
        self.db.clear_expired(now, progress)
    }

    fn records(&self) -> Option<&dyn SessionRecords> {
        Some(self)
    }

    fn timeout(&self) -> Duration {
        self.db.timeout()
    }
}

/// The rows, as the `db` engine tells them.
impl SessionRecords for CachedDbBackend {
    fn list(&self, limit: u32, offset: u64) -> BackendFuture<'_, Vec<SessionRecord>> {
        self.db.list(limit, offset)
    }

    fn count(&self, now: DateTime<Utc>) -> BackendFuture<'_, Count> {
        self.db.count(now)
    }

    fn find<'a>(&'a self, key: &'a str) -> BackendFuture<'a, Option<SessionRecord>> {
        self.db.find(key)
    }

    fn delete<'a>(&'a self, key: &'a str) -> BackendFuture<'a, bool> {
        Box::pin(async move {
            let deleted = SessionRecords::delete(&self.db, key).await?;
            self.copies.delete(key).await;
            Ok(deleted)
        })
    }
}
