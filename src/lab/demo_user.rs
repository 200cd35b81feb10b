//! The lab's one user, `ada`, without a password: somebody to log in, to attack and to log out.
//!
//! She is nobody to Django. `django.contrib.auth` keeps its user's number under `_auth_user_id`, with a backend and a hash
//! of the password beside it; a Django on the same table would stumble over a name there.

use crate::sessions::{Session, SessionError};

/// What the session keeps the user's name under.
const USER: &str = "user";
const ADA: &str = "ada";

/// What login does with the session's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// Changes it, as Django's does.
    Cycled,
    /// Keeps it, as Django's never does.
    Kept,
}

/// `django.contrib.auth.login`: the session of another user is flushed, one of nobody gets a new key, and one of the same
/// user keeps its key. Each is saved.
pub(super) fn login(session: &Session, key: Key) -> Result<String, SessionError> {
    let user: Option<String> = session.get(USER)?;
    match user.as_deref() {
        Some(ADA) => {}
        Some(_) => session.flush()?,
        None if key == Key::Cycled => session.cycle_key()?,
        None => {}
    }
    session.insert(USER, ADA)?;
    if user.as_deref() == Some(ADA) {
        return Ok("ada was logged in already, and keeps her key".to_owned());
    }
    Ok(match key {
        Key::Cycled => "ada is logged in, the key was changed by cycle_key".to_owned(),
        Key::Kept => "ada is logged in, cycle_key was left out".to_owned(),
    })
}

/// Who a view would take the client for.
pub(super) fn whoami(session: &Session) -> Result<String, SessionError> {
    let user: Option<String> = session.get(USER)?;
    Ok(user.map_or_else(|| "nobody is logged in".to_owned(), |user| format!("this client is {user}")))
}
