//! Ended stays ended: random requests over one session, in random order, held back at random.
//!
//! Each request has loaded the session and done its work before it is held back, and is answered in a later moment. What
//! holds of every such run is checked after each answer.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use actix_web::http::StatusCode;
use actix_web::http::header::{COOKIE, SET_COOKIE};
use actix_web::{App, HttpRequest, HttpResponse, test, web};
use futures_util::future::LocalBoxFuture;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sessionid::sessions::{Session, SessionData, SessionError, SessionPolicy};
use tokio::sync::oneshot;

use crate::cookie;
use crate::harness::Harness;
use crate::support::TestDatabase;
use crate::support::caches::TestCache;

/// What only the first session holds.
const SECRET: &str = "secret";
const COUNTER: &str = "counter";
const NUMBER: &str = "x-number";

#[derive(Clone, Copy, Debug)]
enum Step {
    Read,
    Set,
    Count,
    PopSecret,
    Clear,
    SetExpiry,
    CycleKey,
    Flush,
}

/// What a request does, and what it answers.
#[derive(Clone, Debug)]
struct Visit {
    steps: Vec<Step>,
    fails: bool,
}

/// In which order requests begin and are answered, and when a command deletes the session.
#[derive(Clone, Copy, Debug)]
enum Event {
    Begin(usize),
    Answer(usize),
    Delete,
}

#[derive(Clone, Debug)]
struct Run {
    visits: Vec<Visit>,
    events: Vec<Event>,
}

fn run() -> impl Strategy<Value = Run> {
    let step = prop_oneof![
        2 => Just(Step::Read),
        2 => Just(Step::Set),
        3 => Just(Step::Count),
        1 => Just(Step::PopSecret),
        1 => Just(Step::Clear),
        1 => Just(Step::SetExpiry),
        3 => Just(Step::CycleKey),
        2 => Just(Step::Flush),
    ];
    let visit = (prop::collection::vec(step, 0..4), prop::bool::weighted(0.1))
        .prop_map(|(steps, fails)| Visit { steps, fails });
    (prop::collection::vec(visit, 2..=4), prop::bool::weighted(0.2))
        .prop_flat_map(|(visits, deletes)| {
            let mut slots: Vec<_> = (0..visits.len()).flat_map(|at| [Some(at); 2]).collect();
            slots.extend(deletes.then_some(None));
            (Just(visits), Just(slots).prop_shuffle())
        })
        .prop_map(|(visits, slots)| {
            let mut begun = vec![false; visits.len()];
            let events = slots.into_iter().map(|slot| match slot {
                None => Event::Delete,
                Some(at) if std::mem::replace(&mut begun[at], true) => Event::Answer(at),
                Some(at) => Event::Begin(at),
            });
            Run { events: events.collect(), visits }
        })
}

/// What a request that is held back has left with the test.
struct Held {
    go_on: oneshot::Sender<()>,
    shown: Option<String>,
}

#[derive(Default)]
struct Desk {
    visits: Vec<Visit>,
    held: HashMap<usize, Held>,
}

async fn view(
    session: Session,
    request: HttpRequest,
    desk: web::Data<Rc<RefCell<Desk>>>,
) -> Result<HttpResponse, SessionError> {
    let at: usize = request.headers().get(NUMBER).unwrap().to_str().unwrap().parse().unwrap();
    let visit = desk.borrow().visits[at].clone();
    for step in &visit.steps {
        perform(&session, *step, at)?;
    }
    let (go_on, gate) = oneshot::channel();
    let shown = session.session_key()?.map(|key| key.to_string());
    desk.borrow_mut().held.insert(at, Held { go_on, shown });
    gate.await.unwrap();
    let status = if visit.fails { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK };
    Ok(HttpResponse::build(status).finish())
}

fn perform(session: &Session, step: Step, at: usize) -> Result<(), SessionError> {
    match step {
        Step::Read => session.contains_key(COUNTER).map(drop),
        Step::Set => session.insert(&mark(at), at),
        Step::Count => session.fetch_update(COUNTER, 0_i64, |counter| counter + 1).map(drop),
        Step::PopSecret => session.pop::<bool>(SECRET).map(drop),
        Step::Clear => {
            session.clear()?;
            Ok(())
        }
        Step::SetExpiry => session.set_expiry(600),
        Step::CycleKey => session.cycle_key(),
        Step::Flush => {
            session.flush()?;
            Ok(())
        }
    }
}

fn mark(at: usize) -> String {
    format!("request{at}")
}

/// What is stored, by key.
fn stored(harness: &Harness) -> HashMap<String, SessionData> {
    let decode =
        |row: crate::support::Row| (row.session_key, harness.codec.decode(&row.session_data).unwrap());
    harness.rows().into_iter().map(decode).collect()
}

fn secrets(harness: &Harness) -> usize {
    stored(harness).values().filter(|data| data.contains_key(SECRET)).count()
}

/// What an answer says of the key.
fn new_key(set_cookie: Option<&str>) -> Option<&str> {
    let value = set_cookie?.strip_prefix("sessionid=")?.split(';').next()?;
    (!value.starts_with('"')).then_some(value)
}

async fn check(harness: &Harness, run: &Run) -> Result<(), TestCaseError> {
    let desk = Rc::new(RefCell::new(Desk { visits: run.visits.clone(), held: HashMap::new() }));
    let scope = web::scope("").wrap(harness.middleware()).route("/", web::get().to(view));
    let app = test::init_service(App::new().app_data(web::Data::new(desk.clone())).service(scope)).await;
    let first = harness
        .visit(None, |session| {
            session.insert(SECRET, true)?;
            session.insert(COUNTER, 0)
        })
        .await;
    let first = first.key().to_owned();
    let mut pending: HashMap<usize, LocalBoxFuture<'_, _>> = HashMap::new();
    let (mut left, mut counted) = (1, 0);
    for event in &run.events {
        match *event {
            Event::Begin(at) => {
                let request = test::TestRequest::get()
                    .insert_header((COOKIE, cookie(&first)))
                    .insert_header((NUMBER, at.to_string()));
                let mut visit: LocalBoxFuture<'_, _> =
                    Box::pin(test::call_service(&app, request.to_request()));
                let mut ended = None;
                while !desk.borrow().held.contains_key(&at) && ended.is_none() {
                    ended = futures_util::future::poll_immediate(&mut visit).await;
                    tokio::task::yield_now().await;
                }
                prop_assert!(ended.is_none(), "a view fails by itself: {:?}", run);
                pending.insert(at, visit);
            }
            Event::Answer(at) => {
                let Held { go_on, shown } = desk.borrow_mut().held.remove(&at).unwrap();
                go_on.send(()).unwrap();
                let response = pending.remove(&at).unwrap().await;
                let visit = &run.visits[at];
                let set_cookie =
                    response.headers().get(SET_COOKIE).map(|value| value.to_str().unwrap().to_owned());
                let rows = stored(harness);
                match response.status() {
                    StatusCode::OK => {
                        let key = new_key(set_cookie.as_deref());
                        if let (Some(shown), Some(key)) = (&shown, key) {
                            prop_assert_eq!(shown, key, "the view was shown another key");
                        }
                        if let Some(key) = key {
                            prop_assert!(rows.contains_key(key), "a cookie without a session");
                            let kept = visit
                                .steps
                                .iter()
                                .rev()
                                .take_while(|step| !matches!(step, Step::Clear | Step::Flush));
                            let counts = kept.clone().filter(|step| matches!(step, Step::Count)).count();
                            if kept.clone().any(|step| matches!(step, Step::Set)) {
                                prop_assert!(rows[key].contains_key(&mark(at)), "an answered change is lost");
                            }
                            counted += counts;
                        }
                    }
                    StatusCode::BAD_REQUEST => prop_assert!(set_cookie.is_none()),
                    StatusCode::INTERNAL_SERVER_ERROR => {
                        prop_assert!(visit.fails && new_key(set_cookie.as_deref()).is_none());
                    }
                    status => prop_assert!(false, "{}", status),
                }
            }
            Event::Delete => {
                let key = first.as_str().try_into().unwrap();
                if harness.storage.delete(&key).await.unwrap() {
                    prop_assert_eq!(secrets(harness), 0, "what was deleted is still there");
                }
            }
        }
        // Of several that move the session one does; what was ended, by whomever, is nowhere ever after.
        let now = secrets(harness);
        prop_assert!(now <= left, "{} sessions hold what {} held before {:?}", now, left, event);
        left = now;
    }
    let ends = |step: &Step| matches!(step, Step::Clear | Step::Flush | Step::PopSecret);
    let simple = run.visits.iter().all(|visit| !visit.fails && !visit.steps.iter().any(ends));
    // Who comes with the old key after it was given up has another session.
    let all_overlap = run.events.iter().skip(run.visits.len()).all(|event| matches!(event, Event::Answer(_)));
    if simple && all_overlap {
        let rows = stored(harness);
        prop_assert_eq!(rows.len(), 1);
        let total: i64 = rows.values().next().unwrap().get(COUNTER).unwrap().get().unwrap();
        prop_assert_eq!(total, i64::try_from(counted).unwrap(), "an answered increment is lost");
    }
    Ok(())
}

fn check_cases(cases: u32, harness: impl Fn() -> Harness) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let system = actix_web::rt::System::new();
    let checked = TestRunner::new(config).run(&run(), |run| {
        let harness = harness();
        system.block_on(check(&harness, &run))
    });
    checked.unwrap();
}

#[::core::prelude::v1::test]
fn what_was_ended_stays_ended_whatever_overlaps() {
    check_cases(10_000, || Harness::in_memory(SessionPolicy::default()));
}

#[::core::prelude::v1::test]
fn so_it_does_in_files() {
    check_cases(300, || Harness::on_files(SessionPolicy::default()));
}

#[::core::prelude::v1::test]
fn so_it_does_in_memory_as_a_cache() {
    check_cases(3000, || Harness::on_cache(TestCache::locmem(), SessionPolicy::default()));
}

#[cfg(feature = "redis")]
#[::core::prelude::v1::test]
fn so_it_does_in_redis() {
    check_cases(200, || Harness::on_cache(TestCache::redis(), SessionPolicy::default()));
}

#[cfg(feature = "memcached")]
#[::core::prelude::v1::test]
fn so_it_does_in_memcached() {
    check_cases(200, || Harness::on_cache(TestCache::memcached(), SessionPolicy::default()));
}

#[::core::prelude::v1::test]
fn so_it_does_in_a_database_with_a_cache() {
    check_cases(200, || {
        let cache = TestCache::any();
        Harness::on_cached_db(TestDatabase::new(), cache.cache(), cache.options(), SessionPolicy::default())
    });
}

#[::core::prelude::v1::test]
fn so_it_does_in_a_database() {
    check_cases(300, Harness::new);
}
