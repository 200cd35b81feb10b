//! `/lab/feed?after=N`: what an open page has to bring up to date.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::drawing::Difference;
use super::error::LabError;
use super::exercises::{ExerciseView, find};
use super::log::Record;
use super::pages::page;
use super::views::add_timeline;
use super::visit::Visit;
use crate::sessions::SessionPolicy;
use crate::site::Templates;

/// Panels that are brought up to date while a page is open, by the name of their template.
const PANELS: [&str; 6] = ["life", "exchange", "row", "drawing", "timeline", "rule"];
/// The same of an exercise.
const EXERCISE_PANELS: [&str; 2] = ["observed", "evidence"];
/// The same of the front page.
const FRONT_PANELS: [&str; 1] = ["front"];
/// The same of the timeline.
const TIMELINE_PANELS: [&str; 2] = ["drawing", "timeline"];

#[derive(Debug, Deserialize)]
pub(super) struct FeedQuery {
    after: Option<u64>,
    exercise: Option<u8>,
    page: Option<String>,
}

/// The panels, rendered from the templates that the page itself was made of.
pub(super) async fn feed(
    templates: Data<Templates>,
    query: Query<FeedQuery>,
    mut visit: Visit,
) -> Result<HttpResponse, LabError> {
    let exercise = query.exercise.map(|number| find(number).ok_or(LabError::NotFound("exercise")));
    let exercise = exercise.transpose()?;
    let here = query.page.as_deref().unwrap_or("feed");
    let mut context = page(&mut visit, here, "/lab").await;
    context.insert("fed", &true);
    let view = exercise.map(|exercise| ExerciseView::new(exercise, &visit.learner.progress));
    let mut names = match here {
        "front" => FRONT_PANELS.to_vec(),
        "timeline" => {
            add_timeline(&mut context, &visit);
            TIMELINE_PANELS.to_vec()
        }
        _ => PANELS.to_vec(),
    };
    if let Some(view) = &view {
        context.insert("evidence", &view.evidence(&visit.log));
        context.insert("proof", &view.proof(&visit.log));
        context.insert("last_row", &view.evidence(&visit.log).last().map(|record| Difference::of(record)));
        context.insert("exercise", view);
        names.extend(EXERCISE_PANELS);
    }
    let mut panels = serde_json::Map::new();
    for name in names {
        let html = templates.render_to_string(&format!("lab/parts/{name}.html"), &context)?;
        panels.insert(name.to_owned(), html.into());
    }
    let newer = visit.log.after(query.after.unwrap_or(0));
    let policy = visit.room.policy.get();
    let body = json!({
        "boot_id": visit.log.boot_id,
        "latest": visit.log.latest,
        "now_ms": visit.lab.now().timestamp_millis(),
        "ticked": view.as_ref().map_or(0, |view| view.ticked),
        "done": view.as_ref().is_some_and(|view| view.done),
        "step": view.as_ref().map(ExerciseView::step),
        "age": policy.cookie_age,
        "save_every_request": policy.save_every_request,
        "policy": in_words(&policy),
        "store_away": visit.room.table.is_away(),
        "news": newer.iter().map(|record| News::of(record)).collect::<Vec<_>>(),
        "saved": newer.iter().rev().find(|record| record.saved).and_then(|record| record.life_s()),
        "panels": panels,
    });
    visit.answer(HttpResponse::Ok().json(body))
}

/// A request that the page has not heard of, in a line.
#[derive(Debug, Serialize)]
struct News<'a> {
    path: &'a str,
    text: String,
}

impl<'a> News<'a> {
    fn of(record: &'a Record) -> Self {
        let path = record.path.split('?').next().unwrap_or_default();
        Self { path, text: record.summary() }
    }
}

/// What the pages say when another one has changed the settings.
fn in_words(policy: &SessionPolicy) -> String {
    let every = if policy.save_every_request { "on" } else { "off" };
    format!("SESSION_COOKIE_AGE is {} s, SESSION_SAVE_EVERY_REQUEST is {every}", policy.cookie_age)
}
