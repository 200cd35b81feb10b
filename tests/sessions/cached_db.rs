//! The `cached_db` engine: the row decides, and the copy follows.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::http::StatusCode;
use chrono::TimeDelta;
use futures_util::future::join_all;
use sessionid::cache::{
    Cache, CacheError, CacheFuture, CacheOptions, Held, Listing, LocMemCache, Renamed, Swapped, Until,
};
use sessionid::sessions::{PayloadCodec as _, PickleCodec, Session, SessionError, SessionPolicy};

use crate::cookie;
use crate::harness::Harness;
use crate::logs;
use crate::support::TestDatabase;
use crate::support::caches::TestCache;

/// A cache that does not answer while it is down, and counts what it is asked.
#[derive(Debug, Default)]
pub(crate) struct Flaky {
    inner: LocMemCache,
    state: AtomicUsize,
    calls: AtomicUsize,
}

const UP: usize = 0;
const DOWN: usize = 1;
pub(crate) const HANGS: usize = 2;

impl Flaky {
    pub(crate) fn now_is(&self, state: usize) {
        self.state.store(state, Ordering::Relaxed);
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    fn ask<'a, T: Send + 'a>(&'a self, call: CacheFuture<'a, T>) -> CacheFuture<'a, T> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        match self.state.load(Ordering::Relaxed) {
            UP => call,
            DOWN => {
                let error = CacheError::NoRuntime;
                Box::pin(std::future::ready(Err(error)))
            }
            _ => Box::pin(std::future::pending()),
        }
    }
}

impl Cache for Flaky {
    fn get<'a>(&'a self, key: &'a str) -> CacheFuture<'a, Option<Held>> {
        self.ask(self.inner.get(key))
    }

    fn add<'a>(&'a self, _: &'a str, _: &'a [u8], _: Until) -> CacheFuture<'a, bool> {
        unreachable!("copies are never compared")
    }

    fn set<'a>(&'a self, key: &'a str, value: &'a [u8], until: Until) -> CacheFuture<'a, ()> {
        if self.state.load(Ordering::Relaxed) == UP {
            return self.ask(self.inner.set(key, value, until));
        }
        self.ask(Box::pin(std::future::pending()))
    }

    fn replace<'a>(&'a self, _: &'a str, _: &'a [u8], _: Until) -> CacheFuture<'a, bool> {
        unreachable!("copies are never compared")
    }

    fn swap<'a>(&'a self, _: &'a str, _: &'a [u8], _: &'a [u8], _: Until) -> CacheFuture<'a, Swapped> {
        unreachable!("copies are never compared")
    }

    fn rename<'a>(
        &'a self,
        _: &'a str,
        _: &'a [u8],
        _: &'a str,
        _: &'a [u8],
        _: Until,
    ) -> CacheFuture<'a, Renamed> {
        unreachable!("copies are never compared")
    }

    fn delete<'a>(&'a self, key: &'a str) -> CacheFuture<'a, bool> {
        if self.state.load(Ordering::Relaxed) == UP {
            return self.ask(self.inner.delete(key));
        }
        self.ask(Box::pin(std::future::pending()))
    }

    fn accepts(&self, _: &str) -> bool {
        true
    }

    fn ping(&self) -> CacheFuture<'_, ()> {
        self.inner.ping()
    }

    fn risks(&self) -> CacheFuture<'_, Vec<String>> {
        self.inner.risks()
    }

    fn listing(&self) -> Option<&dyn Listing> {
        self.inner.listing()
    }
}

fn on(cache: Arc<dyn Cache>) -> Harness {
    Harness::on_cached_db(TestDatabase::new(), cache, &CacheOptions::default(), SessionPolicy::default())
}

fn on_flaky() -> (Harness, Arc<Flaky>) {
    let cache = Arc::<Flaky>::default();
    (on(cache.clone()), cache)
}

fn whole(key: &str) -> String {
    format!(":1:django.contrib.sessions.cached_db{key}")
}

async fn copy(cache: &dyn Cache, key: &str) -> Option<String> {
    let held = cache.get(&whole(key)).await.unwrap()?;
    Some(PickleCodec.decode(&held.value.into()).unwrap().to_json())
}

async fn forge(cache: &dyn Cache, key: &str, pickle: &[u8], now: chrono::DateTime<chrono::Utc>) {
    cache.set(&whole(key), pickle, Until { now, end: now + TimeDelta::days(1) }).await.unwrap();
}

fn count(session: &Session) -> Result<(), SessionError> {
    session.fetch_update("counter", 0_i64, |counter| counter + 1).map(drop)
}

fn look(session: &Session) -> Result<(), SessionError> {
    session.get::<i64>("counter").map(drop)
}

#[actix_web::test]
async fn every_save_is_written_through_and_every_end_as_well() {
    let (harness, cache) = on_flaky();
    let key = harness.saved().await;
    assert_eq!(copy(&*cache, &key).await.as_deref(), Some(r#"{"counter":1}"#));
    harness.visit(Some(&cookie(&key)), count).await;
    assert_eq!(copy(&*cache, &key).await.as_deref(), Some(r#"{"counter":2}"#));
    let moved = harness.visit(Some(&cookie(&key)), Session::cycle_key).await.key().to_owned();
    assert_eq!(copy(&*cache, &key).await, None);
    assert_eq!(copy(&*cache, &moved).await.as_deref(), Some(r#"{"counter":2}"#));
    harness
        .visit(Some(&cookie(&moved)), |session| {
            session.flush()?;
            Ok(())
        })
        .await;
    assert_eq!(copy(&*cache, &moved).await, None);
    assert!(harness.rows().is_empty());
}

#[actix_web::test]
async fn a_copy_that_is_missing_is_made_and_one_without_a_row_deleted() {
    let (harness, cache) = on_flaky();
    let key = harness.saved().await;
    cache.delete(&whole(&key)).await.unwrap();
    harness.visit(Some(&cookie(&key)), look).await;
    assert_eq!(copy(&*cache, &key).await.as_deref(), Some(r#"{"counter":1}"#));
    harness.database().execute("DELETE FROM django_session");
    let answer = harness.visit(Some(&cookie(&key)), look).await;
    assert!(answer.deletes_the_cookie(), "it has ended: {answer:?}");
    assert_eq!(copy(&*cache, &key).await, None);
}

/// Django shows what the cache holds, be it older than the row, and fails where it cannot unpickle it.
#[actix_web::test]
async fn whatever_the_copy_says_the_row_counts() {
    let (harness, cache) = on_flaky();
    let key = harness.saved().await;
    for pickle in [&b"garbage"[..], b"\x80\x04}(\x8c\x07counterK\x63u."] {
        forge(&*cache, &key, pickle, harness.now()).await;
        let answer = harness
            .visit(Some(&cookie(&key)), |session| {
                assert_eq!(session.get::<i64>("counter")?, Some(1));
                Ok(())
            })
            .await;
        assert_eq!(answer.status, StatusCode::OK);
    }
    harness.visit(Some(&cookie(&key)), count).await;
    assert_eq!(harness.data(&key), r#"{"counter":2}"#);
    assert_eq!(copy(&*cache, &key).await.as_deref(), Some(r#"{"counter":2}"#));
}

/// With Django the copy brings the session back to life.
#[actix_web::test]
async fn a_session_that_is_flushed_while_the_cache_is_down_does_not_come_back_with_it() {
    let (harness, cache) = on_flaky();
    let key = harness.saved().await;
    let elsewhere = harness.saved().await;
    cache.now_is(DOWN);
    harness
        .visit(Some(&cookie(&key)), |session| {
            session.flush()?;
            Ok(())
        })
        .await;
    assert!(harness.row(&key).is_none());
    cache.now_is(UP);
    assert!(copy(&*cache, &key).await.is_some(), "nobody could delete it");
    let answer = harness.visit(Some(&cookie(&key)), look).await;
    assert!(answer.deletes_the_cookie(), "{answer:?}");
    // Once the cache is asked again, no Django finds it there either.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    harness.visit(Some(&cookie(&elsewhere)), look).await;
    assert_eq!(copy(&*cache, &key).await, None);
}

#[actix_web::test]
async fn a_cache_that_is_down_fails_nothing_and_is_in_the_log_once_a_second() {
    logs::listen();
    let (harness, cache) = on_flaky();
    let key = harness.saved().await;
    for state in [DOWN, HANGS] {
        tokio::time::sleep(Duration::from_millis(1100)).await;
        cache.now_is(state);
        cache.calls.store(0, Ordering::Relaxed);
        let before = harness.data(&key);
        let started = tokio::time::Instant::now();
        for _ in 0..50 {
            assert_eq!(harness.visit(Some(&cookie(&key)), count).await.status, StatusCode::OK);
        }
        let took = started.elapsed();
        assert_ne!(harness.data(&key), before);
        let lines =
            logs::take().into_iter().filter(|line| line.message.contains("cached_db goes on")).count();
        let seconds = usize::try_from(took.as_secs()).unwrap();
        assert!((1..=seconds + 1).contains(&lines), "{lines} lines in {took:?}");
        assert!(cache.calls.load(Ordering::Relaxed) <= 3 * (seconds + 1), "it is left alone meanwhile");
        assert!(took < Duration::from_secs(3), "{took:?}");
    }
    cache.now_is(UP);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    harness.visit(Some(&cookie(&key)), count).await;
    assert_eq!(copy(&*cache, &key).await, Some(harness.data(&key)));
}

#[actix_web::test]
async fn sixty_four_clients_of_one_cookie_over_two_servers_lose_nothing() {
    let cache = TestCache::any();
    let one = on(cache.cache());
    let other = Harness::on_cached_db(
        TestDatabase::new(),
        cache.another(),
        &CacheOptions::default(),
        SessionPolicy::default(),
    );
    let other = other.with_storage(one.storage_with_a_cache(cache.another()));
    let key = one.saved().await;
    let cookie = cookie(&key);
    let visits = (0..640)
        .map(|at| if at % 2 == 0 { &one } else { &other })
        .map(|server| server.visit(Some(&cookie), count));
    for answer in join_all(visits).await {
        assert_eq!(answer.status, StatusCode::OK);
    }
    assert_eq!(one.data(&key), r#"{"counter":641}"#);
}
