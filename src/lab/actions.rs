//! What the lab's forms do: to the lab and its settings, never to a session.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Form, Path};
use serde::Deserialize;

use super::Lab;
use super::error::LabError;
use super::exercises::{Exercise, answer, forget};
use super::learner::{Learner, Theme, keep_theme};
use super::pages::way_back;
use super::progress::{Attempt, Moment};
use crate::sessions::cookie;

/// The ages that a learner may choose, in seconds.
const SHORTEST_AGE: i64 = 5;
const LONGEST_AGE: i64 = 3600;
/// Characters of a key that are asked for.
const PREFIX: usize = 6;

type Answer = Result<HttpResponse, LabError>;

fn see(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, path)).finish()
}

/// A learner whose progress may be changed.
fn known(learner: Learner) -> Result<Learner, LabError> {
    if learner.refused { Err(LabError::ForgedProgress) } else { Ok(learner) }
}

#[derive(Debug, Deserialize)]
pub(super) struct SettingsForm {
    age: i64,
    #[serde(default)]
    save_every_request: bool,
    back: Option<String>,
}

/// Changes `SESSION_COOKIE_AGE` and `SESSION_SAVE_EVERY_REQUEST` for every request from the next on.
pub(super) async fn settings(lab: Data<Lab>, form: Form<SettingsForm>) -> Answer {
    let as_it_is = lab.policy.get().cookie_age;
    if form.age != as_it_is && !(SHORTEST_AGE..=LONGEST_AGE).contains(&form.age) {
        return Err(LabError::BadInput("an age is 5 to 3600 seconds"));
    }
    lab.policy.update(|policy| {
        policy.cookie_age = form.age;
        policy.save_every_request = form.save_every_request;
    });
    Ok(see(&way_back(form.back.as_deref())))
}

#[derive(Debug, Deserialize)]
pub(super) struct ThemeForm {
    theme: Theme,
    back: Option<String>,
}

/// Light, dark, or as the system has it.
pub(super) async fn theme(form: Form<ThemeForm>) -> Answer {
    keep_theme(see(&way_back(form.back.as_deref())), form.theme)
}

#[derive(Debug, Deserialize)]
pub(super) struct BackForm {
    back: Option<String>,
}

/// Tells the browser to forget the session's cookie, as a learner would in the developer tools. The row
/// is not touched.
pub(super) async fn forget_cookie(lab: Data<Lab>, form: Form<BackForm>) -> Answer {
    let mut response = see(&way_back(form.back.as_deref()));
    cookie::delete(response.headers_mut(), &lab.policy.get())?;
    Ok(response)
}

#[derive(Debug, Deserialize)]
pub(super) struct PredictForm {
    choice: String,
}

/// Locks a prediction; what is recorded from now on counts.
pub(super) async fn predict(
    lab: Data<Lab>,
    number: Path<u8>,
    form: Form<PredictForm>,
    learner: Learner,
) -> Answer {
    let mut learner = known(learner)?;
    let exercise = Exercise::find(*number).ok_or(LabError::NotFound("exercise"))?;
    if !exercise.has_choice(&form.choice) {
        return Err(LabError::BadInput("that is none of the choices"));
    }
    let since = Moment { boot_id: lab.recorder.boot_id().to_owned(), n: lab.recorder.latest() };
    let attempt = Attempt {
        choice: form.choice.clone(),
        since,
        ticks: 0,
        evidence: Vec::new(),
        evidence_of: String::new(),
    };
    let kept = learner.progress.attempts.entry(*number).or_insert(attempt);
    if kept.choice != form.choice {
        return Err(LabError::BadInput("this prediction is locked; reset the exercise to make another"));
    }
    learner.finish(see(&format!("/lab/exercise/{number}")), &lab)
}

/// Forgets one exercise.
pub(super) async fn reset(lab: Data<Lab>, number: Path<u8>, learner: Learner) -> Answer {
    let mut learner = known(learner)?;
    Exercise::find(*number).ok_or(LabError::NotFound("exercise"))?;
    forget(&mut learner.progress, *number);
    learner.finish(see(&format!("/lab/exercise/{number}")), &lab)
}

#[derive(Debug, Deserialize)]
pub(super) struct AnswerForm {
    prefix: String,
}

/// Takes the first characters of a key, for the exercise that asks for them.
pub(super) async fn find_the_row(lab: Data<Lab>, form: Form<AnswerForm>, learner: Learner) -> Answer {
    let mut learner = known(learner)?;
    let prefix = form.prefix.trim().to_owned();
    if prefix.chars().count() > PREFIX {
        return Err(LabError::BadInput("the first 6 characters of the key are enough"));
    }
    let row = lab.row(learner.sessionid.as_deref()).await.filter(|row| row.is_live(lab.now()));
    if !row.is_some_and(|row| prefix.len() == PREFIX && row.key.starts_with(&prefix)) {
        return learner.finish(see("/lab/exercise/3?answer=wrong"), &lab);
    }
    if !answer(&mut learner.progress) {
        return learner.finish(see("/lab/exercise/3?answer=early"), &lab);
    }
    learner.finish(see("/lab/exercise/3"), &lab)
}

/// `manage clearsessions`, by a button.
pub(super) async fn clear_sessions(lab: Data<Lab>) -> Answer {
    let cleared = lab.storage.clear_expired(lab.now(), &|_| ()).await?;
    Ok(see(&format!("/lab/rows?cleared={cleared}")))
}
