//! Saves of one session that wait together, on a store that others meddle with.

use actix_web::http::StatusCode;
use chrono::TimeDelta;
use futures_util::future::join_all;
use sessionid::sessions::backends::Entry;
use sessionid::sessions::{Session, SessionError, SessionPolicy};

use crate::cookie;
use crate::harness::{Answer, Harness};
use crate::memory::{Fault, MemoryBackend, Sessions, Verb};

fn count(session: &Session) -> Result<(), SessionError> {
    session.fetch_update("counter", 0_i64, |counter| counter + 1).map(drop)
}

/// Answers to requests that overlap: the first writes, and the others wait for it and are written together.
async fn overlapping(harness: &Harness, key: &str, requests: usize) -> Vec<Answer> {
    let sent = cookie(key);
    join_all((0..requests).map(|_| harness.visit(Some(&sent), count))).await
}

/// What happens to the second write, which is that of those who wait.
fn to_the_second(memory: &MemoryBackend, meddle: impl FnOnce(&mut Sessions) + Send + 'static) {
    memory.fault(Verb::Replace, Fault::Meddle(Box::new(|_| ())));
    memory.fault(Verb::Replace, Fault::Meddle(Box::new(meddle)));
}

#[actix_web::test]
async fn what_another_server_stores_before_a_batch_is_kept() {
    let (harness, memory) = Harness::with_memory(SessionPolicy::default());
    let key = harness.saved().await;
    let payload = harness.payload(r#"{"counter":100,"theirs":1}"#).into_bytes().into();
    let entry = Entry { payload, expire_date: harness.now() + TimeDelta::weeks(1) };
    let name = key.clone();
    to_the_second(&memory, move |sessions| drop(sessions.insert(name, entry)));
    memory.calls();
    let answers = overlapping(&harness, &key, 5).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::OK), "{answers:?}");
    assert_eq!(harness.data(&key), r#"{"counter":104,"theirs":1}"#);
    let writes = memory.calls().into_iter().filter(|verb| *verb == Verb::Replace).count();
    assert_eq!(writes, 3, "the first, the batch, and the batch once more");
}

#[actix_web::test]
async fn a_session_that_ends_before_a_batch_stays_ended() {
    let (harness, memory) = Harness::with_memory(SessionPolicy::default());
    let key = harness.saved().await;
    let name = key.clone();
    to_the_second(&memory, move |sessions| drop(sessions.remove(&name)));
    let answers = overlapping(&harness, &key, 5).await;
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses, [200, 400, 400, 400, 400]);
    assert!(harness.rows().is_empty());
}

/// A save that cannot be applied to what is there by then fails by itself, wherever it stands.
#[actix_web::test]
async fn each_save_of_a_batch_has_its_own_answer() {
    for wrong in 1..5 {
        let (harness, _) = Harness::with_memory(SessionPolicy::default());
        let key = harness.saved().await;
        let sent = cookie(&key);
        let visits = (0..5).map(|at| {
            harness.visit(Some(&sent), move |session| match at {
                0 => session.insert("name", "Grace"),
                _ if at == wrong => {
                    let update = |name: String| if name.is_empty() { name } else { panic!("a bug") };
                    session.fetch_update("name", String::new(), update).map(drop)
                }
                _ => count(session),
            })
        });
        let answers = join_all(visits).await;
        for (at, answer) in answers.iter().enumerate() {
            let expected = if at == wrong { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK };
            assert_eq!((at, answer.status), (at, expected), "{wrong} is wrong");
        }
        assert_eq!(harness.data(&key), r#"{"counter":4,"name":"Grace"}"#);
    }
}
