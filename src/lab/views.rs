//! The pages of the lab. They show, and touch no session.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tera::Context;

use super::code::excerpts;
use super::drawing::{Difference, EVERYTHING, Flow, Table, WHOLE};
use super::error::LabError;
use super::exercises::{ExerciseView, find};
use super::log::{KeyTag, RowView};
use super::pages::{page, picture};
use super::redirects::see;
use super::rows::RoomRows;
use super::visit::Visit;
use crate::sessions::backends::Count;
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

type Answer = Result<HttpResponse, LabError>;

/// `/`: a session that lives and dies, and the way in. The lab's cookies do not come here, so none is answered.
pub(super) async fn index(templates: Data<Templates>, mut visit: Visit) -> Answer {
    visit.forget_what_others_did();
    let context = page(&mut visit, "front", "/").await;
    Ok(templates.render("lab/index.html", &context)?)
}

/// `/lab/` and what else one might type.
pub(super) async fn lead_to_the_exercises(visit: Visit) -> HttpResponse {
    see(&visit.room.root, "/lab")
}

/// `/lab/learn`.
pub(super) async fn lead_to_the_document(visit: Visit) -> HttpResponse {
    see(&visit.room.root, "/lab/learn/1")
}

/// `/lab`: the exercises.
pub(super) async fn exercises(templates: Data<Templates>, mut visit: Visit) -> Answer {
    let context = page(&mut visit, "lab", "/lab").await;
    visit.answer(templates.render("lab/exercises.html", &context)?)
}

#[derive(Debug, Deserialize)]
pub(super) struct ExerciseQuery {
    answer: Option<String>,
}

/// `/lab/exercise/N`.
pub(super) async fn exercise(
    templates: Data<Templates>,
    number: Path<u8>,
    query: Query<ExerciseQuery>,
    mut visit: Visit,
) -> Answer {
    let exercise = find(*number).ok_or(LabError::NotFound("exercise"))?;
    let mut context = page(&mut visit, "lab", &format!("/lab/exercise/{number}")).await;
    let view = ExerciseView::new(exercise, &visit.learner.progress);
    context.insert("evidence", &view.evidence(&visit.log));
    context.insert("proof", &view.proof(&visit.log));
    context.insert("last_row", &view.evidence(&visit.log).last().map(|record| Difference::of(record)));
    context.insert("exercise", &view);
    context.insert("answer", query.answer.as_deref().unwrap_or_default());
    visit.answer(templates.render(&format!("lab/exercises/{number}.html"), &context)?)
}

/// `/lab/learn/N`: the document.
pub(super) async fn learn(templates: Data<Templates>, number: Path<usize>, mut visit: Visit) -> Answer {
    let title = number.checked_sub(1).and_then(|at| PARTS.get(at)).ok_or(LabError::NotFound("part"))?;
    let mut context = page(&mut visit, "learn", &format!("/lab/learn/{number}")).await;
    let next = (*number < PARTS.len()).then_some(*number + 1);
    let part = json!({
        "number": *number, "title": title, "last": PARTS.len(), "next": next,
        "previous": (*number > 1).then_some(*number - 1),
    });
    context.insert("page", &part);
    visit.answer(templates.render(&format!("lab/learn/{number}.html"), &context)?)
}

/// `/lab/timeline`: every request.
pub(super) async fn timeline(templates: Data<Templates>, mut visit: Visit) -> Answer {
    let mut context = page(&mut visit, "timeline", "/lab/timeline").await;
    add_timeline(&mut context, &visit);
    visit.answer(templates.render("lab/timeline.html", &context)?)
}

/// All of it, instead of what stands beside an exercise.
pub(super) fn add_timeline(context: &mut Context, visit: &Visit) {
    context.insert("picture", &picture(visit, WHOLE));
    context.insert("requests", &Table::new(visit.log.records.iter().rev(), EVERYTHING));
}

/// `/lab/timeline/N`: one request, with all that is known of it.
pub(super) async fn request(templates: Data<Templates>, number: Path<u64>, mut visit: Visit) -> Answer {
    let at = visit.log.records.iter().position(|record| record.n == *number);
    let at = at
        .ok_or(LabError::NotFound("request in the log, which keeps the last 200 since the server started"))?;
    let mut context = page(&mut visit, "timeline", &format!("/lab/timeline/{number}")).await;
    let records = &visit.log.records;
    let number_at = |at: Option<usize>| at.and_then(|at| records.get(at)).map(|record| record.n);
    context.insert("record", &records[at]);
    context.insert("flow", &Flow::of(Some(&records[at])));
    context.insert("difference", &Difference::of(&records[at]));
    context.insert("previous", &number_at(at.checked_sub(1)));
    context.insert("next", &number_at(Some(at + 1)));
    visit.answer(templates.render("lab/request.html", &context)?)
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
    tag: KeyTag,
    live: bool,
    left_s: i64,
    /// Whether the browser sends this key.
    own: bool,
}

/// The row of the browser's own session before all others, wherever it stands among a thousand.
async fn own_first(
    rows: Vec<RowView>,
    own: Option<&str>,
    on_first_page: bool,
    visit: &Visit,
) -> Vec<RowView> {
    let is_own = |row: &RowView| Some(row.key.as_str()) == own;
    let (mut first, others): (Vec<_>, Vec<_>) = rows.into_iter().partition(is_own);
    let missing =
        own.filter(|key| on_first_page && first.is_empty() && visit.lab.rooms.owns(&visit.room, key));
    first.extend(visit.room.table.row(missing).await);
    first.into_iter().chain(others).collect()
}

/// `/lab/rows`: the table.
pub(super) async fn rows(templates: Data<Templates>, query: Query<RowsQuery>, mut visit: Visit) -> Answer {
    let number = query.page.unwrap_or(1).max(1);
    let (now, room) = (visit.lab.now(), &visit.room);
    let own = visit.learner.sessionid.as_deref();
    let offset = u64::from(ROWS) * u64::from(number - 1);
    let page_of_table = RoomRows::new(&visit.lab.rooms, room, now).page(ROWS, offset).await?;
    let can_list = page_of_table.is_some();
    let (found, count) = match page_of_table {
        Some(found) => found,
        None => (room.table.row(own).await.into_iter().collect(), Count::default()),
    };
    let found = own_first(found, own, number == 1, &visit).await;
    let listed: Vec<_> = found
        .into_iter()
        .map(|row| ListedRow {
            tag: visit.log.tag(&row.key),
            live: row.is_live(now),
            left_s: row.expire_date.map_or(0, |end| (end - now).num_seconds().abs()),
            own: !can_list || Some(row.key.as_str()) == own,
            row,
        })
        .collect();
    let mut context = page(&mut visit, "rows", "/lab/rows").await;
    context.insert("rows", &listed);
    context.insert("place", &visit.room.table.place.text);
    context.insert("can_list", &can_list);
    context.insert("count", &count.all);
    context.insert("expired", &count.expired);
    context.insert("cleared", &query.cleared);
    context.insert("page_number", &number);
    context.insert("more", &(count.all > u64::from(ROWS) * u64::from(number)));
    visit.answer(templates.render("lab/rows.html", &context)?)
}

/// `/lab/code`: the rules in the source, beside the last request.
pub(super) async fn code(templates: Data<Templates>, mut visit: Visit) -> Answer {
    let mut context = page(&mut visit, "code", "/lab/code").await;
    context.insert("excerpts", &excerpts());
    visit.answer(templates.render("lab/code.html", &context)?)
}

/// `/lab/sandbox`: every operation.
pub(super) async fn sandbox(templates: Data<Templates>, mut visit: Visit) -> Answer {
    let context = page(&mut visit, "sandbox", "/lab/sandbox").await;
    visit.answer(templates.render("lab/sandbox.html", &context)?)
}
