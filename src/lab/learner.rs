//! Who learns: the lab's own cookies, which the pages outside `/lab` never see.

use actix_web::HttpResponse;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::HeaderMap;
use chrono::{DateTime, Utc};

use super::error::LabError;
use super::progress::{Closed, Moment, Progress, ProgressCodec, Read};
use super::rooms::{BrowserId, Room, RoomId};
use crate::sessions::cookie;

const LAB_ID: &str = "lab_id";
const LAB_RUN: &str = "lab_run";
const LAB_THEME: &str = "lab_theme";
/// Leads a browser from the main room to its own.
const LAB_ROOM: &str = "lab_room";
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

/// Who comes to a room, before anybody knows whose it is.
#[derive(Debug)]
pub(super) struct Guest {
    /// As it was told before; `None` where no cookie names one.
    pub(super) browser: Option<BrowserId>,
    /// The room that it was led to before. Only the main room hears of it.
    pub(super) room: Option<String>,
}

impl Guest {
    pub(super) fn read(headers: &HeaderMap, codec: &ProgressCodec) -> Self {
        let led = cookie::read(headers, LAB_ROOM);
        let led = led.as_deref().and_then(|led| led.split_once('.'));
        let led = led.and_then(|(room, browser)| Some((room.to_owned(), BrowserId::read(browser)?)));
        let (room, browser) = led.unzip();
        let known = match codec.read(cookie::read(headers, LAB_ID).as_deref()) {
            Read::Known(progress) => progress.browser,
            Read::New | Read::Refused => None,
        };
        Self { browser: known.or_else(|| run_of(headers)).or(browser), room }
    }
}

/// The browser that `lab_run` names, also where the progress is damaged.
fn run_of(headers: &HeaderMap) -> Option<BrowserId> {
    cookie::read(headers, LAB_RUN).as_deref().and_then(BrowserId::read)
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
        let browser = progress.browser.take().or_else(|| run_of(headers));
        progress.browser = Some(browser.unwrap_or_else(BrowserId::make));
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
        room: &Room,
        now: DateTime<Utc>,
    ) -> Result<HttpResponse, LabError> {
        let path = path(&room.root);
        if self.stored.as_ref() != Some(&self.progress) {
            let value = codec.write(&self.progress, now)?;
            add(&mut response, &persistent(LAB_ID, value, &path))?;
        }
        let browser = self.progress.browser.as_ref().filter(|_| !self.has_run);
        if let Some(browser) = browser {
            add(&mut response, &run(browser, &path))?;
        }
        Ok(response)
    }

    /// The answer that gives a browser of the main room a room of its own, and takes there what it has.
    pub(super) fn move_in(
        mut response: HttpResponse,
        headers: &HeaderMap,
        codec: &ProgressCodec,
        (room, browser): (&RoomId, &BrowserId),
        now: DateTime<Utc>,
    ) -> Result<HttpResponse, LabError> {
        let (here, there) = (path(""), path(&format!("/room/{}", room.as_str())));
        let sent = |name: &str| cookie::read(headers, name);
        let led = format!("{}.{}", room.as_str(), browser.as_str());
        add(&mut response, &persistent(LAB_ROOM, led, &here))?;
        let progress = match codec.read(sent(LAB_ID).as_deref()) {
            Read::Known(progress) => {
                codec.write(&Progress { browser: Some(browser.clone()), ..progress.in_another_log() }, now)?
            }
            Read::New => {
                codec.write(&Progress { browser: Some(browser.clone()), ..Progress::default() }, now)?
            }
            // Its own page says what is wrong with it.
            Read::Refused => "?".to_owned(),
        };
        add(&mut response, &persistent(LAB_ID, progress, &there))?;
        if let Some(theme) = sent(LAB_THEME) {
            add(&mut response, &persistent(LAB_THEME, Theme::parse(&theme).name().to_owned(), &there))?;
        }
        // A browser that was closed meanwhile is found out there.
        if sent(LAB_RUN).is_some() || sent(LAB_ID).is_none() {
            add(&mut response, &run(browser, &there))?;
        }
        for gone in [LAB_ID, LAB_RUN] {
            response
                .add_removal_cookie(
                    &Cookie::build(gone, "").path(here.as_str()).same_site(SameSite::Lax).finish(),
                )
                .map_err(LabError::Cookie)?;
        }
        Ok(response)
    }
}

/// The answer that makes the browser keep a theme.
pub(super) fn keep_theme(
    mut response: HttpResponse,
    theme: Theme,
    room: &Room,
) -> Result<HttpResponse, LabError> {
    add(&mut response, &persistent(LAB_THEME, theme.name().to_owned(), &path(&room.root)))?;
    Ok(response)
}

fn add(response: &mut HttpResponse, cookie: &Cookie<'_>) -> Result<(), LabError> {
    response.add_cookie(cookie).map_err(LabError::Cookie)
}

/// The path of the lab's cookies, by what stands before the room's paths.
fn path(root: &str) -> String {
    format!("{root}/lab")
}

fn persistent(name: &'static str, value: String, path: &str) -> Cookie<'static> {
    Cookie::build(name, value)
        .path(path.to_owned())
        .max_age(Duration::days(DAYS))
        .http_only(true)
        .same_site(SameSite::Lax)
        .finish()
}

/// Without Max-Age: it tells whether the browser was closed.
fn run(browser: &BrowserId, path: &str) -> Cookie<'static> {
    let run = Cookie::build(LAB_RUN, browser.as_str().to_owned()).path(path.to_owned());
    run.http_only(true).same_site(SameSite::Lax).finish()
}
