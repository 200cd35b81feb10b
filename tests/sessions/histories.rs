//! Nothing that was answered is lost: browsers with cookies of their own come again and again, several of them share a
//! session, and in each round their requests are saved at the same time. Some are given up, and the store fails
//! now and then.

use actix_web::http::StatusCode;
use futures_util::future::{join_all, poll_immediate};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sessionid::sessions::{Session, SessionData, SessionError, SessionPolicy};

use crate::cookie;
use crate::harness::{Answer, Harness};
use crate::memory::{Fault, MemoryBackend, Verb};

const SESSIONS: usize = 2;
const BROWSERS: usize = 5;
const COUNTER: &str = "counter";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Read,
    Count,
    Mark,
    CycleKey,
}

/// A request of one browser.
#[derive(Clone, Debug)]
struct Visit {
    browser: usize,
    steps: Vec<Step>,
    fails: bool,
    /// How often it is polled before its client is gone.
    polls: Option<usize>,
}

#[derive(Clone, Debug)]
struct Round {
    visits: Vec<Visit>,
    fault: Option<Verb>,
}

fn visit() -> impl Strategy<Value = Visit> {
    let step = prop_oneof![
        1 => Just(Step::Read),
        4 => Just(Step::Count),
        2 => Just(Step::Mark),
        1 => Just(Step::CycleKey),
    ];
    let steps = prop::collection::vec(step, 0..4);
    (0..BROWSERS, steps, prop::bool::weighted(0.1), prop::option::weighted(0.1, 1..8_usize))
        .prop_map(|(browser, steps, fails, polls)| Visit { browser, steps, fails, polls })
}

fn rounds() -> impl Strategy<Value = (Vec<Round>, bool)> {
    let fault = prop::option::weighted(0.2, prop_oneof![Just(Verb::Replace), Just(Verb::Rename)]);
    let round = (prop::collection::vec(visit(), 1..7), fault);
    let round = round.prop_map(|(visits, fault)| Round { visits, fault });
    (prop::collection::vec(round, 1..5), any::<bool>())
}

fn perform(session: &Session, steps: &[Step], mark: &str) -> Result<(), SessionError> {
    steps.iter().try_for_each(|step| match step {
        Step::Read => session.contains_key(COUNTER).map(drop),
        Step::Count => session.fetch_update(COUNTER, 0_i64, |counter| counter + 1).map(drop),
        Step::Mark => session.insert(mark, true),
        Step::CycleKey => session.cycle_key(),
    })
}

/// Its answer, unless its client is gone before.
async fn answer(harness: &Harness, key: String, visit: Visit, mark: String) -> Option<Answer> {
    let status = if visit.fails { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK };
    let sent = cookie(&key);
    let steps = visit.steps;
    let visited =
        harness.visit_with_status(Some(&sent), status, move |session| perform(session, &steps, &mark));
    let mut visited = Box::pin(visited);
    let Some(polls) = visit.polls else { return Some(visited.await) };
    for _ in 0..polls {
        if let Some(answer) = poll_immediate(&mut visited).await {
            return Some(answer);
        }
        tokio::task::yield_now().await;
    }
    None
}

fn stored(harness: &Harness) -> Vec<SessionData> {
    let decode = |row: crate::support::Row| harness.codec.decode(&row.session_data).unwrap();
    harness.rows().into_iter().map(decode).collect()
}

/// What is known of the sessions together.
#[derive(Default)]
struct Ledger {
    counted: i64,
    /// Of requests that were not answered, or with an error.
    perhaps: i64,
    marks: Vec<String>,
}

impl Ledger {
    fn enter(&mut self, visit: &Visit, answer: Option<&Answer>, mark: String) {
        let counts = visit.steps.iter().filter(|step| **step == Step::Count).count();
        let counts = i64::try_from(counts).unwrap();
        match answer.map(|answer| answer.status) {
            Some(StatusCode::OK) => {
                self.counted += counts;
                if visit.steps.contains(&Step::Mark) {
                    self.marks.push(mark);
                }
            }
            // What a `cycle_key` had taken along is stored.
            Some(StatusCode::INTERNAL_SERVER_ERROR) | None => self.perhaps += counts,
            _ => {}
        }
    }

    fn check(&self, harness: &Harness) -> Result<(), TestCaseError> {
        let stored = stored(harness);
        let counters = stored.iter().filter_map(|data| data.get(COUNTER));
        let total: i64 = counters.map(|counter| counter.get::<i64>().unwrap()).sum();
        let possible = self.counted..=self.counted + self.perhaps;
        prop_assert!(possible.contains(&total), "{total} is stored, and {possible:?} were answered");
        let ids = (0..SESSIONS).map(|at| format!("id{at}"));
        for key in ids.chain(self.marks.iter().cloned()) {
            let sessions = stored.iter().filter(|data| data.contains_key(&key)).count();
            prop_assert_eq!(sessions, 1, "{} sessions hold {}", sessions, key);
        }
        Ok(())
    }
}

async fn check(
    harness: &Harness,
    memory: Option<&MemoryBackend>,
    rounds: &[Round],
) -> Result<(), TestCaseError> {
    let mut jars = Vec::new();
    for at in 0..SESSIONS {
        let first = harness.visit(None, move |session| session.insert(&format!("id{at}"), true)).await;
        jars.push(first.key().to_owned());
    }
    let mut jars: Vec<_> = jars.into_iter().cycle().take(BROWSERS).collect();
    let mut ledger = Ledger::default();
    for (number, Round { visits, fault }) in rounds.iter().enumerate() {
        if let (Some(memory), Some(verb)) = (memory, *fault) {
            memory.fault(verb, Fault::Unavailable);
        }
        let mark = |at: usize| format!("mark{number}-{at}");
        let answers = visits
            .iter()
            .enumerate()
            .map(|(at, visit)| answer(harness, jars[visit.browser].clone(), visit.clone(), mark(at)));
        let answers = join_all(answers).await;
        for (at, (visit, answer)) in visits.iter().zip(&answers).enumerate() {
            ledger.enter(visit, answer.as_ref(), mark(at));
            let Some(answer) = answer else { continue };
            let expected = match answer.status {
                StatusCode::OK => !visit.fails,
                StatusCode::INTERNAL_SERVER_ERROR => visit.fails,
                StatusCode::SERVICE_UNAVAILABLE => memory.is_some(),
                status => status == StatusCode::BAD_REQUEST,
            };
            prop_assert!(expected, "{:?} is answered {:?}", visit, answer);
            if answer.set_cookie.as_ref().is_some_and(|cookie| !cookie.contains("Max-Age=0")) {
                answer.key().clone_into(&mut jars[visit.browser]);
            }
        }
        ledger.check(harness)?;
    }
    Ok(())
}

fn policy(save_every_request: bool) -> SessionPolicy {
    SessionPolicy { save_every_request, ..SessionPolicy::default() }
}

fn check_cases(cases: u32, harness: impl Fn(SessionPolicy) -> (Harness, Option<MemoryBackend>)) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let system = actix_web::rt::System::new();
    let checked = TestRunner::new(config).run(&rounds(), |(rounds, every)| {
        let (harness, memory) = harness(policy(every));
        system.block_on(check(&harness, memory.as_ref(), &rounds))
    });
    checked.unwrap();
}

#[test]
fn nothing_that_was_answered_is_lost_whatever_overlaps() {
    check_cases(2_000, |policy| {
        let (harness, memory) = Harness::with_memory(policy);
        (harness, Some(memory))
    });
}

#[test]
fn nor_is_it_in_a_database() {
    check_cases(50, |policy| (Harness::with_policy(policy), None));
}
