//! A session that cannot do what it is asked says so: it is over, in use, unknown, or nowhere.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{COOKIE, SET_COOKIE};
use actix_web::{App, HttpResponse, ResponseError as _, test, web};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sessionid::sessions::{
    Session, SessionError, SessionExt as _, SessionMiddleware, SessionPolicy, Storage,
};

use crate::cookie;
use crate::harness::{Answer, Harness};
use crate::memory::{Fault, MemoryBackend, Verb};

/// A name for each way to call a session, and what comes of it.
fn calls(session: &Session) -> Vec<(&'static str, Result<(), SessionError>)> {
    vec![
        ("get", session.get::<i64>("a").map(drop)),
        ("insert", session.insert("a", 1)),
        ("update", session.update([("a", 1)])),
        ("update with nothing", session.update::<&str, i64>([])),
        ("remove", session.remove("a").map(drop)),
        ("pop", session.pop::<i64>("a").map(drop)),
        ("setdefault", session.setdefault("a", 1).map(drop)),
        ("setdefault_with", session.setdefault_with("a", || 1).map(drop)),
        ("fetch_update", session.fetch_update("a", 1, |a| a + 1).map(drop)),
        ("update_with", session.update_with("a", 1, |a| a + 1).map(drop)),
        ("try_fetch_update", session.try_fetch_update("a", 1, Ok::<i32, String>).map(drop)),
        ("push", session.remove("list").and_then(|_| session.push("list", 1))),
        ("contains_key", session.contains_key("a").map(drop)),
        ("entries", session.entries().map(drop)),
        ("clear", session.clear()),
        ("flush", session.flush()),
        ("cycle_key", session.cycle_key()),
        ("set_expiry", session.set_expiry(1)),
        ("get_expiry_age", session.get_expiry_age().map(drop)),
        ("get_expiry_date", session.get_expiry_date().map(drop)),
        ("get_expire_at_browser_close", session.get_expire_at_browser_close().map(drop)),
        ("session_key", session.session_key().map(drop)),
        ("is_empty", session.is_empty().map(drop)),
        ("modified", session.modified().map(drop)),
        ("set_modified", session.set_modified(true)),
        ("accessed", session.accessed().map(drop)),
        ("set_test_cookie", session.set_test_cookie()),
        ("test_cookie_worked", session.test_cookie_worked().map(drop)),
        ("delete_test_cookie", session.delete_test_cookie().map(drop)),
    ]
}

async fn assert_finished(session: &Session) {
    for (name, called) in calls(session) {
        assert!(matches!(called, Err(SessionError::Finished)), "{name}: {called:?}");
    }
    assert!(matches!(session.load().await, Err(SessionError::Finished)));
    assert!(matches!(session.take::<i64>("a").await, Err(SessionError::Finished)));
    assert_eq!(format!("{session:?}"), "Session(finished)");
}

/// Where a view leaves its session for later.
type Left = Rc<RefCell<Option<Session>>>;

#[actix_web::test]
async fn a_session_whose_request_is_over_answers_every_call_with_an_error() {
    let harness = Harness::new();
    let left = Left::default();
    let kept = left.clone();
    let answer = harness
        .visit(None, move |session| {
            session.insert("a", 1)?;
            kept.replace(Some(session.clone()));
            Ok(())
        })
        .await;
    let session = left.take().unwrap();
    assert_finished(&session).await;
    assert_eq!(harness.data(answer.key()), r#"{"a":1}"#);
}

#[actix_web::test]
async fn so_does_one_whose_client_is_gone() {
    let harness = Harness::new();
    let left = Left::default();
    let handler = {
        let left = left.clone();
        move |session: Session| {
            left.replace(Some(session));
            async { std::future::pending::<HttpResponse>().await }
        }
    };
    let scope = web::scope("").wrap(harness.middleware()).route("/", web::get().to(handler));
    let app = test::init_service(App::new().service(scope)).await;
    let mut call = Box::pin(test::call_service(&app, test::TestRequest::get().uri("/").to_request()));
    while left.borrow().is_none() {
        assert!(futures_util::future::poll_immediate(&mut call).await.is_none());
    }
    let session = left.take().unwrap();
    session.insert("a", 1).unwrap();
    drop(call);
    assert_finished(&session).await;
}

#[actix_web::test]
async fn a_stream_that_reads_the_session_while_it_is_sent_is_told() {
    let harness = Harness::new();
    let handler = async |session: Session| {
        let line = async move { session.get::<i64>("a").map(|_| web::Bytes::new()) };
        HttpResponse::Ok().streaming(futures_util::stream::once(line))
    };
    let scope = web::scope("").wrap(harness.middleware()).route("/", web::get().to(handler));
    let app = test::init_service(App::new().service(scope)).await;
    let response = test::call_service(&app, test::TestRequest::get().uri("/").to_request()).await;
    let error = actix_web::body::to_bytes(response.into_body()).await.expect_err("the stream breaks off");
    assert!(error.to_string().contains("over"), "{error}");
}

thread_local! {
    static HERE: RefCell<Option<Session>> = const { RefCell::new(None) };
}

/// What is written, read and copied by way of the session.
struct Nosy;

fn look() -> Vec<(&'static str, Result<(), SessionError>)> {
    HERE.with_borrow(|session| session.as_ref().map_or_else(Vec::new, calls))
}

fn all_work() {
    for (name, called) in look() {
        called.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

impl Clone for Nosy {
    fn clone(&self) -> Self {
        all_work();
        Self
    }
}

impl Serialize for Nosy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        all_work();
        serializer.serialize_unit()
    }
}

impl<'de> Deserialize<'de> for Nosy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <()>::deserialize(deserializer)?;
        match look().into_iter().find_map(|(_, called)| called.err()) {
            Some(error) => Err(D::Error::custom(error)),
            None => Ok(Self),
        }
    }
}

#[actix_web::test]
async fn functions_and_types_that_reach_the_session_again_work_or_get_an_error() {
    let harness = Harness::new();
    let answer = harness
        .visit(None, |session| {
            HERE.set(Some(session.clone()));
            session.insert("nosy", Nosy)?;
            session.update([("nosy", Nosy)])?;
            session.insert("null", ())?;
            let read = session.get::<Nosy>("null").err().expect("the session is in use");
            assert!(format!("{read:?}").contains("from within another"), "{read:?}");
            let update = |Nosy: Nosy| {
                all_work();
                Nosy
            };
            session.fetch_update("new", Nosy, update)?;
            session.setdefault_with("other", || {
                all_work();
                1
            })?;
            let values = (0..2).map(|number| {
                all_work();
                (number.to_string(), number)
            });
            session.update(values)?;
            assert!(format!("{session:?}").starts_with("Session {"));
            HERE.set(None);
            Ok(())
        })
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
}

#[actix_web::test]
async fn debug_shows_keys_and_no_values() {
    let harness = Harness::new();
    let key = harness.visit(None, |session| session.insert("card", "4000-1234")).await.key().to_owned();
    let start = key[..6].to_owned();
    harness
        .visit(Some(&cookie(&key)), move |session| {
            let before = format!("{session:?}");
            assert!(before.contains(&start) && before.contains(r#"["card"]"#), "{before}");
            assert!(!session.accessed()?, "to look is no access");
            session.insert("pin", "0987")?;
            for text in [before, format!("{session:?}"), format!("{session:#?}")] {
                assert!(!text.contains("4000") && !text.contains("0987"), "{text}");
            }
            Ok(())
        })
        .await;
}

/// A harness whose next load fails.
async fn store_down() -> (Harness, MemoryBackend, String) {
    let (harness, memory) = Harness::with_memory(SessionPolicy::default());
    let key = harness.saved().await;
    memory.fault(Verb::Load, Fault::Unavailable);
    memory.calls();
    (harness, memory, key)
}

/// A request with a session to a handler of any kind.
async fn ask<F, A>(harness: &Harness, key: &str, handler: F) -> (StatusCode, bool)
where
    F: actix_web::Handler<A>,
    A: actix_web::FromRequest + 'static,
    F::Output: actix_web::Responder + 'static,
{
    let scope = web::scope("").wrap(harness.middleware()).route("/", web::get().to(handler));
    let app = test::init_service(App::new().service(scope)).await;
    let request = test::TestRequest::get().uri("/").insert_header((COOKIE, cookie(key)));
    let response = test::call_service(&app, request.to_request()).await;
    (response.status(), response.headers().contains_key(SET_COOKIE))
}

#[actix_web::test]
async fn an_optional_session_is_not_none_because_the_store_is_down() {
    let down = (StatusCode::SERVICE_UNAVAILABLE, false);
    let (harness, memory, key) = store_down().await;
    let read = async |session: Option<Session>| {
        let session = session.expect("a session that is not known is none of nobody's");
        assert!(matches!(session.load().await, Err(SessionError::Unavailable(_))));
        session.get::<i64>("counter").map(|_| "never")
    };
    assert_eq!(ask(&harness, &key, read).await, down);
    assert_eq!(memory.calls(), [Verb::Load], "the store is asked once");

    let (harness, _, key) = store_down().await;
    let greet = async |session: Option<Session>| {
        let user: Option<i64> = session.and_then(|session| session.get("counter").ok().flatten());
        if user.is_some() { "Welcome back." } else { "Who are you?" }
    };
    assert_eq!(ask(&harness, &key, greet).await, down, "nobody is shown the page of a visitor");

    let (harness, _, key) = store_down().await;
    assert_eq!(ask(&harness, &key, async |_: Session| "never asked").await, down);
    let (harness, _, key) = store_down().await;
    let own = async |_: Session| HttpResponse::BadGateway().finish();
    assert_eq!(ask(&harness, &key, own).await, (StatusCode::BAD_GATEWAY, false), "an error is one already");
}

#[actix_web::test]
async fn what_needs_no_look_works_without_one() {
    let (harness, memory, key) = store_down().await;
    let (status, deleted) =
        ask(&harness, &key, async |session: Session| session.flush().map(|()| "bye")).await;
    assert_eq!((status, deleted), (StatusCode::OK, true), "the store is back by then");
    assert!(memory.with(|sessions| sessions.is_empty()));
}

#[actix_web::test]
async fn for_a_view_that_does_not_ask_for_the_session_no_store_is_asked() {
    let (harness, memory, key) = store_down().await;
    assert_eq!(harness.visit_untouched(Some(&cookie(&key))).await.status, StatusCode::OK);
    assert_eq!(memory.calls(), []);
}

#[actix_web::test]
async fn without_a_middleware_there_is_no_session_and_every_call_says_so() {
    let app = App::new().route(
        "/",
        web::get().to(async |session: Option<Session>, request: actix_web::HttpRequest| {
            assert!(session.is_none());
            let session = request.get_session();
            for (name, called) in calls(&session) {
                assert!(matches!(called, Err(SessionError::NoMiddleware)), "{name}");
            }
            HttpResponse::Ok().finish()
        }),
    );
    let app = test::init_service(app).await;
    let response = test::call_service(&app, test::TestRequest::get().uri("/").to_request()).await;
    assert_eq!(response.status(), StatusCode::OK);
}

/// Two middlewares, the second with a policy of its own, around a view that counts; how often something was stored.
async fn nested(inner: &SessionPolicy) -> (Answer, Vec<Verb>) {
    let (harness, memory) = Harness::with_memory(SessionPolicy::default());
    let view =
        async |session: Session| session.fetch_update("counter", 0_i64, |n| n + 1).map(|n| n.to_string());
    let inner = SessionMiddleware::new(harness.storage.clone(), inner.clone()).clock(harness.clock.clone());
    let scope = web::scope("").wrap(inner).route("/", web::get().to(view));
    let app = App::new().service(web::scope("").wrap(harness.middleware()).service(scope));
    let app = test::init_service(app).await;
    let response = test::call_service(&app, test::TestRequest::get().uri("/").to_request()).await;
    let cookies: Vec<_> =
        response.headers().get_all(SET_COOKIE).map(|value| value.to_str().unwrap().to_owned()).collect();
    let answer = Answer {
        status: response.status(),
        set_cookie: Some(cookies.join("\n")),
        vary: None,
        retry_after: None,
        cache_control: None,
        body: String::new(),
    };
    (answer, memory.calls())
}

#[actix_web::test]
async fn nested_middlewares_of_one_cookie_are_one_session() {
    let (answer, calls) = nested(&SessionPolicy { cookie_age: 5, ..SessionPolicy::default() }).await;
    let set_cookie = answer.set_cookie.unwrap();
    assert_eq!((answer.status, set_cookie.lines().count()), (StatusCode::OK, 1), "{set_cookie}");
    assert!(set_cookie.contains("Max-Age=1209600"), "the outer policy's: {set_cookie}");
    assert_eq!(calls, [Verb::Insert]);
}

#[actix_web::test]
async fn nested_middlewares_of_two_cookies_are_two_sessions() {
    let policy = SessionPolicy { cookie_name: "inner".to_owned(), ..SessionPolicy::default() };
    let (answer, calls) = nested(&policy).await;
    assert!(answer.set_cookie.unwrap().starts_with("inner="));
    assert_eq!(calls, [Verb::Insert], "nobody has touched the outer one");

    // What stands between the two sees its own before and after.
    let storage: Storage = Harness::in_memory(SessionPolicy::default()).storage;
    let between = actix_web::middleware::from_fn(
        async |request: actix_web::dev::ServiceRequest, next: actix_web::middleware::Next<_>| {
            request.get_session().insert("outer", 1)?;
            let response = next.call(request).await?;
            let outer = response.get_session();
            assert_eq!(outer.get::<i64>("outer")?, Some(1));
            assert_eq!(outer.get::<i64>("inner")?, None);
            Ok::<_, actix_web::Error>(response)
        },
    );
    let scope = web::scope("")
        .wrap(SessionMiddleware::new(storage.clone(), policy))
        .wrap(between)
        .wrap(SessionMiddleware::new(storage, SessionPolicy::default()))
        .route("/", web::get().to(async |session: Session| session.insert("inner", 1).map(|()| "")));
    let app = test::init_service(App::new().service(scope)).await;
    let response = test::call_service(&app, test::TestRequest::get().uri("/").to_request()).await;
    assert_eq!(response.headers().get_all(SET_COOKIE).count(), 2);
}

#[actix_web::test]
async fn a_refused_update_is_the_callers_and_a_409_where_only_the_store_shows_it() {
    #[derive(Debug, thiserror::Error)]
    #[error("only {0} left")]
    struct Left(i64);
    let spend = |points: i64| if points >= 3 { Ok(points - 3) } else { Err(Left(points)) };
    let harness = Harness::new();
    let key = harness.visit(None, |session| session.insert("points", 5)).await.key().to_owned();
    let sent = cookie(&key);
    let storage = harness.storage.clone();
    let (clock, key_) = (harness.clock.clone(), key.clone());
    let answer = harness
        .visit_async(Some(&sent), move |session| {
            let key = key_.as_str().try_into().unwrap();
            let policy = Arc::new(SessionPolicy::default());
            let mut other = sessionid::sessions::SessionStore::new(
                Some(key),
                storage.clone(),
                policy,
                clock.clone().into(),
            );
            Box::pin(async move {
                assert_eq!(session.try_fetch_update("points", 0, spend)?, 5);
                other.load().await?;
                assert_eq!(other.update_with("points", 0, |points: i64| points - 3)?, 2);
                other.save().await?;
                Ok(StatusCode::OK)
            })
        })
        .await;
    assert_eq!((answer.status, answer.set_cookie), (StatusCode::CONFLICT, None));
    assert_eq!(harness.data(&key), r#"{"points":2}"#);
    let answer = harness
        .visit(Some(&sent), move |session| {
            let error = session.try_fetch_update("points", 0, spend).expect_err("refused");
            assert_eq!(error.status_code(), StatusCode::CONFLICT);
            let SessionError::Refused { source, .. } = error else { panic!("{error}") };
            assert_eq!(source.downcast_ref::<Left>().unwrap().0, 2);
            assert!(!session.modified()?);
            Ok(())
        })
        .await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[actix_web::test]
async fn an_update_may_consume_what_it_has_captured() {
    let harness = Harness::new();
    harness
        .visit(None, |session| {
            let message = "Bought.".to_owned();
            let push = |mut messages: Vec<String>| {
                messages.push(message);
                messages
            };
            assert_eq!(session.update_with("messages", vec![], push)?, ["Bought."]);
            Ok(())
        })
        .await;
}
