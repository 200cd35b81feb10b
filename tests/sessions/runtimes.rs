//! Requests of one session on several runtimes, of which each runs only while somebody waits on it: a server's workers,
//! a script's thread.

use futures_util::future::poll_immediate;
use sessionid::sessions::{SessionPolicy, SessionStore};
use tokio::runtime::{Builder, Runtime};

use crate::harness::Harness;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

fn session(harness: &Harness, key: &str) -> SessionStore {
    let key = key.try_into().unwrap();
    SessionStore::new(Some(key), harness.storage.clone(), harness.policy.get(), harness.clock.clone().into())
}

async fn loaded(harness: &Harness, key: &str) -> SessionStore {
    let mut session = session(harness, key);
    session.load().await.unwrap();
    session.fetch_update("counter", 0_i64, |counter| counter + 1).unwrap();
    session
}

/// What a waiting save needs is done where it waits: the runtime of the save before it may have nothing to do any
/// more, or be gone.
#[test]
fn a_save_does_not_depend_on_the_runtime_of_the_one_before_it() {
    for (stays, cycles) in [(true, false), (false, false), (true, true), (false, true)] {
        let harness = Harness::in_memory(SessionPolicy::default());
        let (one, other) = (runtime(), runtime());
        let key = one.block_on(harness.saved());
        let mut first = one.block_on(loaded(&harness, &key));
        let mut second = other.block_on(loaded(&harness, &key));
        let mut first = Box::pin(first.save());
        assert!(one.block_on(async { poll_immediate(&mut first).await.is_none() }), "it writes");
        let save = async { if cycles { second.cycle_key().await } else { second.save().await } };
        let mut save = Box::pin(save);
        assert!(other.block_on(async { poll_immediate(&mut save).await.is_none() }), "it waits");
        one.block_on(first).unwrap();
        let one = stays.then_some(one);
        other.block_on(save).unwrap();
        drop(one);
        let rows = harness.rows();
        assert_eq!(harness.data(&rows[0].session_key), r#"{"counter":3}"#);
    }
}
