//! What every page of the lab has around its content.

use serde::Serialize;
use tera::Context;

use super::drawing::{COMPACT, Picture, SHORT, Size, Table};
use super::exercises::{CLOSED_BROWSER, ExerciseView, Leftover, judge, leftover_key};
use super::learner::Theme;
use super::limits::{self, FormLimits};
use super::log::{KeyTag, RowView};
use super::panels::{Panels, Present, last_known_key};
use super::rooms::RoomId;
use super::thief::Seen;
use super::visit::Visit;

/// Requests below the small picture.
const SHOWN: usize = 8;

/// `SESSION_COOKIE_AGE`, `SESSION_SAVE_EVERY_REQUEST` and what else a page depends on, as they are now.
#[derive(Debug, Serialize)]
struct LiveSettings {
    age: i64,
    save_every_request: bool,
    expire_at_browser_close: bool,
    httponly: bool,
    samesite: Option<String>,
    cookie_name: String,
    /// What the engine calls the place of a session.
    kept_as: &'static str,
    ages: Vec<i64>,
}

#[derive(Debug, Serialize)]
struct Frame<'a> {
    /// The page's place in the navigation.
    here: &'a str,
    /// Its address, to come back to.
    path: &'a str,
    theme: Theme,
    boot_id: &'a str,
    latest: u64,
    now_ms: i64,
    done: usize,
    total: usize,
    /// The exercise to go on with: the first that is not done.
    next: Option<u8>,
    /// Whether a progress cookie was refused.
    refused: bool,
    /// The exercise to read when the browser was closed and still sends a cookie that should have ended with it.
    restored: Option<u8>,
    started: bool,
    /// The id of the room; `None` in the main room.
    room: Option<&'a RoomId>,
}

/// The context of a page: frame, settings, exercises and panels, the ticks brought up to date.
pub(super) async fn page(visit: &mut Visit, here: &str, path: &str) -> Context {
    let panels = catch_up(visit).await;
    let exercises = ExerciseView::all(&visit.learner.progress);
    let restored = visit.learner.reopened && panels.cookie_ends_with_the_browser();
    let frame = Frame {
        here,
        path,
        theme: visit.learner.theme,
        boot_id: &visit.log.boot_id,
        latest: visit.log.latest,
        now_ms: visit.lab.now().timestamp_millis(),
        done: exercises.iter().filter(|exercise| exercise.done).count(),
        total: exercises.len(),
        next: exercises.iter().find(|exercise| !exercise.done).map(|exercise| exercise.number),
        refused: visit.learner.refused,
        restored: restored.then_some(CLOSED_BROWSER.number),
        room: visit.room.id.as_ref(),
        started: !visit.learner.progress.attempts.is_empty(),
    };
    let mut context = Context::new();
    context.insert("root", &visit.room.root);
    context.insert("frame", &frame);
    context.insert("settings", &LiveSettings::of(visit));
    context.insert("limits", &FormLimits::new());
    let done: Vec<_> = exercises.iter().filter(|one| one.done).map(|one| one.number).collect();
    context.insert("done", &done);
    context.insert("exercises", &exercises);
    context.insert("front", &Front::new(visit, panels.row.as_ref()));
    context.insert("panels", &panels);
    context.insert("other_site", &visit.other_site);
    context.insert("thief", &Seen::of(&visit.log).unwrap_or_default());
    context.insert("picture", &picture(visit, COMPACT));
    context.insert("requests", &Table::new(visit.log.records.iter().rev().take(SHOWN), SHORT));
    context
}

/// Brings the ticks up to date by the log and the table.
pub(super) async fn catch_up(visit: &mut Visit) -> Panels {
    let leftover = leftover(visit).await;
    let panels = panels(visit).await;
    let (row, now) = (panels.row.as_ref(), visit.lab.now());
    judge(&mut visit.learner.progress, &visit.log, row, leftover.as_ref(), now);
    panels
}

async fn leftover(visit: &Visit) -> Option<Leftover> {
    let key = leftover_key(&visit.learner.progress, &visit.log, visit.lab.now())?;
    let is_there = visit.room.table.has(&key).await?;
    Some(Leftover { key, is_there })
}

/// Time drawn, as it is for the browser that asks.
pub(super) fn picture(visit: &Visit, size: Size) -> Option<Picture> {
    Picture::new(&visit.log, visit.learner.sessionid.as_deref(), visit.lab.now(), size)
}

/// The session on the front page.
#[derive(Debug, Serialize)]
struct Front {
    tag: Option<KeyTag>,
    /// What the counter's page showed at its last visit: one less than the row holds for the next.
    counter: Option<i64>,
}

impl Front {
    fn new(visit: &Visit, row: Option<&RowView>) -> Self {
        let counter = row.and_then(|row| row.counter).map(|counter| counter.saturating_sub(1));
        Self { tag: row.map(|row| visit.log.tag(&row.key)), counter }
    }
}

async fn panels(visit: &Visit) -> Panels {
    let (room, sent) = (&visit.room, visit.learner.sessionid.as_deref());
    let mut row = room.table.row(sent).await;
    if row.is_none() {
        row = room.table.row(last_known_key(&visit.log)).await;
    }
    let (now, age) = (visit.lab.now(), room.policy.get().cookie_age);
    Panels::new(&visit.log, Present { sent, row, now, age })
}

impl LiveSettings {
    fn of(visit: &Visit) -> Self {
        let policy = visit.room.policy.get();
        let mut ages = limits::AGES.to_vec();
        if !ages.contains(&policy.cookie_age) {
            ages.push(policy.cookie_age);
            ages.sort_unstable();
        }
        Self {
            age: policy.cookie_age,
            save_every_request: policy.save_every_request,
            expire_at_browser_close: policy.expire_at_browser_close,
            httponly: policy.cookie_httponly,
            samesite: policy.cookie_samesite.clone(),
            cookie_name: policy.cookie_name.clone(),
            kept_as: visit.room.table.place.kind,
            ages,
        }
    }
}
