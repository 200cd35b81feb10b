//! What a backend promises, verb by verb: over the database and over the store in memory of these tests.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sessionid::db::{Database, DatabaseOptions};
use sessionid::sessions::backends::{
    Entry, Found, Inserted, Moment, Payload, Renamed, Replaced, SessionBackend, Stored,
};
use sessionid::sessions::{DbBackend, SessionKey};

use crate::memory::MemoryBackend;
use crate::support::TestDatabase;

const END: &str = "2026-12-01T00:00:00Z";

fn key(name: &str) -> SessionKey {
    name.repeat(8).as_str().try_into().unwrap()
}

fn payload(text: &str) -> Payload {
    text.as_bytes().to_vec().into()
}

fn entry(text: &str) -> Entry {
    let saved_at = "2026-11-22T00:00:00Z".parse().unwrap();
    Entry { payload: payload(text), saved_at, expire_date: END.parse().unwrap() }
}

async fn found(backend: &dyn SessionBackend, name: &str) -> Option<String> {
    match backend.load(&key(name), &at("2026-11-22T00:00:00Z")).await.unwrap() {
        Found::Session(Stored { payload, expire_date }) => {
            assert_eq!(expire_date, Some(END.parse::<DateTime<Utc>>().unwrap()));
            Some(payload.as_str().unwrap().to_owned())
        }
        Found::Nothing => None,
        found => panic!("{found:?}"),
    }
}

fn at(now: &str) -> Moment {
    Moment::new(now.parse().unwrap(), Arc::default())
}

async fn on_every_backend(check: impl AsyncFn(&dyn SessionBackend)) {
    let database = TestDatabase::new();
    let opened = Database::open(&database.url().parse().unwrap(), DatabaseOptions::default()).unwrap();
    check(&MemoryBackend::default()).await;
    check(&DbBackend::new(opened)).await;
}

#[actix_web::test]
async fn an_insert_never_replaces() {
    on_every_backend(async |backend| {
        assert_eq!(backend.insert(&key("a"), entry("one")).await.unwrap(), Inserted::Stored);
        assert_eq!(backend.insert(&key("a"), entry("two")).await.unwrap(), Inserted::Taken);
        assert_eq!(found(backend, "a").await.as_deref(), Some("one"));
    })
    .await;
}

#[actix_web::test]
async fn a_replace_compares_and_swaps() {
    on_every_backend(async |backend| {
        let (a, one, two) = (key("a"), payload("one"), payload("two"));
        assert_eq!(backend.replace(&a, Some(&one), entry("two")).await.unwrap(), Replaced::Gone);
        assert_eq!(backend.replace(&a, None, entry("two")).await.unwrap(), Replaced::Gone);
        assert_eq!(found(backend, "a").await, None);
        backend.insert(&a, entry("one")).await.unwrap();
        let changed = backend.replace(&a, Some(&two), entry("three")).await.unwrap();
        assert_eq!(changed, Replaced::Changed(one.clone()));
        assert_eq!(found(backend, "a").await.as_deref(), Some("one"));
        assert_eq!(backend.replace(&a, Some(&one), entry("two")).await.unwrap(), Replaced::Stored);
        assert_eq!(found(backend, "a").await.as_deref(), Some("two"));
        assert_eq!(backend.replace(&a, None, entry("three")).await.unwrap(), Replaced::Stored);
        assert_eq!(found(backend, "a").await.as_deref(), Some("three"));
    })
    .await;
}

#[actix_web::test]
async fn a_rename_moves_what_is_expected_and_to_a_free_key_only() {
    on_every_backend(async |backend| {
        let (a, b, one, two) = (key("a"), key("b"), payload("one"), payload("two"));
        assert_eq!(backend.rename(&a, Some(&one), &b, entry("new")).await.unwrap(), Renamed::Gone);
        assert_eq!(found(backend, "b").await, None);
        backend.insert(&a, entry("one")).await.unwrap();
        let changed = backend.rename(&a, Some(&two), &b, entry("new")).await.unwrap();
        assert_eq!(changed, Renamed::Changed(one.clone()));
        backend.insert(&b, entry("theirs")).await.unwrap();
        for expected in [Some(&one), None] {
            assert_eq!(backend.rename(&a, expected, &b, entry("new")).await.unwrap(), Renamed::Taken);
            assert_eq!(found(backend, "a").await.as_deref(), Some("one"));
            assert_eq!(found(backend, "b").await.as_deref(), Some("theirs"));
        }
        assert!(backend.delete(&b).await.unwrap());
        assert_eq!(backend.rename(&a, Some(&one), &b, entry("new")).await.unwrap(), Renamed::Stored);
        assert_eq!(found(backend, "b").await.as_deref(), Some("new"));
        assert!(!backend.exists(&a).await.unwrap());
    })
    .await;
}

#[actix_web::test]
async fn a_rename_without_expectation_replaces_what_is_there_if_anything_is() {
    on_every_backend(async |backend| {
        let (a, b, c) = (key("a"), key("b"), key("c"));
        assert_eq!(backend.rename(&a, None, &b, entry("one")).await.unwrap(), Renamed::Stored);
        assert_eq!(backend.rename(&b, None, &c, entry("two")).await.unwrap(), Renamed::Stored);
        assert!(!backend.exists(&b).await.unwrap());
        assert_eq!(found(backend, "c").await.as_deref(), Some("two"));
    })
    .await;
}

#[actix_web::test]
async fn a_delete_tells_whether_there_was_a_session() {
    on_every_backend(async |backend| {
        assert!(!backend.delete(&key("a")).await.unwrap());
        backend.insert(&key("a"), entry("one")).await.unwrap();
        assert!(backend.delete(&key("a")).await.unwrap());
        assert_eq!(found(backend, "a").await, None);
    })
    .await;
}

#[actix_web::test]
async fn what_has_expired_is_not_loaded_and_is_there_until_it_is_cleared() {
    on_every_backend(async |backend| {
        let (a, after) = (key("a"), "2026-12-01T00:00:01Z");
        backend.insert(&a, entry("one")).await.unwrap();
        for now in [END, after] {
            assert_eq!(backend.load(&a, &at(now)).await.unwrap(), Found::Nothing, "{now}");
        }
        assert!(backend.exists(&a).await.unwrap());
        let replaced = backend.replace(&a, Some(&payload("one")), entry("two")).await.unwrap();
        assert_eq!(replaced, Replaced::Stored);
        assert_eq!(backend.clear_expired(END.parse().unwrap(), &|_| ()).await.unwrap(), 0);
        assert_eq!(backend.clear_expired(after.parse().unwrap(), &|_| ()).await.unwrap(), 1);
        assert!(!backend.exists(&a).await.unwrap());
    })
    .await;
}
