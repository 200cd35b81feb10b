//! The clock over HTTP.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use chrono::{DateTime, Datelike as _, SecondsFormat, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::json;

use super::control::Control;
use super::error::ControlError;
use crate::clock::{Clock, ManualClock};

/// What a `POST` says; what is there is done in this order.
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

/// `GET`.
pub(super) async fn show(control: Data<Control>) -> HttpResponse {
    told(&control.clock)
}

/// `POST`.
pub(super) async fn turn(control: Data<Control>, body: Bytes) -> Result<HttpResponse, ControlError> {
    let motion: Motion = serde_json::from_slice(&body).map_err(|error| {
        ControlError::BadInput(format!("this is no motion of the clock ({error}); {ALLOWED}"))
    })?;
    let clock = &control.clock;
    let mut now = if motion.reset == Some(true) { Clock::System.now() } else { clock.now() };
    if let Some(moment) = &motion.set {
        let moment = DateTime::parse_from_rfc3339(moment).map_err(|_| {
            ControlError::BadInput(
                "\"set\" takes a date and time with its offset from UTC, such as 2030-01-01T00:00:00Z"
                    .to_owned(),
            )
        })?;
        now = moment.to_utc();
    }
    if let Some(seconds) = motion.advance {
        now = forward(now, seconds)?;
    }
    if !(1970..=9998).contains(&now.year()) {
        return Err(ControlError::BadInput("the clock goes from the year 1970 to 9998".to_owned()));
    }
    let moved = motion.reset.is_some() || motion.set.is_some() || motion.advance.is_some();
    if !moved && motion.freeze.is_none() {
        return Err(ControlError::BadInput(ALLOWED.to_owned()));
    }
    if moved {
        clock.set(now);
    }
    match motion.freeze {
        Some(true) => clock.stop(),
        Some(false) => clock.start(),
        None if motion.reset == Some(true) => clock.start(),
        None => {}
    }
    Ok(told(clock))
}

/// `DELETE`: ends the server, once this is answered.
pub(super) async fn end(control: Data<Control>) -> HttpResponse {
    control.stop.notify_one();
    HttpResponse::Accepted().json(json!({ "stopping": true }))
}

fn forward(now: DateTime<Utc>, seconds: f64) -> Result<DateTime<Utc>, ControlError> {
    let refused = || {
        let reason =
            "\"advance\" takes seconds, 0 or more, up to the year 9998; to go back, \"set\" the time";
        ControlError::BadInput(reason.to_owned())
    };
    let span = std::time::Duration::try_from_secs_f64(seconds).map_err(|_| refused())?;
    let span = TimeDelta::from_std(span).map_err(|_| refused())?;
    now.checked_add_signed(span).filter(|moved| moved.year() <= 9998).ok_or_else(refused)
}

fn told(clock: &ManualClock) -> HttpResponse {
    let now = clock.now().to_rfc3339_opts(SecondsFormat::Micros, true);
    HttpResponse::Ok().json(json!({ "now": now, "frozen": !clock.is_running() }))
}
