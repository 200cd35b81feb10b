//! What actix-session expects of a store, kept by the adapter over our backends.

use std::collections::HashMap;

use actix_session::storage::{LoadError, SessionKey, SessionStore as _, UpdateError};
use actix_web::cookie::time::Duration;
use chrono::TimeDelta;
use sessionid::sessions::actix::stock::StockStore;

use crate::cookie;
use crate::harness::Harness;

const TTL: Duration = Duration::seconds(60);

fn store(harness: &Harness) -> StockStore {
    StockStore::new(harness.storage.clone(), harness.clock.clone().into())
}

fn state(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    pairs.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect()
}

fn key(text: &str) -> SessionKey {
    text.to_owned().try_into().unwrap()
}

#[actix_web::test]
async fn what_is_saved_is_loaded_under_a_key_of_djangos() {
    let harness = Harness::new();
    let store = store(&harness);
    let saved = state(&[("name", "\"Jürgen\""), ("counter", "1")]);
    let saved_key = store.save(saved.clone(), &TTL).await.unwrap();
    assert_eq!(saved_key.as_ref().len(), 32);
    let loaded = store.load(&saved_key).await.unwrap().unwrap();
    assert_eq!(loaded["counter"], "1");
    assert_eq!(serde_json::from_str::<String>(&loaded["name"]).unwrap(), "Jürgen");
    assert_eq!(harness.data(saved_key.as_ref()), r#"{"counter":1,"name":"J\u00fcrgen"}"#);
    assert_eq!(harness.row(saved_key.as_ref()).unwrap().expire_date, "2026-11-22 18:25:10.250000");
}

#[actix_web::test]
async fn what_is_saved_is_a_session_of_djangos_too() {
    let harness = Harness::new();
    let saved_key = store(&harness).save(state(&[("counter", "41")]), &TTL).await.unwrap();
    let sent = cookie(saved_key.as_ref());
    harness
        .visit(Some(&sent), |session| session.fetch_update("counter", 0_i64, |counter| counter + 1).map(drop))
        .await;
    assert_eq!(store(&harness).load(&saved_key).await.unwrap().unwrap()["counter"], "42");
}

#[actix_web::test]
async fn an_update_changes_what_differs_and_nothing_else() {
    let harness = Harness::new();
    let store = store(&harness);
    let json = r#"{"big":1180591620717411303424,"nan":NaN,"gone":1,"\ud800":2,"counter":1}"#;
    harness.write("djangosdjangosdjangos", &harness.payload(json), "2026-12-01 00:00:00");
    let stored_key = key("djangosdjangosdjangos");
    let mut loaded = store.load(&stored_key).await.unwrap().unwrap();
    loaded.insert("counter".to_owned(), "2".to_owned());
    loaded.remove("gone");
    let updated = store.update(stored_key, loaded, &TTL).await.unwrap();
    assert_eq!(updated.as_ref(), "djangosdjangosdjangos");
    let expected = r#"{"big":1180591620717411303424,"nan":NaN,"\ud800":2,"counter":2}"#;
    assert_eq!(harness.data("djangosdjangosdjangos"), expected);
    assert_eq!(harness.row("djangosdjangosdjangos").unwrap().expire_date, "2026-11-22 18:25:10.250000");
}

#[actix_web::test]
async fn an_update_of_a_deleted_or_expired_session_does_not_bring_it_back() {
    let harness = Harness::new();
    let store = store(&harness);
    let deleted = store.save(state(&[("a", "1")]), &TTL).await.unwrap();
    let deleted_key = deleted.as_ref().to_owned();
    store.delete(&deleted).await.unwrap();
    let error = store.update(deleted, state(&[("a", "2")]), &TTL).await.unwrap_err();
    assert!(matches!(error, UpdateError::Other(_)));
    assert_eq!(harness.row(&deleted_key), None);
    let expired = store.save(state(&[("a", "1")]), &TTL).await.unwrap();
    harness.clock.advance(TimeDelta::seconds(60));
    assert!(store.update(expired, state(&[("a", "2")]), &TTL).await.is_err());
}

#[actix_web::test]
async fn update_ttl_prolongs_what_is_there_and_creates_nothing() {
    let harness = Harness::new();
    let store = store(&harness);
    let saved_key = store.save(state(&[("a", "1")]), &TTL).await.unwrap();
    harness.clock.advance(TimeDelta::seconds(30));
    store.update_ttl(&saved_key, &TTL).await.unwrap();
    assert_eq!(harness.row(saved_key.as_ref()).unwrap().expire_date, "2026-11-22 18:25:40.250000");
    assert_eq!(harness.data(saved_key.as_ref()), r#"{"a":1}"#);
    store.update_ttl(&key("nobodys-key-at-all"), &TTL).await.unwrap();
    assert_eq!(harness.rows().len(), 1);
}

#[actix_web::test]
async fn what_is_missing_or_expired_or_no_key_loads_as_nothing() {
    let harness = Harness::new();
    let store = store(&harness);
    let saved_key = store.save(state(&[("a", "1")]), &TTL).await.unwrap();
    for missing in ["nobodys-key-at-all", "short", ""] {
        assert!(store.load(&key(missing)).await.unwrap().is_none());
        store.delete(&key(missing)).await.unwrap();
    }
    harness.clock.advance(TimeDelta::seconds(60));
    assert!(store.load(&saved_key).await.unwrap().is_none());
}

#[actix_web::test]
async fn a_bad_signature_loads_as_an_empty_session_and_an_unreadable_payload_as_an_error() {
    let harness = Harness::new();
    let store = store(&harness);
    harness.write("forgedforged", "forged", "2026-12-01 00:00:00");
    assert!(store.load(&key("forgedforged")).await.unwrap().unwrap().is_empty());
    let signer = sessionid::signing::TimestampSigner::new(
        crate::harness::SECRET_KEY,
        &[],
        "django.contrib.sessions.SessionStore",
    );
    let unreadable = sessionid::signing::dumps(&signer, b"[1]", harness.now());
    harness.write("unreadableunreadable", &unreadable, "2026-12-01 00:00:00");
    assert!(matches!(store.load(&key("unreadableunreadable")).await, Err(LoadError::Other(_))));
    assert!(store.update(key("unreadableunreadable"), state(&[]), &TTL).await.is_err());
    assert_eq!(harness.row("unreadableunreadable").unwrap().session_data, unreadable);
}

#[actix_web::test]
async fn an_empty_state_is_saved_too() {
    let harness = Harness::new();
    let saved_key = store(&harness).save(state(&[]), &TTL).await.unwrap();
    assert_eq!(harness.data(saved_key.as_ref()), "{}");
}

/// Where each removal moved all that follow it, forty thousand took seconds.
#[actix_web::test]
async fn thousands_of_keys_come_and_go_in_a_moment() {
    let harness = Harness::in_memory(sessionid::sessions::SessionPolicy::default());
    let store = store(&harness);
    let full: HashMap<String, String> = (0..40_000).map(|at| (format!("k{at}"), "0".to_owned())).collect();
    let stock_key = store.save(full.clone(), &TTL).await.unwrap();
    assert_eq!(store.load(&stock_key).await.unwrap().unwrap(), full);
    let half: HashMap<String, String> = full.into_iter().filter(|(key, _)| key.len() % 2 == 1).collect();
    let stock_key = store.update(stock_key, half.clone(), &TTL).await.unwrap();
    assert_eq!(store.load(&stock_key).await.unwrap().unwrap(), half);
}
