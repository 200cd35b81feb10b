//! For each exercise: what ticks it, that it does not count before the prediction, and what is not enough.

use super::{AGE, PLAIN, POKE, WORLD, WORLD2, done_of_all};
use crate::world::{World, counter};

#[actix_web::test]
async fn a_plain_visit_ticks_1_unless_a_cookie_was_sent() {
    let mut world = World::start();
    world.visit(&[PLAIN]).await;
    world.predict(1).await;
    assert_eq!(world.ticks(1).await, (0, false), "before the prediction");
    world.visit(&[WORLD, PLAIN]).await;
    assert_eq!(world.ticks(1).await, (2, false), "with a cookie");
    world.browser.delete_cookie("sessionid");
    world.visit(&[WORLD2]).await;
    assert_eq!(world.ticks(1).await, (2, false), "another page");
    world.visit(&[PLAIN]).await;
    assert_eq!(world.ticks(1).await, (3, true));
}

#[actix_web::test]
async fn a_poke_ticks_2_if_its_key_is_new() {
    let mut world = World::start();
    world.visit(&[POKE]).await;
    world.predict(2).await;
    assert_eq!(world.ticks(2).await, (0, false), "before the prediction");
    world.visit(&[POKE]).await;
    assert_eq!(world.ticks(2).await, (2, false), "the old key");
    world.browser.delete_cookie("sessionid");
    world.visit(&[WORLD]).await;
    assert!(!world.is_done(2).await, "a cookie with an age");
    world.browser.delete_cookie("sessionid");
    world.visit(&[POKE]).await;
    assert_eq!(world.ticks(2).await, (3, true));
}

/// What exercise 3 says to a wrong answer: the end of the address that it leads to, and the sentence that is shown there.
async fn refused(world: &mut World, prefix: &str) -> (String, String) {
    let answer = world.post("/lab/exercise/3/answer", &[("prefix", prefix)]).await;
    let location = answer.header("location").unwrap().to_owned();
    let page = world.get(&location).await.body;
    let alert = page.split_once("role=\"alert\">✘").map(|(_, rest)| rest.split_once("</p>").unwrap().0);
    assert!(!world.is_done(3).await, "{prefix:?}");
    (location.split_once("?answer=").unwrap().1.to_owned(), alert.unwrap_or_default().to_owned())
}

#[actix_web::test]
async fn the_first_characters_of_the_key_tick_3() {
    let mut world = World::start();
    world.visit(&[WORLD]).await;
    let key = world.key().unwrap();
    let answer = "/lab/exercise/3/answer";
    let early = world.post(answer, &[("prefix", &key[..6])]).await;
    assert_eq!(early.header("location"), Some("/lab/exercise/3?answer=early"));
    world.predict(3).await;
    assert!(!world.is_done(3).await, "before the prediction");
    for (wrong, why) in [
        ("", "short"),
        (&key[..5], "short"),
        ("%", "short"),
        ("aaaaaa", "unknown"),
        (&key[1..7], "unknown"),
        ("<b>'\";", "unknown"),
    ] {
        let (word, alert) = refused(&mut world, wrong).await;
        assert_eq!(word, why, "{wrong:?}");
        assert!(!alert.is_empty(), "{wrong:?} is told nothing");
    }
    world.post(answer, &[("prefix", &key[..6])]).await;
    assert!(world.is_done(3).await);
}

#[actix_web::test]
async fn the_key_of_a_row_that_has_expired_ticks_3_as_well() {
    let mut world = World::start();
    world.predict(3).await;
    world.visit(&[WORLD]).await;
    let key = world.key().unwrap();
    world.advance(AGE + 1);
    world.visit(&[WORLD]).await;
    assert_ne!(world.key().unwrap(), key);
    world.post("/lab/exercise/3/answer", &[("prefix", &key[..6])]).await;
    assert!(world.is_done(3).await, "it is on the screen, and in the table");
}

#[actix_web::test]
async fn a_wrong_answer_to_3_is_told_what_is_wrong() {
    let mut world = World::start();
    world.predict(3).await;
    world.visit(&[WORLD]).await;
    let deleted = world.key().unwrap();
    // Another program on the same table.
    let mut foreign = world.rows().remove(0);
    foreign.session_key = "f".repeat(32);
    world.write_row(&foreign);
    world.post("/play/flush", &[]).await;
    let mut told = Vec::new();
    for (prefix, why) in [
        (&deleted[..6], "deleted"),
        (&foreign.session_key[..6], "foreign"),
        (&deleted[..5], "short"),
        ("aaaaaa", "unknown"),
    ] {
        let (word, alert) = refused(&mut world, prefix).await;
        assert_eq!(word, why, "{prefix}");
        assert!(!alert.is_empty() && !told.contains(&alert), "{prefix}: {alert}");
        told.push(alert);
    }
    world.drop_table();
    let away = world.post("/lab/exercise/3/answer", &[("prefix", &deleted[..6])]).await;
    assert_eq!(away.status, 503, "nothing is said of a row that could not be looked for");
}

#[actix_web::test]
async fn no_row_no_tick_of_3() {
    let mut world = World::start();
    world.predict(3).await;
    world.browser.set_cookie("sessionid", "abcdef0123456789abcdef0123456789");
    assert_eq!(refused(&mut world, "abcdef").await.0, "deleted", "a key without a row");
}

#[actix_web::test]
async fn the_key_of_an_earlier_answer_ticks_4_while_its_row_is_live() {
    let mut world = World::start();
    world.visit(&[WORLD, WORLD]).await;
    world.predict(4).await;
    assert_eq!(world.ticks(4).await, (0, false), "before the prediction");
    let key = world.key().unwrap();
    world.browser.set_cookie("sessionid", "abcdef0123456789abcdef0123456789");
    world.visit(&[WORLD2]).await;
    assert_eq!(world.ticks(4).await, (1, false), "a key that nobody was given");
    world.advance(AGE);
    world.browser.set_cookie("sessionid", &key);
    world.visit(&[PLAIN]).await;
    assert_eq!(world.ticks(4).await, (2, false), "an expired row");
    world.visit(&[WORLD, WORLD2]).await;
    assert_eq!(world.ticks(4).await, (3, true));
}

#[actix_web::test]
async fn two_views_with_one_key_tick_5() {
    let mut world = World::start();
    world.visit(&[WORLD, WORLD2]).await;
    world.predict(5).await;
    assert_eq!(world.ticks(5).await, (0, false), "before the prediction");
    world.visit(&[WORLD]).await;
    assert_eq!(world.ticks(5).await, (1, false));
    world.browser.delete_cookie("sessionid");
    world.visit(&[WORLD2]).await;
    assert_eq!(world.ticks(5).await, (2, false), "two sessions");
    world.visit(&[WORLD, WORLD2]).await;
    assert_eq!(world.ticks(5).await, (3, true));
}

#[actix_web::test]
async fn a_lost_cookie_ticks_6_while_its_row_is_live() {
    let mut world = World::start();
    world.predict(6).await;
    world.visit(&[WORLD]).await;
    assert_eq!(world.ticks(6).await, (0, false), "there was no session to lose");
    world.advance(AGE);
    world.visit(&[WORLD]).await;
    assert!(!world.is_done(6).await, "the row had expired");
    let old = world.key().unwrap();
    let forgot = world.post("/lab/forget", &[("back", "/lab/exercise/6")]).await;
    assert_eq!(forgot.header("location"), Some("/lab/exercise/6"));
    assert_eq!(world.key(), None);
    assert!(world.row(&old).is_some(), "the row is not touched");
    world.visit(&[WORLD]).await;
    assert_eq!(world.ticks(6).await, (3, true));
}

#[actix_web::test]
async fn a_closed_browser_has_not_lost_its_cookie_and_does_not_tick_6() {
    let mut world = World::start();
    world.predict(6).await;
    world.visit(&["/lab", POKE]).await;
    world.browser.close();
    world.visit(&[WORLD]).await;
    assert_eq!(world.ticks(6).await, (0, false));
    world.browser.delete_cookie("sessionid");
    world.visit(&[WORLD]).await;
    assert_eq!(world.ticks(6).await, (3, true), "and then it has");
    world.post("/lab/exercise/6/reset", &[]).await;
    world.browser.delete_cookie("sessionid");
    world.visit(&[POKE]).await;
    world.predict(6).await;
    world.browser.close();
    world.visit(&["/lab", WORLD]).await;
    assert_eq!(world.ticks(6).await, (0, false), "the lab was asked first");
}

#[actix_web::test]
async fn four_saves_of_one_session_tick_7() {
    let mut world = World::start();
    world.visit(&[WORLD; 4]).await;
    world.predict(7).await;
    assert_eq!(world.ticks(7).await, (0, false), "before the prediction");
    for _ in 0..3 {
        world.advance(5);
        world.visit(&[WORLD]).await;
    }
    world.advance(AGE);
    world.visit(&[WORLD]).await;
    assert_eq!(world.ticks(7).await, (0, false), "two sessions");
    for _ in 0..3 {
        world.advance(5);
        world.visit(&[WORLD]).await;
    }
    assert_eq!(world.ticks(7).await, (3, true));
}

#[actix_web::test]
async fn saves_without_time_between_them_move_no_expiry() {
    let mut world = World::start();
    world.predict(7).await;
    world.visit(&[WORLD; 4]).await;
    assert_eq!(world.ticks(7).await, (2, false));
}

#[actix_web::test]
async fn silence_ticks_8() {
    let mut world = World::start();
    world.visit(&[WORLD, WORLD]).await;
    world.predict(8).await;
    world.advance(AGE - 1);
    world.visit(&[WORLD]).await;
    assert_eq!(world.ticks(8).await, (0, false), "not long enough");
    world.browser.delete_cookie("sessionid");
    world.visit(&[WORLD]).await;
    assert_eq!(world.ticks(8).await, (1, false), "the row was live");
    world.advance(AGE);
    world.visit(&[WORLD]).await;
    assert_eq!(world.ticks(8).await, (4, true));
}

#[actix_web::test]
async fn three_reads_past_mid_life_tick_9() {
    let mut world = World::start();
    world.predict(9).await;
    world.visit(&[WORLD, WORLD2, WORLD2, WORLD2]).await;
    assert_eq!(world.ticks(9).await, (2, false), "early in its life");
    world.advance(AGE / 2 + 1);
    world.visit(&[WORLD2, WORLD2, WORLD, WORLD2]).await;
    assert!(world.is_done(9).await, "the third read is past mid-life");
}

#[actix_web::test]
async fn a_save_between_the_reads_does_not_tick_9() {
    let mut world = World::start();
    world.visit(&[WORLD]).await;
    world.predict(9).await;
    world.advance(AGE / 2 + 1);
    world.visit(&[WORLD2, WORLD2, WORLD, WORLD2, WORLD2]).await;
    assert_eq!(world.ticks(9).await, (0, false));
    world.post("/lab/settings", &[("age", "30"), ("save_every_request", "true")]).await;
    world.advance(AGE / 2 + 1);
    world.visit(&[WORLD2, WORLD2, WORLD2]).await;
    assert_eq!(world.ticks(9).await, (0, false), "every request is saved");
}

#[actix_web::test]
async fn a_closed_browser_ticks_12_while_the_row_is_live() {
    let mut world = World::start();
    world.visit(&["/lab"]).await;
    world.predict(12).await;
    world.visit(&[WORLD]).await;
    world.browser.close();
    world.visit(&["/lab"]).await;
    assert_eq!(world.ticks(12).await, (0, false), "a cookie with an age outlives the browser");
    world.browser.delete_cookie("sessionid");
    world.visit(&[POKE]).await;
    assert_eq!(world.ticks(12).await, (1, false), "the browser is open");
    world.browser.close();
    assert_eq!(world.ticks(12).await, (3, true));
}

#[actix_web::test]
async fn a_browser_that_restores_its_cookies_does_not_tick_12() {
    let mut world = World::start();
    world.predict(12).await;
    world.visit(&[POKE, "/lab"]).await;
    world.browser.delete_cookie("lab_run");
    let page = world.get("/lab").await;
    assert!(page.body.contains("still sends its sessionid"), "{}", page.body);
    assert_eq!(world.ticks(12).await, (1, false));
}

#[actix_web::test]
async fn an_expired_row_does_not_tick_12() {
    let mut world = World::start();
    world.predict(12).await;
    world.visit(&[POKE, "/lab"]).await;
    world.browser.close();
    world.advance(AGE);
    assert_eq!(world.ticks(12).await, (2, false));
}

#[actix_web::test]
async fn a_restart_ticks_15() {
    let mut world = World::start();
    world.predict(15).await;
    assert_eq!(world.ticks(15).await, (0, false));
    world.visit(&[WORLD, WORLD, "/lab/exercise/15"]).await;
    assert_eq!(world.ticks(15).await, (1, false), "noted");
    let before = world.feed(15).await["boot_id"].clone();
    world.restart().await;
    assert_ne!(world.feed(15).await["boot_id"], before);
    assert_eq!(world.ticks(15).await, (2, false), "nobody has come back yet");
    world.visit(&[WORLD]).await;
    assert_eq!(world.ticks(15).await, (4, true));
}

#[actix_web::test]
async fn another_session_after_the_restart_does_not_tick_15() {
    let mut world = World::start();
    world.predict(15).await;
    world.visit(&[WORLD, "/lab"]).await;
    world.restart().await;
    world.browser.delete_cookie("sessionid");
    world.visit(&[WORLD]).await;
    assert_eq!(world.ticks(15).await, (2, false));
    // Once more, with the session that was noted since.
    world.restart().await;
    world.visit(&[WORLD]).await;
    assert_eq!(world.ticks(15).await, (4, true));
}

#[actix_web::test]
async fn a_live_cookie_of_a_dead_row_ticks_16_three_times() {
    let mut world = World::start();
    world.predict(16).await;
    world.visit(&[POKE, PLAIN, WORLD2, WORLD]).await;
    assert_eq!(world.ticks(16).await, (0, false), "a live row");
    world.browser.delete_cookie("sessionid");
    world.visit(&[POKE]).await;
    world.advance(AGE);
    world.visit(&[PLAIN]).await;
    assert_eq!(world.ticks(16).await, (1, false), "untouched");
    assert!(world.key().is_some());
    world.visit(&[WORLD2]).await;
    assert_eq!(world.ticks(16).await, (2, false), "read");
    assert_eq!(world.key(), None);
    world.visit(&[POKE]).await;
    world.advance(AGE);
    world.visit(&[WORLD]).await;
    assert_eq!(world.ticks(16).await, (3, true), "written");
}

#[actix_web::test]
async fn what_the_browser_asks_by_itself_counts_for_nothing() {
    let mut world = World::start();
    world.predict(4).await;
    world.visit(&[WORLD]).await;
    assert_eq!(world.get("/favicon.ico").await.status, 404);
    assert_eq!(world.ticks(4).await, (0, false));
    let timeline = world.get("/lab/timeline").await.body;
    assert!(timeline.contains("class=\"dim\"") && timeline.contains("/favicon.ico"), "{timeline}");
}

#[actix_web::test]
async fn one_exercise_is_reset_alone_and_ticks_outlive_the_server() {
    let mut world = World::start();
    world.predict(1).await;
    world.visit(&[PLAIN]).await;
    world.predict(2).await;
    world.visit(&[POKE]).await;
    assert!(world.is_done(1).await && world.is_done(2).await);
    world.restart().await;
    assert!(world.is_done(1).await && world.is_done(2).await, "progress is the learner's");
    world.post("/lab/exercise/1/reset", &[]).await;
    assert_eq!((world.is_done(1).await, world.is_done(2).await), (false, true));
    let page = world.get("/lab/exercise/1").await.body;
    assert!(page.contains("Lock my prediction"), "{page}");
}

#[actix_web::test]
async fn the_report_sets_predictions_against_outcomes() {
    let mut world = World::start();
    world.post("/lab/exercise/1/predict", &[("choice", "a")]).await;
    world.predict(2).await;
    world.visit(&[PLAIN, POKE]).await;
    let report = world.get("/lab/report").await.body;
    assert!(report.contains("a; it was b"), "{report}");
    assert!(report.contains("a came true"), "{report}");
    assert!(report.contains(&done_of_all(2)), "{report}");
}

#[actix_web::test]
async fn a_flushed_session_was_neither_lost_nor_forgotten() {
    let mut world = World::start();
    world.predict(6).await;
    world.predict(8).await;
    world.visit(&[WORLD]).await;
    world.post("/play/flush", &[]).await;
    world.advance(AGE);
    world.visit(&[WORLD]).await;
    assert_eq!((world.ticks(6).await, world.ticks(8).await), ((0, false), (0, false)));
}

#[actix_web::test]
async fn a_second_view_that_finds_no_session_does_not_tick_5() {
    let mut world = World::start();
    world.predict(5).await;
    world.visit(&[POKE, WORLD]).await;
    world.advance(AGE);
    assert!(world.key().is_some(), "a cookie without an age");
    world.visit(&[WORLD2]).await;
    assert_eq!(world.ticks(5).await, (2, false));
}

#[actix_web::test]
async fn mid_life_is_that_of_the_session_and_not_of_the_setting() {
    let mut world = World::start();
    world.predict(9).await;
    world.visit(&[WORLD]).await;
    world.post("/lab/settings", &[("age", "3600")]).await;
    world.visit(&[WORLD2, WORLD2, WORLD2]).await;
    assert_eq!(world.ticks(9).await, (2, false), "early in its 30 seconds");
    world.visit(&[WORLD]).await;
    world.post("/lab/settings", &[("age", "30")]).await;
    world.advance(1801);
    world.visit(&[WORLD2, WORLD2, WORLD2]).await;
    assert_eq!(world.ticks(9).await, (3, true), "late in its hour");
}

#[actix_web::test]
async fn a_request_that_reaches_no_view_ticks_nothing() {
    let mut world = World::start();
    world.predict(1).await;
    world.post(PLAIN, &[]).await;
    assert_eq!(world.ticks(1).await, (0, false));
}

#[actix_web::test]
async fn what_was_noted_before_a_reset_does_not_tick_15() {
    let mut world = World::start();
    world.predict(15).await;
    world.visit(&[WORLD, "/lab"]).await;
    world.restart().await;
    world.visit(&[WORLD]).await;
    assert!(world.is_done(15).await);
    world.post("/lab/exercise/15/reset", &[]).await;
    world.predict(15).await;
    assert_eq!(world.ticks(15).await, (0, false));
    world.visit(&[WORLD]).await;
    let page = world.get("/lab/exercise/15").await.body;
    assert!(page.contains("class=\"ticked\""), "noted by the first load: {page}");
}

#[actix_web::test]
async fn evidence_is_that_of_its_own_run() {
    let mut world = World::start();
    world.predict(2).await;
    world.visit(&[POKE]).await;
    assert!(world.get("/lab/exercise/2").await.body.contains("The requests that show it"));
    world.restart().await;
    world.visit(&[PLAIN]).await;
    let page = world.get("/lab/exercise/2").await.body;
    assert!(page.contains("no longer in the log"), "{page}");
}

#[actix_web::test]
async fn a_read_that_is_saved_ticks_10() {
    let mut world = World::start();
    world.predict(10).await;
    let settings = "/lab/settings";
    world.visit(&[WORLD]).await;
    world.advance(AGE / 2 + 1);
    world.visit(&[WORLD2, PLAIN]).await;
    assert_eq!(world.ticks(10).await, (1, false), "the setting is off");
    world.post(settings, &[("age", "30"), ("save_every_request", "true")]).await;
    world.browser.delete_cookie("sessionid");
    world.visit(&[WORLD2, PLAIN]).await;
    assert_eq!(world.ticks(10).await, (1, false), "nothing to save");
    world.visit(&[WORLD, WORLD2]).await;
    assert_eq!(world.ticks(10).await, (1, false), "early in its life");
    world.advance(AGE / 2 + 1);
    world.visit(&[WORLD2]).await;
    assert_eq!(world.ticks(10).await, (3, false));
    world.visit(&[PLAIN]).await;
    assert_eq!(world.ticks(10).await, (4, true));
}

#[actix_web::test]
async fn a_list_that_is_changed_and_put_back_ticks_11() {
    let mut world = World::start();
    world.play(&["nested_put_back", "nested_copy"]).await;
    world.predict(11).await;
    assert_eq!(world.ticks(11).await, (0, false), "before the prediction");
    world.browser.delete_cookie("sessionid");
    world.play(&["nested_copy", "nested_put_back"]).await;
    assert_eq!(world.ticks(11).await, (0, false), "there was no list before");
    world.post("/lab/settings", &[("age", "30"), ("save_every_request", "true")]).await;
    world.play(&["nested_copy"]).await;
    assert_eq!(world.ticks(11).await, (0, false), "every request is saved");
    world.post("/lab/settings", &[("age", "30")]).await;
    world.play(&["nested_copy"]).await;
    assert_eq!(world.ticks(11).await, (2, false));
    world.play(&["nested_put_back"]).await;
    assert_eq!(world.ticks(11).await, (4, true));
}

#[actix_web::test]
async fn two_tabs_and_two_requests_at_once_tick_13() {
    let mut world = World::start();
    world.visit(&[WORLD, WORLD]).await;
    world.predict(13).await;
    assert_eq!(world.ticks(13).await, (0, false), "before the prediction");
    world.visit(&[WORLD, WORLD2, WORLD]).await;
    assert_eq!(world.ticks(13).await, (0, false), "another view between them");
    world.play(&["get_then_set", "get_then_set", "fetch_update", "fetch_update"]).await;
    assert_eq!(world.ticks(13).await, (0, false), "one after the other");
    world.visit(&[WORLD, WORLD]).await;
    assert_eq!(world.ticks(13).await, (1, false), "two tabs");
    let before = counter(&world.get(WORLD2).await);
    world.play_twice_at_once("get_then_set_at_once").await;
    assert_eq!(world.ticks(13).await, (3, false));
    assert_eq!(counter(&world.get(WORLD2).await), before + 1, "one was lost");
    world.play_twice_at_once("fetch_update_at_once").await;
    assert_eq!(world.ticks(13).await, (5, true));
    assert_eq!(counter(&world.get(WORLD2).await), before + 3, "none was lost");
}

#[actix_web::test]
async fn two_requests_without_a_session_do_not_wait_for_each_other() {
    let mut world = World::start();
    world.predict(13).await;
    world.play(&["get_then_set_at_once", "fetch_update_at_once"]).await;
    assert_eq!((world.key(), world.rows().len()), (None, 0));
    let page = world.get("/lab/timeline/1").await.body;
    assert!(page.contains("there is no session yet"), "{page}");
    assert_eq!(world.ticks(13).await, (0, false));
}

#[actix_web::test]
async fn cycle_key_clear_and_flush_tick_14() {
    let mut world = World::start();
    world.visit(&[WORLD]).await;
    world.play(&["cycle_key"]).await;
    world.predict(14).await;
    assert_eq!(world.ticks(14).await, (0, false), "before the prediction");
    world.browser.delete_cookie("sessionid");
    world.play(&["cycle_key", "clear", "cycle_key"]).await;
    assert_eq!(world.ticks(14).await, (0, false), "without data");
    world.visit(&[WORLD]).await;
    let old = world.key().unwrap();
    world.play(&["cycle_key"]).await;
    assert_eq!(world.ticks(14).await, (1, false));
    let key = world.key();
    assert!(key.is_some() && key.as_deref() != Some(old.as_str()) && world.row(&old).is_none());
    world.play(&["clear"]).await;
    assert_eq!((world.ticks(14).await, world.key()), ((2, false), key.clone()));
    world.play(&["flush"]).await;
    assert_eq!((world.ticks(14).await, world.key()), ((3, true), None));
    assert!(world.row(&key.unwrap()).is_none());
}

#[actix_web::test]
async fn a_500_after_a_write_ticks_18_and_nothing_else() {
    let mut world = World::start();
    world.visit(&[WORLD]).await;
    world.play(&["fail"]).await;
    for number in [1, 4, 18] {
        world.predict(number).await;
    }
    world.visit(&[WORLD2]).await;
    assert_eq!(world.ticks(18).await, (0, false), "before the prediction");
    world.post("/lab/exercise/4/reset", &[]).await;
    world.browser.delete_cookie("sessionid");
    world.play(&["fail"]).await;
    assert_eq!(world.ticks(18).await, (0, false), "without a session");
    world.visit(&[WORLD]).await;
    world.predict(4).await;
    let before = world.rows();
    world.play(&["fail"]).await;
    assert_eq!(world.ticks(18).await, (3, false));
    assert_eq!(
        (world.ticks(1).await.0, world.ticks(4).await.0),
        (0, 0),
        "it is a visit of no other exercise"
    );
    assert_eq!(world.rows(), before);
    world.visit(&[WORLD2]).await;
    assert_eq!(world.ticks(18).await, (4, true));
}

/// An expired session, and a live one beside it; their keys.
async fn expired_and_live(world: &mut World) -> (String, String) {
    world.post("/play/expire_in", &[("seconds", "2")]).await;
    let expired = world.key().unwrap();
    world.advance(3);
    world.visit(&[WORLD]).await;
    (expired, world.key().unwrap())
}

#[actix_web::test]
async fn the_button_clearsessions_ticks_17() {
    let mut world = World::start();
    expired_and_live(&mut world).await;
    world.post("/lab/rows/clearsessions", &[]).await;
    world.predict(17).await;
    assert_eq!(world.ticks(17).await, (0, false), "before the prediction");
    world.post("/lab/rows/clearsessions", &[]).await;
    assert_eq!(world.ticks(17).await, (0, false), "nothing had expired");
    let (expired, live) = expired_and_live(&mut world).await;
    let cleared = world.post("/lab/rows/clearsessions", &[("back", "/lab/exercise/17")]).await;
    assert_eq!(cleared.header("location"), Some("/lab/exercise/17"));
    assert!(world.row(&expired).is_none() && world.row(&live).is_some());
    assert_eq!(world.ticks(17).await, (3, true), "no page was looked at before the button");
}

#[actix_web::test]
async fn rows_that_another_program_clears_tick_17_as_well() {
    let mut world = World::start();
    world.predict(17).await;
    let (expired, _) = expired_and_live(&mut world).await;
    assert_eq!(world.ticks(17).await, (1, false), "both are there");
    world.execute(&format!("DELETE FROM django_session WHERE session_key = '{expired}'"));
    assert_eq!(world.ticks(17).await, (3, true));
}

#[actix_web::test]
async fn a_row_that_is_flushed_or_a_table_that_is_away_does_not_tick_17() {
    let mut world = World::start();
    world.predict(17).await;
    let (expired, live) = expired_and_live(&mut world).await;
    assert_eq!(world.ticks(17).await, (1, false));
    world.browser.set_cookie("sessionid", &expired);
    world.play(&["flush"]).await;
    assert!(world.row(&expired).is_none());
    world.browser.set_cookie("sessionid", &live);
    assert_eq!(world.ticks(17).await, (1, false), "the learner deleted it");
    world.drop_table();
    assert_eq!(world.ticks(17).await, (1, false));
}

#[actix_web::test]
async fn a_live_row_that_goes_as_well_does_not_finish_17() {
    let mut world = World::start();
    world.predict(17).await;
    expired_and_live(&mut world).await;
    assert_eq!(world.ticks(17).await, (1, false));
    world.execute("DELETE FROM django_session");
    assert_eq!(world.ticks(17).await, (2, false));
}
