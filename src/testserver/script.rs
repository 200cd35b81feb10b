//! Everything that a view can do with its session, by remote control.

use std::fmt::Display;

use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, ResponseError};
use chrono::{DateTime, TimeDelta};
use serde::Deserialize;
use serde_json::json;

use crate::sessions::{Expiry, ExpiryError, JsonError, RawJson, Session, SessionData, SessionError};

/// The view: runs a JSON list of operations on the request's session, in order, and answers the list of their results.
///
/// `[["set", "name", "x"], ["get", "name"], ["del", "none"]]` answers `[null,"x","KeyError"]`. An operation is a list of its name
/// and its arguments: those of Django's session, by Django's names. `["status", n]` has no result: it ends the list and sends
/// what there is with that status. A script that turns out to be malformed has run up to there.
///
/// It can be a view of your own service, under test only: whoever reaches it may write any session of theirs.
///
/// ```
/// use actix_web::{App, web};
/// use sessionid::sessions::{SessionMiddleware, SessionPolicy, Storage};
/// use sessionid::testserver::script;
///
/// fn configure(config: &mut web::ServiceConfig, storage: Storage) {
///     let sessions = SessionMiddleware::new(storage, SessionPolicy::default());
///     config.service(web::resource("/script").wrap(sessions).route(web::post().to(script)));
/// }
/// ```
///
/// # Errors
///
/// [`ScriptError`]: a 400 for what is no script, else what the session says.
pub async fn script(session: Session, body: Bytes) -> Result<HttpResponse, ScriptError> {
    let operations: Vec<Vec<RawJson>> = serde_json::from_slice(&body)?;
    let (mut status, mut results) = (StatusCode::OK, Vec::new());
    for operation in &operations {
        let (name, arguments) = operation.split_first().ok_or(ScriptError::NoOperation)?;
        let name: String = name.get()?;
        if let ("status", [code]) = (name.as_str(), arguments) {
            status = StatusCode::from_u16(code.get()?).map_err(|_| ScriptError::NoOperation)?;
            break;
        }
        results.push(run(&session, &name, arguments)?);
    }
    Ok(HttpResponse::build(status).content_type("application/json").body(list(results)?.to_string()))
}

/// Runs one operation. Values are passed on unread; a view of your own asks for its own types.
fn run(session: &Session, name: &str, arguments: &[RawJson]) -> Result<RawJson, ScriptError> {
    let (null, key_error) = (RawJson::new(&())?, RawJson::new("KeyError")?);
    let text = RawJson::get::<String>;
    Ok(match (name, arguments) {
        ("get", [key]) => look(session, &text(key)?)?.unwrap_or(null),
        ("get", [key, default]) => look(session, &text(key)?)?.unwrap_or_else(|| default.clone()),
        ("has_key", [key]) => RawJson::new(&session.contains_key(&text(key)?)?)?,
        ("keys", []) => {
            let keys: Vec<String> = session.entries()?.iter().map(|(key, _)| key).collect();
            RawJson::new(&keys)?
        }
        ("values", []) => list(session.entries()?.iter().map(|(_, value)| value))?,
        ("items", []) => {
            let entries = session.entries()?;
            let mut items: Vec<(String, &RawJson)> = entries.iter().collect();
            items.sort_by(|(one, _), (other, _)| one.cmp(other));
            let pairs: Result<Vec<_>, ScriptError> =
                items.into_iter().map(|(key, value)| Ok(list([&RawJson::new(&key)?, value])?)).collect();
            list(pairs?)?
        }

        ("set", [key, value]) => {
            session.insert(&text(key)?, value)?;
            null
        }
        ("setdefault", [key, default]) => {
            let key = text(key)?;
            match look(session, &key)? {
                Some(value) => value,
                None => session.setdefault(&key, default.clone())?,
            }
        }
        ("update", [values]) => {
            session.update(SessionData::from_json(values.as_str().as_bytes())?.iter())?;
            null
        }
        ("pop", [key]) => pop(session, &text(key)?)?.unwrap_or(key_error),
        ("pop", [key, default]) => pop(session, &text(key)?)?.unwrap_or_else(|| default.clone()),
        ("del", [key]) => {
            if session.remove(&text(key)?)? {
                null
            } else {
                key_error
            }
        }

        ("clear", []) => {
            session.clear()?;
            null
        }
        ("flush", []) => {
            session.flush()?;
            null
        }
        ("cycle_key", []) => {
            session.cycle_key()?;
            null
        }
        ("session_key", []) => RawJson::new(&session.session_key()?.map(|key| key.to_string()))?,
        ("is_empty", []) => RawJson::new(&session.is_empty()?)?,
        ("modified", []) => {
            session.set_modified(true)?;
            null
        }

        ("set_expiry", [value]) => {
            session.set_expiry(expiry(value)?)?;
            null
        }
        ("expiry_age", []) => RawJson::new(&session.get_expiry_age()?)?,
        ("expiry_date", []) => {
            let date = session.get_expiry_date()?;
            let fraction = if date.timestamp_subsec_micros() > 0 { "%.6f" } else { "" };
            let offset = if date.offset().local_minus_utc() % 60 == 0 { "%:z" } else { "%::z" };
            RawJson::new(&date.format(&format!("%Y-%m-%dT%H:%M:%S{fraction}{offset}")).to_string())?
        }
        ("at_browser_close", []) => RawJson::new(&session.get_expire_at_browser_close()?)?,

        ("test_cookie", [step]) => match text(step)?.as_str() {
            "set" => {
                session.set_test_cookie()?;
                null
            }
            "worked" => RawJson::new(&session.test_cookie_worked()?)?,
            "delete" => {
                if session.delete_test_cookie()? {
                    null
                } else {
                    key_error
                }
            }
            _ => return Err(ScriptError::NoOperation),
        },
        _ => return Err(ScriptError::NoOperation),
    })
}

/// `session.get` of a value of any kind: Python's `NaN` too, which serde has no type for.
fn look(session: &Session, key: &str) -> Result<Option<RawJson>, SessionError> {
    Ok(session.entries()?.get(key).cloned())
}

/// `session.pop` likewise.
fn pop(session: &Session, key: &str) -> Result<Option<RawJson>, SessionError> {
    let value = look(session, key)?;
    session.remove(key)?;
    Ok(value)
}

/// `null`, seconds, `{"seconds": n}`, or an ISO date and time with its offset from UTC.
fn expiry(argument: &RawJson) -> Result<Expiry, ScriptError> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Argument {
        Policy(()),
        Seconds(i64),
        After { seconds: i64 },
        At(String),
    }
    Ok(match argument.get()? {
        Argument::Policy(()) => Expiry::Policy,
        Argument::Seconds(seconds) => seconds.into(),
        Argument::After { seconds } => {
            TimeDelta::try_seconds(seconds).ok_or(SessionError::from(ExpiryError::OutOfRange))?.into()
        }
        Argument::At(moment) => DateTime::parse_from_rfc3339(&moment)?.into(),
    })
}

fn list(items: impl IntoIterator<Item = impl Display>) -> Result<RawJson, JsonError> {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    RawJson::parse(&format!("[{}]", items.join(",")))
}

/// Why a script has no results.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptError {
    /// An operation does not exist, or not with these arguments.
    #[error("the script has an operation that does not exist, or not with these arguments")]
    NoOperation,
    /// The body is no list of lists, or an argument is of another type.
    #[error("the script is no list of lists, or an argument is of another type: {0}")]
    Type(#[from] serde_json::Error),
    /// An argument is of another type.
    #[error("an argument is of another type: {0}")]
    Json(#[from] JsonError),
    /// An expiry is no date.
    #[error("an expiry is no date: {0}")]
    Date(#[from] chrono::ParseError),
    /// What the session says.
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl ResponseError for ScriptError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Session(error) => error.status_code(),
            _ => StatusCode::BAD_REQUEST,
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::Session(error) => error.error_response(),
            _ => HttpResponse::build(self.status_code()).json(json!({ "error": self.to_string() })),
        }
    }
}
