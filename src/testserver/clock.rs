//! The clock over HTTP.

use std::ops::RangeInclusive;

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use chrono::{DateTime, Datelike as _, SecondsFormat, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::control::Control;
use super::error::ControlError;
use crate::clock::{Clock, Turn};

/// What a `POST` says, done in this order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Motion {
    /// Back to the system's time, running.
    reset: Option<bool>,
    /// To this moment, forward or back.
    set: Option<String>,
    /// Forward, by so many seconds.
    advance: Option<f64>,
    /// Whether to stand still.
    freeze: Option<bool>,
}

const ALLOWED: &str = "allowed is one or more of {\"advance\": seconds}, {\"set\": \"2030-01-01T00:00:00Z\"}, \
                       {\"freeze\": true or false} and {\"reset\": true}";
/// The years that the clock may show: a session of the longest SESSION_COOKIE_AGE, a hundred years, then still ends
/// at a date.
const YEARS: RangeInclusive<i32> = 1970..=9899;

/// `GET`.
pub(super) async fn show(control: Data<Control>) -> HttpResponse {
    told(control.clock.now(), control.clock.is_running())
}

/// `POST`.
pub(super) async fn turn(control: Data<Control>, body: Bytes) -> Result<HttpResponse, ControlError> {
    let motion = Motion::parse(&body)?;
    let (now, running) = control.clock.turn(|now| motion.applied_to(now))?;
    Ok(told(now, running))
}

/// `DELETE`: ends the server, once this is answered.
pub(super) async fn end(control: Data<Control>) -> HttpResponse {
    control.stop.notify_one();
    HttpResponse::Accepted().json(json!({ "stopping": true }))
}

impl Motion {
    fn parse(body: &[u8]) -> Result<Self, ControlError> {
        let refused = |error: serde_json::Error| {
            ControlError::BadInput(format!("not a clock request: {error}; {ALLOWED}"))
        };
        // As a map first, since serde also takes a list for a struct.
        let object: Map<String, Value> = serde_json::from_slice(body).map_err(refused)?;
        let motion: Self = serde_json::from_value(object.into()).map_err(refused)?;
        let is_empty = motion.set.is_none() && motion.advance.is_none() && motion.freeze.is_none();
        if motion.reset == Some(false) || (motion.reset.is_none() && is_empty) {
            return Err(ControlError::BadInput(ALLOWED.to_owned()));
        }
        Ok(motion)
    }

    fn applied_to(&self, now: DateTime<Utc>) -> Result<Turn, ControlError> {
        let mut now = if self.reset.is_some() { Clock::System.now() } else { now };
        if let Some(text) = &self.set {
            now = moment(text).ok_or_else(|| {
                let reason =
                    "\"set\" takes a date and time with its offset from UTC, such as 2030-01-01T00:00:00Z";
                ControlError::BadInput(reason.to_owned())
            })?;
        }
        if let Some(seconds) = self.advance {
            now = forward(now, seconds)?;
        }
        if !YEARS.contains(&now.year()) {
            let (first, last) = (YEARS.start(), YEARS.end());
            return Err(ControlError::BadInput(format!("the clock goes from the year {first} to {last}")));
        }
        Ok(Turn { now, run: self.freeze.map(|freeze| !freeze).or(self.reset) })
    }
}

/// A date and time in ISO's format. A leap second is none: Python's `datetime` has no place for it.
pub(super) fn moment(text: &str) -> Option<DateTime<Utc>> {
    let moment = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    (moment.timestamp_subsec_nanos() < 1_000_000_000).then_some(moment)
}

fn forward(now: DateTime<Utc>, seconds: f64) -> Result<DateTime<Utc>, ControlError> {
    let refused = || {
        let last = YEARS.end();
        ControlError::BadInput(format!(
            "\"advance\" takes seconds, 0 or more, as far as the year {last}; to go back, \"set\" the time"
        ))
    };
    let span = std::time::Duration::try_from_secs_f64(seconds).map_err(|_| refused())?;
    let span = TimeDelta::from_std(span).map_err(|_| refused())?;
    now.checked_add_signed(span).filter(|moved| YEARS.contains(&moved.year())).ok_or_else(refused)
}

fn told(now: DateTime<Utc>, running: bool) -> HttpResponse {
    let now = now.to_rfc3339_opts(SecondsFormat::Micros, true);
    HttpResponse::Ok().json(json!({ "now": now, "frozen": !running }))
}
