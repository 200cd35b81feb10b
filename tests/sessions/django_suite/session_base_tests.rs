//! `SessionBaseTests`: a session that no store stands behind.

use std::sync::Arc;

use sessionid::sessions::{SessionBase, SessionPolicy};

/// Django's `TEST_COOKIE_NAME`.
const TEST_COOKIE_NAME: &str = "testcookie";

fn session() -> SessionBase {
    SessionBase::new(None, Arc::new(SessionPolicy::default()))
}

#[test]
fn test_test_cookie() {
    let mut session = session();
    assert!(!session.contains_key(TEST_COOKIE_NAME).unwrap());
    assert!(!session.test_cookie_worked().unwrap());
    session.set_test_cookie().unwrap();
    assert!(session.contains_key(TEST_COOKIE_NAME).unwrap());
    assert!(session.test_cookie_worked().unwrap());
    assert!(session.delete_test_cookie().unwrap());
    assert!(!session.contains_key(TEST_COOKIE_NAME).unwrap());
}

#[test]
fn test_is_empty() {
    let mut session = session();
    assert!(session.is_empty());
    session.insert("cat", "dog").unwrap();
    assert!(!session.is_empty());
}
