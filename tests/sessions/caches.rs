//! What every cache does, on its own server where it has one, and the `cache` engine on it.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use sessionid::cache::{Cache, CacheOptions, CacheOptionsError, Renamed, Swapped, Until};
use sessionid::sessions::backends::{Count, ExpireDate};
use sessionid::sessions::{CacheBackend, PickleCodec, Session, SessionError, SessionPolicy, Storage};

use crate::cookie;
use crate::harness::Harness;
use crate::support::caches::TestCache;

fn until(seconds: i64) -> Until {
    let now: DateTime<Utc> = "2026-11-22T18:24:10.25Z".parse().unwrap();
    Until { now, end: now + TimeDelta::seconds(seconds) }
}

async fn value(cache: &dyn Cache, key: &str) -> Option<Vec<u8>> {
    cache.get(key).await.unwrap().map(|held| held.value.to_vec())
}

fn count(session: &Session) -> Result<(), SessionError> {
    session.fetch_update("counter", 0_i64, |counter| counter + 1).map(drop)
}

#[actix_web::test]
async fn a_value_is_stored_only_where_it_may_be() {
    for test in TestCache::every() {
        let (cache, key) = (test.cache(), test.key("one"));
        let bytes = b"\0\r\nEND\r\n\xff binary";
        assert_eq!(value(&*cache, &key).await, None);
        assert!(!cache.replace(&key, b"x", until(60)).await.unwrap());
        assert_eq!(cache.swap(&key, b"", b"x", until(60)).await.unwrap(), Swapped::Gone);
        assert!(cache.add(&key, bytes, until(60)).await.unwrap());
        assert!(!cache.add(&key, b"other", until(60)).await.unwrap());
        let changed = Swapped::Changed(bytes.as_slice().into());
        assert_eq!(cache.swap(&key, b"other", b"x", until(60)).await.unwrap(), changed);
        assert_eq!(cache.swap(&key, bytes, b"", until(60)).await.unwrap(), Swapped::Stored);
        assert_eq!(value(&*cache, &key).await.as_deref(), Some(&b""[..]));
        assert!(cache.replace(&key, b"y", until(60)).await.unwrap());
        cache.set(&key, b"z", until(60)).await.unwrap();
        assert_eq!(value(&*cache, &key).await.as_deref(), Some(&b"z"[..]));
        assert!(cache.delete(&key).await.unwrap());
        assert!(!cache.delete(&key).await.unwrap());
    }
}

#[actix_web::test]
async fn a_value_is_moved_only_from_what_is_expected_and_to_what_is_free() {
    for test in TestCache::every() {
        let (cache, from, to) = (test.cache(), test.key("from"), test.key("to"));
        assert_eq!(cache.rename(&from, b"a", &to, b"b", until(60)).await.unwrap(), Renamed::Gone);
        cache.set(&from, b"a", until(60)).await.unwrap();
        let changed = Renamed::Changed(b"a".as_slice().into());
        assert_eq!(cache.rename(&from, b"x", &to, b"b", until(60)).await.unwrap(), changed);
        cache.set(&to, b"taken", until(60)).await.unwrap();
        assert_eq!(cache.rename(&from, b"a", &to, b"b", until(60)).await.unwrap(), Renamed::Taken);
        assert_eq!(value(&*cache, &from).await.as_deref(), Some(&b"a"[..]));
        cache.delete(&to).await.unwrap();
        assert_eq!(cache.rename(&from, b"a", &to, b"b", until(60)).await.unwrap(), Renamed::Stored);
        assert_eq!(value(&*cache, &from).await, None);
        assert_eq!(value(&*cache, &to).await.as_deref(), Some(&b"b"[..]));
    }
}

#[actix_web::test]
async fn what_has_no_time_left_is_not_kept() {
    for test in TestCache::every() {
        for seconds in [0, -1, -100_000] {
            let (cache, key, to) = (test.cache(), test.key("ended"), test.key("to"));
            assert!(cache.add(&key, b"x", until(seconds)).await.unwrap());
            assert_eq!(value(&*cache, &key).await, None);
            for way in 0..4 {
                cache.set(&key, b"old", until(60)).await.unwrap();
                match way {
                    0 => cache.set(&key, b"x", until(seconds)).await.unwrap(),
                    1 => assert!(cache.replace(&key, b"x", until(seconds)).await.unwrap()),
                    2 => assert_eq!(
                        cache.swap(&key, b"old", b"x", until(seconds)).await.unwrap(),
                        Swapped::Stored
                    ),
                    _ => assert_eq!(
                        cache.rename(&key, b"old", &to, b"x", until(seconds)).await.unwrap(),
                        Renamed::Stored
                    ),
                }
                assert_eq!((value(&*cache, &key).await, value(&*cache, &to).await), (None, None), "{way}");
            }
        }
    }
}

/// Servers go by their own clocks.
#[actix_web::test]
async fn what_a_server_keeps_it_drops_in_time() {
    for test in TestCache::every().into_iter().skip(1) {
        let (cache, short, long, longer) = (test.cache(), test.key("s"), test.key("l"), test.key("m"));
        cache.set(&short, b"x", until(1)).await.unwrap();
        cache.set(&long, b"x", until(60 * 60 * 24 * 14)).await.unwrap();
        cache.set(&longer, b"x", until(60 * 60 * 24 * 365 * 100)).await.unwrap();
        assert!(value(&*cache, &short).await.is_some());
        tokio::time::sleep(Duration::from_millis(2100)).await;
        assert_eq!(value(&*cache, &short).await, None);
        assert!(value(&*cache, &long).await.is_some() && value(&*cache, &longer).await.is_some());
    }
}

#[actix_web::test]
async fn nobody_comes_between_the_look_and_the_swap() {
    for test in TestCache::every() {
        let key = test.key("counter");
        test.cache().set(&key, b"0", until(60)).await.unwrap();
        let add_one = async |cache: Arc<dyn Cache>| {
            let mut held = cache.get(&key).await.unwrap().unwrap().value;
            loop {
                let number: u32 = std::str::from_utf8(&held).unwrap().parse().unwrap();
                let next = (number + 1).to_string();
                match cache.swap(&key, &held, next.as_bytes(), until(60)).await.unwrap() {
                    Swapped::Stored => return,
                    Swapped::Changed(found) => held = found,
                    Swapped::Gone => panic!("it is gone"),
                }
            }
        };
        let clients = (0..64).map(|at| add_one(if at % 2 == 0 { test.cache() } else { test.another() }));
        join_all(clients).await;
        assert_eq!(value(&*test.cache(), &key).await.as_deref(), Some(&b"64"[..]));
    }
}

/// Of many that move one session to as many keys, one does.
#[actix_web::test]
async fn a_session_that_many_move_goes_to_one_place() {
    for test in TestCache::every() {
        let from = test.key("from");
        test.cache().set(&from, b"a", until(60)).await.unwrap();
        let keys: Vec<_> = (0..32).map(|at| test.key(&format!("to{at}"))).collect();
        let moves = keys.iter().map(|to| {
            let (cache, from) = (test.another(), &from);
            async move { cache.rename(from, b"a", to, b"b", until(60)).await.unwrap() }
        });
        let stored = join_all(moves).await.into_iter().filter(|moved| *moved == Renamed::Stored).count();
        let mut held = 0;
        for key in &keys {
            held += usize::from(value(&*test.cache(), key).await.is_some());
        }
        assert_eq!((stored, held), (1, 1));
        assert_eq!(value(&*test.cache(), &from).await, None);
    }
}

/// A client that goes away, or a process that dies, at whatever moment: the session is under one key or the other, and with
/// its values.
#[actix_web::test]
async fn a_move_that_is_given_up_in_between_loses_nothing() {
    for test in TestCache::every() {
        let (cache, mut moved) = (test.cache(), 0);
        for micros in (0..1500).step_by(5) {
            let (from, to) = (test.key(&format!("from{micros}")), test.key(&format!("to{micros}")));
            cache.set(&from, b"a", until(60)).await.unwrap();
            let moving = cache.rename(&from, b"a", &to, b"b", until(60));
            let given_up = tokio::time::timeout(Duration::from_micros(micros), moving).await.is_err();
            match value(&*cache, &from).await.as_deref() {
                Some(b"a") => assert!(given_up, "it was moved"),
                None => {
                    assert_eq!(value(&*cache, &to).await.as_deref(), Some(&b"b"[..]));
                    moved += 1;
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(moved > 0);
    }
}

#[actix_web::test]
async fn sixty_four_clients_of_one_cookie_over_two_servers_lose_nothing() {
    for test in TestCache::every() {
        let other = CacheBackend::new(test.another(), test.options());
        let one = Harness::on_cache(test, SessionPolicy::default());
        let other = Harness::on_cache(TestCache::locmem(), SessionPolicy::default())
            .with_storage(Storage::new(other, PickleCodec));
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
}

#[actix_web::test]
async fn what_cannot_be_read_is_left_as_it_is_and_can_be_cleared() {
    for test in TestCache::every() {
        let harness = Harness::on_cache(test, SessionPolicy::default());
        let key = "keyofadjangoofbefore";
        for pickle in ["garbage", "(dp0\nVwhen\np1\ncdatetime\ndate\np2\n", "17", "(lp0\n."] {
            harness.write(key, pickle, "2027-01-01 00:00:00");
            let answer = harness.visit(Some(&cookie(key)), count).await;
            assert_eq!((answer.status, answer.set_cookie), (StatusCode::INTERNAL_SERVER_ERROR, None));
            assert_eq!(harness.row(key).unwrap().session_data, pickle);
            let answer = harness
                .visit(Some(&cookie(key)), |session| {
                    session.clear()?;
                    session.insert("a", 1)
                })
                .await;
            assert_eq!(answer.status, StatusCode::OK, "{answer:?} {pickle}");
            assert!(answer.set_cookie.unwrap().starts_with(&format!("sessionid={key};")));
            assert_eq!(harness.data(key), r#"{"a":1}"#);
            harness.write(key, pickle, "2027-01-01 00:00:00");
            harness
                .visit(Some(&cookie(key)), |session| {
                    session.flush()?;
                    Ok(())
                })
                .await;
            assert!(harness.rows().is_empty());
        }
    }
}

#[actix_web::test]
async fn django_writes_the_same_keys() {
    for test in TestCache::every() {
        let whole = test.key("");
        assert_eq!(whole, format!("{}:1:django.contrib.sessions.cache", test.options().key_prefix));
        let (cache, harness) = (test.another(), Harness::on_cache(test, SessionPolicy::default()));
        let key = harness.saved().await;
        let held = value(&*cache, &format!("{whole}{key}")).await.unwrap();
        // pickletools.dis: PROTO 4, EMPTY_DICT, MARK, SHORT_BINUNICODE 'counter', BININT1 1, SETITEMS, STOP
        assert_eq!(held, b"\x80\x04}(\x8c\x07counterK\x01u.");
    }
}

#[actix_web::test]
async fn sessions_are_listed_where_the_cache_tells_its_keys() {
    for test in TestCache::every() {
        let harness = Harness::on_cache(test, SessionPolicy::default());
        let Some(records) = harness.storage.records() else {
            continue; // memcached does not
        };
        let mut keys = Vec::new();
        for age in [600, 1200, 1800] {
            let answer = harness.visit(None, move |session| session.set_expiry(age)).await;
            keys.insert(0, answer.key().to_owned());
        }
        let listed = records.list(10, 0).await.unwrap();
        assert_eq!(listed.iter().map(|record| record.key.clone()).collect::<Vec<_>>(), keys);
        let page: Vec<_> = records.list(1, 1).await.unwrap().into_iter().map(|record| record.key).collect();
        assert_eq!(page, keys[1..2]);
        assert_eq!(records.count(harness.now()).await.unwrap().all, 3);
        let found = records.find(&keys[0]).await.unwrap().unwrap();
        assert!(matches!(found.expire_date, ExpireDate::At(_)), "{:?}", found.expire_date);
        assert!(records.delete(&keys[0]).await.unwrap() && !records.delete(&keys[0]).await.unwrap());
        assert_eq!(records.find(&keys[0]).await.unwrap(), None);
        assert_eq!(records.count(harness.now()).await.unwrap(), Count { all: 2, expired: 0 });
    }
}

#[actix_web::test]
async fn what_has_ended_in_memory_is_cleared() {
    let harness = Harness::on_cache(TestCache::locmem(), SessionPolicy::default());
    let key = harness.saved().await;
    harness.clock.advance(TimeDelta::weeks(3));
    assert!(harness.visit(Some(&cookie(&key)), count).await.key() != key, "nobody has it any more");
    assert_eq!(harness.storage.clear_expired(harness.now(), &|_| ()).await.unwrap(), 1);
    assert_eq!(harness.rows().len(), 1);
}

#[test]
fn a_cache_that_cannot_be_is_refused_in_words_that_repeat_nothing() {
    let new = |backend: &str, location: &str| {
        let location: Vec<_> = (!location.is_empty()).then(|| location.to_owned()).into_iter().collect();
        CacheOptions::new(&format!("django.core.cache.backends.{backend}"), &location)
    };
    assert_eq!(new("dummy.DummyCache", ""), Err(CacheOptionsError::Dummy));
    assert_eq!(new("db.DatabaseCache", "table"), Err(CacheOptionsError::Backend));
    let missing = if cfg!(feature = "redis") { "LOCATION" } else { "--features redis" };
    assert!(new("redis.RedisCache", "").unwrap_err().to_string().contains(missing));
    let missing = if cfg!(feature = "memcached") { "LOCATION" } else { "--features memcached" };
    assert!(new("memcached.PyMemcacheCache", "").unwrap_err().to_string().contains(missing));
    for (backend, location) in [
        ("redis.RedisCache", "http://user:hunter2@host/0"),
        ("redis.RedisCache", "redis://user:hunter2@host/zero"),
        ("redis.RedisCache", "redis://user:hunter2@host?db=3"),
        ("redis.RedisCache", "redis://:hunter2@/0"),
        ("redis.RedisCache", "redis://:hunter2#x@host/0"),
        ("redis.RedisCache", "redis://:hunter2@host:99999"),
        ("memcached.PyMemcacheCache", "hunter2@host:11211"),
        ("memcached.PyMemcacheCache", "unix:/run/hunter2"),
        ("memcached.PyLibMCCache", "one:11211,two:11211"),
    ] {
        let refused = new(backend, location).expect_err(location);
        assert!(!format!("{refused} {refused:?}").contains("hunter2"), "{refused}");
    }
}
