//! A save, for who wants motion and for who wants none.

use serde_json::json;

use super::lesson::Lesson;
use crate::walk::LONG;

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
