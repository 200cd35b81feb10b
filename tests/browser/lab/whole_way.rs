//! All exercises from the first to the last, and every page on the way.

use std::time::Duration;

use super::inspection::Inspection;
use super::lesson::Lesson;
use crate::walk::{COUNTER, LOOK, PLAIN, POKE, now, wait_with_the_browser};

/// An age that the first exercises fit into.
const EASY: u32 = 300;
/// An age to wait for the end of; the shortest that the lab offers.
const SHORT: u32 = 5;
const PAST_THE_MIDDLE: Duration = Duration::from_millis(2800);
/// The browser tells a cookie's expiry in whole seconds.
const A_SECOND_AND_MORE: Duration = Duration::from_millis(1100);
/// For a machine that stalls for longer than a short session lives.
const ATTEMPTS: usize = 5;
/// As exercise 20 asks for.
const FIVE_SECONDS: Duration = Duration::from_millis(5200);

type Do = fn(&mut Lesson, &mut Inspection);

/// Number, what happens, age, what to do.
const EXERCISES: &[(u8, &str, u32, Do)] = &[
    (1, "b", EASY, track_nothing),
    (2, "a", EASY, poke),
    (3, "c", EASY, find_the_row),
    (4, "b", EASY, come_back),
    (5, "a", EASY, see_another_view),
    (6, "c", EASY, lose_the_cookie),
    (7, "b", SHORT, keep_it_alive),
    (8, "a", SHORT, fall_silent),
    (9, "b", SHORT, read_only),
    (10, "c", SHORT, save_every_request),
    (11, "b", EASY, change_a_list),
    (12, "c", EASY, close_the_browser),
    (13, "c", EASY, send_two_at_once),
    (14, "c", EASY, end_it_in_three_ways),
    (15, "b", EASY, restart_the_server),
    (16, "c", SHORT, meet_a_dead_row),
    (17, "c", EASY, clear_sessions),
    (18, "b", EASY, fail_after_a_write),
    (19, "c", EASY, forge_a_key),
    (20, "c", EASY, set_three_ends),
    (21, "b", EASY, compare_with_the_stock_counter),
    (22, "c", EASY, fix_a_key),
    (23, "b", EASY, use_a_stolen_key),
    (24, "c", EASY, read_the_cookie_by_script),
    (25, "c", EASY, send_a_foreign_form),
];

#[test]
fn a_learner_finishes_every_exercise_on_pages_that_are_fit_for_everybody() {
    let mut lesson = Lesson::begin(30);
    let mut inspection = Inspection::begin();
    inspection.look_at(&lesson, "front", "/");
    inspection.look_at(&lesson, "exercises-before", "/lab");
    inspection.look_at(&lesson, "report-before", "/lab/report");

    for &(number, happens, age, action) in EXERCISES {
        // Who predicts wrongly learns the most; the first one is done again.
        let wrong = if happens == "a" { "b" } else { "a" };
        lesson.open_exercise(number);
        inspection.look(&lesson, &format!("exercise-{number}-1-before"));
        lesson.choose_age(age);
        lesson.predict(wrong);
        inspection.look(&lesson, &format!("exercise-{number}-2-locked"));
        action(&mut lesson, &mut inspection);
        lesson.wait_for_the_why();
        assert_eq!(lesson.ask("return !!document.querySelector('.verdict.warn .answer')"), true, "{number}");
        inspection.look(&lesson, &format!("exercise-{number}-3-done"));
    }
    do_the_first_again(&lesson);

    lesson.open("/lab/report");
    let report = lesson.ask("return document.querySelector('main').innerText");
    let (report, all) = (report.as_str().unwrap(), EXERCISES.len());
    assert!(report.contains(&format!("{all} of {all} done")), "{report}");
    inspection.look(&lesson, "report");
    for (name, path) in [
        ("exercises", "/lab"),
        ("learn-1", "/lab/learn/1"),
        ("learn-2", "/lab/learn/2"),
        ("learn-3", "/lab/learn/3"),
        ("learn-4", "/lab/learn/4"),
        ("learn-5", "/lab/learn/5"),
        ("timeline", "/lab/timeline"),
        ("request", "/lab/timeline/2"),
        ("rows", "/lab/rows"),
        ("code", "/lab/code"),
        ("sandbox", "/lab/sandbox"),
        ("error", "/lab/nope"),
    ] {
        inspection.look_at(&lesson, name, path);
    }
    inspection.look_with_the_labs_own_themes(&lesson, "/lab/exercise/9");
    inspection.end(&lesson);
}

fn do_the_first_again(lesson: &Lesson) {
    lesson.open_exercise(1);
    lesson.follow("Reset this exercise");
    assert_eq!(lesson.ask("return document.querySelectorAll('.choice input:enabled').length"), 3);
    lesson.predict("b");
    lesson.forget_the_cookie();
    lesson.get(PLAIN);
    lesson.wait_for_the_why();
    assert_eq!(lesson.ask("return !!document.querySelector('.verdict.ok .answer')"), true);
}

fn track_nothing(lesson: &mut Lesson, _: &mut Inspection) {
    lesson.forget_the_cookie();
    lesson.get(PLAIN);
}

fn poke(lesson: &mut Lesson, _: &mut Inspection) {
    lesson.forget_the_cookie();
    lesson.get(POKE);
}

fn find_the_row(lesson: &mut Lesson, inspection: &mut Inspection) {
    lesson.get(COUNTER);
    let key = lesson.browser().sessionid().expect("a cookie").value;
    lesson.name_the_key("000000");
    let no = lesson.ask("return document.querySelector('.do').innerText.includes('No row of yours')");
    assert_eq!(no, true);
    inspection.look(lesson, "exercise-3-wrong");
    lesson.name_the_key(&key[..6]);
}

fn come_back(lesson: &mut Lesson, _: &mut Inspection) {
    // The cookie of the exercise before is still there.
    lesson.get(COUNTER);
}

fn see_another_view(lesson: &mut Lesson, _: &mut Inspection) {
    lesson.get(COUNTER);
    lesson.get(LOOK);
}

fn lose_the_cookie(lesson: &mut Lesson, _: &mut Inspection) {
    lesson.get(COUNTER);
    lesson.forget_the_cookie();
    lesson.send("Send GET /hello/world without the cookie");
}

fn keep_it_alive(lesson: &mut Lesson, _: &mut Inspection) {
    lesson.forget_the_cookie();
    again_if_stalled(lesson, |lesson| {
        for _ in 0..4 {
            lesson.get(COUNTER);
            wait_with_the_browser(A_SECOND_AND_MORE);
        }
    });
}

fn fall_silent(lesson: &mut Lesson, inspection: &mut Inspection) {
    lesson.forget_the_cookie();
    lesson.get(COUNTER);
    if lesson.ticks_left() == 0 {
        // The session of the exercise before had expired by now.
        return;
    }
    lesson.wait_for_the_end_of("Cookie");
    lesson.wait_for_the_end_of("Row");
    wait_with_the_browser(A_SECOND_AND_MORE);
    assert!(lesson.browser().sessionid().is_none(), "the browser keeps a cookie that is over");
    inspection.look(lesson, "exercise-8-silent");
    lesson.send("Send GET /hello/world after the silence");
}

fn read_only(lesson: &mut Lesson, _: &mut Inspection) {
    const READ: &str = "Send GET /hello/world2 (a read)";
    again_if_stalled(lesson, |lesson| {
        lesson.get(COUNTER);
        let before = lesson.browser().sessionid().and_then(|cookie| cookie.expiry);
        lesson.send(READ);
        lesson.send(READ);
        wait_with_the_browser(PAST_THE_MIDDLE);
        lesson.send(READ);
        let after = lesson.browser().sessionid();
        assert!(after.is_none_or(|after| after.expiry == before), "a read has moved the cookie's end");
    });
}

fn close_the_browser(lesson: &mut Lesson, _: &mut Inspection) {
    lesson.get(POKE);
    let key = lesson.browser().sessionid().expect("a cookie").value;
    lesson.reopen_the_browser();
    lesson.open_exercise(12);
    assert!(lesson.browser().sessionid().is_none(), "the browser brought the cookie back");
    lesson.wait_for_the_cookie_to_be_gone();
    assert!(lesson.walk.database.row(&key).expires() > now());
}

fn restart_the_server(lesson: &mut Lesson, inspection: &mut Inspection) {
    lesson.get(COUNTER);
    lesson.follow("/lab/exercise/15");
    assert_eq!(lesson.ticks_left(), 3, "the page notes key and counter");
    inspection.while_the_server_is_away(lesson, |lesson| {
        lesson.walk.restart_server();
        lesson
            .wait_until("the new server", "return document.querySelectorAll('.ticks .ticked').length === 2");
    });
    lesson.send("Send GET /hello/world after the restart");
}

fn meet_a_dead_row(lesson: &mut Lesson, _: &mut Inspection) {
    lesson.get(POKE);
    lesson.wait_for_the_end_of("Row");
    lesson.get(PLAIN);
    lesson.get(LOOK);
    assert!(lesson.browser().sessionid().is_none(), "the read deletes the cookie");
    lesson.send("Send GET /hello/poke again");
    let dead = lesson.browser().sessionid().expect("a cookie").value;
    lesson.wait_for_the_end_of("Row");
    lesson.get(COUNTER);
    assert_ne!(lesson.browser().sessionid().expect("a cookie").value, dead);
}

fn save_every_request(lesson: &mut Lesson, _: &mut Inspection) {
    lesson.follow("SESSION_SAVE_EVERY_REQUEST = True");
    again_if_stalled(lesson, |lesson| {
        lesson.get(COUNTER);
        wait_with_the_browser(PAST_THE_MIDDLE);
        lesson.send("Send GET /hello/world2 (a read)");
        lesson.get(PLAIN);
    });
    lesson.wait_for_the_why();
    lesson.ask("document.querySelector('[name=save_every_request]').checked = false");
    lesson.follow("Apply");
}

fn change_a_list(lesson: &mut Lesson, _: &mut Inspection) {
    for button in ["Store a list", "Append to the list", "Read the list", "Append and put it back"] {
        lesson.send(button);
    }
}

fn send_two_at_once(lesson: &mut Lesson, _: &mut Inspection) {
    lesson.send_in_a_new_tab("/hello/world in a new tab ↗");
    lesson.send_in_a_new_tab("another new tab ↗");
    for button in ["get, then set: twice at once", "Send GET /hello/world2", "fetch_update: twice at once"] {
        lesson.send(button);
    }
}

fn end_it_in_three_ways(lesson: &mut Lesson, _: &mut Inspection) {
    lesson.get(COUNTER);
    for call in ["cycle_key", "clear", "flush"] {
        lesson.send(&format!("session.{call}()"));
    }
}

fn clear_sessions(lesson: &mut Lesson, _: &mut Inspection) {
    lesson.send("session.set_expiry(2)");
    lesson.wait_for_the_end_of("Row");
    wait_with_the_browser(A_SECOND_AND_MORE);
    lesson.get(COUNTER);
    lesson.follow("clearsessions");
}

fn fail_after_a_write(lesson: &mut Lesson, inspection: &mut Inspection) {
    lesson.get(COUNTER);
    inspection.while_a_view_fails(lesson, |lesson| lesson.send("Add one, then fail"));
    lesson.get(LOOK);
}

fn forge_a_key(lesson: &mut Lesson, _: &mut Inspection) {
    for view in ["Send GET /hello/world2", "Send GET /hello/world", "Send GET /hello/world2 again"] {
        lesson.follow("Make my browser send it");
        lesson.send(view);
    }
}

fn set_three_ends(lesson: &mut Lesson, _: &mut Inspection) {
    lesson.send("session.set_expiry(90)");
    wait_with_the_browser(FIVE_SECONDS);
    lesson.get(COUNTER);
    lesson.send("session.set_expiry(timedelta(seconds=90))");
    wait_with_the_browser(FIVE_SECONDS);
    lesson.send("Send GET /hello/world again");
    lesson.send("session.set_expiry(None)");
}

fn compare_with_the_stock_counter(lesson: &mut Lesson, _: &mut Inspection) {
    lesson.get(COUNTER);
    lesson.get("/actix/hello/world");
    lesson.send("session.set_expiry(90)");
    lesson.send("Send GET /hello/world again");
    lesson.send("Send GET /actix/hello/world again");
}

fn fix_a_key(lesson: &mut Lesson, _: &mut Inspection) {
    lesson.follow("Plant it");
    lesson.send("Log in as ada");
    for (visit, login) in [
        ("The attacker visits the counter", "Log in as ada"),
        ("The attacker visits the counter again", "Log in without cycle_key"),
    ] {
        lesson.send("Log out");
        lesson.follow(visit);
        lesson.follow("Plant her key");
        lesson.send(login);
        lesson.follow("The attacker uses her key");
    }
}

fn use_a_stolen_key(lesson: &mut Lesson, _: &mut Inspection) {
    lesson.send("Log in as ada");
    lesson.follow("The thief copies your key and uses it");
    lesson.get(COUNTER);
    lesson.send("Log out");
    lesson.follow("The thief uses the key once more");
}

fn read_the_cookie_by_script(lesson: &mut Lesson, inspection: &mut Inspection) {
    const SWITCH_BACK: &str = "return fetch('/lab/httponly', { method: 'POST', redirect: 'manual', \
                               body: new URLSearchParams({ httponly: 'true' }) }).then(() => true)";
    lesson.get(COUNTER);
    lesson.send("Let the script look");
    lesson.follow("Set SESSION_COOKIE_HTTPONLY = False");
    inspection.look(lesson, "exercise-24-without-httponly");
    lesson.send("Send GET /hello/world again");
    lesson.send("Let the script look");
    lesson.wait_for_the_why();
    lesson.ask(SWITCH_BACK);
}

fn send_a_foreign_form(lesson: &mut Lesson, _: &mut Inspection) {
    lesson.get(COUNTER);
    lesson.send_in_a_new_tab("Send it (POST)");
    let elsewhere = lesson.ask("return document.querySelector('a[href$=\"/elsewhere\"]').href");
    for way in ["A link to a page there (GET)", "A form that sends there (POST)"] {
        lesson.browser().go(elsewhere.as_str().unwrap());
        lesson.follow(way);
    }
    lesson.open_exercise(25);
}

/// Does it until the server has ticked, as a learner would whose machine was too slow.
fn again_if_stalled(lesson: &Lesson, action: impl Fn(&Lesson)) {
    let done = (0..ATTEMPTS).any(|_| {
        action(lesson);
        lesson.ticks_left() == 0
    });
    assert!(done, "a machine that is fast enough for a session of five seconds");
}
