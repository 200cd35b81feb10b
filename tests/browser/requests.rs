//! What the browser asks for by itself, and what it does not ask for.

use crate::walk::{COUNTER, LONG, LOOK, PLAIN, Walk};

const FAVICON: &str = "/favicon.ico";

#[test]
fn the_back_button_asks_for_nothing_and_a_reload_counts() {
    let mut walk = Walk::begin(LONG);
    assert_eq!(walk.visit(COUNTER).counter, Some(0));
    assert_eq!(walk.visit(LOOK).counter, Some(1));
    let rows = walk.database.rows();

    assert_eq!(walk.back().counter, Some(0), "the page as it was shown");
    assert_eq!(walk.database.rows(), rows);
    assert_eq!(walk.refresh().counter, Some(1));
    walk.visit(PLAIN);

    assert_eq!(walk.server.pages_asked_for(4), [PLAIN, COUNTER, COUNTER, LOOK]);
}

#[test]
fn the_browsers_own_request_for_an_icon_changes_no_session() {
    let mut walk = Walk::begin(LONG);
    let first = walk.visit(COUNTER);
    let rows = walk.database.rows();
    walk.server.wait_for_request(FAVICON);
    assert_eq!(walk.browser.sessionid().unwrap().expiry, Some(first.expiry()));
    assert_eq!(walk.database.rows(), rows);
    for counter in 1..=3 {
        let visit = walk.refresh();
        assert_eq!((visit.counter, visit.key()), (Some(counter), first.key()));
    }
}
