//! `CustomDatabaseSessionTests`: sessions with another age than Django's default.
//!
//! There the age comes from a store class of one's own, here from the policy.

use sessionid::sessions::{Expiry, SessionPolicy};

use super::fresh;
use crate::harness::Harness;

const ONE_DAY: i64 = 24 * 60 * 60;

fn one_day() -> Harness {
    Harness::with_policy(SessionPolicy { cookie_age: ONE_DAY, ..SessionPolicy::default() })
}

#[actix_web::test]
async fn test_custom_expiry_reset() {
    let mut session = fresh(&one_day());
    session.set_expiry(Expiry::Policy).unwrap();
    session.set_expiry(10).unwrap();
    assert_eq!(session.get_expiry_age().unwrap(), 10);
    session.set_expiry(Expiry::Policy).unwrap();
    assert_eq!(session.get_expiry_age().unwrap(), ONE_DAY);
}

#[actix_web::test]
async fn test_default_expiry() {
    let mut session = fresh(&one_day());
    assert_eq!(session.get_expiry_age().unwrap(), ONE_DAY);
    session.set_expiry(0).unwrap();
    assert_eq!(session.get_expiry_age().unwrap(), ONE_DAY);
}
