//! What a script can do with its session: the same as a view with [`Session`](crate::sessions::Session), where it is
//! explained. Nothing here waits.

use std::error::Error;

use chrono::{DateTime, FixedOffset};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::SessionStore;
use crate::sessions::base::{Values as _, values};
use crate::sessions::error::SessionError;
use crate::sessions::expiry::Expiry;
use crate::sessions::key::SessionKey;
use crate::sessions::serializers::SessionData;

#[expect(clippy::missing_errors_doc, reason = "they are those of the methods of `Session`")]
impl SessionStore {
    /// The key; `None` before the first save, and once an access has shown that nobody has it.
    #[must_use]
    pub fn session_key(&self) -> Option<&SessionKey> {
        self.base.session_key()
    }

    /// `Session::accessed`.
    #[must_use]
    pub fn accessed(&self) -> bool {
        self.base.accessed()
    }

    /// `Session::modified`.
    #[must_use]
    pub fn modified(&self) -> bool {
        self.base.modified()
    }

    /// `Session::set_modified`.
    pub fn set_modified(&mut self, modified: bool) {
        self.base.set_modified(modified);
    }

    /// `Session::is_empty`.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.base.is_empty()
    }

    /// `Session::get`.
    pub fn get<T: DeserializeOwned>(&mut self, key: &str) -> Result<Option<T>, SessionError> {
        self.base.get(key)
    }

    /// `Session::insert`.
    pub fn insert<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), SessionError> {
        values::insert(&mut self.base, key, value)
    }

    /// `Session::update`.
    pub fn update<K: AsRef<str>, V: Serialize>(
        &mut self,
        values: impl IntoIterator<Item = (K, V)>,
    ) -> Result<(), SessionError> {
        values::insert_all(&mut self.base, values)
    }

    /// `Session::remove`.
    pub fn remove(&mut self, key: &str) -> Result<bool, SessionError> {
        self.base.remove(key)
    }

    /// `Session::pop`.
    pub fn pop<T: DeserializeOwned>(&mut self, key: &str) -> Result<Option<T>, SessionError> {
        values::pop(&mut self.base, key)
    }

    /// `Session::setdefault`.
    pub fn setdefault<T: Serialize + DeserializeOwned>(
        &mut self,
        key: &str,
        default: T,
    ) -> Result<T, SessionError> {
        self.setdefault_with(key, || default)
    }

    /// `Session::setdefault_with`.
    pub fn setdefault_with<T: Serialize + DeserializeOwned>(
        &mut self,
        key: &str,
        default: impl FnOnce() -> T,
    ) -> Result<T, SessionError> {
        values::setdefault(&mut self.base, key, default)
    }

    /// `Session::fetch_update`.
    pub fn fetch_update<T, F>(&mut self, key: &str, default: T, f: F) -> Result<T, SessionError>
    where
        T: Serialize + DeserializeOwned + Clone + Send + 'static,
        F: FnOnce(T) -> T + Clone + Send + 'static,
    {
        Ok(values::update_by(&mut self.base, key, default, f)?.seen)
    }

    /// `Session::update_with`.
    pub fn update_with<T, F>(&mut self, key: &str, default: T, f: F) -> Result<T, SessionError>
    where
        T: Serialize + DeserializeOwned + Clone + Send + 'static,
        F: FnOnce(T) -> T + Clone + Send + 'static,
    {
        Ok(values::update_by(&mut self.base, key, default, f)?.new)
    }

    /// `Session::try_fetch_update`.
    pub fn try_fetch_update<T, E, F>(&mut self, key: &str, default: T, f: F) -> Result<T, SessionError>
    where
        T: Serialize + DeserializeOwned + Clone + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
        F: FnOnce(T) -> Result<T, E> + Clone + Send + 'static,
    {
        Ok(values::try_update_by(&mut self.base, key, default, f)?.seen)
    }

    /// `Session::push`.
    pub fn push<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), SessionError> {
        values::push(&mut self.base, key, value)
    }

    /// `Session::contains_key`.
    pub fn contains_key(&mut self, key: &str) -> Result<bool, SessionError> {
        self.base.contains_key(key)
    }

    /// `Session::entries`.
    pub fn entries(&mut self) -> Result<&SessionData, SessionError> {
        self.base.entries()
    }

    /// `Session::clear`.
    pub fn clear(&mut self) {
        self.base.clear();
    }

    /// `Session::set_expiry`.
    pub fn set_expiry(&mut self, expiry: impl Into<Expiry>) -> Result<(), SessionError> {
        self.base.set_expiry(expiry, self.clock.now())
    }

    /// `Session::get_expiry_age`.
    pub fn get_expiry_age(&mut self) -> Result<i64, SessionError> {
        self.base.get_expiry_age(self.clock.now())
    }

    /// `Session::get_expiry_date`.
    pub fn get_expiry_date(&mut self) -> Result<DateTime<FixedOffset>, SessionError> {
        self.base.get_expiry_date(self.clock.now())
    }

    /// `Session::get_expire_at_browser_close`.
    pub fn get_expire_at_browser_close(&mut self) -> Result<bool, SessionError> {
        self.base.get_expire_at_browser_close()
    }

    /// `Session::set_test_cookie`.
    pub fn set_test_cookie(&mut self) -> Result<(), SessionError> {
        self.base.set_test_cookie()
    }

    /// `Session::test_cookie_worked`.
    pub fn test_cookie_worked(&mut self) -> Result<bool, SessionError> {
        self.base.test_cookie_worked()
    }

    /// `Session::delete_test_cookie`.
    pub fn delete_test_cookie(&mut self) -> Result<bool, SessionError> {
        self.base.delete_test_cookie()
    }
}
