//! The `signed_cookies` engine, through the middleware.

use actix_web::http::StatusCode;
use chrono::TimeDelta;
use sessionid::sessions::{Session, SessionCodec, SessionData, SessionError, SessionPolicy};

use crate::cookie;
use crate::harness::{Answer, Harness, SECRET_KEY};
use crate::logs;

fn in_cookies() -> Harness {
    Harness::in_cookies(SessionPolicy::default())
}

fn count(session: &Session) -> Result<(), SessionError> {
    session.fetch_update("counter", 0_i64, |counter| counter + 1).map(drop)
}

fn look(session: &Session) -> Result<(), SessionError> {
    session.get::<i64>("counter").map(drop)
}

#[actix_web::test]
async fn the_cookie_is_the_session() {
    let harness = in_cookies();
    let mut key = harness.saved().await;
    for counter in 2..5 {
        harness.clock.advance(TimeDelta::seconds(1));
        let answer = harness.visit(Some(&cookie(&key)), count).await;
        assert_ne!(answer.key(), key);
        answer.key().clone_into(&mut key);
        assert_eq!(harness.data(&key), format!(r#"{{"counter":{counter}}}"#));
    }
    assert_eq!(harness.visit(Some(&cookie(&key)), look).await.set_cookie, None);
}

#[actix_web::test]
async fn a_cookie_that_is_too_old_or_nobodys_makes_way_for_an_empty_session() {
    let harness = in_cookies();
    let key = harness.saved().await;
    let forged = SessionCodec::for_cookies("another key", &[]).encode(&SessionData::default(), harness.now());
    let of_db = SessionCodec::new(SECRET_KEY, &[]).encode(&SessionData::default(), harness.now());
    // Signed at 18:24:10, whatever the fraction was.
    harness.clock.advance(TimeDelta::weeks(2) - TimeDelta::milliseconds(250));
    assert_eq!(harness.visit(Some(&cookie(&key)), look).await.set_cookie, None, "to the very end");
    harness.clock.advance(TimeDelta::microseconds(1));
    for key in [key, forged, of_db, "thekeythataclientmadeup".to_owned()] {
        assert_eq!(harness.visit_untouched(Some(&cookie(&key))).await.set_cookie, None, "{key}");
        let shown = key.clone();
        let answer = harness
            .visit(Some(&cookie(&key)), move |session| {
                look(session)?;
                assert_eq!(session.session_key()?.unwrap().as_str(), shown, "as Django, until it is saved");
                Ok(())
            })
            .await;
        assert_eq!(harness.data(answer.key()), "{}", "{key}");
    }
    assert!(harness.visit(Some(&cookie("seven77")), look).await.deletes_the_cookie());
}

#[actix_web::test]
async fn a_new_key_is_shown_as_soon_as_it_is_made() {
    let harness = in_cookies();
    let key = harness.saved().await;
    harness.clock.advance(TimeDelta::seconds(1));
    let codec = harness.codec.clone();
    let answer = harness
        .visit(Some(&cookie(&key)), move |session| {
            session.cycle_key()?;
            let shown = session.session_key()?.unwrap();
            assert_eq!(codec.decode(shown.as_str()).unwrap().to_json(), r#"{"counter":1}"#);
            count(session)
        })
        .await;
    assert_eq!(harness.data(answer.key()), r#"{"counter":2}"#);
}

#[actix_web::test]
async fn an_error_of_the_view_sets_no_cookie_whatever_it_did() {
    let harness = in_cookies();
    let key = harness.saved().await;
    for view in [count, Session::cycle_key] {
        let answer =
            harness.visit_with_status(Some(&cookie(&key)), StatusCode::INTERNAL_SERVER_ERROR, view).await;
        assert_eq!((answer.status, answer.set_cookie), (StatusCode::INTERNAL_SERVER_ERROR, None));
    }
}

#[actix_web::test]
async fn flush_takes_the_cookie_back_and_delete_forgets() {
    let harness = in_cookies();
    let key = harness.saved().await;
    let flush = |session: &Session| {
        session.flush()?;
        Ok(())
    };
    assert!(harness.visit(Some(&cookie(&key)), flush).await.deletes_the_cookie());
    let mut session = super::django_suite::under(&harness, key.as_str().try_into().ok());
    session.load().await.unwrap();
    session.delete().await.unwrap();
    assert!(session.is_empty() && session.modified());
    assert!(!harness.storage.delete(&key.as_str().try_into().unwrap()).await.unwrap());
    assert_eq!(harness.storage.clear_expired(harness.now(), &|_| ()).await.unwrap(), 0);
    assert!(harness.storage.records().is_none());
}

fn with_text(length: usize) -> impl Fn(&Session) -> Result<(), SessionError> {
    // Digits of no order, which zlib can shorten by half at most.
    let mut state = 1_u32;
    let mut digit = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'0' + u8::try_from((state >> 16) % 10).unwrap())
    };
    let text: String = (0..length).map(|_| digit()).collect();
    move |session| session.insert("text", &text)
}

fn length(answer: &Answer) -> usize {
    answer.set_cookie.as_ref().unwrap().len()
}

#[actix_web::test]
async fn a_cookie_that_browsers_would_drop_is_a_500_with_its_size_in_the_log_and_never_cut() {
    logs::listen();
    let harness = in_cookies();
    let key = harness.saved().await;
    let (mut fits, mut large) = (0, 50_000);
    while large - fits > 1 {
        let middle = usize::midpoint(fits, large);
        let answer = harness.visit(Some(&cookie(&key)), with_text(middle)).await;
        if answer.status == StatusCode::OK { fits = middle } else { large = middle }
    }
    let answer = harness.visit(Some(&cookie(&key)), with_text(fits)).await;
    assert!((4080..=4096).contains(&length(&answer)), "{}", length(&answer));
    logs::take();
    let answer = harness.visit(Some(&cookie(&key)), with_text(large)).await;
    assert_eq!((answer.status, answer.set_cookie), (StatusCode::INTERNAL_SERVER_ERROR, None));
    let lines = logs::take();
    assert!(lines.iter().any(|line| line.message.contains("browsers keep 4096 at most")), "{lines:?}");
    assert_eq!(harness.visit(Some(&cookie(&key)), look).await.status, StatusCode::OK, "as it was");
}

#[actix_web::test]
async fn a_cookie_that_an_older_key_has_signed_is_read_and_signed_anew() {
    let harness = in_cookies();
    let older = SessionCodec::for_cookies("older", &[]).encode(&SessionData::default(), harness.now());
    let codec = SessionCodec::for_cookies(SECRET_KEY, &["older"]);
    let backend = sessionid::sessions::backends::SignedCookiesBackend::new(codec.clone());
    let harness = harness.with_storage(sessionid::sessions::Storage::new(backend, codec));
    let answer = harness.visit(Some(&cookie(&older)), count).await;
    assert_eq!(harness.data(answer.key()), r#"{"counter":1}"#);
}
