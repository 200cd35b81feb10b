//! `SessionStore`: sessions outside of requests.

use sessionid::sessions::{SessionError, SessionKey, SessionStore};

use crate::harness::Harness;

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
