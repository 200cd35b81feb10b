//! Sessions over HTTP: what is stored, and how a test puts it there.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data, Path, Query};
use chrono::{DateTime, Datelike as _, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use super::clock::moment;
use super::control::Control;
use super::error::ControlError;
use crate::error::chain;
use crate::sessions::backends::{ExpireDate, SessionRecord, SessionRecords};
use crate::sessions::{RawJson, SessionData, SessionKey};

/// Sessions on a page.
const PAGE: u32 = 1000;

/// A session as a test sees it.
#[derive(Debug, Serialize)]
struct Shown {
    key: String,
    /// When it ends; what stands there, where that is no date in Django's form.
    expire_date: String,
    live: bool,
    /// `null` where it cannot be read, or has values that are no JSON, such as Python's `NaN`.
    data: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct PageQuery {
    #[serde(default)]
    offset: u64,
}

/// What a `PUT` says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixture {
    data: RawJson,
    /// Seconds from the clock's time; below zero it has expired.
    expire_in: Option<i64>,
    expire_date: Option<String>,
}

const ALLOWED: &str = "allowed is {\"data\": {…}}, with \"expire_in\": seconds or \"expire_date\": a date where it is not to end \
                       after SESSION_COOKIE_AGE";
const ENDS: &str = "a session ends either at an \"expire_date\" with its offset from UTC, such as 2030-01-01T00:00:00Z, or \
                    \"expire_in\" so many seconds, in the years 1 to 9999";

impl Fixture {
    /// When the session ends, if that is a date that both Django and the database can hold.
    fn end(&self, now: DateTime<Utc>, age: i64) -> Option<DateTime<Utc>> {
        let end = match (&self.expire_date, self.expire_in) {
            (Some(date), None) => moment(date)?,
            (None, seconds) => now.checked_add_signed(TimeDelta::try_seconds(seconds.unwrap_or(age))?)?,
            (Some(_), Some(_)) => return None,
        };
        (1..=9999).contains(&end.year()).then_some(end)
    }
}

impl Control {
    fn records(&self) -> Result<&dyn SessionRecords, ControlError> {
        self.storage.records().ok_or(ControlError::NoRecords)
    }

    fn for_writing(&self) -> Result<(), ControlError> {
        if self.read_only { Err(ControlError::ReadOnly) } else { Ok(()) }
    }

    fn shown(&self, record: &SessionRecord) -> Shown {
        let decoded = self.storage.codec().decode(&record.payload);
        let (data, problem) = match decoded {
            Ok(data) => match RawValue::from_string(data.to_json()) {
                Ok(data) => (Some(data), None),
                Err(error) => (None, Some(chain(&error))),
            },
            Err(error) => (None, Some(chain(&error))),
        };
        let expire_date = match &record.expire_date {
            ExpireDate::At(end) => end.to_rfc3339_opts(SecondsFormat::Micros, true),
            ExpireDate::Odd(text) => text.clone(),
        };
        let live = record.is_live(self.clock.now()) == Some(true);
        Shown { key: record.key.clone(), expire_date, live, data, problem }
    }
}

/// `GET …/sessions`: a thousand, the latest to end first; `?offset=1000` has the next.
pub(super) async fn list(
    control: Data<Control>,
    query: Query<PageQuery>,
) -> Result<HttpResponse, ControlError> {
    let found = control.records()?.list(PAGE, query.offset).await?;
    let shown: Vec<_> = found.iter().map(|record| control.shown(record)).collect();
    Ok(HttpResponse::Ok().json(shown))
}

/// `GET …/sessions/KEY`.
pub(super) async fn show(control: Data<Control>, key: Path<String>) -> Result<HttpResponse, ControlError> {
    let found = control.records()?.find(&key).await?.ok_or(ControlError::NoSuchSession)?;
    Ok(HttpResponse::Ok().json(control.shown(&found)))
}

/// `PUT …/sessions/KEY`: in the place of whatever is there.
pub(super) async fn put(
    control: Data<Control>,
    key: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, ControlError> {
    control.for_writing()?;
    let bad = |reason: String| ControlError::BadInput(reason);
    let key = SessionKey::try_from(key.as_str())
        .ok()
        .filter(SessionKey::is_storable)
        .ok_or_else(|| bad("a session key has 8 to 40 characters".to_owned()))?;
    let fixture: Fixture =
        serde_json::from_slice(&body).map_err(|error| bad(format!("not a session: {error}; {ALLOWED}")))?;
    let data = SessionData::from_json(fixture.data.as_str().as_bytes())
        .map_err(|error| bad(format!("the data of a session is a JSON object: {error}; {ALLOWED}")))?;
    let now = control.clock.now();
    let end = fixture.end(now, control.age).ok_or_else(|| bad(ENDS.to_owned()))?;
    control.storage.put(&key, &data, end, now).await?;
    show(control, Path::from(key.to_string())).await
}

/// `DELETE …/sessions/KEY`.
pub(super) async fn delete(control: Data<Control>, key: Path<String>) -> Result<HttpResponse, ControlError> {
    control.for_writing()?;
    if control.records()?.delete(&key).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(ControlError::NoSuchSession)
    }
}

/// `POST …/clearsessions`: Django's command, by this clock.
pub(super) async fn clear_expired(control: Data<Control>) -> Result<HttpResponse, ControlError> {
    control.for_writing()?;
    let deleted = control.storage.clear_expired(control.clock.now(), &|_| {}).await?;
    Ok(HttpResponse::Ok().json(json!({ "deleted": deleted })))
}

/// `DELETE …/sessions`.
pub(super) async fn delete_all(control: Data<Control>) -> Result<HttpResponse, ControlError> {
    control.for_writing()?;
    let records = control.records()?;
    loop {
        let found = records.list(PAGE, 0).await?;
        if found.is_empty() {
            return Ok(HttpResponse::NoContent().finish());
        }
        for record in found {
            records.delete(&record.key).await?;
        }
    }
}
