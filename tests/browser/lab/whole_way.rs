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

type Do = fn(&mut Lesson, &mut Inspection);

/// Number, prediction, age, what to do.
const EXERCISES: [(u8, &str, u32, Do); 12] = [
    (1, "b", EASY, track_nothing),
    (2, "a", EASY, poke),
    (3, "c", EASY, find_the_row),
    (4, "b", EASY, come_back),
    (5, "a", EASY, see_another_view),
    (6, "c", EASY, lose_the_cookie),
    (7, "b", SHORT, keep_it_alive),
    (8, "a", SHORT, fall_silent),
    (9, "b", SHORT, read_only),
    (12, "c", EASY, close_the_browser),
    (15, "b", EASY, restart_the_server),
    (16, "c", SHORT, meet_a_dead_row),
];

#[test]
fn a_learner_finishes_every_exercise_on_pages_that_are_fit_for_everybody() {
    let mut lesson = Lesson::begin(30);
    let mut inspection = Inspection::begin();
    inspection.look_at(&lesson, "front", "/");
    inspection.look_at(&lesson, "exercises-before", "/lab");
    inspection.look_at(&lesson, "report-before", "/lab/report");

    predict_wrongly_and_see_the_report_say_so(&lesson);
    for (number, prediction, age, action) in EXERCISES {
        lesson.open_exercise(number);
        inspection.look(&lesson, &format!("exercise-{number}-1-before"));
        lesson.choose_age(age);
        lesson.predict(prediction);
        inspection.look(&lesson, &format!("exercise-{number}-2-locked"));
        action(&mut lesson, &mut inspection);
        lesson.wait_for_the_why();
        inspection.look(&lesson, &format!("exercise-{number}-3-done"));
    }

    lesson.open("/lab/report");
    let report = lesson.ask("return document.querySelector('main').innerText");
    let report = report.as_str().unwrap();
    assert!(report.contains("12 of 12 done"), "{report}");
    assert_eq!(report.matches("came true").count(), 12, "{report}");
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

fn predict_wrongly_and_see_the_report_say_so(lesson: &Lesson) {
    lesson.open_exercise(1);
    lesson.predict("a");
    lesson.get(PLAIN);
    lesson.wait_for_the_why();
    lesson.open("/lab/report");
    let report = lesson.ask("return document.querySelector('main').innerText");
    assert!(report.as_str().unwrap().contains("✕ a; it was b"), "{report}");
    lesson.open_exercise(1);
    lesson.follow("Reset this exercise");
    assert_eq!(lesson.ask("return document.querySelectorAll('.choice input:enabled').length"), 3);
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

/// Does it until the server has ticked, as a learner would whose machine was too slow.
fn again_if_stalled(lesson: &Lesson, action: impl Fn(&Lesson)) {
    let done = (0..ATTEMPTS).any(|_| {
        action(lesson);
        lesson.ticks_left() == 0
    });
    assert!(done, "a machine that is fast enough for a session of five seconds");
}
