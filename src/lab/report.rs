//! `/lab/report`: what a learner predicted and what happened, three questions at the end, and the page to keep.

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, HeaderValue};
use actix_web::web::{Data, Form};
use chrono::DateTime;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tera::Context;

use super::error::LabError;
use super::exercises::ExerciseView;
use super::pages::page;
use super::progress::Attempt;
use super::redirects::see;
use super::transfer::{Question, QuestionView};
use super::visit::Visit;
use crate::site::Templates;

/// What the browser saves the report as.
const FILE: &str = "attachment; filename=\"sessions-report.html\"";

type Answered = Result<HttpResponse, LabError>;

/// What the report says of an exercise.
#[derive(Debug, Serialize)]
struct Line {
    number: u8,
    /// The prediction's own words, as HTML.
    predicted: Option<String>,
    /// Those of what happened, when all was observed.
    happened: Option<String>,
    locked_at: Option<String>,
    done_at: Option<String>,
}

/// `/lab/report`.
pub(super) async fn report(templates: Data<Templates>, mut visit: Visit) -> Answered {
    let context = contents(&templates, &mut visit).await?;
    visit.answer(templates.render("lab/report.html", &context)?)
}

/// `/lab/report/save`: the same as a file that needs nothing else.
pub(super) async fn save(templates: Data<Templates>, mut visit: Visit) -> Answered {
    let mut context = contents(&templates, &mut visit).await?;
    context.insert("saved_at", &moment(Some(visit.lab.now().timestamp())));
    let mut file = templates.render("lab/report_file.html", &context)?;
    file.headers_mut().insert(CONTENT_DISPOSITION, HeaderValue::from_static(FILE));
    visit.answer(file)
}

#[derive(Debug, Deserialize)]
pub(super) struct AnswerForm {
    question: u8,
    choice: String,
}

/// Takes the answer to one of the questions. It stays: what is explained now would give another one away.
pub(super) async fn answer(form: Form<AnswerForm>, mut visit: Visit) -> Answered {
    visit.may_change()?;
    let question = Question::find(form.question).ok_or(LabError::NotFound("question"))?;
    if !question.has_choice(&form.choice) {
        return Err(LabError::BadInput("that is none of the choices"));
    }
    let done = ExerciseView::all(&visit.learner.progress).iter().all(|exercise| exercise.done);
    if !done {
        return Err(LabError::BadInput("the questions come after the last exercise"));
    }
    let answers = &mut visit.learner.progress.answers;
    let kept = answers.entry(question.number).or_insert_with(|| form.choice.clone());
    if *kept != form.choice {
        return Err(LabError::BadInput("this question is answered"));
    }
    visit.answer(see(&visit.room.root, &format!("/lab/report#question-{}", question.number)))
}

async fn contents(templates: &Templates, visit: &mut Visit) -> Result<Context, LabError> {
    let mut context = page(visit, "report", "/lab/report").await;
    let progress = &visit.learner.progress;
    let mut lines = Vec::new();
    for exercise in ExerciseView::all(progress) {
        lines.push(line(templates, &context, &exercise, progress.attempts.get(&exercise.number))?);
    }
    context.insert("lines", &lines);
    context.insert("questions", &QuestionView::all(&progress.answers));
    Ok(context)
}

fn line(
    templates: &Templates,
    page: &Context,
    exercise: &ExerciseView,
    attempt: Option<&Attempt>,
) -> Result<Line, LabError> {
    let words =
        |choice: Option<&str>| choice.map(|choice| words(templates, page, exercise, choice)).transpose();
    Ok(Line {
        number: exercise.number,
        predicted: words(exercise.choice.as_deref())?,
        happened: words(exercise.right)?,
        locked_at: moment(attempt.and_then(|attempt| attempt.locked_at)),
        done_at: moment(attempt.and_then(|attempt| attempt.done_at)),
    })
}

/// The words of a choice, from the exercise's own page: a block is rendered as a part of it.
fn words(
    templates: &Templates,
    page: &Context,
    exercise: &ExerciseView,
    choice: &str,
) -> Result<String, LabError> {
    let mut only_words = page.clone();
    let mut exercise_page = serde_json::to_value(exercise)?;
    exercise_page["words"] = choice.into();
    only_words.insert("exercise", &exercise_page);
    only_words.insert("evidence", &json!([]));
    only_words.insert("answer", "");
    let name = format!("lab/exercises/{}.html", exercise.number);
    Ok(templates.render_block_to_string(&name, "choices", &only_words)?.trim().to_owned())
}

fn moment(seconds: Option<i64>) -> Option<String> {
    let moment = DateTime::from_timestamp(seconds?, 0)?;
    Some(moment.format("%Y-%m-%d %H:%M UTC").to_string())
}
