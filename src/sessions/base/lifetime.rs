//! When a session ends, and whether its client keeps cookies.

use std::sync::Arc;

use chrono::{DateTime, FixedOffset, Utc};

use super::{SessionBase, Values};
use crate::sessions::error::SessionError;
use crate::sessions::expiry::{EXPIRY_KEY, Expiry, Lifetime};
use crate::sessions::json::RawJson;

const TEST_COOKIE_NAME: &str = "testcookie";
const TEST_COOKIE_VALUE: &str = "worked";

impl SessionBase {
    /// Gives the session an expiry of its own, or returns it to the policy.
    pub(crate) fn set_expiry(
        &mut self,
        expiry: impl Into<Expiry>,
        now: DateTime<Utc>,
    ) -> Result<(), SessionError> {
        match expiry.into().to_stored(now)? {
            Some(value) => self.set(EXPIRY_KEY, value),
            None => self.remove(EXPIRY_KEY).map(drop),
        }
    }

    /// Seconds until the session ends.
    pub(crate) fn get_expiry_age(&mut self, now: DateTime<Utc>) -> Result<i64, SessionError> {
        Ok(self.lifetime()?.age(now))
    }

    /// When the session ends, were it saved now.
    pub(crate) fn get_expiry_date(
        &mut self,
        now: DateTime<Utc>,
    ) -> Result<DateTime<FixedOffset>, SessionError> {
        Ok(self.lifetime()?.date(now)?)
    }

    /// Whether the cookie ends with the browser.
    pub(crate) fn get_expire_at_browser_close(&mut self) -> Result<bool, SessionError> {
        match self.lifetime() {
            Err(SessionError::Expiry(_)) => Ok(false),
            lifetime => Ok(lifetime?.at_browser_close()),
        }
    }

    /// Sets a value to look for in the next request.
    pub(crate) fn set_test_cookie(&mut self) -> Result<(), SessionError> {
        self.set(TEST_COOKIE_NAME, RawJson::from_plain_text(TEST_COOKIE_VALUE))
    }

    /// Whether [`set_test_cookie`](Self::set_test_cookie) came back.
    pub(crate) fn test_cookie_worked(&mut self) -> Result<bool, SessionError> {
        let worked = RawJson::from_plain_text(TEST_COOKIE_VALUE);
        Ok(self.data()?.get(TEST_COOKIE_NAME) == Some(&worked))
    }

    /// Takes the test cookie's value out, and tells whether it was there.
    pub(crate) fn delete_test_cookie(&mut self) -> Result<bool, SessionError> {
        self.remove(TEST_COOKIE_NAME)
    }

    /// When the session ends, by its data.
    pub(crate) fn lifetime(&mut self) -> Result<Lifetime, SessionError> {
        let policy = Arc::clone(&self.policy);
        Ok(Lifetime::new(self.data()?.get(EXPIRY_KEY), &policy)?)
    }
}
