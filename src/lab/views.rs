//! The pages of the lab. They look, and touch nothing.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tera::{Context, context};

use super::Lab;
use super::code::excerpts;
use super::error::LabError;
use super::exercises::{Exercise, ExerciseView};
use super::learner::Learner;
use super::record::Record;
use super::rows::RowView;
use crate::site::Templates;

/// Rows on a page.
const ROWS: u32 = 50;
/// The parts of the document.
const PARTS: [&str; 5] = [
    "What a session is",
    "A reason to establish a session",
    "The row in the database",
    "Six factoids",
    "Expiry, seen on a counter",
];
/// Panels that are brought up to date while a page is open, by the name of their template.
const PANELS: [&str; 5] = ["life", "exchange", "row", "timeline", "rule"];
/// The same of an exercise.
const EXERCISE_PANELS: [&str; 2] = ["observed", "evidence"];

type Answer = Result<HttpResponse, LabError>;

/// `/`: sixty seconds, and the way in.
pub(super) async fn index(lab: Data<Lab>, templates: Data<Templates>) -> Answer {
    let age = lab.policy.get().cookie_age;
    Ok(templates.render("lab/index.html", &context! { age => &age })?)
}

/// `/lab`: the exercises.
pub(super) async fn exercises(lab: Data<Lab>, templates: Data<Templates>, mut learner: Learner) -> Answer {
    let context = lab.page("lab", "/lab", &mut learner).await;
    learner.finish(templates.render("lab/exercises.html", &context)?, &lab)
}

#[derive(Debug, Deserialize)]
pub(super) struct ExerciseQuery {
    answer: Option<String>,
}

/// `/lab/exercise/N`.
pub(super) async fn exercise(
    lab: Data<Lab>,
    templates: Data<Templates>,
    number: Path<u8>,
    query: Query<ExerciseQuery>,
    mut learner: Learner,
) -> Answer {
    let exercise = Exercise::find(*number).ok_or(LabError::NotFound("exercise"))?;
    let mut context = lab.page("lab", &format!("/lab/exercise/{number}"), &mut learner).await;
    insert_exercise(&mut context, exercise, &learner, &lab);
    context.insert("answer", query.answer.as_deref().unwrap_or_default());
    learner.finish(templates.render(&format!("lab/exercises/{number}.html"), &context)?, &lab)
}

fn insert_exercise(context: &mut Context, exercise: &Exercise, learner: &Learner, lab: &Lab) {
    let view = ExerciseView::new(exercise, &learner.progress);
    let records = lab.recorder.all();
    let evidence: Vec<_> = records
        .into_iter()
        .filter(|record| record.boot_id == view.evidence_of && view.evidence.contains(&record.n))
        .collect();
    context.insert("evidence", &evidence);
    context.insert("exercise", &view);
}

/// `/lab/learn/N`: the document.
pub(super) async fn learn(
    lab: Data<Lab>,
    templates: Data<Templates>,
    number: Path<usize>,
    mut learner: Learner,
) -> Answer {
    let title = number.checked_sub(1).and_then(|at| PARTS.get(at)).ok_or(LabError::NotFound("part"))?;
    let mut context = lab.page("learn", &format!("/lab/learn/{number}"), &mut learner).await;
    let next = (*number < PARTS.len()).then_some(*number + 1);
    let page = json!({
        "number": *number, "title": title, "last": PARTS.len(), "next": next,
        "previous": (*number > 1).then_some(*number - 1),
    });
    context.insert("page", &page);
    learner.finish(templates.render(&format!("lab/learn/{number}.html"), &context)?, &lab)
}

/// `/lab/timeline`: every request.
pub(super) async fn timeline(lab: Data<Lab>, templates: Data<Templates>, mut learner: Learner) -> Answer {
    let mut context = lab.page("timeline", "/lab/timeline", &mut learner).await;
    let mut records = lab.recorder.all();
    records.reverse();
    context.insert("records", &records);
    learner.finish(templates.render("lab/timeline.html", &context)?, &lab)
}

/// `/lab/timeline/N`: one request, with all that is known of it.
pub(super) async fn request(
    lab: Data<Lab>,
    templates: Data<Templates>,
    number: Path<u64>,
    mut learner: Learner,
) -> Answer {
    let records = lab.recorder.all();
    let at = records.iter().position(|record| record.n == *number);
    let at = at.ok_or(LabError::NotFound("request since the server's start"))?;
    let number_at = |at: Option<usize>| at.and_then(|at| records.get(at)).map(|record| record.n);
    let mut context = lab.page("timeline", &format!("/lab/timeline/{number}"), &mut learner).await;
    context.insert("record", &records[at]);
    context.insert("previous", &number_at(at.checked_sub(1)));
    context.insert("next", &number_at(Some(at + 1)));
    learner.finish(templates.render("lab/request.html", &context)?, &lab)
}

#[derive(Debug, Deserialize)]
pub(super) struct RowsQuery {
    page: Option<u32>,
    cleared: Option<u64>,
}

#[derive(Debug, Serialize)]
struct ListedRow {
    #[serde(flatten)]
    row: RowView,
    live: bool,
    left_s: i64,
    /// Whether the browser sends this key.
    own: bool,
}

/// `/lab/rows`: the table.
pub(super) async fn rows(
    lab: Data<Lab>,
    templates: Data<Templates>,
    query: Query<RowsQuery>,
    mut learner: Learner,
) -> Answer {
    let page = query.page.unwrap_or(1).max(1);
    let records =
        lab.storage.records().ok_or(LabError::NotFound("table: this engine cannot list its sessions"))?;
    let found = records.list(ROWS, u64::from(ROWS) * u64::from(page - 1)).await?;
    let now = lab.now();
    let count = records.count(now).await?;
    let listed: Vec<_> = found
        .iter()
        .map(|row| {
            let row = RowView::new(row, lab.storage.codec());
            let (live, own) = (row.is_live(now), Some(&row.key) == learner.sessionid.as_ref());
            ListedRow {
                live,
                left_s: row.expire_date.map_or(0, |end| (end - now).num_seconds().abs()),
                own,
                row,
            }
        })
        .collect();
    let mut context = lab.page("rows", "/lab/rows", &mut learner).await;
    context.insert("rows", &listed);
    context.insert("count", &count.all);
    context.insert("expired", &count.expired);
    context.insert("cleared", &query.cleared);
    context.insert("page_number", &page);
    context.insert("more", &(count.all > u64::from(ROWS) * u64::from(page)));
    learner.finish(templates.render("lab/rows.html", &context)?, &lab)
}

/// `/lab/code`: the rules in the source, beside the last request.
pub(super) async fn code(lab: Data<Lab>, templates: Data<Templates>, mut learner: Learner) -> Answer {
    let mut context = lab.page("code", "/lab/code", &mut learner).await;
    context.insert("excerpts", &excerpts());
    learner.finish(templates.render("lab/code.html", &context)?, &lab)
}

/// `/lab/sandbox`: every operation.
pub(super) async fn sandbox(lab: Data<Lab>, templates: Data<Templates>, mut learner: Learner) -> Answer {
    let context = lab.page("sandbox", "/lab/sandbox", &mut learner).await;
    learner.finish(templates.render("lab/sandbox.html", &context)?, &lab)
}

/// `/lab/report`: predictions against outcomes.
pub(super) async fn report(lab: Data<Lab>, templates: Data<Templates>, mut learner: Learner) -> Answer {
    let context = lab.page("report", "/lab/report", &mut learner).await;
    learner.finish(templates.render("lab/report.html", &context)?, &lab)
}

#[derive(Debug, Deserialize)]
pub(super) struct FeedQuery {
    after: Option<u64>,
    exercise: Option<u8>,
}

/// `/lab/feed?after=N`: what an open page has to bring up to date, as rendered panels.
pub(super) async fn feed(
    lab: Data<Lab>,
    templates: Data<Templates>,
    query: Query<FeedQuery>,
    mut learner: Learner,
) -> Answer {
    let exercise = query.exercise.map(|number| Exercise::find(number).ok_or(LabError::NotFound("exercise")));
    let exercise = exercise.transpose()?;
    let mut context = lab.page("feed", "/lab", &mut learner).await;
    context.insert("fed", &true);
    let mut names: Vec<_> = PANELS.to_vec();
    if let Some(exercise) = exercise {
        insert_exercise(&mut context, exercise, &learner, &lab);
        names.extend(EXERCISE_PANELS);
    }
    let mut panels = serde_json::Map::new();
    for name in names {
        let html = templates.render_to_string(&format!("lab/parts/{name}.html"), &context)?;
        panels.insert(name.to_owned(), html.into());
    }
    let attempt =
        exercise.and_then(|exercise| learner.progress.attempts.get(&exercise.number).zip(Some(exercise)));
    let records = lab.recorder.all();
    let newer = newer(&records, query.after.unwrap_or(0));
    let body = json!({
        "boot_id": lab.recorder.boot_id(),
        "latest": lab.recorder.latest(),
        "now_ms": lab.now().timestamp_millis(),
        "ticked": attempt.map_or(0, |(attempt, _)| attempt.ticks.count_ones()),
        "done": attempt.is_some_and(|(attempt, exercise)| exercise.is_done(attempt)),
        "saved": newer.iter().rev().find(|record| record.saved).and_then(|record| record.life_s()),
        "panels": panels,
    });
    learner.finish(HttpResponse::Ok().json(body), &lab)
}

/// The records after a number.
fn newer(records: &[Arc<Record>], after: u64) -> &[Arc<Record>] {
    &records[records.partition_point(|record| record.n <= after)..]
}
