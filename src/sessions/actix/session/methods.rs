//! What a handler can do with its session.

use chrono::{DateTime, FixedOffset};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Session;
use super::updates::Steps;
use crate::sessions::base::{Values, values};
use crate::sessions::error::SessionError;
use crate::sessions::expiry::Expiry;
use crate::sessions::key::SessionKey;
use crate::sessions::serializers::SessionData;
use crate::sessions::store::SessionStore;

impl Session {
    /// The value under `key`.
    ///
    /// ```
    /// # use sessionid::sessions::{Session, SessionError};
    /// # fn view(session: Session) -> Result<(), SessionError> {
    /// let name: Option<String> = session.get("name")?;
    /// let counter: i64 = session.get("counter")?.unwrap_or(0);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Type`] when it is not a `T`.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, SessionError> {
        Steps(self).get(key)
    }

    /// Sets `key` (Django's `session[key] = value`).
    ///
    /// ```
    /// # use sessionid::sessions::{Session, SessionError};
    /// # fn view(session: Session) -> Result<(), SessionError> {
    /// session.insert("name", "naïve")?;
    /// session.insert("cart", vec![(3, "tea"), (1, "milk")])?; // whatever serde writes as JSON
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Serialize`] when the value is nothing that JSON has.
    pub fn insert<T: Serialize>(&self, key: &str, value: T) -> Result<(), SessionError> {
        values::insert(&mut Steps(self), key, &value)
    }

    /// Sets several keys; with none of them, the session is still modified.
    ///
    /// ```
    /// # use sessionid::sessions::{Session, SessionError};
    /// # fn view(session: Session) -> Result<(), SessionError> {
    /// session.update([("first", "Ada"), ("last", "Lovelace")])?;
    /// assert_eq!(session.get("first")?, Some("Ada".to_owned()));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert); the keys before the one that failed are set.
    pub fn update<K: AsRef<str>, V: Serialize>(
        &self,
        values: impl IntoIterator<Item = (K, V)>,
    ) -> Result<(), SessionError> {
        values::insert_all(&mut Steps(self), values)
    }

    /// Takes `key` out (`del session[key]`) and returns whether it was there.
    ///
    /// ```
    /// # use sessionid::sessions::{Session, SessionError};
    /// # fn view(session: Session) -> Result<(), SessionError> {
    /// session.insert("draft", "Dear")?;
    /// assert!(session.remove("draft")?);
    /// assert!(!session.remove("draft")?); // Django's KeyError
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of every method that reaches the data.
    pub fn remove(&self, key: &str) -> Result<bool, SessionError> {
        Steps(self).remove(key)
    }

    /// Takes the value under `key` out.
    ///
    /// Two requests that overlap may both see the value, since both have loaded it; of two that [`take`](Self::take) it, one does.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get); a value of another type stays where it is.
    pub fn pop<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, SessionError> {
        values::pop(&mut Steps(self), key)
    }

    /// The value under `key`, which is set to `default` first where there is none.
    ///
    /// ```
    /// # use sessionid::sessions::{Session, SessionError};
    /// # fn view(session: Session) -> Result<(), SessionError> {
    /// let theme: String = session.setdefault("theme", "dark".to_owned())?;
    /// assert_eq!(session.get("theme")?, Some(theme));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get) and [`insert`](Self::insert).
    pub fn setdefault<T: Serialize + DeserializeOwned>(
        &self,
        key: &str,
        default: T,
    ) -> Result<T, SessionError> {
        self.setdefault_with(key, || default)
    }

    /// The same with a default that is made when it is needed: at most once, since it is its value that is stored.
    ///
    /// # Errors
    ///
    /// As [`setdefault`](Self::setdefault).
    pub fn setdefault_with<T: Serialize + DeserializeOwned>(
        &self,
        key: &str,
        default: impl FnOnce() -> T,
    ) -> Result<T, SessionError> {
        values::setdefault(&mut Steps(self), key, default)
    }

    /// Whether `key` is there (`key in session`, `has_key`).
    ///
    /// ```
    /// # use sessionid::sessions::{Session, SessionError};
    /// # fn view(session: Session) -> Result<(), SessionError> {
    /// if !session.contains_key("user")? {
    ///     println!("please log in");
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of every method that reaches the data.
    pub fn contains_key(&self, key: &str) -> Result<bool, SessionError> {
        self.with(|store| store.contains_key(key))
    }

    /// All keys and values in their order (`items`).
    ///
    /// ```
    /// # use sessionid::sessions::{Session, SessionError};
    /// # fn view(session: Session) -> Result<(), SessionError> {
    /// for (key, value) in session.entries()? {
    ///     println!("{key} = {value}"); // the value as JSON
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of every method that reaches the data.
    pub fn entries(&self) -> Result<SessionData, SessionError> {
        self.with(|store| store.entries().cloned())
    }

    /// Empties the session under its key, without loading what it held.
    ///
    /// ```
    /// # use sessionid::sessions::{Session, SessionError};
    /// # fn view(session: Session) -> Result<(), SessionError> {
    /// let key = session.session_key()?;
    /// session.clear()?;
    /// assert!(session.entries()?.is_empty());
    /// assert_eq!(session.session_key()?, key);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Finished`].
    pub fn clear(&self) -> Result<(), SessionError> {
        self.with(|store| {
            store.clear();
            Ok(())
        })
    }

    /// Empties the session and gives up its key. The row and the cookie go with the response,
    /// whatever its status.
    ///
    /// ```
    /// # use sessionid::sessions::{Session, SessionError};
    /// # fn view(session: Session) -> Result<(), SessionError> {
    /// // A logout.
    /// session.flush()?;
    /// assert!(session.is_empty()?);
    /// assert_eq!(session.session_key()?, None);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Finished`].
    pub fn flush(&self) -> Result<(), SessionError> {
        self.with(|store| {
            store.base_mut().flush();
            Ok(())
        })
    }

    /// Moves the data to a new key: what a login does, against session fixation. The old row goes
    /// with the response, whatever its status.
    ///
    /// ```
    /// # use sessionid::sessions::{Session, SessionError};
    /// # fn view(session: Session) -> Result<(), SessionError> {
    /// // A login: a key that somebody planted before it is worth nothing after it.
    /// session.cycle_key()?;
    /// session.insert("user", 7)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of every method that reaches the data.
    pub fn cycle_key(&self) -> Result<(), SessionError> {
        // Django saves at once, so the expiry has to be a valid one by now.
        self.get_expiry_date()?;
        self.with(SessionStore::renew_key)
    }

    /// Gives the session an expiry of its own: seconds that slide, 0 for the browser's end, a moment
    /// or a span that stays fixed, or [`Expiry::Policy`] to go back to the policy.
    ///
    /// ```
    /// # fn view(session: sessionid::sessions::Session) -> Result<(), sessionid::sessions::SessionError> {
    /// session.set_expiry(0)?; // until the browser closes
    /// session.set_expiry(std::time::Duration::from_secs(30 * 86_400))?; // "remember me"
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Expiry`] for a moment past the dates that can be stored.
    pub fn set_expiry(&self, expiry: impl Into<Expiry>) -> Result<(), SessionError> {
        let expiry = expiry.into();
        self.with(|store| store.set_expiry(expiry))
    }

    /// Seconds until the session ends.
    ///
    /// ```
    /// # use sessionid::sessions::{Session, SessionError};
    /// # fn view(session: Session) -> Result<(), SessionError> {
    /// session.set_expiry(300)?;
    /// assert_eq!(session.get_expiry_age()?, 300);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Expiry`] when `_session_expiry` holds something else.
    pub fn get_expiry_age(&self) -> Result<i64, SessionError> {
        self.with(SessionStore::get_expiry_age)
    }

    /// When the session ends, were it saved now.
    ///
    /// ```
    /// # use sessionid::sessions::{Session, SessionError};
    /// # fn view(session: Session) -> Result<(), SessionError> {
    /// let until = session.get_expiry_date()?;
    /// println!("you are logged in until {}", until.format("%H:%M"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get_expiry_age`](Self::get_expiry_age).
    pub fn get_expiry_date(&self) -> Result<DateTime<FixedOffset>, SessionError> {
        self.with(SessionStore::get_expiry_date)
    }

    /// Whether the cookie ends with the browser.
    ///
    /// ```
    /// # use sessionid::sessions::{Session, SessionError};
    /// # fn view(session: Session) -> Result<(), SessionError> {
    /// session.set_expiry(0)?;
    /// assert!(session.get_expire_at_browser_close()?);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get_expiry_age`](Self::get_expiry_age).
    pub fn get_expire_at_browser_close(&self) -> Result<bool, SessionError> {
        self.with(SessionStore::get_expire_at_browser_close)
    }

    /// The key: what the client sent, until an access shows that no live session has it; `None`
    /// for a new session, which gets its key when it is saved.
    ///
    /// ```
    /// # use sessionid::sessions::{Session, SessionError};
    /// # fn view(session: Session) -> Result<(), SessionError> {
    /// if let Some(key) = session.session_key()? {
    ///     println!("{key:?}"); // its first characters only; `as_str` has them all
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Finished`].
    pub fn session_key(&self) -> Result<Option<SessionKey>, SessionError> {
        self.with(|store| Ok(store.session_key().cloned()))
    }

    /// Whether there is neither a key nor data.
    ///
    /// ```
    /// # use sessionid::sessions::{Session, SessionError};
    /// # fn view(session: Session) -> Result<(), SessionError> {
    /// session.insert("counter", 1)?;
    /// assert!(!session.is_empty()?);
    /// session.flush()?;
    /// assert!(session.is_empty()?); // a cookie that was sent is now deleted
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Finished`].
    pub fn is_empty(&self) -> Result<bool, SessionError> {
        self.with(|store| Ok(store.is_empty()))
    }

    /// Whether the session will be saved.
    ///
    /// ```
    /// # use sessionid::sessions::{Session, SessionError};
    /// # fn view(session: Session) -> Result<(), SessionError> {
    /// session.set_modified(false)?;
    /// session.insert("counter", 1)?;
    /// assert!(session.modified()?);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Finished`].
    pub fn modified(&self) -> Result<bool, SessionError> {
        self.with(|store| Ok(store.modified()))
    }

    /// Marks the session to be saved, or not (Django's `session.modified = True`).
    ///
    /// ```
    /// # use sessionid::sessions::{Session, SessionError};
    /// # fn view(session: Session) -> Result<(), SessionError> {
    /// // Saved although nothing changed, so that the cookie's age starts anew.
    /// session.set_modified(true)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Finished`].
    pub fn set_modified(&self, modified: bool) -> Result<(), SessionError> {
        self.with(|store| {
            store.set_modified(modified);
            Ok(())
        })
    }

    /// Whether the data has been accessed.
    ///
    /// ```
    /// # use sessionid::sessions::{Session, SessionError};
    /// # fn view(session: Session) -> Result<(), SessionError> {
    /// let _: Option<i64> = session.get("counter")?;
    /// assert!(session.accessed()?); // the response will say `Vary: Cookie`
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Finished`].
    pub fn accessed(&self) -> Result<bool, SessionError> {
        self.with(|store| Ok(store.accessed()))
    }

    /// Sets a value to look for in the next request, to learn whether the client keeps cookies.
    ///
    /// # Errors
    ///
    /// Those of every method that reaches the data.
    pub fn set_test_cookie(&self) -> Result<(), SessionError> {
        self.with(SessionStore::set_test_cookie)
    }

    /// Whether the test cookie came back.
    ///
    /// ```
    /// # use sessionid::sessions::{Session, SessionError};
    /// # fn view(session: Session) -> Result<(), SessionError> {
    /// if !session.test_cookie_worked()? {
    ///     println!("please enable cookies, and try again");
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of every method that reaches the data.
    pub fn test_cookie_worked(&self) -> Result<bool, SessionError> {
        self.with(SessionStore::test_cookie_worked)
    }

    /// Takes the test cookie's value out, and returns whether it was there.
    ///
    /// ```
    /// # use sessionid::sessions::{Session, SessionError};
    /// # fn view(session: Session) -> Result<(), SessionError> {
    /// // With the answer to the form.
    /// if session.test_cookie_worked()? {
    ///     session.delete_test_cookie()?;
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of every method that reaches the data.
    pub fn delete_test_cookie(&self) -> Result<bool, SessionError> {
        self.with(SessionStore::delete_test_cookie)
    }
}
