//! The first page: a session that lives and dies by one button.

use super::lesson::Lesson;
use crate::walk::LONG;

/// Long enough for a few clicks, short enough to wait for.
const AGE: u32 = 4;
const SHOWN: &str = "return [document.querySelector('.live .big').innerText, document.querySelector('.live .key code')?.innerText, \
                     document.querySelector('.live').className]";

#[test]
fn the_first_win_needs_no_reading() {
    let lesson = Lesson::begin(AGE);
    lesson.open("/");
    let counts = |count: u32| {
        lesson.press("Visit");
        let shown = format!("return document.querySelector('.live .big').innerText === '{count}'");
        lesson.wait_until(&format!("counter {count}"), &shown);
        lesson.ask(SHOWN)
    };
    let (first, second) = (counts(0), counts(1));
    assert_eq!(first[1], second[1], "the same key");
    assert_eq!(first[2], second[2], "in the same colour");
    lesson.wait_until("its end", "return document.querySelector('.live').classList.contains('dead')");
    lesson.wait_for_the_end_of("Row");
    let third = counts(0);
    assert_ne!(third[1], first[1], "a new key");
    assert_ne!(third[2], first[2], "in another colour");
}

#[test]
fn the_button_is_a_form_without_scripts() {
    let mut lesson = Lesson::begin(LONG);
    lesson.switch_scripts_off();
    lesson.open("/");
    for count in ["0", "1", "2"] {
        lesson.follow("Visit");
        assert_eq!(lesson.ask(SHOWN)[0], count);
    }
}
