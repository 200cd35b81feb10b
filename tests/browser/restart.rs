//! What outlives the browser, and what outlives the server.

use crate::walk::{COUNTER, LONG, LOOK, PLAIN, POKE, Walk, now};

#[test]
fn a_poked_session_ends_with_the_browser_and_its_row_does_not() {
    let mut walk = Walk::begin(LONG);
    let poked = walk.visit(POKE);
    walk.browser.restart();
    assert!(walk.visit(PLAIN).cookie.is_none(), "the browser brought the cookie back");
    assert!(walk.database.row(poked.key()).expires() > now());

    let new = walk.visit(POKE);
    assert_ne!(new.key(), poked.key());
}

#[test]
fn a_counter_outlives_the_browser() {
    let mut walk = Walk::begin(LONG);
    walk.visit(COUNTER);
    let before = walk.refresh();
    walk.browser.restart();

    let after = walk.visit(LOOK);
    assert_eq!((after.key(), after.expiry()), (before.key(), before.expiry()));
    let counted = walk.visit(COUNTER);
    assert_eq!((counted.counter, counted.key()), (Some(2), before.key()));
    assert_eq!(walk.database.rows().len(), 1);
}

#[test]
fn a_session_outlives_the_server() {
    let mut walk = Walk::begin(LONG);
    let before = walk.visit(COUNTER);
    walk.restart_server();
    let after = walk.refresh();
    assert_eq!((after.counter, after.key()), (Some(1), before.key()));

    walk.move_server();
    let elsewhere = walk.visit(COUNTER);
    assert_eq!((elsewhere.counter, elsewhere.key()), (Some(2), before.key()), "a cookie knows no port");
    assert_eq!(walk.database.rows().len(), 1);
}
