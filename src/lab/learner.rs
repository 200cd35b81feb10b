//! Who learns: the lab's own cookies, which the pages outside `/lab` never see.

use actix_web::HttpResponse;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::HeaderMap;
use chrono::{DateTime, Utc};

use super::error::LabError;
use super::progress::{Closed, Moment, Progress, ProgressCodec, Read};
use crate::sessions::cookie;

const LAB_ID: &str = "lab_id";
const LAB_RUN: &str = "lab_run";
const LAB_THEME: &str = "lab_theme";
const PATH: &str = "/lab";
const DAYS: i64 = 90;

/// Light, dark, or as the system has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    fn parse(text: &str) -> Self {
        match text {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// The learner of a request to the lab.
#[derive(Clone, Debug)]
pub(super) struct Learner {
    pub(super) progress: Progress,
    /// Whether a progress cookie was sent that is none of ours.
    pub(super) refused: bool,
    /// Whether the browser was closed since the last request.
    pub(super) reopened: bool,
    pub(super) theme: Theme,
    /// What the browser sends as the session's cookie at this moment.
    pub(super) sessionid: Option<String>,
    stored: Option<Progress>,
    has_run: bool,
}

impl Learner {
    /// The learner that a request's cookies tell of; `now` is the moment in the log at which it came.
    pub(super) fn read(
        headers: &HeaderMap,
        codec: &ProgressCodec,
        session_cookie: &str,
        now: impl FnOnce() -> Moment,
    ) -> Self {
        let sent = |name: &str| cookie::read(headers, name);
        let read = codec.read(sent(LAB_ID).as_deref());
        let refused = read == Read::Refused;
        let stored = if let Read::Known(progress) = read { Some(progress) } else { None };
        let mut progress = stored.clone().unwrap_or_default();
        let sessionid = sent(session_cookie);
        let has_run = sent(LAB_RUN).is_some();
        let reopened = stored.is_some() && !has_run;
        if reopened {
            progress.closed = Some(Closed { noticed: now(), without_sessionid: sessionid.is_none() });
        }
        let theme = sent(LAB_THEME).as_deref().map(Theme::parse).unwrap_or_default();
        Self { progress, refused, reopened, theme, sessionid, stored, has_run }
    }

    /// The answer with the cookies that have changed.
    pub(super) fn keep(
        &self,
        mut response: HttpResponse,
        codec: &ProgressCodec,
        now: DateTime<Utc>,
    ) -> Result<HttpResponse, LabError> {
        if self.stored.as_ref() != Some(&self.progress) {
            let value = codec.write(&self.progress, now)?;
            add(&mut response, &persistent(LAB_ID, value))?;
        }
        if !self.has_run {
            // Without Max-Age: it tells whether the browser was closed.
            let run = Cookie::build(LAB_RUN, "1").path(PATH).http_only(true).same_site(SameSite::Lax);
            add(&mut response, &run.finish())?;
        }
        Ok(response)
    }
}

/// The answer that makes the browser keep a theme.
pub(super) fn keep_theme(mut response: HttpResponse, theme: Theme) -> Result<HttpResponse, LabError> {
    add(&mut response, &persistent(LAB_THEME, theme.name().to_owned()))?;
    Ok(response)
}

fn add(response: &mut HttpResponse, cookie: &Cookie<'_>) -> Result<(), LabError> {
    response.add_cookie(cookie).map_err(LabError::Cookie)
}

fn persistent(name: &'static str, value: String) -> Cookie<'static> {
    Cookie::build(name, value)
        .path(PATH)
        .max_age(Duration::days(DAYS))
        .http_only(true)
        .same_site(SameSite::Lax)
        .finish()
}
