//! `DatabaseSessionTests`: what only the `db` engine has, its table.
//!
//! The mixin's tests run on this engine where they stand, in [`session_tests_mixin`].
//!
//! [`session_tests_mixin`]: super::session_tests_mixin

use sessionid::sessions::SessionStore;
use sessionid::sessions::backends::SessionRecord;

use super::{again, fresh};
use crate::harness::Harness;

/// The row of a session.
async fn row_of(harness: &Harness, session: &SessionStore) -> SessionRecord {
    let key = session.session_key().unwrap().as_str();
    harness.storage.records().unwrap().find(key).await.unwrap().unwrap()
}

/// A saved session.
async fn saved(harness: &Harness) -> SessionStore {
    let mut session = fresh(harness);
    session.insert("x", &1).unwrap();
    session.save().await.unwrap();
    session
}

#[actix_web::test]
async fn test_session_str() {
    let harness = Harness::new();
    let session = saved(&harness).await;
    assert_eq!(row_of(&harness, &session).await.key, session.session_key().unwrap().as_str());
}

#[actix_web::test]
async fn test_session_get_decoded() {
    let harness = Harness::new();
    let session = saved(&harness).await;
    let row = row_of(&harness, &session).await;
    assert_eq!(harness.codec.decode(row.payload.as_str().unwrap()).unwrap().to_json(), r#"{"x":1}"#);
}

#[actix_web::test]
async fn test_sessionmanager_save() {
    let harness = Harness::new();
    let mut session = fresh(&harness);
    session.insert("y", &1).unwrap();
    session.save().await.unwrap();
    let row = harness.row(session.session_key().unwrap().as_str()).unwrap();
    harness.write(&row.session_key, &harness.payload(r#"{"y":2}"#), &row.expire_date);
    assert_eq!(again(&harness, &session).await.get("y").unwrap(), Some(2));
}

/// The command goes by the system's clock.
#[cfg(feature = "site")]
#[test]
fn test_clearsessions_command() {
    let harness = Harness::new();
    harness.write("in-the-future", "", "9000-01-01 00:00:00");
    harness.write("in-the-past", "", "2000-01-01 00:00:00");
    assert_cmd::Command::new(env!("CARGO_BIN_EXE_manage"))
        .arg("clearsessions")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("DATABASE_URL", harness.database_url())
        .timeout(std::time::Duration::from_secs(60))
        .assert()
        .success();
    let left: Vec<_> = harness.rows().into_iter().map(|row| row.session_key).collect();
    assert_eq!(left, ["in-the-future"]);
}

#[actix_web::test]
async fn test_aclear_expired() {
    let harness = Harness::new();
    assert!(harness.rows().is_empty());
    let mut sessions = [fresh(&harness), fresh(&harness)];
    for (session, expiry) in sessions.iter_mut().zip([3600, -3600]) {
        session.insert("key", "value").unwrap();
        session.set_expiry(expiry).unwrap();
        session.save().await.unwrap();
    }
    assert_eq!(harness.rows().len(), 2);
    assert_eq!(harness.storage.clear_expired(harness.now(), &|_| ()).await.unwrap(), 1);
    assert_eq!(
        harness.storage.clear_expired(harness.now(), &|_| ()).await.unwrap(),
        0,
        "the first took it all"
    );
    let left: Vec<_> = harness.rows().into_iter().map(|row| row.session_key).collect();
    assert_eq!(left, [sessions[0].session_key().unwrap().as_str()]);
}
