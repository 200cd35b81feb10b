//! `CookieSessionTests`: what the `signed_cookies` engine does otherwise than every other one.

use chrono::TimeDelta;
use sessionid::sessions::{SessionPolicy, SessionStore};
use sessionid::signing::TimestampSigner;

use super::{READ, again, exists, flags, fresh, items, under};
use crate::harness::{Harness, SECRET_KEY};

fn in_cookies() -> Harness {
    Harness::in_cookies(SessionPolicy::default())
}

async fn saved(harness: &Harness) -> SessionStore {
    let mut session = fresh(harness);
    session.insert("foo", "bar").unwrap();
    session.save().await.unwrap();
    session
}

#[actix_web::test]
async fn test_save() {
    let harness = in_cookies();
    let session = saved(&harness).await;
    let key = session.session_key().unwrap();
    assert_eq!(harness.codec.decode(key.as_str()).unwrap().to_json(), r#"{"foo":"bar"}"#);
    assert!(!exists(&harness, key).await);
}

/// "We can't invalidate previously signed cookies (other than letting them expire naturally)."
#[actix_web::test]
async fn test_cycle() {
    let harness = in_cookies();
    let mut session = saved(&harness).await;
    let before = session.session_key().cloned();
    harness.clock.advance(TimeDelta::seconds(1));
    session.cycle_key().await.unwrap();
    assert_ne!(session.session_key(), before.as_ref());
    for key in [before.as_ref(), session.session_key()] {
        let mut found = under(&harness, key.cloned());
        found.load().await.unwrap();
        assert_eq!(items(&mut found), [("foo".to_owned(), r#""bar""#.to_owned())]);
    }
}

/// "The cookie backend doesn't handle non-default expiry dates, see #19201": Django expects its own test to fail.
#[actix_web::test]
async fn test_actual_expiry() {
    let harness = in_cookies();
    let mut session = fresh(&harness);
    session.insert("foo", "bar").unwrap();
    session.set_expiry(TimeDelta::seconds(-10)).unwrap();
    session.save().await.unwrap();
    assert!(again(&harness, &session).await.contains_key("foo").unwrap());
    harness.clock.advance(TimeDelta::weeks(2) + TimeDelta::seconds(1));
    assert!(!again(&harness, &session).await.contains_key("foo").unwrap());
}

/// What somebody with the key has signed, and what cannot be read, makes way for a new session.
#[actix_web::test]
async fn test_unpickling_exception() {
    let harness = in_cookies();
    let salt = "django.contrib.sessions.backends.signed_cookies";
    let pickled = TimestampSigner::new(SECRET_KEY, &[], salt).sign("gAWVCgAAAA", harness.now());
    let mut session = under(&harness, pickled.as_str().try_into().ok());
    session.load().await.unwrap();
    assert_eq!(session.get::<String>("foo").unwrap(), None);
    assert_eq!(flags(&session), (READ.0, true));
    session.save().await.unwrap();
    assert_eq!(items(&mut again(&harness, &session).await), []);
}
