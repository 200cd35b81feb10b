//! What goes wrong, and what must not be lost by it.

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{COOKIE, SET_COOKIE};
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, Error, HttpMessage as _, HttpResponse, test, web};
use sessionid::sessions::{CookieAction, Decision, Outcome, Session, SessionError};
use sessionid::signing::{TimestampSigner, dumps};

use crate::cookie;
use crate::harness::{Harness, SECRET_KEY};

const KEY: &str = "abcdefghijklmnopqrstuvwxyz012345";
const LATER: &str = "2026-12-01 00:00:00";

#[actix_web::test]
async fn a_bad_signature_is_an_empty_session_that_keeps_its_key() {
    let harness = Harness::new();
    for garbage in ["", "garbage", "a:b:c", "eyJjb3VudGVyIjoxfQ:1r31eq:AAAA", ".eJwB:1:x"] {
        harness.write(KEY, garbage, LATER);
        let read = harness.visit(Some(&cookie(KEY)), |session| session.get::<i64>("counter").map(drop)).await;
        assert_eq!((read.status, read.set_cookie), (StatusCode::OK, None), "{garbage}");
        assert_eq!(harness.row(KEY).unwrap().session_data, garbage);
        let written = harness.visit(Some(&cookie(KEY)), |session| session.insert("counter", 5)).await;
        assert_eq!((written.key(), harness.data(KEY).as_str()), (KEY, r#"{"counter":5}"#), "{garbage}");
    }
}

/// Payloads that somebody with the key made, and that are no session in Django's form.
fn unreadable() -> Vec<String> {
    let signer = TimestampSigner::new(SECRET_KEY, &[], "django.contrib.sessions.SessionStore");
    let now = "2026-11-22T18:24:10Z".parse().unwrap();
    let bomb = vec![b' '; 9 << 20];
    let contents: [&[u8]; 4] = [b"[1,2]", b"\x80\x05}q\x00.", b"{\"a\":", &bomb];
    contents
        .iter()
        .map(|content| dumps(&signer, content, now))
        .chain([signer.sign("!!!", now), signer.sign(".AAAA", now)])
        .collect()
}

type View = fn(&Session) -> Result<(), SessionError>;

#[actix_web::test]
async fn a_good_signature_over_something_unreadable_is_a_500_and_never_overwritten() {
    let harness = Harness::new();
    let views: [View; 3] = [
        |session| session.get::<i64>("counter").map(drop),
        |session| session.insert("counter", 1),
        Session::cycle_key,
    ];
    for payload in unreadable() {
        harness.write(KEY, &payload, LATER);
        for view in views {
            let answer = harness.visit(Some(&cookie(KEY)), view).await;
            assert_eq!((answer.status, answer.set_cookie), (StatusCode::INTERNAL_SERVER_ERROR, None));
            assert_eq!(answer.body, "Internal Server Error");
            assert_eq!(harness.row(KEY).unwrap().session_data, payload);
        }
        let ignored = harness.visit(Some(&cookie(KEY)), |_| Ok(())).await;
        assert_eq!(ignored.status, StatusCode::OK, "nobody looked");
        let swallowed = harness
            .visit(Some(&cookie(KEY)), |session| {
                let _ = session.get::<i64>("a");
                Ok(())
            })
            .await;
        assert_eq!((swallowed.status, swallowed.set_cookie), (StatusCode::OK, None));
        let flushed = harness
            .visit(Some(&cookie(KEY)), |session| {
                session.flush()?;
                Ok(())
            })
            .await;
        assert!(flushed.deletes_the_cookie(), "a flush need not read it");
        assert_eq!(harness.row(KEY), None);
        harness.write(KEY, &payload, LATER);
        let cleared = harness
            .visit(Some(&cookie(KEY)), |session| {
                session.clear()?;
                session.insert("counter", 1)
            })
            .await;
        assert_eq!((cleared.status, harness.data(KEY).as_str()), (StatusCode::OK, r#"{"counter":1}"#));
    }
}

#[actix_web::test]
async fn an_expiry_that_is_none_is_a_500_and_leaves_the_row() {
    let harness = Harness::new();
    let payload = harness.payload(r#"{"_session_expiry":"tomorrow"}"#);
    harness.write(KEY, &payload, LATER);
    let answer = harness.visit(Some(&cookie(KEY)), |session| session.insert("counter", 1)).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(harness.row(KEY).unwrap().session_data, payload);
}

#[actix_web::test]
async fn a_handlers_error_is_a_500_that_saves_nothing() {
    let harness = Harness::new();
    let answer = harness
        .visit(None, |session| {
            session.insert("counter", 1)?;
            session.get::<String>("counter").map(drop)
        })
        .await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
    );
    assert!(harness.rows().is_empty());
}

#[actix_web::test]
async fn a_handler_without_the_middleware_is_told_in_the_log_and_its_client_nothing() {
    let app = test::init_service(App::new().route("/", web::get().to(async |_: Session| "never"))).await;
    let response = test::call_service(&app, test::TestRequest::get().uri("/").to_request()).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(test::read_body(response).await, "Internal Server Error");
}

/// A middleware below the session's that writes to it and then fails without a response.
async fn refuse(request: ServiceRequest, _: Next<BoxBody>) -> Result<ServiceResponse<BoxBody>, Error> {
    let session = request.extensions().get::<Session>().unwrap().clone();
    session.insert("refused", true)?;
    Err(actix_web::error::ErrorForbidden("no entry"))
}

#[actix_web::test]
async fn an_inner_middlewares_error_keeps_its_status_and_its_session() {
    let harness = Harness::new();
    let scope = web::scope("")
        .wrap(from_fn(refuse))
        .wrap(harness.middleware())
        .route("/", web::get().to(HttpResponse::Ok));
    let app = test::init_service(App::new().service(scope)).await;
    let error =
        test::try_call_service(&app, test::TestRequest::get().uri("/").to_request()).await.err().unwrap();
    let response = error.error_response();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert!(response.headers().contains_key(SET_COOKIE));
    assert_eq!(harness.data(&harness.rows()[0].session_key), r#"{"refused":true}"#);
}

#[actix_web::test]
async fn the_middleware_leaves_its_outcome() {
    let harness = Harness::new();
    let scope = web::scope("")
        .wrap(harness.middleware())
        .route("/", web::get().to(async |session: Session| session.insert("a", 1).map(|()| "done")));
    let app = test::init_service(App::new().service(scope)).await;
    let request = test::TestRequest::get().uri("/").insert_header((COOKIE, "sessionid=unknownunknown"));
    let response = test::call_service(&app, request.to_request()).await;
    let outcome = response.request().extensions().get::<Outcome>().unwrap().clone();
    assert_eq!(outcome.sent.as_deref(), Some("unknownunknown"));
    assert!(outcome.accessed && outcome.modified && outcome.saved && !outcome.empty);
    assert_eq!(
        (outcome.decision, outcome.cookie),
        (Decision::Save, CookieAction::Set { max_age: Some(1_209_600) })
    );
    assert_eq!(outcome.key_out.unwrap().as_str(), harness.rows()[0].session_key);
    assert_eq!(outcome.expire_date, Some(harness.now() + chrono::TimeDelta::weeks(2)));
}

/// A view may go on after an error.
#[actix_web::test]
async fn what_cannot_be_read_cannot_be_read_the_second_time_either() {
    let harness = Harness::new();
    for payload in unreadable() {
        harness.write(KEY, &payload, LATER);
        let answer = harness
            .visit(Some(&cookie(KEY)), |session| {
                for _ in 0..2 {
                    let read = session.get::<i64>("counter");
                    assert!(matches!(read, Err(SessionError::Unreadable(_))), "{read:?}");
                }
                session.clear()?;
                session.insert("fresh", true)
            })
            .await;
        assert_eq!((answer.key(), harness.data(KEY).as_str()), (KEY, r#"{"fresh":true}"#));
    }
}
