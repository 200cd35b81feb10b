//! `SessionBaseTests`: a session that no store stands behind.

use sessionid::sessions::{SessionPolicy, SessionStore};

use super::fresh;
use crate::harness::Harness;

/// Django's `TEST_COOKIE_NAME`.
const TEST_COOKIE_NAME: &str = "testcookie";

/// A store is there, and never asked.
fn session() -> SessionStore {
    fresh(&Harness::in_memory(SessionPolicy::default()))
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
