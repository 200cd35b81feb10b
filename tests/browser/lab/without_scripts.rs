//! The lab where no script runs: forms, links and reloads alone.

use super::lesson::Lesson;
use crate::walk::{COUNTER, LONG, LOOK, PLAIN, POKE};

#[test]
fn the_first_five_exercises_need_no_script() {
    let mut lesson = Lesson::begin(LONG);
    lesson.switch_scripts_off();
    for number in 1..=5 {
        lesson.open_exercise(number);
        let hidden = lesson.ask("return document.getElementById('pause').hidden");
        assert_eq!(hidden, true, "a script has run");
        lesson.choose_age(60);
        lesson.predict(["b", "a", "c", "b", "a"][usize::from(number) - 1]);
        act(&lesson, number);
        lesson.wait_for_the_why();
    }
    lesson.open("/lab/report");
    let report = lesson.ask("return document.querySelector('main').innerText");
    assert!(report.as_str().unwrap().contains("Report 5 of "), "{report}");
}

fn act(lesson: &Lesson, number: u8) {
    match number {
        1 => {
            lesson.forget_the_cookie();
            lesson.get(PLAIN);
        }
        2 => {
            lesson.forget_the_cookie();
            lesson.get(POKE);
        }
        3 => {
            lesson.get(COUNTER);
            let key = lesson.browser().sessionid().expect("a cookie").value;
            lesson.name_the_key(&key[..6]);
        }
        // The cookie of the exercise before is still there.
        4 => lesson.get(COUNTER),
        _ => {
            lesson.get(COUNTER);
            lesson.get(LOOK);
        }
    }
}
