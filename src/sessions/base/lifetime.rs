//! When a session ends, and whether its client keeps cookies.

use std::sync::Arc;

use chrono::{DateTime, FixedOffset, Utc};

use super::SessionBase;
use crate::sessions::error::SessionError;
use crate::sessions::expiry::{EXPIRY_KEY, Expiry, Lifetime};
use crate::sessions::json::RawJson;

const TEST_COOKIE_NAME: &str = "testcookie";
const TEST_COOKIE_VALUE: &str = "worked";

impl SessionBase {
    /// Gives the session an expiry of its own, or returns it to the policy.
    ///
    /// ```
    /// # use sessionid::sessions::{Expiry, SessionBase};
    /// # use chrono::TimeDelta;
    /// # let mut session = SessionBase::new(None, Default::default());
    /// let now = "2026-11-22T18:24:10Z".parse()?;
    /// session.set_expiry(TimeDelta::days(30), now)?;
    /// assert_eq!(session.get("_session_expiry")?, Some("2026-12-22T18:24:10+00:00".to_owned()));
    /// session.set_expiry(Expiry::Policy, now)?;
    /// assert!(!session.contains_key("_session_expiry")?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Expiry`] for a moment past the dates that can be stored.
    pub fn set_expiry(&mut self, expiry: impl Into<Expiry>, now: DateTime<Utc>) -> Result<(), SessionError> {
        match expiry.into().to_stored(now)? {
            Some(value) => self.insert_raw(EXPIRY_KEY, value),
            None => self.remove(EXPIRY_KEY).map(drop),
        }
    }

    /// Seconds until the session ends.
    ///
    /// ```
    /// # use sessionid::sessions::SessionBase;
    /// # let mut session = SessionBase::new(None, Default::default());
    /// let now = "2026-11-22T18:24:10Z".parse()?;
    /// assert_eq!(session.get_expiry_age(now)?, 1_209_600); // SESSION_COOKIE_AGE: two weeks
    /// session.set_expiry(300, now)?;
    /// assert_eq!(session.get_expiry_age(now)?, 300);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Expiry`] when `_session_expiry` holds something else.
    pub fn get_expiry_age(&mut self, now: DateTime<Utc>) -> Result<i64, SessionError> {
        Ok(self.lifetime()?.age(now))
    }

    /// When the session ends, were it saved now.
    ///
    /// ```
    /// # use sessionid::sessions::SessionBase;
    /// # use chrono::TimeDelta;
    /// # let mut session = SessionBase::new(None, Default::default());
    /// let now = "2026-11-22T18:24:10Z".parse()?;
    /// session.set_expiry(300, now)?;
    /// assert_eq!(session.get_expiry_date(now)?, now + TimeDelta::minutes(5));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get_expiry_age`](Self::get_expiry_age), or past the dates that can be stored.
    pub fn get_expiry_date(&mut self, now: DateTime<Utc>) -> Result<DateTime<FixedOffset>, SessionError> {
        Ok(self.lifetime()?.date(now)?)
    }

    /// Whether the cookie ends with the browser.
    ///
    /// ```
    /// # use sessionid::sessions::SessionBase;
    /// # let mut session = SessionBase::new(None, Default::default());
    /// session.set_expiry(0, "2026-11-22T18:24:10Z".parse()?)?;
    /// assert!(session.get_expire_at_browser_close()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get_expiry_age`](Self::get_expiry_age).
    pub fn get_expire_at_browser_close(&mut self) -> Result<bool, SessionError> {
        match self.lifetime() {
            Err(SessionError::Expiry(_)) => Ok(false),
            lifetime => Ok(lifetime?.at_browser_close()),
        }
    }

    /// Sets a value to look for in the next request.
    ///
    /// ```
    /// # use sessionid::sessions::SessionBase;
    /// # let mut session = SessionBase::new(None, Default::default());
    /// session.set_test_cookie()?;
    /// assert_eq!(session.get("testcookie")?, Some("worked".to_owned()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert).
    pub fn set_test_cookie(&mut self) -> Result<(), SessionError> {
        self.insert(TEST_COOKIE_NAME, TEST_COOKIE_VALUE)
    }

    /// Whether [`set_test_cookie`](Self::set_test_cookie) came back.
    ///
    /// ```
    /// # use sessionid::sessions::SessionBase;
    /// # let mut session = SessionBase::new(None, Default::default());
    /// assert!(!session.test_cookie_worked()?);
    /// session.set_test_cookie()?;
    /// assert!(session.test_cookie_worked()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`contains_key`](Self::contains_key).
    pub fn test_cookie_worked(&mut self) -> Result<bool, SessionError> {
        let worked = RawJson::from_plain_text(TEST_COOKIE_VALUE);
        Ok(self.data()?.get(TEST_COOKIE_NAME) == Some(&worked))
    }

    /// Takes the test cookie's value out, and tells whether it was there.
    ///
    /// ```
    /// # use sessionid::sessions::SessionBase;
    /// # let mut session = SessionBase::new(None, Default::default());
    /// session.set_test_cookie()?;
    /// assert!(session.delete_test_cookie()?);
    /// assert!(!session.test_cookie_worked()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`remove`](Self::remove).
    pub fn delete_test_cookie(&mut self) -> Result<bool, SessionError> {
        self.remove(TEST_COOKIE_NAME)
    }

    /// When the session ends, by its data.
    pub(crate) fn lifetime(&mut self) -> Result<Lifetime, SessionError> {
        let policy = Arc::clone(&self.policy);
        Ok(Lifetime::new(self.data()?.get(EXPIRY_KEY), &policy)?)
    }
}
