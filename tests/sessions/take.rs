//! `take`: of requests that overlap, one gets the value.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use actix_web::http::StatusCode;
use futures_util::future::join_all;
use sessionid::db::{Database, DatabaseOptions};
use sessionid::sessions::{
    DbBackend, Session, SessionCodec, SessionError, SessionPolicy, SessionStore, Storage,
};

use crate::cookie;
use crate::harness::{Harness, SECRET_KEY};
use crate::memory::{Fault, Verb};
use crate::support::caches::TestCache;

const MESSAGES: &str = "messages";

/// Every kind of engine where requests meet.
fn harnesses() -> Vec<Harness> {
    let policy = SessionPolicy::default;
    vec![
        Harness::new(),
        Harness::in_memory(policy()),
        Harness::on_files(policy()),
        Harness::on_cache(TestCache::locmem(), policy()),
        #[cfg(feature = "redis")]
        Harness::on_cache(TestCache::redis(), policy()),
        #[cfg(feature = "memcached")]
        Harness::on_cache(TestCache::memcached(), policy()),
    ]
}

async fn with_message(harness: &Harness) -> String {
    let view = |session: &Session| {
        session.insert("counter", 1)?;
        session.insert(MESSAGES, ["first"])
    };
    harness.visit(None, view).await.key().to_owned()
}

/// The session as another request has loaded it.
async fn other(harness: &Harness, storage: &Storage, key: &str) -> SessionStore {
    let key = key.try_into().unwrap();
    let (policy, clock) = (harness.policy.get(), harness.clock.clone().into());
    let mut other = SessionStore::new(Some(key), storage.clone(), policy, clock);
    other.load().await.unwrap();
    other
}

fn push(text: impl Into<String>) -> impl FnOnce(Vec<String>) -> Vec<String> + Clone + Send + 'static {
    let text = text.into();
    |mut messages| {
        messages.push(text);
        messages
    }
}

async fn taken(session: &mut SessionStore) -> Option<Vec<String>> {
    session.take(MESSAGES).await.unwrap()
}

#[actix_web::test]
async fn of_two_requests_that_have_seen_it_one_gets_it() {
    for harness in harnesses() {
        let key = with_message(&harness).await;
        let mut one = other(&harness, &harness.storage, &key).await;
        let mut two = other(&harness, &harness.storage, &key).await;
        assert_eq!(taken(&mut one).await, Some(vec!["first".to_owned()]));
        assert!(!one.contains_key(MESSAGES).unwrap() && one.modified());
        assert_eq!(taken(&mut two).await, None);
        assert_eq!(taken(&mut one).await, None);
        for mut session in [one, two] {
            session.save().await.unwrap();
        }
        assert_eq!(harness.data(&key), r#"{"counter":1}"#);
    }
}

#[actix_web::test]
async fn nothing_else_is_saved_and_nothing_of_others_is_lost() {
    for harness in harnesses() {
        let key = with_message(&harness).await;
        let mut one = other(&harness, &harness.storage, &key).await;
        one.insert("mine", &1).unwrap();
        let mut two = other(&harness, &harness.storage, &key).await;
        two.insert("theirs", &2).unwrap();
        two.fetch_update(MESSAGES, vec![], push("second")).unwrap();
        two.save().await.unwrap();
        assert_eq!(taken(&mut one).await.unwrap(), ["first", "second"], "with what came since");
        assert_eq!(harness.data(&key), r#"{"counter":1,"theirs":2}"#);
        // The same message as before: a pickle of it is the same bytes.
        let mut three = other(&harness, &harness.storage, &key).await;
        three.insert(MESSAGES, &["first"]).unwrap();
        three.save().await.unwrap();
        one.save().await.unwrap();
        let stored = harness.data(&key);
        assert_eq!(stored, r#"{"counter":1,"theirs":2,"messages":["first"],"mine":1}"#);
    }
}

#[actix_web::test]
async fn what_others_had_stored_before_it_stays() {
    for harness in harnesses() {
        let key = with_message(&harness).await;
        let mut one = other(&harness, &harness.storage, &key).await;
        let mut two = other(&harness, &harness.storage, &key).await;
        two.insert("theirs", &2).unwrap();
        two.save().await.unwrap();
        assert!(taken(&mut one).await.is_some());
        one.insert("mine", &1).unwrap();
        one.save().await.unwrap();
        assert_eq!(harness.data(&key), r#"{"counter":1,"theirs":2,"mine":1}"#);
    }
}

#[actix_web::test]
async fn what_comes_back_as_it_was_stays() {
    let (harness, memory) = Harness::with_memory(SessionPolicy::default());
    let key = with_message(&harness).await;
    let as_it_was = memory.with(|sessions| sessions[&key].clone());
    let mut one = other(&harness, &harness.storage, &key).await;
    one.insert("mine", &1).unwrap();
    assert!(taken(&mut one).await.is_some());
    memory.with(|sessions| drop(sessions.insert(key.clone(), as_it_was)));
    one.save().await.unwrap();
    assert_eq!(harness.data(&key), r#"{"counter":1,"messages":["first"],"mine":1}"#);
}

#[actix_web::test]
async fn what_this_request_has_added_goes_along_and_what_it_has_set_is_its_own() {
    let (harness, memory) = Harness::with_memory(SessionPolicy::default());
    let key = with_message(&harness).await;
    let mut one = other(&harness, &harness.storage, &key).await;
    one.push(MESSAGES, "mine").unwrap();
    let mut two = other(&harness, &harness.storage, &key).await;
    assert_eq!(taken(&mut two).await.unwrap(), ["first"]);
    assert_eq!(taken(&mut one).await.unwrap(), ["mine"], "the first one has been shown");
    one.save().await.unwrap();
    assert_eq!(harness.data(&key), r#"{"counter":1}"#);

    memory.calls();
    let mut three = other(&harness, &harness.storage, &key).await;
    assert_eq!(taken(&mut three).await, None);
    three.insert(MESSAGES, &["new"]).unwrap();
    assert_eq!(taken(&mut three).await.unwrap(), ["new"]);
    three.clear();
    three.fetch_update(MESSAGES, vec![], push("newer")).unwrap();
    assert_eq!(taken(&mut three).await.unwrap(), ["newer"]);
    let mut new =
        SessionStore::new(None, harness.storage.clone(), harness.policy.get(), harness.clock.clone().into());
    new.insert(MESSAGES, &["unsaved"]).unwrap();
    assert_eq!(taken(&mut new).await.unwrap(), ["unsaved"]);
    assert_eq!(memory.calls(), [Verb::Load], "what nobody else can have, no store is asked for");
}

#[actix_web::test]
async fn a_value_of_another_type_stays_where_it_is() {
    let harness = Harness::in_memory(SessionPolicy::default());
    let key = with_message(&harness).await;
    let mut one = other(&harness, &harness.storage, &key).await;
    let mut two = other(&harness, &harness.storage, &key).await;
    assert!(matches!(one.take::<i64>(MESSAGES).await, Err(SessionError::Type { .. })));
    assert!(one.contains_key(MESSAGES).unwrap() && !one.modified());
    one.insert(MESSAGES, &7).unwrap();
    one.save().await.unwrap();
    let became = two.take::<Vec<String>>(MESSAGES).await;
    assert!(matches!(became, Err(SessionError::Type { .. })), "{became:?}");
    assert_eq!(harness.data(&key), r#"{"counter":1,"messages":7}"#);
}

#[actix_web::test]
async fn a_session_that_is_gone_is_a_400_and_a_store_that_is_down_a_503() {
    for (fault, status) in [
        (Fault::Meddle(Box::new(std::collections::BTreeMap::clear)), StatusCode::BAD_REQUEST),
        (Fault::Unavailable, StatusCode::SERVICE_UNAVAILABLE),
    ] {
        let (harness, memory) = Harness::with_memory(SessionPolicy::default());
        let key = with_message(&harness).await;
        memory.fault(Verb::Replace, fault);
        let view = |session: Session| -> futures_util::future::LocalBoxFuture<'static, _> {
            Box::pin(async move {
                session.insert("mine", 1)?;
                let error = session.take::<Vec<String>>(MESSAGES).await.expect_err("not known");
                let again = session.get::<i64>("counter").expect_err("not known either");
                assert_eq!(error.to_string(), again.to_string());
                Ok(StatusCode::OK)
            })
        };
        let answer = harness.visit_async(Some(&cookie(&key)), view).await;
        assert_eq!((answer.status, answer.set_cookie), (status, None));
    }
}

#[actix_web::test]
async fn a_response_that_fails_has_taken_it_all_the_same() {
    for cycles in [false, true] {
        let harness = Harness::new();
        let key = with_message(&harness).await;
        let view = move |session: Session| -> futures_util::future::LocalBoxFuture<'static, _> {
            Box::pin(async move {
                if cycles {
                    session.cycle_key()?;
                }
                assert_eq!(session.take::<Vec<String>>(MESSAGES).await?.unwrap(), ["first"]);
                session.insert("mine", 1)?;
                Ok(StatusCode::INTERNAL_SERVER_ERROR)
            })
        };
        harness.visit_async(Some(&cookie(&key)), view).await;
        let rows = harness.rows();
        assert_eq!((rows.len(), rows[0].session_key == key), (1, !cycles));
        assert_eq!(harness.data(&rows[0].session_key), r#"{"counter":1}"#);
    }
}

#[actix_web::test]
async fn it_moves_with_the_session() {
    let harness = Harness::new();
    let key = with_message(&harness).await;
    let view = |session: Session| -> futures_util::future::LocalBoxFuture<'static, _> {
        Box::pin(async move {
            session.fetch_update(MESSAGES, vec![], push("more"))?;
            session.cycle_key()?;
            assert_eq!(session.take::<Vec<String>>(MESSAGES).await?.unwrap(), ["first", "more"]);
            session.cycle_key()?;
            session.insert("mine", 1)?;
            Ok(StatusCode::OK)
        })
    };
    let answer = harness.visit_async(Some(&cookie(&key)), view).await;
    assert_eq!(harness.rows().len(), 1);
    assert_eq!(harness.data(answer.key()), r#"{"counter":1,"mine":1}"#);
}

/// Requests that add messages and take what there is, in two storages on one database: each message is had once.
async fn crowd(harness: &Harness, storages: &[Storage]) {
    let key = with_message(harness).await;
    let had: Rc<RefCell<BTreeMap<String, usize>>> = Rc::default();
    let requests = (0..48).map(|number| {
        let (had, storage, key) = (had.clone(), &storages[number % storages.len()], &key);
        async move {
            let mut session = other(harness, storage, key).await;
            if number % 3 > 0 {
                session.fetch_update(MESSAGES, vec![], push(number.to_string())).unwrap();
            }
            if number % 3 < 2 {
                for message in taken(&mut session).await.unwrap_or_default() {
                    *had.borrow_mut().entry(message).or_default() += 1;
                }
            }
            session.save().await.unwrap();
        }
    });
    join_all(requests).await;
    for message in taken(&mut other(harness, &storages[0], &key).await).await.unwrap_or_default() {
        *had.borrow_mut().entry(message).or_default() += 1;
    }
    let had = had.borrow();
    assert_eq!(had.len(), 1 + 32, "none is lost: {had:?}");
    assert!(had.values().all(|times| *times == 1), "none is had twice: {had:?}");
    assert_eq!(harness.data(&key), r#"{"counter":1}"#);
}

#[actix_web::test]
async fn in_a_crowd_each_message_is_had_once() {
    for harness in harnesses() {
        for _ in 0..4 {
            crowd(&harness, std::slice::from_ref(&harness.storage)).await;
        }
    }
    let harness = Harness::new();
    let another = || {
        let url = harness.database_url().parse().unwrap();
        let database = Database::open(&url, DatabaseOptions::default()).unwrap();
        Storage::new(DbBackend::new(database), SessionCodec::new(SECRET_KEY, &[]))
    };
    for _ in 0..4 {
        crowd(&harness, &[another(), another()]).await;
    }
}
