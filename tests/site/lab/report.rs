//! The report: predictions in words, questions at the end, and the file to keep.

use super::{PLAIN, POKE, RIGHT, WORLD, done_of_all};
use crate::world::World;

const ANSWER: &str = "/lab/report/answer";

/// A world whose learner has done every exercise.
async fn all_done() -> World {
    let mut world = World::start();
    world.do_all_but_the_restart().await;
    world.restart().await;
    world.visit(&[WORLD, "/lab"]).await;
    let report = world.get("/lab/report").await.body;
    assert!(report.contains(&done_of_all(RIGHT.len())), "{report}");
    world
}

#[actix_web::test]
async fn the_report_has_predictions_in_words_and_their_times() {
    let mut world = World::start();
    world.post("/lab/exercise/1/predict", &[("choice", "a")]).await;
    world.predict(2).await;
    world.post("/lab/exercise/7/predict", &[("choice", "c")]).await;
    world.visit(&[PLAIN]).await;
    world.advance(3600);
    world.visit(&[POKE, "/lab"]).await;
    let report = world.get("/lab/report").await.body;
    for words in ["and its row in the table", "Neither a cookie nor a row."] {
        assert!(report.contains(words), "{words}: {report}");
    }
    assert!(!report.contains("no row until there is something"), "a choice that was not made: {report}");
    assert!(report.contains("120 s after"), "{report}");
    let now = world.clock.now();
    let earlier = (now - chrono::TimeDelta::hours(1)).format("%Y-%m-%d %H:%M UTC").to_string();
    assert!(report.contains(&earlier) && report.contains(&now.format("%Y-%m-%d %H:%M UTC").to_string()));
    assert!(!report.contains("type=\"radio\"") && !report.contains("<svg viewBox"), "{report}");
}

#[actix_web::test]
async fn the_saved_report_needs_nothing_else() {
    let mut world = World::start();
    world.predict(1).await;
    world.visit(&[PLAIN, "/lab"]).await;
    let file = world.get("/lab/report/save").await;
    assert_eq!(file.status, 200);
    assert_eq!(file.header("content-disposition"), Some("attachment; filename=\"sessions-report.html\""));
    assert!(file.header("content-type").unwrap().starts_with("text/html"));
    for elsewhere in ["href=", "src=", "url(", "<script", "action="] {
        assert!(!file.body.contains(elsewhere), "{elsewhere}: {}", file.body);
    }
    assert!(file.body.contains("b came true") && file.body.contains("<style>"), "{}", file.body);
    assert!(file.headers.get_all("set-cookie").all(|set| set.to_str().unwrap().starts_with("lab_")));
}

#[actix_web::test]
async fn the_questions_come_after_the_last_exercise_and_are_explained_once_answered() {
    let mut world = World::start();
    world.predict(1).await;
    assert_eq!(world.post(ANSWER, &[("question", "1"), ("choice", "b")]).await.status, 400, "too early");
    assert!(!world.get("/lab/report").await.body.contains("At 9:30"));
    let mut world = all_done().await;
    let report = world.get("/lab/report").await.body;
    assert!(report.contains("At 9:30") && !report.contains("The login was the last save"), "{report}");
    assert!(report.contains("<svg viewBox"), "{report}");
    let answered = world.post(ANSWER, &[("question", "1"), ("choice", "b")]).await;
    assert_eq!(
        (answered.status.as_u16(), answered.header("location")),
        (303, Some("/lab/report#question-1"))
    );
    world.post(ANSWER, &[("question", "2"), ("choice", "b")]).await;
    let report = world.get("/lab/report").await.body;
    assert!(report.contains("✔ B it is.") && report.contains("The login was the last save"), "{report}");
    assert!(report.contains("✘ It is C.") && report.contains("The thief's is live"), "{report}");
    assert!(
        !report.contains("Nobody told the session that it was modified, so it was not saved. <"),
        "{report}"
    );
    assert_eq!(report.matches("This is my answer").count(), 1, "the third");
    world.restart().await;
    assert!(world.get("/lab/report").await.body.contains("✔ B it is."), "kept by the learner");
    assert!(world.get("/lab/report/save").await.body.contains("Question 2 at the end: B; it is C."));
}

#[actix_web::test]
async fn an_answer_stays_and_a_bad_one_is_refused() {
    let mut world = all_done().await;
    for (fields, status) in [
        (&[][..], 400),
        (&[("question", "1")], 400),
        (&[("question", "x"), ("choice", "a")], 400),
        (&[("question", "1"), ("choice", "e")], 400),
        (&[("question", "1"), ("choice", "ab")], 400),
        (&[("question", "4"), ("choice", "a")], 404),
        (&[("question", "300"), ("choice", "a")], 400),
        (&[("question", "1"), ("choice", "a")], 303),
        (&[("question", "1"), ("choice", "a")], 303),
        (&[("question", "1"), ("choice", "b")], 400),
    ] {
        assert_eq!(world.post(ANSWER, fields).await.status.as_u16(), status, "{fields:?}");
    }
    world.browser.set_cookie("lab_id", "forged");
    assert_eq!(world.post(ANSWER, &[("question", "2"), ("choice", "a")]).await.status, 400);
}

#[actix_web::test]
async fn all_that_a_learner_has_done_stays_well_below_a_cookies_limit() {
    let mut world = all_done().await;
    for question in ["1", "2", "3"] {
        world.post(ANSWER, &[("question", question), ("choice", "a")]).await;
    }
    // Back to the beginning and once more, so that the cookie is set as it is at its largest.
    world.post("/lab/exercise/1/reset", &[]).await;
    let set = world.predict(1).await;
    let largest = set.headers.get_all("set-cookie").map(|set| set.as_bytes().len()).max().unwrap();
    assert!(largest < 2000, "{largest} bytes");
}
