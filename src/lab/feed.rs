//! `/lab/feed?after=N`: what an open page has to bring up to date.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use serde::Deserialize;
use serde_json::json;

use super::error::LabError;
use super::exercises::{ExerciseView, find};
use super::pages::page;
use super::visit::Visit;
use crate::site::Templates;

/// Panels that are brought up to date while a page is open, by the name of their template.
const PANELS: [&str; 5] = ["life", "exchange", "row", "timeline", "rule"];
/// The same of an exercise.
const EXERCISE_PANELS: [&str; 2] = ["observed", "evidence"];

#[derive(Debug, Deserialize)]
pub(super) struct FeedQuery {
    after: Option<u64>,
    exercise: Option<u8>,
}

/// The panels, rendered from the templates that the page itself was made of.
pub(super) async fn feed(
    templates: Data<Templates>,
    query: Query<FeedQuery>,
    mut visit: Visit,
) -> Result<HttpResponse, LabError> {
    let exercise = query.exercise.map(|number| find(number).ok_or(LabError::NotFound("exercise")));
    let exercise = exercise.transpose()?;
    let mut context = page(&mut visit, "feed", "/lab").await;
    context.insert("fed", &true);
    let view = exercise.map(|exercise| ExerciseView::new(exercise, &visit.learner.progress));
    let mut names = PANELS.to_vec();
    if let Some(view) = &view {
        context.insert("evidence", &view.evidence(&visit.log));
        context.insert("exercise", view);
        names.extend(EXERCISE_PANELS);
    }
    let mut panels = serde_json::Map::new();
    for name in names {
        let html = templates.render_to_string(&format!("lab/parts/{name}.html"), &context)?;
        panels.insert(name.to_owned(), html.into());
    }
    let newer = visit.log.after(query.after.unwrap_or(0));
    let body = json!({
        "boot_id": visit.log.boot_id,
        "latest": visit.log.latest,
        "now_ms": visit.lab.now().timestamp_millis(),
        "ticked": view.as_ref().map_or(0, |view| view.ticked),
        "done": view.as_ref().is_some_and(|view| view.done),
        "saved": newer.iter().rev().find(|record| record.saved).and_then(|record| record.life_s()),
        "panels": panels,
    });
    visit.answer(HttpResponse::Ok().json(body))
}
