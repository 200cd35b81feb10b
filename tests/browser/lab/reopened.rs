//! What the lab says to a browser that was closed.

use super::lesson::Lesson;
use crate::walk::LONG;

const NOTICES: &str = "return document.querySelectorAll('.notice').length";

#[test]
fn a_cookie_that_outlives_the_browser_by_its_max_age_is_no_sign_of_restored_tabs() {
    let mut lesson = Lesson::begin(LONG);
    lesson.open("/lab/exercise/7");
    lesson.predict("b");
    lesson.get("/hello/world");
    let kept = lesson.browser().sessionid().expect("a cookie").value;
    lesson.reopen_the_browser();
    lesson.open("/lab");
    assert_eq!(lesson.browser().sessionid().expect("a cookie").value, kept);
    assert_eq!(lesson.ask(NOTICES), 0, "{}", lesson.ask("return document.querySelector('main').innerText"));
    assert_eq!(lesson.ask("return document.querySelector('main').innerText.includes('observed')"), true);
}
