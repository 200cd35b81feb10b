//! Overlapping requests of one session.

use actix_web::http::StatusCode;
use futures_util::future::LocalBoxFuture;
use sessionid::sessions::{Session, SessionError, SessionPolicy, SessionStore};
use std::sync::Arc;

use crate::cookie;
use crate::harness::{Answer, Harness};

/// A request that changes the session, while another that began and ended meanwhile did too.
async fn overlap(
    harness: &Harness,
    key: &str,
    outer: impl Fn(&Session) -> Result<(), SessionError> + Clone + 'static,
    inner: impl Fn(&mut SessionStore) -> Result<(), SessionError> + Clone + 'static,
) -> Answer {
    let (storage, clock, key_) = (harness.storage.clone(), harness.clock.clone(), key.to_owned());
    harness
        .visit_async(Some(&cookie(key)), move |session| -> LocalBoxFuture<'static, _> {
            let (outer, inner) = (outer.clone(), inner.clone());
            let policy = Arc::new(SessionPolicy::default());
            let key = key_.as_str().try_into().unwrap();
            let mut other = SessionStore::new(Some(key), storage.clone(), policy, clock.clone().into());
            Box::pin(async move {
                outer(&session)?;
                other.load().await?;
                inner(&mut other)?;
                other.save().await?;
                Ok(StatusCode::OK)
            })
        })
        .await
}

#[actix_web::test]
async fn changes_to_different_keys_both_survive() {
    let harness = Harness::new();
    let key = harness.saved().await;
    let answer =
        overlap(&harness, &key, |session| session.insert("outer", 1), |other| other.insert("inner", &2))
            .await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(harness.data(&key), r#"{"counter":1,"inner":2,"outer":1}"#);
}

#[actix_web::test]
async fn fetch_update_shows_what_this_request_saw_and_loses_nothing() {
    let harness = Harness::new();
    let key = harness.saved().await;
    let outer = |session: &Session| {
        assert_eq!(session.fetch_update("counter", 0_i64, |counter| counter + 1)?, 1);
        Ok(())
    };
    let inner = |other: &mut SessionStore| {
        assert_eq!(other.fetch_update("counter", 0_i64, |counter| counter + 10)?, 1);
        Ok(())
    };
    let answer = overlap(&harness, &key, outer, inner).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(harness.data(&key), r#"{"counter":12}"#);
}

#[actix_web::test]
async fn what_two_requests_append_to_a_list_is_all_there() {
    let harness = Harness::new();
    let list = r#"{"list":[1180591620717411303424]}"#;
    let key = harness.saved().await;
    harness.write(&key, &harness.payload(list), "2026-12-01 00:00:00");
    let outer = |session: &Session| session.push("list", "outer");
    overlap(&harness, &key, outer, |other| other.push("list", "inner")).await;
    assert_eq!(
        harness.data(&key),
        r#"{"list":[1180591620717411303424,"inner","outer"]}"#,
        "2**70 is Python's"
    );
    let no_list = |session: &Session| {
        session.insert("list", 7)?;
        session.push("list", 8)
    };
    let answer = harness.visit(Some(&cookie(&key)), no_list).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
}

#[actix_web::test]
async fn the_last_insert_of_a_key_wins() {
    let harness = Harness::new();
    let key = harness.saved().await;
    overlap(&harness, &key, |session| session.insert("counter", 100), |other| other.insert("counter", &200))
        .await;
    assert_eq!(harness.data(&key), r#"{"counter":100}"#);
}

#[actix_web::test]
async fn a_removal_touches_only_its_key() {
    let harness = Harness::new();
    let key = harness.saved().await;
    overlap(&harness, &key, |session| session.remove("counter").map(drop), |other| other.insert("inner", &2))
        .await;
    assert_eq!(harness.data(&key), r#"{"inner":2}"#);
}

#[actix_web::test]
async fn clear_clears_what_others_wrote_too() {
    let harness = Harness::new();
    let key = harness.saved().await;
    let clear = |session: &Session| {
        session.clear()?;
        session.insert("fresh", true)
    };
    overlap(&harness, &key, clear, |other| other.insert("inner", &2)).await;
    assert_eq!(harness.data(&key), r#"{"fresh":true}"#);
}

#[actix_web::test]
async fn cycle_key_takes_along_what_the_old_row_holds_by_then() {
    let harness = Harness::new();
    let key = harness.saved().await;
    let answer = overlap(&harness, &key, Session::cycle_key, |other| other.insert("inner", &2)).await;
    assert_ne!(answer.key(), key);
    assert_eq!(harness.row(&key), None);
    assert_eq!(harness.data(answer.key()), r#"{"counter":1,"inner":2}"#);
}

#[actix_web::test]
async fn an_expiry_set_by_an_overlapping_request_counts_for_cookie_and_row() {
    let harness = Harness::new();
    let key = harness.saved().await;
    let answer =
        overlap(&harness, &key, |session| session.insert("outer", 1), |other| other.set_expiry(60)).await;
    assert!(answer.set_cookie.unwrap().contains("Max-Age=60;"));
    assert_eq!(harness.row(&key).unwrap().expire_date, "2026-11-22 18:25:10.250000");
}

#[actix_web::test]
async fn an_update_of_a_value_that_became_another_type_is_a_500_and_leaves_the_row() {
    let harness = Harness::new();
    let key = harness.saved().await;
    let update = |session: &Session| session.fetch_update("counter", 0_i64, |counter| counter + 1).map(drop);
    let answer = overlap(&harness, &key, update, |other| other.insert("counter", "many")).await;
    assert_eq!((answer.status, answer.set_cookie), (StatusCode::INTERNAL_SERVER_ERROR, None));
    assert_eq!(harness.data(&key), r#"{"counter":"many"}"#);
}

#[actix_web::test]
async fn thirty_two_overlapping_requests_lose_no_increment() {
    let harness = Harness::new();
    let key = harness.saved().await;
    let sent = cookie(&key);
    for _ in 0..8 {
        let view =
            |session: &Session| session.fetch_update("counter", 0_i64, |counter| counter + 1).map(drop);
        let answers = futures_util::future::join_all((0..32).map(|_| harness.visit(Some(&sent), view))).await;
        assert!(answers.iter().all(|answer| answer.status == StatusCode::OK));
    }
    assert_eq!(harness.data(&key), format!(r#"{{"counter":{}}}"#, 1 + 8 * 32));
}

#[actix_web::test]
async fn a_panicking_update_fails_its_own_request_and_no_other() {
    let harness = Harness::new();
    let key = harness.saved().await;
    // Only the merge calls it with what the other request stored.
    let panics = |session: &Session| {
        session
            .fetch_update("counter", 0_i64, |counter| {
                if counter == 200 { panic!("a bug of the application") } else { counter + 1 }
            })
            .map(drop)
    };
    let answer = overlap(&harness, &key, panics, |other| other.insert("counter", &200)).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(harness.data(&key), r#"{"counter":200}"#);
    let next = harness.visit(Some(&cookie(&key)), |session| session.insert("counter", 3)).await;
    assert_eq!((next.status, harness.data(&key).as_str()), (StatusCode::OK, r#"{"counter":3}"#));
}

/// What a `cycle_key` has taken along is what had been set by then, in Django and here.
#[actix_web::test]
async fn what_is_set_after_cycle_key_is_not_stored_with_a_500_whatever_overlaps() {
    let harness = Harness::new();
    let key = harness.saved().await;
    let (storage, clock, key_) = (harness.storage.clone(), harness.clock.clone(), key.clone());
    let answer = harness
        .visit_async(Some(&cookie(&key)), move |session| -> LocalBoxFuture<'static, _> {
            let policy = Arc::new(SessionPolicy::default());
            let key = key_.as_str().try_into().unwrap();
            let mut other = SessionStore::new(Some(key), storage.clone(), policy, clock.clone().into());
            Box::pin(async move {
                session.insert("step", 1)?;
                session.cycle_key()?;
                session.insert("step", 2)?;
                other.load().await?;
                other.insert("inner", &2)?;
                other.save().await?;
                Ok(StatusCode::INTERNAL_SERVER_ERROR)
            })
        })
        .await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    let rows = harness.rows();
    assert_eq!(harness.data(&rows[0].session_key), r#"{"counter":1,"inner":2,"step":1}"#);
}
