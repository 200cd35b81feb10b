//! `SessionMiddlewareTests`: the cookie and the row at the end of a request.

use actix_web::http::StatusCode;
use log::Level;
use sessionid::sessions::{Session, SessionError, SessionPolicy};

use crate::harness::{Answer, Harness};
use crate::{cookie, logs};

/// The view of most tests, which has changed its session.
fn touching_the_session(session: &Session) -> Result<(), SessionError> {
    session.insert("hello", "world")
}

/// A request that ends its session.
async fn ended(harness: &Harness, cookie: Option<&str>) -> Answer {
    let flush = |session: &Session| {
        session.flush()?;
        Ok(())
    };
    harness.visit(cookie, flush).await
}

/// The first answer to a client, under a policy.
async fn first_answer(policy: SessionPolicy) -> Answer {
    Harness::with_policy(policy).visit(None, touching_the_session).await
}

impl Answer {
    /// The attributes of the cookie that the response sets.
    fn attributes(&self) -> Vec<&str> {
        let cookie = self.set_cookie.as_deref().expect("a cookie is set");
        cookie.split("; ").skip(1).collect()
    }

    fn varies_on_cookie(&self) -> bool {
        self.vary.as_deref() == Some("Cookie")
    }
}

#[actix_web::test]
async fn test_secure_session_cookie() {
    for cookie_secure in [true, false] {
        let answer = first_answer(SessionPolicy { cookie_secure, ..SessionPolicy::default() }).await;
        assert_eq!(answer.attributes().contains(&"Secure"), cookie_secure, "{answer:?}");
        assert!(answer.varies_on_cookie());
    }
}

#[actix_web::test]
async fn test_httponly_session_cookie() {
    let answer = first_answer(SessionPolicy { cookie_httponly: true, ..SessionPolicy::default() }).await;
    assert!(answer.attributes().contains(&"HttpOnly"), "{answer:?}");
}

#[actix_web::test]
async fn test_samesite_session_cookie() {
    let strict = SessionPolicy { cookie_samesite: Some("Strict".to_owned()), ..SessionPolicy::default() };
    assert!(first_answer(strict).await.attributes().contains(&"SameSite=Strict"));
}

#[actix_web::test]
async fn test_no_httponly_session_cookie() {
    let answer = first_answer(SessionPolicy { cookie_httponly: false, ..SessionPolicy::default() }).await;
    let cookie = answer.set_cookie.as_deref().expect("a cookie is set");
    assert!(!cookie.to_lowercase().contains("httponly"), "{cookie}");
}

/// A request with this status saves nothing that its view has set.
async fn is_not_saved(status: StatusCode) {
    let harness = Harness::new();
    let answer = harness.visit_with_status(None, status, touching_the_session).await;
    assert_eq!((answer.status, answer.set_cookie), (status, None));
    assert!(harness.rows().is_empty());

    let key = harness.saved().await;
    harness.visit_with_status(Some(&cookie(&key)), status, touching_the_session).await;
    assert_eq!(harness.data(&key), r#"{"counter":1}"#);
}

#[actix_web::test]
async fn test_session_save_on_500() {
    is_not_saved(StatusCode::INTERNAL_SERVER_ERROR).await;
}

#[actix_web::test]
async fn test_session_save_on_5xx() {
    is_not_saved(StatusCode::SERVICE_UNAVAILABLE).await;
}

#[actix_web::test]
async fn test_session_update_error_redirect() {
    logs::listen();
    let harness = Harness::new();
    let key = harness.saved().await;
    let answer = harness.visit_deleted_meanwhile(&key, touching_the_session).await;
    assert_eq!((answer.status, answer.set_cookie), (StatusCode::BAD_REQUEST, None));
    assert!(harness.rows().is_empty());
    let lines = logs::take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    let line = format!("GET /: {}", SessionError::Interrupted);
    assert_eq!((lines[0].level, &lines[0].message), (Level::Warn, &line));
    for words in ["session was deleted before the request completed", "logged out in a concurrent request"] {
        assert!(lines[0].message.contains(words), "{lines:?}");
    }
}

#[actix_web::test]
async fn test_session_delete_on_end() {
    let harness = Harness::new();
    let key = harness.saved().await;
    for sent in ["abc", &key] {
        let answer = ended(&harness, Some(&cookie(sent))).await;
        assert!(answer.deletes_the_cookie(), "{answer:?}");
        assert!(answer.varies_on_cookie());
    }
    assert!(harness.rows().is_empty());
}

#[actix_web::test]
async fn test_session_delete_on_end_with_custom_domain_and_path() {
    let harness = Harness::with_policy(SessionPolicy {
        cookie_domain: Some(".example.local".to_owned()),
        cookie_path: "/example/".to_owned(),
        ..SessionPolicy::default()
    });
    let answer = ended(&harness, Some(&cookie("abc"))).await;
    let expected = "sessionid=\"\"; Domain=.example.local; expires=Thu, 01 Jan 1970 00:00:00 GMT; \
                    Max-Age=0; Path=/example/; SameSite=Lax";
    assert_eq!(answer.set_cookie.as_deref(), Some(expected));
    assert!(answer.varies_on_cookie());
}

#[actix_web::test]
async fn test_flush_empty_without_session_cookie_doesnt_set_cookie() {
    let answer = ended(&Harness::new(), None).await;
    assert_eq!(answer.set_cookie, None);
    assert!(answer.varies_on_cookie());
}

#[actix_web::test]
async fn test_save_every_request_with_non_empty_session_renews_session_cookie() {
    for save_every_request in [true, false] {
        let policy = SessionPolicy { save_every_request, ..SessionPolicy::default() };
        let harness = Harness::with_policy(policy);
        let key = harness.visit(None, touching_the_session).await.key().to_owned();
        let answer = harness.visit_untouched(Some(&cookie(&key))).await;
        assert_eq!(answer.set_cookie.is_some(), save_every_request);
        assert_eq!(answer.varies_on_cookie(), save_every_request);
        if save_every_request {
            assert_eq!(answer.key(), key);
        }
        assert_eq!(harness.data(&key), r#"{"hello":"world"}"#);
    }
}

#[actix_web::test]
async fn test_empty_session_saved() {
    let harness = Harness::new();
    let first = harness.visit(None, |session| session.insert("foo", "bar")).await;
    assert_eq!(harness.data(first.key()), r#"{"foo":"bar"}"#);
    assert!(first.varies_on_cookie());

    let emptied = harness
        .visit(Some(&cookie(first.key())), |session| {
            assert!(session.remove("foo")?);
            assert!(session.entries()?.is_empty());
            Ok(())
        })
        .await;
    assert_eq!(emptied.key(), first.key());
    assert!(emptied.varies_on_cookie());
    assert_eq!(harness.data(first.key()), "{}");
}
