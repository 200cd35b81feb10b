//! `SessionStore`: sessions outside of requests.

use std::pin::pin;

use futures_util::future::poll_immediate;
use sessionid::sessions::{SessionError, SessionKey, SessionPolicy, SessionStore};

use crate::harness::Harness;
use crate::memory::{Fault, Verb};

const UNKNOWN: &str = "unknownunknownunknownunknown1234";

fn store(harness: &Harness, key: Option<SessionKey>) -> SessionStore {
    SessionStore::new(key, harness.storage.clone(), harness.policy.get(), harness.clock.clone().into())
}

/// A saved session with one value.
async fn saved(harness: &Harness) -> SessionStore {
    let mut session = store(harness, None);
    session.insert("a", &1).unwrap();
    session.save().await.unwrap();
    session
}

fn key(session: &SessionStore) -> SessionKey {
    session.session_key().unwrap().clone()
}

/// What a script waits for may go on on any thread: this is checked when it is compiled.
#[test]
fn every_future_of_a_script_can_be_sent_to_another_thread() {
    fn sent<T: Send>(_: T) {}
    fn all(session: &mut SessionStore, key: &SessionKey) {
        sent(session.load());
        sent(session.save());
        sent(session.create());
        sent(session.flush());
        sent(session.cycle_key());
        sent(session.delete());
        sent(session.take::<String>("key"));
        sent(session.exists(key));
        sent(session.clear_expired());
    }
    let _: fn(&mut SessionStore, &SessionKey) = all;
}

#[actix_web::test]
async fn expired_sessions_are_deleted_now_and_again() {
    let harness = Harness::new();
    let rows = |keys: &[&str]| {
        for key in keys {
            harness.write(key, &harness.payload("{}"), "2001-01-01 00:00:00");
        }
        harness.write(UNKNOWN, &harness.payload("{}"), "2201-01-01 00:00:00");
    };
    let only_the_live_one = async || {
        while harness.rows().len() > 1 {
            tokio::task::yield_now().await;
        }
    };
    let limit = std::time::Duration::from_secs(20);
    rows(&["expired1", "expired2"]);
    let cleaning = harness.storage.spawn_clean_up(std::time::Duration::from_millis(5));
    tokio::time::timeout(limit, only_the_live_one()).await.unwrap();
    rows(&["expired3"]);
    tokio::time::timeout(limit, only_the_live_one()).await.unwrap();
    assert_eq!(harness.rows()[0].session_key, UNKNOWN);
    cleaning.abort();
    assert!(cleaning.await.unwrap_err().is_cancelled());
}

/// Django decides on an UPDATE before its look shows that there is no row.
#[actix_web::test]
async fn an_unknown_key_saved_without_a_look_is_interrupted() {
    let harness = Harness::new();
    let mut session = store(&harness, Some(UNKNOWN.try_into().unwrap()));
    assert!(matches!(session.save().await, Err(SessionError::Interrupted)));
    assert!(harness.rows().is_empty());
}

#[actix_web::test]
async fn a_flush_deletes_the_row_at_once() {
    let harness = Harness::new();
    let mut session = saved(&harness).await;
    session.flush().await.unwrap();
    assert_eq!(session.session_key(), None);
    assert!(harness.rows().is_empty());
}

#[actix_web::test]
async fn cycle_key_moves_the_row_at_once() {
    let harness = Harness::new();
    let mut session = saved(&harness).await;
    let before = key(&session);
    session.cycle_key().await.unwrap();
    assert_ne!(key(&session), before);
    assert_eq!(harness.row(before.as_str()), None);
    assert_eq!(harness.data(key(&session).as_str()), r#"{"a":1}"#);
}

#[actix_web::test]
async fn create_gives_a_new_key_and_leaves_the_old_row() {
    let harness = Harness::new();
    let mut session = saved(&harness).await;
    let before = key(&session);
    session.create().await.unwrap();
    assert_ne!(key(&session), before);
    assert!(session.exists(&before).await.unwrap());
    session.delete().await.unwrap();
    assert!(!session.exists(&key(&session)).await.unwrap());
    assert_eq!(harness.rows().len(), 1);
}

#[actix_web::test]
async fn a_session_can_be_saved_again_and_again() {
    let harness = Harness::new();
    let mut session = saved(&harness).await;
    for value in 2..5 {
        session.insert("a", &value).unwrap();
        session.save().await.unwrap();
        assert_eq!(harness.data(key(&session).as_str()), format!(r#"{{"a":{value}}}"#));
    }
    harness.clock.advance(chrono::TimeDelta::weeks(2) + chrono::TimeDelta::seconds(1));
    assert_eq!(session.clear_expired().await.unwrap(), 1);
    session.insert("a", &9).unwrap();
    assert!(matches!(session.save().await, Err(SessionError::Interrupted)));
}

/// Given up after so many polls, as by a timeout around it.
async fn give_up<F: Future>(polls: usize, save: F) {
    let mut save = pin!(save);
    for _ in 0..polls {
        assert!(poll_immediate(&mut save).await.is_none(), "done already");
        tokio::task::yield_now().await;
    }
}

#[actix_web::test]
async fn a_save_that_is_given_up_costs_nothing_that_is_stored() {
    let (harness, _) = Harness::with_memory(SessionPolicy::default());
    let mut session = saved(&harness).await;
    session.insert("b", &2).unwrap();
    give_up(1, session.save()).await;
    // What is there is not known any more, so it has to be loaded.
    assert!(matches!(session.get::<i64>("a"), Err(SessionError::NotLoaded)));
    session.load().await.unwrap();
    session.insert("c", &3).unwrap();
    session.save().await.unwrap();
    assert_eq!(harness.data(key(&session).as_str()), r#"{"a":1,"c":3}"#);
}

#[actix_web::test]
async fn a_cycle_key_that_failed_can_be_tried_again() {
    let (harness, memory) = Harness::with_memory(SessionPolicy::default());
    let mut session = saved(&harness).await;
    let before = key(&session);
    memory.fault(Verb::Rename, Fault::Unavailable);
    assert!(matches!(session.cycle_key().await, Err(SessionError::Unavailable(_))));
    assert_eq!(key(&session), before, "where the session still is");
    give_up(1, session.cycle_key()).await;
    session.cycle_key().await.unwrap();
    assert_ne!(key(&session), before);
    assert_eq!(harness.data(key(&session).as_str()), r#"{"a":1}"#);
    assert_eq!(harness.rows().len(), 1);
}

#[actix_web::test]
async fn a_flush_ends_the_session_whose_cycle_key_has_failed() {
    let (harness, memory) = Harness::with_memory(SessionPolicy::default());
    let mut session = saved(&harness).await;
    memory.fault(Verb::Rename, Fault::Unavailable);
    assert!(session.cycle_key().await.is_err());
    session.flush().await.unwrap();
    assert!(harness.rows().is_empty());
}

#[actix_web::test]
async fn a_flush_that_failed_or_was_given_up_is_carried_out_by_the_next_one() {
    let (harness, memory) = Harness::with_memory(SessionPolicy::default());
    let mut session = saved(&harness).await;
    memory.fault(Verb::Delete, Fault::Unavailable);
    assert!(matches!(session.flush().await, Err(SessionError::Unavailable(_))));
    assert_eq!(harness.rows().len(), 1);
    give_up(1, session.flush()).await;
    session.flush().await.unwrap();
    assert!(harness.rows().is_empty());
    memory.calls();
    session.flush().await.unwrap();
    assert_eq!(memory.calls(), [], "what was deleted is not deleted again");
}

/// Two large sessions may be in memory at once.
#[actix_web::test]
async fn after_a_save_that_failed_a_large_session_takes_no_room() {
    let (harness, memory) = Harness::with_memory(SessionPolicy::default());
    let mut large = Vec::new();
    for _ in 0..3 {
        let mut session = store(&harness, None);
        session.insert("large", &"x".repeat(100_000)).unwrap();
        session.save().await.unwrap();
        large.push(store(&harness, session.session_key().cloned()));
    }
    for session in &mut large {
        session.load().await.unwrap();
        memory.fault(Verb::Replace, Fault::Unavailable);
        assert!(session.save().await.is_err());
    }
}
