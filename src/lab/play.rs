//! The lab's only views that touch a session: one operation each, by POST, inside the session middleware.

use std::sync::Arc;

use actix_web::web::{Data, Form, Path, ReqData};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::Value;

use super::at_once::{self, Count};
use super::demo_user::{self, Key};
use super::error::LabError;
use super::limits;
use super::log::Note;
use super::redirects::{see, way_back};
use super::rooms::Room;
use super::state::Lab;
use crate::sessions::{Expiry, RawJson, Session};

const COUNTER: &str = "counter";
const NESTED: &str = "cart";

/// What an operation may need.
#[derive(Debug, Deserialize)]
pub(super) struct PlayForm {
    key: Option<String>,
    value: Option<String>,
    seconds: Option<i64>,
    back: Option<String>,
}

impl PlayForm {
    fn key(&self) -> Result<&str, LabError> {
        let key = self.key.as_deref().unwrap_or(COUNTER);
        if limits::KEY.contains(&key.chars().count()) { Ok(key) } else { Err(LabError::BadKey) }
    }

    /// JSON where it is, else a text.
    fn value(&self) -> Result<Value, LabError> {
        let text = self.value.as_deref().unwrap_or_default();
        if text.chars().count() > limits::LONGEST_VALUE {
            return Err(LabError::BadValue);
        }
        Ok(serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)))
    }

    fn seconds(&self) -> Result<i64, LabError> {
        self.seconds.filter(|seconds| limits::EXPIRY.contains(seconds)).ok_or(LabError::BadExpiry)
    }
}

/// `POST /play/<operation>`: does it, and leads back to the lab.
pub(super) async fn operate(
    operation: Path<String>,
    form: Form<PlayForm>,
    session: Session,
    lab: Data<Lab>,
    room: ReqData<Arc<Room>>,
    request: HttpRequest,
) -> Result<HttpResponse, LabError> {
    let note = match Count::of(&operation) {
        Some(how) => at_once::count(how, &session, &lab.meetings).await?,
        None => perform(&operation, &form, &session)?,
    };
    request.extensions_mut().insert(Note(note));
    Ok(see(&room.root, way_back(form.back.as_deref())))
}

/// Does one operation, and tells what came of it.
fn perform(operation: &str, form: &PlayForm, session: &Session) -> Result<String, LabError> {
    Ok(match operation {
        "visit" => {
            let counter = session.fetch_update(COUNTER, 0, |counter: i64| counter.saturating_add(1))?;
            format!("the counter was {counter}")
        }
        "nothing" => "the view did not touch the session".to_owned(),
        "read" => {
            let (key, found) = (form.key()?, session.get::<RawJson>(form.key()?)?);
            found.map_or_else(|| format!("there is no {key}"), |value| format!("{key} is {value}"))
        }
        "set" => {
            session.insert(form.key()?, form.value()?)?;
            format!("{} was set", form.key()?)
        }
        "pop" => {
            let found: Option<RawJson> = session.pop(form.key()?)?;
            found.map_or_else(|| "there was nothing to pop".to_owned(), |value| format!("popped {value}"))
        }
        "nested_copy" => nested(session, false)?,
        "nested_put_back" => nested(session, true)?,
        "clear" => {
            session.clear()?;
            "clear() was called".to_owned()
        }
        "flush" => {
            session.flush()?;
            "flush() was called".to_owned()
        }
        "cycle_key" => {
            session.cycle_key()?;
            "cycle_key() was called".to_owned()
        }
        "get_then_set" => {
            let counter: i64 = session.get(COUNTER)?.unwrap_or(0);
            session.insert(COUNTER, counter.saturating_add(1))?;
            format!("read {counter}, stores {}", counter.saturating_add(1))
        }
        "fetch_update" => {
            let counter = session.fetch_update(COUNTER, 0, |counter: i64| counter.saturating_add(1))?;
            format!("read {counter}, adds one")
        }
        "expire_at_browser_close" => expire(session, 0, "set_expiry(0) was called")?,
        "expire_in" => {
            let seconds = form.seconds()?;
            expire(session, seconds, &format!("set_expiry({seconds}) was called"))?
        }
        "expire_at" => {
            let seconds = form.seconds()?;
            expire(
                session,
                TimeDelta::seconds(seconds),
                &format!("set_expiry(timedelta(seconds={seconds})) was called"),
            )?
        }
        "expire_by_policy" => expire(session, Expiry::Policy, "set_expiry(None) was called")?,
        "login" => demo_user::login(session, Key::Cycled)?,
        "login_without_cycle_key" => demo_user::login(session, Key::Kept)?,
        "logout" => {
            session.flush()?;
            "logged out by flush: the data, the row and the key are gone".to_owned()
        }
        "whoami" => demo_user::whoami(session)?,
        "script_saw" => "a script of the page saw the session's key".to_owned(),
        "script_saw_nothing" => "a script of the page saw nothing of the session's cookie".to_owned(),
        "fail" => {
            session.fetch_update(COUNTER, 0, |counter: i64| counter.saturating_add(1))?;
            return Err(LabError::OnPurpose);
        }
        _ => return Err(LabError::NotFound("operation")),
    })
}

fn expire(session: &Session, expiry: impl Into<Expiry>, note: &str) -> Result<String, LabError> {
    session.set_expiry(expiry)?;
    Ok(note.to_owned())
}

/// Adds to a list in the session: to a copy of it, which nobody stores, or for good.
fn nested(session: &Session, put_back: bool) -> Result<String, LabError> {
    let mut list: Vec<Value> = session.get(NESTED)?.unwrap_or_default();
    list.push(Value::from(list.len() + 1));
    let length = list.len();
    let items = if length == 1 { "item" } else { "items" };
    if !put_back {
        return Ok(format!("a copy of {NESTED} now has {length} {items}; the session was not changed"));
    }
    session.insert(NESTED, list)?;
    Ok(format!("{NESTED} was stored with {length} {items}"))
}
