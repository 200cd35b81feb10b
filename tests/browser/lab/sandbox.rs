//! Free play: each button sends its own request, by script and as a form.

use super::lesson::Lesson;
use crate::walk::LONG;

const BUTTONS: [(&str, &str); 20] = [
    ("GET /hello/world", "GET /hello/world"),
    ("GET /hello/world2", "GET /hello/world2"),
    ("GET /hello/plain", "GET /hello/plain"),
    ("GET /hello/poke", "GET /hello/poke"),
    ("session[key] = value", "POST /play/set"),
    ("session.get(key)", "POST /play/read"),
    ("session.pop(key)", "POST /play/pop"),
    ("Do nothing", "POST /play/nothing"),
    ("Change a copy of a list", "POST /play/nested_copy"),
    ("Change it and put it back", "POST /play/nested_put_back"),
    ("get, then set", "POST /play/get_then_set"),
    ("fetch_update", "POST /play/fetch_update"),
    ("set_expiry(seconds)", "POST /play/expire_in"),
    ("set_expiry(timedelta)", "POST /play/expire_at"),
    ("set_expiry(0)", "POST /play/expire_at_browser_close"),
    ("set_expiry(None)", "POST /play/expire_by_policy"),
    ("cycle_key", "POST /play/cycle_key"),
    ("clear", "POST /play/clear"),
    ("flush", "POST /play/flush"),
    ("Write, then answer 500", "POST /play/fail"),
];
const NEWEST: &str = "return document.querySelector('[data-panel=timeline] tbody code').textContent";

#[test]
fn every_button_of_the_sandbox_sends_its_request() {
    let lesson = Lesson::begin(LONG);
    lesson.open("/lab/sandbox");
    for (button, request) in BUTTONS {
        lesson.send(button);
        assert_eq!(lesson.ask(NEWEST), request, "{button}");
    }
}

#[test]
fn the_sandbox_needs_no_script() {
    let mut lesson = Lesson::begin(LONG);
    lesson.switch_scripts_off();
    lesson.open("/lab/sandbox");
    for (button, request) in BUTTONS.into_iter().filter(|(_, request)| request.starts_with("POST")) {
        lesson.follow(button);
        if button == "Write, then answer 500" {
            assert_eq!(lesson.ask("return document.querySelector('h1 small').textContent"), "500");
            lesson.open("/lab/sandbox");
        }
        assert_eq!(lesson.ask(NEWEST), request, "{button}");
    }
}
