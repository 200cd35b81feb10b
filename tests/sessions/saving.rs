//! Saving on a store that others meddle with: the merge is tested without a database.

use actix_web::http::StatusCode;
use actix_web::http::header::COOKIE;
use actix_web::{App, HttpMessage as _, HttpResponse, ResponseError, test, web};
use futures_util::future::{join_all, maybe_done, poll_immediate};
use sessionid::sessions::backends::Entry;
use sessionid::sessions::{Outcome, Session, SessionError, SessionPolicy};

use crate::cookie;
use crate::harness::{Answer, Harness};
use crate::logs;
use crate::memory::{Fault, MemoryBackend, Sessions, Verb};

fn harness() -> (Harness, MemoryBackend) {
    Harness::with_memory(SessionPolicy::default())
}

type View = fn(&Session) -> Result<(), SessionError>;

fn count(session: &Session) -> Result<(), SessionError> {
    session.fetch_update("counter", 0_i64, |counter| counter + 1).map(drop)
}

/// Somebody else stores this first.
fn others_store(harness: &Harness, key: &str, json: &str) -> Fault {
    let entry = Entry {
        payload: harness.payload(json).into_bytes().into(),
        saved_at: harness.now(),
        expire_date: harness.now() + chrono::TimeDelta::weeks(1),
    };
    let key = key.to_owned();
    Fault::Meddle(Box::new(move |sessions: &mut Sessions| drop(sessions.insert(key, entry))))
}

/// Somebody else deletes it first.
fn others_delete(key: &str) -> Fault {
    let key = key.to_owned();
    Fault::Meddle(Box::new(move |sessions: &mut Sessions| drop(sessions.remove(&key))))
}

fn is_interrupted(answer: &Answer) -> bool {
    (answer.status, &answer.set_cookie) == (StatusCode::BAD_REQUEST, &None)
}

fn is_unavailable(answer: &Answer) -> bool {
    (answer.status, &answer.set_cookie) == (StatusCode::SERVICE_UNAVAILABLE, &None)
}

#[actix_web::test]
async fn a_save_that_nobody_meddles_with_is_one_call() {
    let (harness, memory) = harness();
    let key = harness.saved().await;
    memory.calls();
    harness.visit(Some(&cookie(&key)), count).await;
    assert_eq!(memory.calls(), [Verb::Load, Verb::Replace]);
    harness.visit(Some(&cookie(&key)), Session::cycle_key).await;
    assert_eq!(memory.calls(), [Verb::Load, Verb::Rename]);
    harness.visit(None, count).await;
    assert_eq!(memory.calls(), [Verb::Insert]);
}

#[actix_web::test]
async fn what_others_store_meanwhile_is_merged_as_often_as_it_takes() {
    let (harness, memory) = harness();
    let key = harness.saved().await;
    for counter in [10, 20, 30] {
        memory.fault(
            Verb::Replace,
            others_store(&harness, &key, &format!(r#"{{"counter":{counter},"theirs":{counter}}}"#)),
        );
    }
    let answer = harness.visit(Some(&cookie(&key)), count).await;
    assert_eq!((answer.status, answer.key()), (StatusCode::OK, key.as_str()));
    assert_eq!(harness.data(&key), r#"{"counter":31,"theirs":30}"#);
}

#[actix_web::test]
async fn cycle_key_takes_along_what_others_store_meanwhile() {
    let (harness, memory) = harness();
    let key = harness.saved().await;
    memory.fault(Verb::Rename, others_store(&harness, &key, r#"{"counter":7,"theirs":1}"#));
    let cycle = |session: &Session| {
        count(session)?;
        session.cycle_key()
    };
    let answer = harness.visit(Some(&cookie(&key)), cycle).await;
    assert_eq!(harness.data(answer.key()), r#"{"counter":8,"theirs":1}"#);
    assert_eq!(harness.rows().len(), 1);
}

#[actix_web::test]
async fn what_others_end_meanwhile_stays_ended_whatever_the_request_does() {
    let views: [(View, Verb); 4] = [
        (count, Verb::Replace),
        (|session| session.set_expiry(60), Verb::Replace),
        (Session::cycle_key, Verb::Rename),
        (
            |session| {
                session.cycle_key()?;
                count(session)?;
                session.cycle_key()
            },
            Verb::Rename,
        ),
    ];
    for (view, verb) in views {
        let (harness, memory) = harness();
        let key = harness.saved().await;
        memory.fault(verb, others_delete(&key));
        let answer = harness.visit(Some(&cookie(&key)), view).await;
        assert!(is_interrupted(&answer), "{answer:?}");
        assert!(harness.rows().is_empty());
    }
}

#[actix_web::test]
async fn a_cycle_key_of_an_ended_session_leaves_a_500_as_it_is_and_stores_nothing() {
    let (harness, memory) = harness();
    let key = harness.saved().await;
    memory.fault(Verb::Rename, others_delete(&key));
    let answer = harness
        .visit_with_status(Some(&cookie(&key)), StatusCode::INTERNAL_SERVER_ERROR, Session::cycle_key)
        .await;
    assert_eq!((answer.status, answer.set_cookie), (StatusCode::INTERNAL_SERVER_ERROR, None));
    assert!(harness.rows().is_empty());
}

#[actix_web::test]
async fn a_taken_key_is_drawn_again_and_not_for_ever() {
    let (harness, memory) = harness();
    memory.fault(Verb::Insert, Fault::Taken);
    memory.fault(Verb::Insert, Fault::Taken);
    let answer = harness.visit(None, count).await;
    assert_eq!(harness.data(answer.key()), r#"{"counter":1}"#);
    memory.calls();
    for _ in 0..100 {
        memory.fault(Verb::Insert, Fault::Taken);
    }
    assert!(is_unavailable(&harness.visit(None, count).await));
    assert!(memory.calls().len() < 10);
    assert_eq!(harness.rows().len(), 1);
}

/// A view may have shown it.
#[actix_web::test]
async fn a_key_of_cycle_key_that_is_taken_is_an_error_and_the_session_stays_where_it_is() {
    let (harness, memory) = harness();
    let key = harness.saved().await;
    memory.fault(Verb::Rename, Fault::Taken);
    assert!(is_unavailable(&harness.visit(Some(&cookie(&key)), Session::cycle_key).await));
    assert_eq!(harness.data(&key), r#"{"counter":1}"#);
    memory.fault(Verb::Insert, Fault::Taken);
    assert!(is_unavailable(&harness.visit(None, Session::cycle_key).await));
    assert_eq!(harness.rows().len(), 1);
}

#[actix_web::test]
async fn a_store_that_does_not_answer_is_a_503_at_every_verb_and_leaves_the_cookie() {
    let views: [(View, Verb); 5] = [
        (|session| session.get::<i64>("counter").map(drop), Verb::Load),
        (count, Verb::Replace),
        (Session::cycle_key, Verb::Rename),
        (
            |session| {
                session.flush()?;
                Ok(())
            },
            Verb::Delete,
        ),
        (
            |session| {
                session.flush()?;
                count(session)
            },
            Verb::Insert,
        ),
    ];
    for (view, verb) in views {
        let (harness, memory) = harness();
        let key = harness.saved().await;
        memory.fault(verb, Fault::Unavailable);
        let answer = harness.visit(Some(&cookie(&key)), view).await;
        assert!(is_unavailable(&answer), "{verb:?}: {answer:?}");
        let again = harness.visit(Some(&cookie(&key)), view).await;
        assert_eq!(again.status, StatusCode::OK, "{verb:?}");
    }
}

/// A trigger that swallows an UPDATE, for example.
#[actix_web::test]
async fn a_store_that_refuses_what_it_should_replace_is_asked_a_few_times_only() {
    for (view, verb) in [(count as View, Verb::Replace), (Session::cycle_key, Verb::Rename)] {
        let (harness, memory) = harness();
        let key = harness.saved().await;
        for _ in 0..100 {
            memory.fault(verb, Fault::Refuse);
        }
        memory.calls();
        assert!(is_unavailable(&harness.visit(Some(&cookie(&key)), view).await));
        assert!(memory.calls().len() < 10);
        assert_eq!(harness.data(&key), r#"{"counter":1}"#);
    }
}

#[actix_web::test]
async fn clear_replaces_whatever_is_there_without_reading_it() {
    let (harness, memory) = harness();
    let key = harness.saved().await;
    memory.calls();
    memory.fault(Verb::Replace, others_store(&harness, &key, r#"{"theirs":1}"#));
    let clear = |session: &Session| {
        session.clear()?;
        session.insert("fresh", true)
    };
    harness.visit(Some(&cookie(&key)), clear).await;
    assert_eq!(memory.calls(), [Verb::Load, Verb::Replace]);
    assert_eq!(harness.data(&key), r#"{"fresh":true}"#);
}

/// Each request waits for the one before it, in this process, and is merged with those that wait like it.
#[actix_web::test]
async fn saves_that_wait_are_written_together_and_each_has_its_own_answer() {
    let (harness, memory) = harness();
    let key = harness.saved().await;
    harness.visit(Some(&cookie(&key)), |session| session.insert("name", "Ada")).await;
    memory.calls();
    let wrong: View = |session| {
        session
            .fetch_update("name", String::new(), |name| if name == "Ada" { name } else { panic!("a bug") })
            .map(drop)
    };
    let views: Vec<View> = (0..64).map(|at| if at % 8 == 5 { wrong } else { count }).collect();
    // The first save writes "Grace", which the wrong ones meet when they are merged.
    let sent = cookie(&key);
    let first = harness.visit(Some(&sent), |session| session.insert("name", "Grace"));
    let others = join_all(views.into_iter().map(|view| harness.visit(Some(&sent), view)));
    let (first, others) = futures_util::future::join(first, others).await;
    assert_eq!(first.status, StatusCode::OK);
    for (at, answer) in others.iter().enumerate() {
        assert!(
            [StatusCode::OK, StatusCode::INTERNAL_SERVER_ERROR].contains(&answer.status),
            "{at}: {answer:?}"
        );
    }
    let counted = others.iter().enumerate().filter(|(at, _)| at % 8 != 5);
    assert!(counted.clone().all(|(_, answer)| answer.status == StatusCode::OK));
    assert_eq!(harness.data(&key), format!(r#"{{"counter":{},"name":"Grace"}}"#, 1 + counted.count()));
    let writes = memory.calls().into_iter().filter(|verb| *verb == Verb::Replace).count();
    assert!(writes <= 3, "{writes} writes for 65 saves");
}

/// Its client is gone, while it writes.
#[actix_web::test]
async fn a_request_that_is_given_up_takes_nobody_along() {
    for polls in 1..12 {
        let (harness, _) = harness();
        let key = harness.saved().await;
        let sent = cookie(&key);
        let mut given_up = Box::pin(maybe_done(harness.visit(Some(&sent), count)));
        let views =
            (0..8).map(|at| if at == 3 { |session: &Session| session.insert("three", 3) } else { count });
        let others = join_all(views.map(|view: View| harness.visit(Some(&sent), view)));
        let mut others = Box::pin(maybe_done(others));
        for _ in 0..polls {
            poll_immediate(&mut given_up).await;
            poll_immediate(&mut others).await;
        }
        drop(given_up);
        others.as_mut().await;
        let answers = others.as_mut().take_output().unwrap();
        assert!(answers.iter().all(|answer| answer.status == StatusCode::OK), "{polls} polls: {answers:?}");
        let data = harness.data(&key);
        let possible = [8, 9].map(|counter| format!(r#"{{"counter":{counter},"three":3}}"#));
        assert!(possible.contains(&data), "{polls} polls: {data}");
    }
}

/// One moves the session while others change it: they come before it and are taken along, or after it and are told.
#[actix_web::test]
async fn of_overlapping_requests_one_moves_the_session_and_none_is_lost_or_left_behind() {
    let (harness, _) = harness();
    let key = harness.saved().await;
    let sent = cookie(&key);
    let views: Vec<View> = (0..40).map(|at| if at % 10 == 4 { Session::cycle_key } else { count }).collect();
    let answers = join_all(views.iter().map(|view| harness.visit(Some(&sent), *view))).await;
    let moved: Vec<_> = answers.iter().zip(&views).enumerate().filter(|(at, _)| at % 10 == 4).collect();
    let winners = moved.iter().filter(|(_, (answer, _))| answer.status == StatusCode::OK);
    assert_eq!(winners.count(), 1);
    let counted = (0..40).filter(|at| at % 10 != 4 && answers[*at].status == StatusCode::OK).count();
    let rows = harness.rows();
    assert_eq!(rows.len(), 1);
    assert_eq!(harness.data(&rows[0].session_key), format!(r#"{{"counter":{}}}"#, 1 + counted));
    assert!(answers.iter().all(|answer| answer.status == StatusCode::OK || is_interrupted(answer)));
}

/// The clock goes on while the store works.
#[actix_web::test]
async fn the_outcome_tells_the_end_that_was_stored() {
    let (harness, memory) = harness();
    let key = harness.saved().await;
    let clock = harness.clock.clone();
    memory
        .fault(Verb::Replace, Fault::Meddle(Box::new(move |_| clock.advance(chrono::TimeDelta::seconds(5)))));
    let scope = web::scope("")
        .wrap(harness.middleware())
        .route("/", web::get().to(async |session: Session| count(&session).map(|()| "done")));
    let app = test::init_service(App::new().service(scope)).await;
    let request = test::TestRequest::get().insert_header((COOKIE, cookie(&key))).to_request();
    let response = test::call_service(&app, request).await;
    let outcome = response.request().extensions().get::<Outcome>().unwrap().clone();
    let stored = memory.with(|sessions| sessions[&key].expire_date);
    assert_eq!((outcome.saved, outcome.expire_date), (true, Some(stored)));
}

/// An extractor of the application's may ask for the session as well, and a handler's extractors run at the same time.
#[actix_web::test]
async fn a_request_loads_its_session_once_however_often_it_is_extracted() {
    let (harness, memory) = harness();
    let key = harness.saved().await;
    let view = async |one: Session, other: Session, _: Session| {
        count(&one).and_then(|()| count(&other)).map(|()| "done")
    };
    let scope = web::scope("").wrap(harness.middleware()).route("/", web::get().to(view));
    let app = test::init_service(App::new().service(scope)).await;
    let request = || test::TestRequest::get().insert_header((COOKIE, cookie(&key))).to_request();
    memory.calls();
    assert_eq!(test::call_service(&app, request()).await.status(), StatusCode::OK);
    assert_eq!(memory.calls(), [Verb::Load, Verb::Replace]);
    assert_eq!(harness.data(&key), r#"{"counter":3}"#);
    memory.fault(Verb::Load, Fault::Unavailable);
    assert_eq!(test::call_service(&app, request()).await.status(), StatusCode::SERVICE_UNAVAILABLE);
}

/// An application's own error, which answers with what the session's says.
#[derive(Debug, thiserror::Error)]
#[error("the shop is closed")]
struct ShopError(#[from] SessionError);

impl ResponseError for ShopError {
    fn status_code(&self) -> StatusCode {
        self.0.status_code()
    }

    fn error_response(&self) -> HttpResponse {
        self.0.error_response()
    }
}

#[actix_web::test]
async fn the_cause_of_an_error_that_an_application_wraps_is_logged_once_with_its_request() {
    logs::listen();
    let (harness, memory) = harness();
    let view = async |session: Session| -> Result<&str, ShopError> {
        let _: Option<String> = session.get("counter")?;
        Ok("open")
    };
    let scope = web::scope("/shop").wrap(harness.middleware()).route("/cart", web::post().to(view));
    let app = test::init_service(App::new().service(scope)).await;
    let key = harness.saved().await;
    let request = || {
        test::TestRequest::post().uri("/shop/cart?page=2").insert_header((COOKIE, cookie(&key))).to_request()
    };
    let response = test::call_service(&app, request()).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(test::read_body(response).await, "Internal Server Error");
    let lines = logs::take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0]
            .message
            .starts_with("POST /shop/cart: the value of session key \"counter\" is of another type: "),
        "{lines:?}"
    );
    // Of its own, since one cause is one line a second, whoever else has it.
    memory.fault(Verb::Load, Fault::UnavailableFor("the shelf is empty"));
    let response = test::call_service(&app, request()).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let lines = logs::take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0].message, "POST /shop/cart: the session store did not answer: the shelf is empty");
}

#[actix_web::test]
async fn a_route_without_the_middleware_logs_the_cause_as_well() {
    logs::listen();
    let app = App::new().route("/", web::get().to(async |_: Session| "never"));
    let app = test::init_service(app).await;
    drop(test::call_service(&app, test::TestRequest::get().to_request()).await);
    let lines = logs::take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0].message, SessionError::NoMiddleware.to_string());
}
