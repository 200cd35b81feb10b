//! Saves of one session that wait together, on a store that others meddle with.

use actix_web::http::StatusCode;
use chrono::TimeDelta;
use futures_util::future::{join_all, poll_immediate};
use sessionid::sessions::backends::Entry;
use sessionid::sessions::{Session, SessionError, SessionPolicy, SessionStore};
use sessionid::signing::{TimestampSigner, dumps};

use crate::cookie;
use crate::harness::{Answer, Harness, SECRET_KEY};
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
    let entry = Entry { payload, saved_at: harness.now(), expire_date: harness.now() + TimeDelta::weeks(1) };
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

#[actix_web::test]
async fn a_save_that_was_given_up_while_it_waited_is_not_written() {
    let (harness, memory) = Harness::with_memory(SessionPolicy::default());
    let key = harness.saved().await;
    let session = async || {
        let key = key.as_str().try_into().unwrap();
        let (storage, policy, clock) = (harness.storage.clone(), harness.policy.get(), harness.clock.clone());
        let mut session = SessionStore::new(Some(key), storage, policy, clock.into());
        session.load().await.unwrap();
        session.fetch_update("counter", 0_i64, |counter| counter + 1).unwrap();
        session
    };
    let (mut first, mut given_up) = (session().await, session().await);
    memory.calls();
    let mut first = Box::pin(first.save());
    assert!(poll_immediate(&mut first).await.is_none(), "it writes");
    assert!(poll_immediate(Box::pin(given_up.save())).await.is_none(), "it waits");
    first.await.unwrap();
    session().await.save().await.unwrap();
    assert_eq!(harness.data(&key), r#"{"counter":3}"#);
    assert_eq!(memory.calls(), [Verb::Replace, Verb::Load, Verb::Replace]);
}

/// What another server has stored meanwhile is, to a merge, what it would be to a request that loads it.
#[actix_web::test]
async fn a_merge_leaves_what_cannot_be_read_and_replaces_what_nobody_of_ours_has_signed() {
    let signer = TimestampSigner::new(SECRET_KEY, &[], "django.contrib.sessions.SessionStore");
    let clear: fn(&Session) -> Result<(), SessionError> = |session| {
        session.contains_key("counter")?;
        session.clear()?;
        count(session)
    };
    for (signed, view, status, stored) in [
        (true, count as fn(&Session) -> Result<(), SessionError>, StatusCode::INTERNAL_SERVER_ERROR, None),
        (true, clear, StatusCode::OK, Some(r#"{"counter":1}"#)),
        (false, count, StatusCode::OK, Some(r#"{"counter":1}"#)),
        (false, clear, StatusCode::OK, Some(r#"{"counter":1}"#)),
    ] {
        let (harness, memory) = Harness::with_memory(SessionPolicy::default());
        let key = harness.saved().await;
        let theirs = if signed { dumps(&signer, b"[1]", harness.now()) } else { "forged".to_owned() };
        let (name, payload) = (key.clone(), theirs.clone());
        let meddle = move |sessions: &mut Sessions| {
            sessions.get_mut(&name).unwrap().payload = payload.into_bytes().into();
        };
        memory.fault(Verb::Replace, Fault::Meddle(Box::new(meddle)));
        let answer = harness.visit(Some(&cookie(&key)), view).await;
        assert_eq!(answer.status, status, "{signed}");
        match stored {
            Some(json) => assert_eq!(harness.data(&key), json),
            None => assert_eq!(harness.row(&key).unwrap().session_data, theirs),
        }
    }
}
