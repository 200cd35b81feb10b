//! What an open page says of what happens elsewhere.

use super::lesson::Lesson;
use crate::walk::{COUNTER, LONG};

const NOTICES: &str = "document.getElementById('notices').innerText";

#[test]
fn a_server_that_is_gone_and_comes_back_is_told_of() {
    let mut lesson = Lesson::begin(LONG);
    lesson.open_exercise(4);
    lesson.predict("b");
    lesson.walk.server.stop();
    lesson.wait_until("a word", &format!("return {NOTICES}.includes('The server does not answer')"));
    lesson.press("Send GET /hello/world");
    lesson.wait_until(
        "a word at the button",
        "return !!document.querySelector('.do output')?.innerText.includes('no answer')",
    );
    lesson.walk.start_server_again();
    lesson.wait_until("an end of it", &format!("return {NOTICES} === ''"));
    let told = "return document.getElementById('status').innerText.includes('started again')";
    lesson.wait_until("the new run", told);
    lesson.get(COUNTER);
    lesson.get(COUNTER);
    lesson.wait_for_the_why();
}

#[test]
fn an_age_that_another_tab_has_changed_is_told_of() {
    let lesson = Lesson::begin(LONG);
    lesson.open_exercise(7);
    lesson.predict("a");
    lesson.wait_until("an answer to the page", "return asked");
    lesson.ask("return fetch('/lab/settings', { method: 'POST', body: new URLSearchParams({ age: '120' }) }).then(() => true)");
    lesson.wait_until("a word", &format!("return {NOTICES}.includes('SESSION_COOKIE_AGE is 120 s')"));
    assert_eq!(lesson.ask("return document.querySelector('[name=age]').value"), "120");
    lesson.wait_until("the texts", "return document.getElementById('predict').textContent.includes('120 s')");
}
