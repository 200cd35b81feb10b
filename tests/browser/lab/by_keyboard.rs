//! A whole exercise without a mouse.

use thirtyfour::Key;

use super::inspection::set_width;
use super::lesson::Lesson;
use crate::walk::LONG;

/// More than there are things to stop at on a page.
const STOPS: usize = 120;
/// What has the focus: its text or value, and whether one sees it and nothing that sticks hides it.
const FOCUSED: &str = "
    const element = document.activeElement;
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    const inside = box.top >= 0 && box.left >= 0 && box.bottom <= innerHeight && box.right <= innerWidth;
    const { left, top, width, height } = element.getClientRects()[0];
    const above = document.elementFromPoint(left + Math.min(width, innerWidth) / 2, top + height / 2);
    return {
        text: element.type === 'radio' ? element.value : element.innerText.trim(),
        seen: outlineStyle === 'solid' && outlineWidth === '3px' && inside && !!above && element.contains(above),
    };";

#[test]
fn a_whole_exercise_is_done_by_keyboard_alone_on_a_wide_and_on_a_narrow_page() {
    let lesson = Lesson::begin(LONG);
    for width in [1280, 390] {
        set_width(&lesson, Some(width));
        lesson.open_exercise(2);
        poke_the_hornet(&lesson);
        lesson.open_exercise(2);
        lesson.follow("Reset this exercise");
    }
}

fn poke_the_hornet(lesson: &Lesson) {
    type_key(lesson, Key::Tab);
    assert_eq!(focused(lesson), "Skip to the content");
    type_key(lesson, Key::Enter);

    tab_to(lesson, "a");
    type_key(lesson, Key::Space);
    type_key(lesson, Key::Down);
    assert_eq!(focused(lesson), "b");
    type_key(lesson, Key::Up);
    assert_eq!(focused(lesson), "a");
    tab_to(lesson, "Lock my prediction");
    type_key(lesson, Key::Enter);
    lesson.wait_until("the lock", "return !!document.querySelector('.choice input:disabled:checked')");
    lesson.wait_until("the step that is open now", "return document.activeElement.innerText === '2 Do'");
    tab_to(lesson, "Hint");
    type_key(lesson, Key::Enter);
    lesson.wait_until("the hint", "return !!document.activeElement.parentElement.open");
    lesson.open_exercise(2);

    tab_to(lesson, "Make the browser forget its sessionid");
    lesson.ask("document.documentElement.dataset.left = 'yes'");
    type_key(lesson, Key::Enter);
    lesson.wait_until("the page again", "return !document.documentElement.dataset.left");

    tab_to(lesson, "Send GET /hello/poke");
    type_key(lesson, Key::Enter);
    lesson.wait_for_the_why();
    assert_eq!(focused(lesson), "4 Why", "the focus goes where it goes on");
    tab_to(lesson, "Next ›");
    type_key(lesson, Key::Enter);
    lesson.wait_until("the next exercise", "return location.pathname === '/lab/exercise/3'");
}

fn type_key(lesson: &Lesson, key: Key) {
    let typed = lesson.browser().drive(async |driver| driver.action_chain().send_keys(key).perform().await);
    typed.unwrap();
}

fn focused(lesson: &Lesson) -> String {
    let focused = lesson.ask(FOCUSED);
    let text = focused["text"].as_str().unwrap().to_owned();
    assert_eq!(focused["seen"], true, "one does not see the focus on {text}");
    text
}

/// Goes on by Tab until something has the focus.
fn tab_to(lesson: &Lesson, text: &str) {
    let mut passed = Vec::new();
    while passed.len() < STOPS {
        type_key(lesson, Key::Tab);
        let here = focused(lesson);
        if here == text {
            return;
        }
        passed.push(here);
    }
    panic!("no way to {text} by Tab, but past {passed:?}");
}
