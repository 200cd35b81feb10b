//! What the lab's forms do: to the lab and its settings, never to a session.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{Form, Path, ReqData};
use serde::Deserialize;

use super::error::LabError;
use super::exercises::{Answer, Exercise, OwnKey, Verdict, find};
use super::learner::{Theme, keep_theme};
use super::limits;
use super::log::Told;
use super::pages::catch_up;
use super::progress::{Attempt, Moment};
use super::redirects::{see, way_back};
use super::rooms::Room;
use super::rows::RoomRows;
use super::thief;
use super::visit::Visit;
use crate::sessions::cookie;

/// Rows that a wrong answer is looked up among.
const ROWS: u32 = 1000;
const ROWS_PAGE: &str = "/lab/rows";

type Done = Result<HttpResponse, LabError>;

#[derive(Debug, Deserialize)]
pub(super) struct SettingsForm {
    age: i64,
    #[serde(default)]
    save_every_request: bool,
    back: Option<String>,
}

/// Changes `SESSION_COOKIE_AGE` and `SESSION_SAVE_EVERY_REQUEST` for every request from the next on.
pub(super) async fn settings(room: ReqData<Arc<Room>>, form: Form<SettingsForm>) -> Done {
    // The age of the settings may be any; the form can leave it as it is.
    let as_it_is = room.policy.get().cookie_age;
    if form.age != as_it_is && !limits::AGE.contains(&form.age) {
        return Err(LabError::BadAge);
    }
    room.policy.update(|policy| {
        policy.cookie_age = form.age;
        policy.save_every_request = form.save_every_request;
    });
    Ok(see(&room.root, way_back(form.back.as_deref())))
}

#[derive(Debug, Deserialize)]
pub(super) struct HttpOnlyForm {
    httponly: bool,
    back: Option<String>,
}

/// Changes `SESSION_COOKIE_HTTPONLY` for every cookie from the next on.
pub(super) async fn httponly(room: ReqData<Arc<Room>>, form: Form<HttpOnlyForm>) -> Done {
    room.policy.update(|policy| policy.cookie_httponly = form.httponly);
    Ok(see(&room.root, way_back(form.back.as_deref())))
}

#[derive(Debug, Deserialize)]
pub(super) struct ThemeForm {
    theme: Theme,
    back: Option<String>,
}

/// Light, dark, or as the system has it.
pub(super) async fn theme(room: ReqData<Arc<Room>>, form: Form<ThemeForm>) -> Done {
    keep_theme(see(&room.root, way_back(form.back.as_deref())), form.theme, &room)
}

#[derive(Debug, Deserialize)]
pub(super) struct BackForm {
    back: Option<String>,
}

/// Tells the browser to forget the session's cookie, as a learner would in the developer tools. The row
/// is not touched.
pub(super) async fn forget_cookie(room: ReqData<Arc<Room>>, form: Form<BackForm>) -> Done {
    let mut response = see(&room.root, way_back(form.back.as_deref()));
    cookie::delete(response.headers_mut(), &room.policy.get())?;
    Ok(response)
}

#[derive(Debug, Deserialize)]
pub(super) struct PlantForm {
    /// Without one, the key that the attacker had last.
    key: Option<String>,
    back: Option<String>,
}

/// Puts a key of the learner's choice into the cookie of this browser, until it closes, as a learner would in the
/// developer tools. No row is touched.
pub(super) async fn plant_key(room: ReqData<Arc<Room>>, form: Form<PlantForm>) -> Done {
    let key = match form.key.as_deref() {
        Some(key) => key.to_owned(),
        None => thief::had(&room)?,
    };
    if !limits::is_a_key(&key) {
        return Err(LabError::BadPlantedKey);
    }
    let mut response = see(&room.root, way_back(form.back.as_deref()));
    cookie::set(response.headers_mut(), &room.policy.get(), &key, None)?;
    Ok(response)
}

#[derive(Debug, Deserialize)]
pub(super) struct PredictForm {
    choice: String,
}

/// Locks a prediction; what is recorded from now on counts.
pub(super) async fn predict(number: Path<u8>, form: Form<PredictForm>, mut visit: Visit) -> Done {
    visit.may_change()?;
    let exercise = exercise(*number)?;
    if !exercise.has_choice(&form.choice) {
        return Err(LabError::BadInput("that is not one of the choices"));
    }
    // Not the visit's own snapshot: the form may have arrived long after the request's beginning.
    let since = Moment::from(&visit.room.log.snapshot());
    let locked_at = Some(visit.lab.now().timestamp());
    let attempts = &mut visit.learner.progress.attempts;
    let new = || Attempt { locked_at, ..Attempt::new(&form.choice, since) };
    let kept = attempts.entry(*number).or_insert_with(new);
    if kept.choice != form.choice {
        return Err(LabError::BadInput("this prediction is locked; reset the exercise to make another"));
    }
    visit.answer(see(&visit.room.root, &page_of(exercise)))
}

/// Forgets one exercise.
pub(super) async fn reset(number: Path<u8>, mut visit: Visit) -> Done {
    visit.may_change()?;
    let exercise = exercise(*number)?;
    visit.learner.progress.attempts.remove(number.as_ref());
    visit.answer(see(&visit.room.root, &page_of(exercise)))
}

/// Takes the answer to the question of an exercise that asks one.
pub(super) async fn answer(
    number: Path<u8>,
    fields: Form<HashMap<String, String>>,
    mut visit: Visit,
) -> Done {
    visit.may_change()?;
    let exercise = exercise(*number)?;
    let question = exercise.hooks.question.as_ref().ok_or(LabError::NotFound("question"))?;
    let text = fields.get(question.field).ok_or(LabError::BadInput("the form has no answer in it"))?;
    let (own, is_of_another_row) = keys_that_begin_with(text.trim(), &visit).await?;
    let given = Answer { text, own: &own, is_of_another_row };
    let verdict = (question.check)(&given).map_err(LabError::BadInput)?;
    let page = page_of(exercise);
    let attempt = visit.learner.progress.attempts.get_mut(number.as_ref());
    let page = match (verdict, attempt) {
        (Verdict::Wrong(why), _) => format!("{page}?answer={why}"),
        (Verdict::Right, None) => format!("{page}?answer=early"),
        (Verdict::Right, Some(attempt)) => {
            exercise.answered(attempt, visit.lab.now());
            page
        }
    };
    visit.answer(see(&visit.room.root, &page))
}

/// The keys that a text begins, of those that the browser was given or sends now; and whether it begins that of another
/// row. Only the rows that expire last are looked through for that.
async fn keys_that_begin_with(text: &str, visit: &Visit) -> Result<(Vec<OwnKey>, bool), LabError> {
    let (rooms, room) = (&visit.lab.rooms, &visit.room);
    let given = visit.log.records.iter().filter(|record| record.cookie == Told::Set);
    let given = given.filter_map(|record| record.key_out.as_deref());
    let keys: BTreeSet<_> = given.chain(visit.learner.sessionid.as_deref()).collect();
    let mut own = Vec::new();
    // One of another room is a session like any other here, and none of the learner's own.
    for key in keys.into_iter().filter(|key| key.starts_with(text) && rooms.owns(room, key)) {
        own.push(OwnKey { has_row: room.table.row(Some(key)).await.is_some() });
    }
    if own.iter().any(|key| key.has_row) {
        return Ok((own, false));
    }
    // This also tells that the database is away, where a row that cannot be read looks like one that was deleted.
    let page = RoomRows::new(rooms, room, visit.lab.now()).page(ROWS, 0).await?;
    let is_of_another_row = page.is_some_and(|(rows, _)| rows.iter().any(|row| row.key.starts_with(text)));
    Ok((own, is_of_another_row))
}

fn exercise(number: u8) -> Result<&'static Exercise, LabError> {
    find(number).ok_or(LabError::NotFound("exercise"))
}

fn page_of(exercise: &Exercise) -> String {
    format!("/lab/exercise/{}", exercise.number)
}

/// `manage clearsessions`, by a button, for the rows of this room.
pub(super) async fn clear_sessions(form: Form<BackForm>, mut visit: Visit) -> Done {
    let refused = visit.learner.refused;
    if !refused {
        // What it deletes can be seen only before.
        catch_up(&mut visit).await;
    }
    let room = &visit.room;
    let cleared = RoomRows::new(&visit.lab.rooms, room, visit.lab.now()).clear_expired().await?;
    let answer = match form.back.as_deref() {
        Some(back) if back != ROWS_PAGE => see(&room.root, way_back(Some(back))),
        _ => see(&room.root, &format!("{ROWS_PAGE}?cleared={cleared}")),
    };
    if refused { Ok(answer) } else { visit.answer(answer) }
}
