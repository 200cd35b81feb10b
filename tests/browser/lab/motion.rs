//! What an open page tells of a save, for who wants motion and for who wants none; and that it can be stopped.

use std::time::Duration;

use serde_json::json;

use super::lesson::Lesson;
use crate::walk::{LONG, wait_with_the_browser};

/// Notes every text and every animation of the clocks.
const WATCH: &str = "
    window.seen = { texts: [], animations: 0 };
    addEventListener('animationstart', () => { seen.animations += 1; });
    new MutationObserver(() => document.querySelectorAll('.clock .reset:not([hidden])').forEach(
        (element) => seen.texts.push(element.textContent),
    )).observe(document.querySelector('.life'), { subtree: true, childList: true, attributes: true });";

#[test]
fn a_save_is_told_in_words_and_moves_only_where_motion_is_wanted() {
    let lesson = Lesson::begin(LONG);
    lesson.open("/lab/sandbox");
    lesson.send("GET /hello/world");
    for (preference, moves) in [("reduce", false), ("no-preference", true)] {
        let feature = json!({ "name": "prefers-reduced-motion", "value": preference });
        lesson.cdp("Emulation.setEmulatedMedia", json!({ "features": [feature] }));
        lesson.ask(WATCH);
        lesson.send("GET /hello/world");
        lesson.wait_until("the words", "return seen.texts.includes('↑ reset to 600 s')");
        if moves {
            lesson.wait_until("a flash", "return seen.animations > 0");
        }
        let running = lesson.ask("return seen.animations > 0 || document.getAnimations().length > 0");
        assert_eq!(running, moves, "{preference}");
    }
}

#[test]
fn the_words_tell_the_sessions_own_age() {
    let lesson = Lesson::begin(LONG);
    lesson.open("/lab/sandbox");
    lesson.send("GET /hello/world");
    lesson.wait_until("an end of its words", "return !document.querySelector('.reset:not([hidden])')");
    lesson.ask(WATCH);
    lesson.ask("document.querySelector('[name=seconds]').value = 120");
    lesson.send("set_expiry(seconds)");
    lesson.wait_until("the words", "return seen.texts.length > 0");
    assert_eq!(lesson.ask("return [...new Set(seen.texts)]"), json!(["↑ reset to 120 s"]));
}

#[test]
fn clocks_stop_while_updates_are_paused() {
    const LEFT: &str = "return document.querySelector('[data-name=Row] .left').textContent";
    let lesson = Lesson::begin(60);
    lesson.open("/lab/sandbox");
    lesson.send("GET /hello/world");
    lesson.wait_until("a clock that runs", &format!("{LEFT} === '58 s left'"));
    lesson.press("❚❚ Pause updates");
    let stopped = lesson.ask(LEFT);
    wait_with_the_browser(Duration::from_millis(2500));
    assert_eq!(lesson.ask(LEFT), stopped);
    lesson.press("▶ Go on updating");
    lesson.wait_until("a clock that runs again", &format!("{LEFT} !== '{}'", stopped.as_str().unwrap()));
}
