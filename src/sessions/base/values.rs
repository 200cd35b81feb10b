//! What a session's values can be made to do, in steps between which nobody holds on to the session: functions of the
//! application, and what its types do when they are read, written or copied, may reach the session again.

use std::convert::Infallible;
use std::error::Error as StdError;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::sessions::error::SessionError;
use crate::sessions::json::RawJson;
use crate::sessions::write_set::{Update, apply, update, write};

/// The single steps.
pub(crate) trait Values {
    /// The value under `key`.
    fn get<T: DeserializeOwned>(&mut self, key: &str) -> Result<Option<T>, SessionError>;

    /// Sets `key`.
    fn set(&mut self, key: &str, value: RawJson) -> Result<(), SessionError>;

    /// Sets `key` to `value`, which is what `update` makes of the one that is there now.
    fn set_by(&mut self, key: &str, value: RawJson, update: Update) -> Result<(), SessionError>;

    /// Takes `key` out.
    fn remove(&mut self, key: &str) -> Result<bool, SessionError>;

    /// Marks the session as accessed and modified.
    fn modify(&mut self) -> Result<(), SessionError>;
}

pub(crate) fn insert<T: Serialize + ?Sized>(
    session: &mut impl Values,
    key: &str,
    value: &T,
) -> Result<(), SessionError> {
    let value = write(key, value)?;
    session.set(key, value)
}

pub(crate) fn insert_all<K: AsRef<str>, V: Serialize>(
    session: &mut impl Values,
    values: impl IntoIterator<Item = (K, V)>,
) -> Result<(), SessionError> {
    // Django's `update` sets it even where nothing is updated.
    session.modify()?;
    values.into_iter().try_for_each(|(key, value)| insert(session, key.as_ref(), &value))
}

pub(crate) fn pop<T: DeserializeOwned>(
    session: &mut impl Values,
    key: &str,
) -> Result<Option<T>, SessionError> {
    let value = session.get(key)?;
    session.remove(key)?;
    Ok(value)
}

pub(crate) fn setdefault<T: Serialize + DeserializeOwned>(
    session: &mut impl Values,
    key: &str,
    default: impl FnOnce() -> T,
) -> Result<T, SessionError> {
    if let Some(value) = session.get(key)? {
        return Ok(value);
    }
    let default = default();
    insert(session, key, &default)?;
    Ok(default)
}

/// The value before and after.
pub(crate) struct Updated<T> {
    pub(crate) seen: T,
    pub(crate) new: T,
}

pub(crate) fn update_by<T, F>(
    session: &mut impl Values,
    key: &str,
    default: T,
    f: F,
) -> Result<Updated<T>, SessionError>
where
    T: Serialize + DeserializeOwned + Clone + Send + 'static,
    F: FnOnce(T) -> T + Clone + Send + 'static,
{
    try_update_by(session, key, default, move |value| Ok::<_, Infallible>(f(value)))
}

pub(crate) fn try_update_by<T, E, F>(
    session: &mut impl Values,
    key: &str,
    default: T,
    f: F,
) -> Result<Updated<T>, SessionError>
where
    T: Serialize + DeserializeOwned + Clone + Send + 'static,
    E: Into<Box<dyn StdError + Send + Sync>>,
    F: FnOnce(T) -> Result<T, E> + Clone + Send + 'static,
{
    let seen: T = session.get(key)?.unwrap_or_else(|| default.clone());
    let new = apply(key, f.clone(), seen.clone())?;
    let value = write(key, &new)?;
    session.set_by(key, value, update(key, default, f))?;
    Ok(Updated { seen, new })
}

pub(crate) fn push<T: Serialize + ?Sized>(
    session: &mut impl Values,
    key: &str,
    value: &T,
) -> Result<(), SessionError> {
    let value = write(key, value)?;
    let push = move |mut list: Vec<RawJson>| {
        list.push(value);
        list
    };
    update_by(session, key, Vec::new(), push).map(drop)
}
