//! What an exercise says to this learner: to the choice that was made, and of settings that stand in the way.

use super::pages::between;
use super::{WORLD, WORLD2};
use crate::world::World;

#[actix_web::test]
async fn a_wrong_prediction_is_answered_with_the_learners_own_request() {
    let mut world = World::start();
    for (number, choice) in [(4, "a"), (9, "d")] {
        world.post(&format!("/lab/exercise/{number}/predict"), &[("choice", choice)]).await;
    }
    world.visit(&[WORLD, WORLD2, WORLD2]).await;
    world.advance(20);
    world.visit(&[WORLD2]).await;
    for (number, verdict) in [(4, "You predicted A. It was B."), (9, "You predicted D. It was B.")] {
        let page = world.get(&format!("/lab/exercise/{number}")).await.body;
        assert!(page.contains(verdict), "{number}: {page}");
        let answers = between(&page, "<p class=\"answer\">", "</p>");
        assert_eq!(answers.len(), 1, "{number}");
        assert!(answers[0].contains("<a href=\"/lab/timeline/4\">request 4</a>"), "{number}: {}", answers[0]);
    }
    world.restart().await;
    world.visit(&[WORLD; 4]).await;
    let page = world.get("/lab/exercise/9").await.body;
    let answers = between(&page, "<p class=\"answer\">", "</p>");
    assert!(
        answers[0].contains("your request") && !answers[0].contains("<a "),
        "another run: {}",
        answers[0]
    );
}

#[actix_web::test]
async fn a_setting_that_spoils_an_exercise_is_named_before_the_first_step() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    for (name, value, spoilt) in [
        ("SESSION_ENGINE", "file", &[16, 17][..]),
        ("SESSION_ENGINE", "cache", &[15]),
        ("SESSION_ENGINE", "signed_cookies", &[3, 7, 13, 14, 16, 17]),
        ("SESSION_SAVE_EVERY_REQUEST", "true", &[9, 11, 16]),
        ("SESSION_EXPIRE_AT_BROWSER_CLOSE", "true", &[7, 8]),
    ] {
        let mut world = World::start_with(&[(name, value), ("SESSION_FILE_PATH", path)]);
        let mut usual = World::start();
        for number in spoilt {
            let page = format!("/lab/exercise/{number}");
            let warning = format!("<p class=\"warn\">▲ <code>{name}</code> is");
            for (world, warned) in [(&mut world, true), (&mut usual, false)] {
                world.predict(*number).await;
                let body = world.get(&page).await.body;
                let steps = between(&body, "<div class=\"do\">", "</ol>");
                let before = steps[0].split("<ol>").next().unwrap();
                assert_eq!(before.contains(&warning), warned, "{number} with {name}={value}: {before}");
            }
        }
    }
}
