//! How large a session may be, and what becomes of one that is larger.

use actix_web::http::StatusCode;
use futures_util::future::join_all;
use sessionid::sessions::{Session, SessionError, SessionPolicy};

use crate::harness::{Answer, Harness};
use crate::memory::{Fault, Verb};
use crate::{cookie, logs};

const LIMIT: usize = 1000;

fn policy() -> SessionPolicy {
    SessionPolicy { max_bytes: LIMIT, ..SessionPolicy::default() }
}

fn harnesses() -> [Harness; 2] {
    [Harness::with_policy(policy()), Harness::in_memory(policy())]
}

fn is_too_large(answer: &Answer) -> bool {
    (answer.status, &answer.set_cookie, answer.body.as_str())
        == (StatusCode::PAYLOAD_TOO_LARGE, &None, "Payload Too Large")
}

/// A value that makes `{"counter":1,"big":"xxx"}` so many bytes.
fn filling(bytes: usize) -> String {
    "x".repeat(bytes - r#"{"counter":1,"big":""}"#.len())
}

#[actix_web::test]
async fn up_to_the_limit_a_session_is_saved_and_beyond_it_stays_as_it_was() {
    for harness in harnesses() {
        let key = harness.saved().await;
        let too_large =
            harness.visit(Some(&cookie(&key)), |session| session.insert("big", filling(LIMIT + 1))).await;
        assert!(is_too_large(&too_large), "{too_large:?}");
        assert_eq!(harness.data(&key), r#"{"counter":1}"#);
        let fits = harness.visit(Some(&cookie(&key)), |session| session.insert("big", filling(LIMIT))).await;
        assert_eq!((fits.status, harness.data(&key).len()), (StatusCode::OK, LIMIT));
        let new = harness.visit(None, |session| session.insert("big", "x".repeat(LIMIT))).await;
        assert!(is_too_large(&new), "{new:?}");
        let moved = harness
            .visit(Some(&cookie(&key)), |session| {
                session.insert("more", 1)?;
                session.cycle_key()
            })
            .await;
        assert!(is_too_large(&moved), "{moved:?}");
        assert_eq!(harness.rows().len(), 1);
        assert_eq!(harness.data(&key).len(), LIMIT);
    }
}

/// What is written is ASCII, so a character may count twelve times.
#[actix_web::test]
async fn what_counts_is_the_json_and_not_the_text() {
    let harness = Harness::in_memory(policy());
    let answer = harness.visit(None, |session| session.insert("crabs", "🦀".repeat(100))).await;
    assert!(is_too_large(&answer));
}

#[actix_web::test]
async fn a_merge_counts_what_others_have_stored_meanwhile() {
    let (harness, memory) = Harness::with_memory(policy());
    let key = harness.saved().await;
    let theirs = harness.payload(&format!(r#"{{"counter":1,"big":"{}"}}"#, filling(LIMIT - 5)));
    let name = key.clone();
    memory.fault(
        Verb::Replace,
        Fault::Meddle(Box::new(move |sessions| {
            sessions.get_mut(&name).unwrap().payload = theirs.into_bytes().into();
        })),
    );
    let answer = harness.visit(Some(&cookie(&key)), |session| session.insert("mine", 1)).await;
    assert!(is_too_large(&answer), "{answer:?}");
    assert_eq!(harness.data(&key).len(), LIMIT - 5);
}

/// A Django may have written it.
#[actix_web::test]
async fn a_larger_session_of_somebody_else_is_read_and_can_be_cleared_or_flushed() {
    type View = fn(&Session) -> Result<(), SessionError>;
    for harness in harnesses() {
        for json in
            [format!(r#"{{"a":"{}"}}"#, "x".repeat(5000)), format!(r#"{{"a":"{}"}}"#, "x".repeat(9 << 20))]
        {
            let key = "djangosdjangosdjangos";
            let write = || harness.write(key, &harness.payload(&json), "2026-12-01 00:00:00");
            write();
            let read = harness.visit(Some(&cookie(key)), |session| session.contains_key("a").map(drop)).await;
            let readable = json.len() < 8 << 20;
            assert_eq!(read.status == StatusCode::OK, readable, "{read:?}");
            if readable {
                let grown = harness.visit(Some(&cookie(key)), |session| session.insert("b", 1)).await;
                assert!(is_too_large(&grown), "{grown:?}");
                let shrunk = harness.visit(Some(&cookie(key)), |session| session.insert("a", 1)).await;
                assert_eq!((shrunk.status, harness.data(key).as_str()), (StatusCode::OK, r#"{"a":1}"#));
                write();
            }
            let views: [View; 2] = [
                |session| {
                    session.clear()?;
                    session.insert("fresh", true)
                },
                |session| {
                    session.flush()?;
                    Ok(())
                },
            ];
            for (view, left) in views.into_iter().zip([Some(r#"{"fresh":true}"#.to_owned()), None]) {
                write();
                let answer = harness.visit(Some(&cookie(key)), view).await;
                assert_eq!(answer.status, StatusCode::OK);
                assert_eq!(harness.row(key).map(|_| harness.data(key)), left);
            }
        }
    }
}

/// A policy of an application's own may ask for more than can be read.
#[actix_web::test]
async fn what_can_be_saved_can_be_read_whatever_the_policy_says() {
    let harness = Harness::in_memory(SessionPolicy { max_bytes: usize::MAX, ..SessionPolicy::default() });
    let largest = (8 << 20) - r#"{"big":""}"#.len();
    let answer = harness.visit(None, move |session| session.insert("big", "x".repeat(largest))).await;
    let read =
        harness.visit(Some(&cookie(answer.key())), |session| session.contains_key("big").map(drop)).await;
    assert_eq!(read.status, StatusCode::OK);
    let more = harness.visit(None, move |session| session.insert("big", "x".repeat(largest + 1))).await;
    assert!(is_too_large(&more));
}

#[actix_web::test]
async fn the_log_tells_size_and_largest_keys_and_no_value() {
    logs::listen();
    let harness = Harness::in_memory(policy());
    harness
        .visit(None, |session| {
            session.insert("name", "Ada")?;
            session.insert("basket", vec!["tea"; 200])?;
            session.insert("notes", "secret".repeat(20))
        })
        .await;
    let lines = logs::take();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(
        lines[0].message,
        "GET /: the session has 1356 bytes of JSON, more than the 1000 that SESSION_MAX_BYTES allows; \
         the largest keys are \"basket\" (1201 bytes), \"notes\" (122 bytes), \"name\" (5 bytes)"
    );
}

#[actix_web::test]
async fn no_store_stands_beside_the_cookie_where_the_policy_says_so() {
    let quiet = Harness::in_memory(SessionPolicy::default());
    assert_eq!(quiet.visit(None, |session| session.insert("a", 1)).await.cache_control, None);
    let harness = Harness::in_memory(SessionPolicy { no_store: true, ..SessionPolicy::default() });
    let set = harness.visit(None, |session| session.insert("a", 1)).await;
    assert_eq!(set.cache_control.as_deref(), Some("no-store"));
    let read = harness.visit(Some(&cookie(set.key())), |session| session.contains_key("a").map(drop)).await;
    assert_eq!(read.cache_control, None);
    let deleted = harness
        .visit(Some(&cookie(set.key())), |session| {
            session.flush()?;
            Ok(())
        })
        .await;
    assert_eq!(deleted.cache_control.as_deref(), Some("no-store"));
}

/// What takes longer than a worker has is done elsewhere, with the same outcome.
#[actix_web::test]
async fn a_large_session_is_merged_as_exactly_as_a_small_one() {
    for harness in [Harness::new(), Harness::in_memory(SessionPolicy::default())] {
        let entries = (0..4_000).map(|at| format!(r#""{at:05}":0"#)).collect::<Vec<_>>().join(",");
        let key = "djangosdjangosdjangos";
        harness.write(key, &harness.payload(&format!(r#"{{"counter":0,{entries}}}"#)), "2026-12-01 00:00:00");
        let count: fn(&Session) -> Result<(), SessionError> =
            |session| session.fetch_update("counter", 0_i64, |counter| counter + 1).map(drop);
        let sent = cookie(key);
        let answers = join_all((0..24).map(|_| harness.visit(Some(&sent), count))).await;
        assert!(answers.iter().all(|answer| answer.status == StatusCode::OK), "{answers:?}");
        assert!(harness.data(key).starts_with(r#"{"counter":24,"00000":0,"00001":0,"#));
        let moved = harness.visit(Some(&sent), Session::cycle_key).await;
        assert!(harness.data(moved.key()).starts_with(r#"{"counter":24,"00000":0,"#));
        assert_eq!(harness.rows().len(), 1);
        let removed = harness
            .visit(Some(&cookie(moved.key())), |session| {
                (0..4_000).step_by(4).try_for_each(|at| session.remove(&format!("{at:05}")).map(drop))
            })
            .await;
        assert_eq!(removed.status, StatusCode::OK);
        let left = harness.codec.decode(&harness.row(moved.key()).unwrap().session_data).unwrap();
        assert_eq!(left.len(), 3_001);
        let small = harness
            .visit(Some(&cookie(moved.key())), |session| {
                session.clear()?;
                session.insert("a", 1)
            })
            .await;
        assert_eq!((small.status, harness.data(moved.key()).as_str()), (StatusCode::OK, r#"{"a":1}"#));
    }
}

/// The worst of a thousand bytes: zlib makes a megabyte of them.
#[actix_web::test]
async fn what_a_small_payload_inflates_to_is_read_like_any_large_session() {
    let harness = Harness::in_memory(SessionPolicy::default());
    let answer =
        harness.visit(None, |session| session.insert("zeros", "0".repeat(1 << 20).get(..1_000_000))).await;
    let key = answer.key().to_owned();
    assert!(harness.row(&key).unwrap().session_data.len() < 2000);
    let sent = cookie(&key);
    let heavy = join_all((0..16).map(|_| harness.visit(Some(&sent), |session| session.insert("n", 1)))).await;
    assert!(heavy.iter().all(|answer| answer.status == StatusCode::OK));
}
