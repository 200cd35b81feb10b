//! Sessions over HTTP: what is stored, and how a test puts it there.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data, Path, Query};
use chrono::{DateTime, SecondsFormat, TimeDelta};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::control::Control;
use super::error::ControlError;
use crate::error::chain;
use crate::sessions::backends::{ExpireDate, SessionRecord, SessionRecords};
use crate::sessions::{SessionData, SessionKey};

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
    data: Box<RawValue>,
    /// Seconds from the clock's time; below zero it has expired.
    expire_in: Option<i64>,
    expire_date: Option<String>,
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
    let key = SessionKey::try_from(key.as_str()).map_err(|error| bad(error.to_string()))?;
    let fixture: Fixture = serde_json::from_slice(&body).map_err(|error| {
        bad(format!("this is no session ({error}); allowed is {{\"data\": {{…}}, \"expire_in\": seconds}} or an \"expire_date\""))
    })?;
    let data =
        SessionData::from_json(fixture.data.get().as_bytes()).map_err(|error| bad(error.to_string()))?;
    let now = control.clock.now();
    let end = match (&fixture.expire_date, fixture.expire_in) {
        (Some(date), None) => DateTime::parse_from_rfc3339(date).ok().map(|date| date.to_utc()),
        (None, seconds) => TimeDelta::try_seconds(seconds.unwrap_or(control.age))
            .and_then(|span| now.checked_add_signed(span)),
        (Some(_), Some(_)) => None,
    };
    let end = end
        .ok_or_else(|| bad("a session ends at one date with its offset, or in so many seconds".to_owned()))?;
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
