//! What overlapping requests may do to one value, and none of it is lost.

use std::error::Error;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Session;
use crate::sessions::base::{Values, values};
use crate::sessions::error::SessionError;
use crate::sessions::json::RawJson;
use crate::sessions::write_set::{Update, read};

impl Session {
    /// Stores `f` of the value under `key`, or of `default` where there is none, and returns what
    /// this request saw before.
    ///
    /// `f` is applied here, and once more to what the store holds when the session is saved, where an overlapping request has
    /// changed it meanwhile, so that no update is lost. A function that could be called only once could not be merged; one that
    /// consumes what it has captured is fine, since each call is made on a copy of it.
    ///
    /// ```
    /// # use sessionid::sessions::{Session, SessionError};
    /// # fn view(session: Session) -> Result<(), SessionError> {
    /// let before: i64 = session.fetch_update("counter", 0, |counter| counter + 1)?;
    /// assert_eq!(session.get("counter")?, Some(before + 1));
    ///
    /// let name = "Ada".to_owned();
    /// session.fetch_update("names", String::new(), move |names| names + &name)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get) and [`insert`](Self::insert).
    pub fn fetch_update<T, F>(&self, key: &str, default: T, f: F) -> Result<T, SessionError>
    where
        T: Serialize + DeserializeOwned + Clone + Send + 'static,
        F: FnOnce(T) -> T + Clone + Send + 'static,
    {
        Ok(values::update_by(&mut Steps(self), key, default, f)?.seen)
    }

    /// The same, but returns the new value.
    ///
    /// # Errors
    ///
    /// As [`fetch_update`](Self::fetch_update).
    pub fn update_with<T, F>(&self, key: &str, default: T, f: F) -> Result<T, SessionError>
    where
        T: Serialize + DeserializeOwned + Clone + Send + 'static,
        F: FnOnce(T) -> T + Clone + Send + 'static,
    {
        Ok(values::update_by(&mut Steps(self), key, default, f)?.new)
    }

    /// [`fetch_update`](Self::fetch_update) by a function that may refuse.
    ///
    /// What it says is asked again of the value that the store holds when the session is saved. If it refuses that one, nothing of
    /// this request is stored, and its answer is a 409.
    ///
    /// ```
    /// # use sessionid::sessions::{Session, SessionError};
    /// # fn view(session: Session) -> Result<&'static str, SessionError> {
    /// let spend = |points: u32| points.checked_sub(100).ok_or("not enough points");
    /// match session.try_fetch_update("points", 0, spend) {
    ///     Err(SessionError::Refused { source, .. }) => println!("{source}"),
    ///     spent => drop(spent?),
    /// }
    /// # Ok("") }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Refused`] with the function's error, and those of [`fetch_update`](Self::fetch_update).
    pub fn try_fetch_update<T, E, F>(&self, key: &str, default: T, f: F) -> Result<T, SessionError>
    where
        T: Serialize + DeserializeOwned + Clone + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
        F: FnOnce(T) -> Result<T, E> + Clone + Send + 'static,
    {
        Ok(values::try_update_by(&mut Steps(self), key, default, f)?.seen)
    }

    /// Appends to the list under `key`, which begins with this value where there is none. What overlapping requests append stays,
    /// too.
    ///
    /// # Errors
    ///
    /// [`SessionError::Serialize`], and [`SessionError::Type`] for a value that is no list.
    pub fn push<T: Serialize>(&self, key: &str, value: T) -> Result<(), SessionError> {
        values::push(&mut Steps(self), key, &value)
    }

    /// Takes the value under `key` out of the session and of the store, at once: of all requests that overlap, in this process or
    /// in another, one gets it, and the others get `None`.
    ///
    /// What was added since this request has loaded the session is taken along. Where this request sees no value, no store is
    /// asked. The other changes of the request are stored with its response, as always; the value is gone even if that never
    /// arrives.
    ///
    /// ```
    /// # use sessionid::sessions::{Session, SessionError};
    /// // Messages to show once, on whatever page comes next.
    /// fn tell(session: &Session, message: &str) -> Result<(), SessionError> {
    ///     session.push("messages", message)
    /// }
    ///
    /// async fn messages(session: &Session) -> Result<Vec<String>, SessionError> {
    ///     Ok(session.take("messages").await?.unwrap_or_default())
    /// }
    /// ```
    ///
    /// A session that is kept in its cookie (`signed_cookies`) has no place where requests meet: two may get the same value there.
    ///
    /// # Errors
    ///
    /// As [`pop`](Self::pop), and those of a save: [`SessionError::Interrupted`] when the session is gone, for example. Whether the
    /// value is still there is not known then, so every access to the data fails from then on, and so does the request.
    pub async fn take<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, SessionError> {
        let taking = self.with(|store| store.begin_take::<T>(key))?;
        let taken = taking.done().await;
        let value = self.with(|store| store.end_take(taken))?;
        value.map(|value| read(key, &value)).transpose()
    }
}

/// A session of which each step holds on for itself.
pub(super) struct Steps<'a>(pub(super) &'a Session);

impl Values for Steps<'_> {
    fn get<T: DeserializeOwned>(&mut self, key: &str) -> Result<Option<T>, SessionError> {
        self.0.with(|store| store.base_mut().get(key))
    }

    fn set(&mut self, key: &str, value: RawJson) -> Result<(), SessionError> {
        self.0.with(|store| store.base_mut().set(key, value))
    }

    fn set_by(&mut self, key: &str, value: RawJson, update: Update) -> Result<(), SessionError> {
        self.0.with(|store| store.base_mut().set_by(key, value, update))
    }

    fn remove(&mut self, key: &str) -> Result<bool, SessionError> {
        self.0.with(|store| store.base_mut().remove(key))
    }

    fn modify(&mut self) -> Result<(), SessionError> {
        self.0.with(|store| store.base_mut().modify())
    }
}
