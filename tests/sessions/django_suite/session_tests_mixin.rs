//! `SessionTestsMixin`: what a session does on every engine.

use actix_web::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use log::Level;
use sessionid::sessions::{
    Expiry, PayloadError, Session, SessionError, SessionKey, SessionPolicy, SessionStore,
};
use sessionid::signing::TimestampSigner;

use super::{
    CHANGED, READ, UNKNOWN, UNTOUCHED, again, every_engine, every_engine_that_keeps, every_engine_with,
    exists, flags, fresh, items, saved_with, under, visit,
};
use crate::harness::{Harness, SECRET_KEY};
use crate::{cookie, logs};

/// Django's salt for sessions.
const SALT: &str = "django.contrib.sessions.SessionStore";

const LATER: &str = "2026-12-01 00:00:00";

fn text(session: &mut SessionStore, key: &str) -> Option<String> {
    session.get(key).unwrap()
}

fn key(session: &SessionStore) -> SessionKey {
    session.session_key().expect("a key").clone()
}

#[actix_web::test]
async fn test_new_session() {
    for harness in every_engine() {
        assert_eq!(flags(&fresh(&harness)), UNTOUCHED);
    }
}

#[actix_web::test]
async fn test_get_empty() {
    for harness in every_engine() {
        assert_eq!(text(&mut fresh(&harness), "cat"), None);
    }
}

#[actix_web::test]
async fn test_store() {
    for harness in every_engine() {
        let mut session = fresh(&harness);
        session.insert("cat", "dog").unwrap();
        assert_eq!(flags(&session), CHANGED);
        assert_eq!(session.pop::<String>("cat").unwrap().as_deref(), Some("dog"));
    }
}

#[actix_web::test]
async fn test_pop() {
    for harness in every_engine() {
        let mut session = saved_with(&harness, &[("some key", "exists")]).await;
        assert_eq!(session.pop::<String>("some key").unwrap().as_deref(), Some("exists"));
        assert_eq!(flags(&session), CHANGED);
        assert_eq!(text(&mut session, "some key"), None);
        session.save().await.unwrap();
        assert_eq!(text(&mut again(&harness, &session).await, "some key"), None);
    }
}

#[actix_web::test]
async fn test_pop_default() {
    for harness in every_engine() {
        let mut session = saved_with(&harness, &[("other key", "exists")]).await;
        let popped = session.pop("some key").unwrap().unwrap_or("does not exist".to_owned());
        assert_eq!((popped.as_str(), flags(&session)), ("does not exist", READ));
        let popped = session.pop("other key").unwrap().unwrap_or("does not exist".to_owned());
        assert_eq!((popped.as_str(), flags(&session)), ("exists", CHANGED));
    }
}

#[actix_web::test]
async fn test_pop_no_default_keyerror_raised() {
    for harness in every_engine() {
        let mut session = fresh(&harness);
        assert_eq!(session.pop::<String>("some key").unwrap(), None);
        assert!(!session.remove("some key").unwrap(), "`del` says so as well");
        assert_eq!(flags(&session), READ);
    }
}

#[actix_web::test]
async fn test_setdefault() {
    for harness in every_engine() {
        let mut session = fresh(&harness);
        assert_eq!(session.setdefault("foo", "bar".to_owned()).unwrap(), "bar");
        assert_eq!(flags(&session), CHANGED);
        session.set_modified(false);
        assert_eq!(session.setdefault("foo", "baz".to_owned()).unwrap(), "bar");
        assert_eq!(flags(&session), READ);
    }
}

#[actix_web::test]
async fn test_update() {
    for harness in every_engine() {
        let mut session = fresh(&harness);
        session.update([("update key", 1), ("another", 2)]).unwrap();
        assert_eq!(flags(&session), CHANGED);
        assert_eq!(session.get("update key").unwrap(), Some(1));
        assert_eq!(session.get("another").unwrap(), Some(2));
    }
}

#[actix_web::test]
async fn test_has_key() {
    for harness in every_engine() {
        let mut session = saved_with(&harness, &[("some key", "1")]).await;
        assert!(session.contains_key("some key").unwrap());
        assert!(!session.contains_key("some other key").unwrap());
        assert_eq!(flags(&session), READ);
    }
}

#[actix_web::test]
async fn test_values() {
    fn values(session: &mut SessionStore) -> Vec<String> {
        items(session).into_iter().map(|(_, value)| value).collect()
    }
    for harness in every_engine() {
        let mut session = fresh(&harness);
        assert!(values(&mut session).is_empty());
        assert_eq!(flags(&session), READ);
        let mut session = saved_with(&harness, &[("some key", "1")]).await;
        assert_eq!(values(&mut session), [r#""1""#]);
        assert_eq!(flags(&session), READ);
    }
}

#[actix_web::test]
async fn test_keys() {
    for harness in every_engine() {
        let mut session = saved_with(&harness, &[("x", "1"), ("a", "2")]).await;
        let keys: Vec<String> = items(&mut session).into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["x", "a"]);
        assert_eq!(flags(&session), READ);
    }
}

#[actix_web::test]
async fn test_items() {
    for harness in every_engine() {
        let mut session = saved_with(&harness, &[("x", "1")]).await;
        assert_eq!(items(&mut session), [("x".to_owned(), r#""1""#.to_owned())]);
        assert_eq!(flags(&session), READ);
    }
}

#[actix_web::test]
async fn test_clear() {
    for harness in every_engine() {
        let mut session = saved_with(&harness, &[("x", "1")]).await;
        let key = key(&session);
        session.clear();
        assert_eq!(flags(&session), CHANGED);
        assert_eq!(items(&mut session), []);
        assert_eq!(session.session_key(), Some(&key), "an empty session is still a session");
        session.save().await.unwrap();
        assert_eq!(items(&mut again(&harness, &session).await), []);
    }
}

#[actix_web::test]
async fn test_save() {
    for harness in every_engine_that_keeps() {
        let mut session = fresh(&harness);
        session.save().await.unwrap();
        assert!(exists(&harness, &key(&session)).await);
    }
}

#[actix_web::test]
async fn test_delete() {
    for harness in every_engine_that_keeps() {
        let (session, other) = (saved_with(&harness, &[]).await, saved_with(&harness, &[]).await);
        harness.storage.delete(&key(&session)).await.unwrap();
        assert!(!exists(&harness, &key(&session)).await);
        assert!(exists(&harness, &key(&other)).await);
    }
}

#[actix_web::test]
async fn test_flush() {
    for harness in every_engine() {
        let mut session = saved_with(&harness, &[("foo", "bar")]).await;
        let before = key(&session);
        session.flush().await.unwrap();
        assert!(!exists(&harness, &before).await);
        assert_eq!(session.session_key(), None);
        assert!(session.accessed() && session.modified());
    }
}

#[actix_web::test]
async fn test_cycle() {
    for harness in every_engine_that_keeps() {
        let mut session = fresh(&harness);
        session.update([("a", "c"), ("b", "d")]).unwrap();
        session.save().await.unwrap();
        let (before, data) = (key(&session), items(&mut session));
        session.cycle_key().await.unwrap();
        assert!(!exists(&harness, &before).await);
        assert_ne!(key(&session), before);
        assert_eq!(items(&mut session), data);
        assert_eq!(items(&mut again(&harness, &session).await), data);
    }
}

#[actix_web::test]
async fn test_cycle_with_no_session_cache() {
    for harness in every_engine_that_keeps() {
        let mut session = saved_with(&harness, &[("a", "c"), ("b", "d")]).await;
        let before = key(&session);
        session.cycle_key().await.unwrap();
        assert_ne!(key(&session), before);
        let data = [("a", r#""c""#), ("b", r#""d""#)].map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(items(&mut session), data);
        assert_eq!(items(&mut again(&harness, &session).await), data);
    }
}

#[actix_web::test]
async fn test_save_doesnt_clear_data() {
    for harness in every_engine() {
        let mut session = fresh(&harness);
        session.insert("a", "b").unwrap();
        session.save().await.unwrap();
        assert_eq!(text(&mut session, "a").as_deref(), Some("b"));
    }
}

#[actix_web::test]
async fn test_invalid_key() {
    for harness in every_engine() {
        for guessed in ["1", UNKNOWN] {
            let mut session = under(&harness, SessionKey::try_from(guessed).ok());
            session.load().await.unwrap();
            assert_eq!(text(&mut session, "cat"), None);
            session.save().await.unwrap();
            assert_ne!(key(&session).as_str(), guessed);
            assert_eq!(exists(&harness, &key(&session)).await, harness.keeps_sessions());
        }
        assert!(!exists(&harness, &UNKNOWN.try_into().unwrap()).await);
    }
}

/// The session key that a view is shown for what the client sent.
async fn key_shown_for(sent: &str) -> Vec<Option<String>> {
    let mut shown = Vec::new();
    for harness in every_engine() {
        let session_key = |session: &Session| Ok(session.session_key()?.map(|key| key.to_string()));
        shown.push(visit(&harness, Some(&cookie(sent)), session_key).await.0);
    }
    shown
}

#[actix_web::test]
async fn test_session_key_empty_string_invalid() {
    for shown in key_shown_for("").await {
        assert_eq!(shown, None);
    }
}

#[actix_web::test]
async fn test_session_key_too_short_invalid() {
    for shown in key_shown_for("1234567").await {
        assert_eq!(shown, None);
    }
}

#[actix_web::test]
async fn test_session_key_valid_string_saved() {
    for shown in key_shown_for("12345678").await {
        assert_eq!(shown.as_deref(), Some("12345678"));
    }
}

#[actix_web::test]
async fn test_default_expiry() {
    for harness in every_engine() {
        let mut session = fresh(&harness);
        assert_eq!(session.get_expiry_age().unwrap(), 1_209_600);
        session.set_expiry(0).unwrap();
        assert_eq!(session.get_expiry_age().unwrap(), 1_209_600);
    }
}

/// The session's age and date, had it been modified at this moment.
fn expiry(
    harness: &Harness,
    session: &mut SessionStore,
    modification: DateTime<Utc>,
) -> (i64, DateTime<Utc>) {
    let away = modification - harness.now();
    harness.clock.advance(away);
    let expiry = (session.get_expiry_age().unwrap(), session.get_expiry_date().unwrap().to_utc());
    harness.clock.advance(-away);
    expiry
}

#[actix_web::test]
async fn test_custom_expiry_seconds() {
    for harness in every_engine() {
        let (mut session, modification) = (fresh(&harness), harness.now());
        session.set_expiry(10).unwrap();
        for after in [0, 4].map(TimeDelta::seconds) {
            let end = modification + after + TimeDelta::seconds(10);
            assert_eq!(expiry(&harness, &mut session, modification + after), (10, end));
        }
    }
}

#[actix_web::test]
async fn test_custom_expiry_timedelta() {
    for harness in every_engine() {
        let (mut session, modification) = (fresh(&harness), harness.now());
        session.set_expiry(TimeDelta::seconds(10)).unwrap();
        harness.clock.advance(TimeDelta::hours(1));
        let end = modification + TimeDelta::seconds(10);
        assert_eq!(expiry(&harness, &mut session, modification), (10, end));
        assert_eq!(expiry(&harness, &mut session, modification + TimeDelta::seconds(4)), (6, end));
    }
}

#[actix_web::test]
async fn test_custom_expiry_datetime() {
    for harness in every_engine() {
        let (mut session, modification) = (fresh(&harness), harness.now());
        let end = modification + TimeDelta::seconds(10);
        session.set_expiry(end).unwrap();
        assert_eq!(expiry(&harness, &mut session, modification), (10, end));
        assert_eq!(expiry(&harness, &mut session, modification + TimeDelta::seconds(4)), (6, end));
    }
}

#[actix_web::test]
async fn test_custom_expiry_reset() {
    for harness in every_engine() {
        let mut session = fresh(&harness);
        session.set_expiry(Expiry::Policy).unwrap();
        session.set_expiry(10).unwrap();
        assert_eq!(session.get_expiry_age().unwrap(), 10);
        session.set_expiry(Expiry::Policy).unwrap();
        assert_eq!(session.get_expiry_age().unwrap(), 1_209_600);
    }
}

#[actix_web::test]
async fn test_get_expire_at_browser_close() {
    for by_policy in [false, true] {
        let policy = SessionPolicy { expire_at_browser_close: by_policy, ..SessionPolicy::default() };
        for harness in every_engine_with(policy) {
            let mut session = fresh(&harness);
            for (expiry, at_browser_close) in
                [(Expiry::Seconds(10), false), (Expiry::Seconds(0), true), (Expiry::Policy, by_policy)]
            {
                session.set_expiry(expiry).unwrap();
                assert_eq!(session.get_expire_at_browser_close().unwrap(), at_browser_close, "{expiry:?}");
            }
        }
    }
}

#[actix_web::test]
async fn test_decode() {
    for harness in every_engine() {
        let encoded = harness.payload(r#"{"a test key":"a test value"}"#);
        let data = harness.codec.decode(&encoded).unwrap();
        assert_eq!(data.len(), 1);
        assert_eq!(data.get("a test key").unwrap().get::<String>().unwrap(), "a test value");
    }
}

#[actix_web::test]
async fn test_decode_failure_logged_to_security() {
    logs::listen();
    for harness in every_engine_that_keeps().filter(Harness::signs) {
        for corrupted in ["bm90aGluZzpvZiBvdXJz", "three:parts:unsigned"] {
            harness.write(UNKNOWN, corrupted, LATER);
            let mut session = under(&harness, UNKNOWN.try_into().ok());
            session.load().await.unwrap();
            assert_eq!(logs::take(), [], "nobody has looked");
            assert_eq!(items(&mut session), []);
            let lines = logs::take();
            assert_eq!(lines.len(), 1, "{lines:?}");
            assert_eq!(lines[0].level, Level::Warn);
            assert_eq!(lines[0].target, "django.security.SuspiciousSession");
            assert!(lines[0].message.contains("Session data corrupted"), "{lines:?}");
        }
    }
}

/// Otherwise than in Django, on purpose: what somebody with the key has signed is no empty session.
#[actix_web::test]
async fn test_decode_serializer_exception() {
    for harness in every_engine_that_keeps() {
        let encoded = TimestampSigner::new(SECRET_KEY, &[], SALT).sign("invalid data", harness.now());
        assert!(matches!(harness.codec.decode(&encoded), Err(PayloadError::Unreadable(_))));
        harness.write(UNKNOWN, &encoded, LATER);
        let mut session = under(&harness, UNKNOWN.try_into().ok());
        session.load().await.unwrap();
        assert!(matches!(session.get::<String>("cat"), Err(SessionError::Unreadable(_))));
        let answer = harness.visit(Some(&cookie(UNKNOWN)), |session| session.insert("cat", "dog")).await;
        assert_eq!((answer.status, answer.set_cookie), (StatusCode::INTERNAL_SERVER_ERROR, None));
        assert_eq!(harness.row(UNKNOWN).unwrap().session_data, encoded);
    }
}

#[actix_web::test]
async fn test_actual_expiry() {
    for harness in every_engine_that_keeps() {
        for (seconds, alive) in [(-10, false), (10, true)] {
            let mut session = fresh(&harness);
            session.insert("foo", "bar").unwrap();
            session.set_expiry(TimeDelta::seconds(seconds)).unwrap();
            session.save().await.unwrap();
            let mut session = again(&harness, &session).await;
            assert_eq!(session.contains_key("foo").unwrap(), alive, "{seconds} s");
        }
    }
}

#[actix_web::test]
async fn test_session_load_does_not_create_record() {
    for harness in every_engine_that_keeps() {
        let unknown: SessionKey = UNKNOWN.try_into().unwrap();
        let mut session = under(&harness, Some(unknown.clone()));
        session.load().await.unwrap();
        assert_eq!(items(&mut session), []);
        assert_eq!(session.session_key(), None, "not reused");
        assert!(!exists(&harness, &unknown).await);
    }
}

#[actix_web::test]
async fn test_session_save_does_not_resurrect_session_logged_out_in_other_context() {
    for harness in every_engine_that_keeps() {
        let mut session = fresh(&harness);
        session.insert("test_data", "value1").unwrap();
        session.save().await.unwrap();
        let key = key(&session);

        harness.storage.delete(&key).await.unwrap();

        session.insert("test_data", "value2").unwrap();
        assert!(matches!(session.save().await, Err(SessionError::Interrupted)));
        assert!(!exists(&harness, &key).await);
        let mut late = under(&harness, Some(key));
        late.load().await.unwrap();
        assert_eq!(items(&mut late), []);
    }
}
