//! Where Django's middleware does something that one would not guess.

use actix_web::http::StatusCode;
use chrono::TimeDelta;
use sessionid::sessions::SessionPolicy;

use crate::cookie;
use crate::harness::Harness;

const UNKNOWN: &str = "sessionid=unknownunknownunknownunknown1234";

fn save_every_request() -> Harness {
    Harness::with_policy(SessionPolicy { save_every_request: true, ..SessionPolicy::default() })
}

/// A key whose row has expired.
async fn expired(harness: &Harness) -> String {
    let key = harness.saved().await;
    harness.clock.advance(TimeDelta::weeks(2));
    key
}

#[actix_web::test]
async fn an_unknown_or_expired_cookie_is_left_alone_while_nobody_looks() {
    let harness = Harness::new();
    let expired = cookie(&expired(&harness).await);
    for sent in [UNKNOWN, &expired] {
        let untouched = harness.visit_untouched(Some(sent)).await;
        assert_eq!((untouched.set_cookie, untouched.vary), (None, None));
        let extracted = harness.visit(Some(sent), |_| Ok(())).await;
        assert_eq!((extracted.set_cookie, extracted.vary), (None, None));
    }
}

#[actix_web::test]
async fn a_look_at_an_unknown_or_expired_session_deletes_the_cookie() {
    let harness = Harness::new();
    let expired = cookie(&expired(&harness).await);
    for sent in [UNKNOWN, &expired] {
        let answer = harness.visit(Some(sent), |session| session.get::<i64>("counter").map(drop)).await;
        assert!(answer.deletes_the_cookie(), "{answer:?}");
        assert_eq!(answer.vary.as_deref(), Some("Cookie"));
    }
    assert_eq!(harness.rows().len(), 1, "the expired row waits for clearsessions");
}

#[actix_web::test]
async fn an_unknown_key_is_never_adopted() {
    let harness = Harness::new();
    let answer = harness.visit(Some(UNKNOWN), |session| session.insert("counter", 1)).await;
    assert_ne!(cookie(answer.key()), UNKNOWN);
    assert_eq!(harness.rows().len(), 1);
}

#[actix_web::test]
async fn modified_alone_gives_an_unknown_cookie_a_new_row_and_key() {
    let harness = Harness::new();
    let modified = |session: &sessionid::sessions::Session| {
        session.set_modified(true)?;
        Ok(())
    };
    let answer = harness.visit(Some(UNKNOWN), modified).await;
    assert_ne!(cookie(answer.key()), UNKNOWN);
    assert_eq!(harness.data(answer.key()), "{}");
    let answer = harness.visit(None, modified).await;
    assert_eq!(answer.set_cookie, None, "without a cookie there is nothing to save");
}

#[actix_web::test]
async fn clearing_an_unknown_session_is_interrupted() {
    let harness = Harness::new();
    let answer = harness
        .visit(Some(UNKNOWN), |session| {
            session.clear()?;
            Ok(())
        })
        .await;
    assert_eq!((answer.status, answer.set_cookie), (StatusCode::BAD_REQUEST, None));
    assert!(harness.rows().is_empty());
}

#[actix_web::test]
async fn clearing_an_expired_session_revives_its_row_under_its_key() {
    let harness = Harness::new();
    let key = expired(&harness).await;
    let answer = harness
        .visit(Some(&cookie(&key)), |session| {
            session.clear()?;
            Ok(())
        })
        .await;
    assert_eq!(answer.key(), key);
    assert_eq!(harness.data(&key), "{}");
    assert_eq!(harness.row(&key).unwrap().expire_date, "2026-12-20 18:24:10.250000");
}

#[actix_web::test]
async fn a_short_key_is_deleted_even_untouched() {
    let harness = Harness::new();
    for sent in ["sessionid=1234567", "sessionid=", "sessionid=\"\""] {
        let answer = harness.visit_untouched(Some(sent)).await;
        assert!(answer.deletes_the_cookie(), "{sent}: {answer:?}");
        assert_eq!(answer.vary.as_deref(), Some("Cookie"));
    }
}

#[actix_web::test]
async fn cycle_key_and_then_a_500_has_moved_the_row_all_the_same() {
    let harness = Harness::new();
    let key = harness.saved().await;
    let answer = harness
        .visit_with_status(Some(&cookie(&key)), StatusCode::INTERNAL_SERVER_ERROR, |session| {
            session.cycle_key()?;
            session.insert("later", true)
        })
        .await;
    assert_eq!(answer.set_cookie, None);
    assert_eq!(harness.row(&key), None);
    let moved = &harness.rows()[0].session_key;
    assert_eq!(harness.data(moved), r#"{"counter":1}"#, "what came after cycle_key is not saved");
}

#[actix_web::test]
async fn flush_and_then_a_500_has_deleted_row_and_cookie_all_the_same() {
    let harness = Harness::new();
    let key = harness.saved().await;
    let answer = harness
        .visit_with_status(Some(&cookie(&key)), StatusCode::INTERNAL_SERVER_ERROR, |session| {
            session.flush()?;
            Ok(())
        })
        .await;
    assert!(answer.deletes_the_cookie());
    assert!(harness.rows().is_empty());
}

#[actix_web::test]
async fn save_every_request_gives_an_unknown_cookie_a_session_even_untouched() {
    let harness = save_every_request();
    let answer = harness.visit_untouched(Some(UNKNOWN)).await;
    assert_ne!(cookie(answer.key()), UNKNOWN);
    assert_eq!(harness.data(answer.key()), "{}");
    assert_eq!(answer.vary.as_deref(), Some("Cookie"));
}

#[actix_web::test]
async fn save_every_request_prolongs_an_untouched_session_and_starts_none() {
    let harness = save_every_request();
    assert_eq!(harness.visit_untouched(None).await.set_cookie, None);
    let key = harness.saved().await;
    harness.clock.advance(TimeDelta::hours(1));
    let answer = harness.visit_untouched(Some(&cookie(&key))).await;
    assert_eq!(answer.key(), key);
    assert_eq!(harness.row(&key).unwrap().expire_date, "2026-12-06 19:24:10.250000");
    assert_eq!(harness.data(&key), r#"{"counter":1}"#);
}

#[actix_web::test]
async fn a_500_saves_nothing_and_still_varies() {
    let harness = Harness::new();
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    let answer = harness.visit_with_status(None, status, |session| session.insert("counter", 1)).await;
    assert_eq!((answer.set_cookie, answer.vary.as_deref()), (None, Some("Cookie")));
    assert!(harness.rows().is_empty());
    let saved =
        harness.visit_with_status(None, StatusCode::NOT_FOUND, |session| session.insert("counter", 1)).await;
    assert_eq!(harness.data(saved.key()), r#"{"counter":1}"#, "a 404 is saved");
}

#[actix_web::test]
async fn a_new_session_that_ends_up_empty_is_not_saved() {
    let harness = Harness::new();
    let answer = harness
        .visit(None, |session| {
            session.insert("counter", 1)?;
            session.remove("counter").map(drop)
        })
        .await;
    assert_eq!((answer.set_cookie, answer.vary.as_deref()), (None, Some("Cookie")));
    assert!(harness.rows().is_empty());
}

#[actix_web::test]
async fn a_known_session_that_ends_up_empty_keeps_its_key() {
    let harness = Harness::new();
    let key = harness.saved().await;
    let answer = harness.visit(Some(&cookie(&key)), |session| session.remove("counter").map(drop)).await;
    assert_eq!((answer.key(), harness.data(&key).as_str()), (key.as_str(), "{}"));
}

#[actix_web::test]
async fn the_last_of_two_cookies_counts() {
    let harness = Harness::new();
    let key = harness.saved().await;
    let read = |session: &sessionid::sessions::Session| {
        assert_eq!(session.get::<i64>("counter")?, Some(1));
        Ok(())
    };
    let answer = harness.visit(Some(&format!("{UNKNOWN}; {}", cookie(&key))), read).await;
    assert_eq!((answer.status, answer.set_cookie), (StatusCode::OK, None));
}

#[actix_web::test]
async fn a_row_deleted_meanwhile_stays_deleted() {
    let harness = Harness::new();
    let key = harness.saved().await;
    let answer = harness.visit_deleted_meanwhile(&key, |session| session.insert("counter", 2)).await;
    assert_eq!((answer.status, answer.set_cookie, answer.vary), (StatusCode::BAD_REQUEST, None, None));
    assert_eq!(answer.body, "Bad Request");
    assert!(harness.rows().is_empty());
}

/// A `cycle_key` moves the session also where nothing else is to be saved, and where nothing is left it says so.
#[actix_web::test]
async fn a_cycle_key_that_is_not_to_be_saved_is_interrupted_as_well() {
    let harness = Harness::new();
    let cycle = |session: &sessionid::sessions::Session| {
        session.cycle_key()?;
        session.set_modified(false)?;
        Ok(())
    };
    let key = harness.saved().await;
    let moved = harness.visit(Some(&format!("sessionid={key}")), cycle).await;
    assert_eq!((moved.status, moved.set_cookie), (StatusCode::OK, None));
    let key = harness.rows()[0].session_key.clone();
    let answer = harness.visit_deleted_meanwhile(&key, cycle).await;
    assert_eq!((answer.status, answer.set_cookie), (StatusCode::BAD_REQUEST, None));
    assert!(harness.rows().is_empty());
}
