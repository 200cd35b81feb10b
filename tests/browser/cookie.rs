//! The cookie, as the browser stores it.

use thirtyfour::common::cookie::SameSite;

use crate::walk::{COUNTER, LONG, LOOK, PLAIN, POKE, SHORT, Walk, now, unstalled};

/// What a script sees of the cookies, beside the one that it sets itself.
const SCRIPT: &str = "document.cookie = 'mine=1'; return document.cookie";

#[test]
fn a_view_that_never_touches_the_session_leaves_the_browser_without_a_cookie() {
    let walk = Walk::begin(LONG);
    walk.visit(PLAIN);
    assert_eq!(walk.browser.run("return document.querySelector('h1').textContent"), "Plain");
    assert!(walk.browser.cookies().is_empty(), "{:?}", walk.browser.cookies());
    assert_eq!(walk.database.rows(), []);
}

#[test]
fn a_poked_session_gives_the_browser_the_seeds_cookie_whose_value_is_the_primary_key() {
    let walk = Walk::begin(LONG);
    walk.visit(POKE);
    let cookies = walk.browser.cookies();
    let [cookie] = cookies.as_slice() else { panic!("one cookie, not {cookies:?}") };
    assert_eq!(cookie.name, "sessionid");
    assert_eq!(cookie.value.len(), 32, "{cookie:?}");
    assert!(cookie.value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "{cookie:?}");
    assert_eq!(cookie.http_only, Some(true));
    assert_eq!(cookie.path.as_deref(), Some("/"));
    assert_eq!(cookie.same_site, Some(SameSite::Lax));
    assert_eq!(cookie.secure, Some(false));
    assert_eq!(cookie.expiry, None, "it ends with the browser");
    let rows = walk.database.rows();
    assert_eq!(rows.iter().map(|row| &row.session_key).collect::<Vec<_>>(), [&cookie.value]);
    assert!(rows[0].expires() > now(), "the row lives on: {rows:?}");
}

#[test]
fn the_counters_cookie_and_its_row_end_after_the_age() {
    let walk = Walk::begin(SHORT);
    let visit = unstalled(&walk, |walk| {
        let visit = walk.visit(COUNTER);
        walk.unbroken(&visit, &visit).then_some(visit)
    });
    assert_eq!(visit.counter, Some(0));
    let (earliest, latest) = (visit.began + walk.age(), visit.ended + walk.age());
    let cookie = earliest.timestamp()..=latest.timestamp();
    assert!(cookie.contains(&visit.expiry()), "{} is not in {cookie:?}", visit.expiry());
    let row = walk.database.row(visit.key()).expires();
    assert!((earliest..=latest).contains(&row), "{row} is not in {earliest}..={latest}");
}

#[test]
fn no_script_reads_the_sessions_cookie() {
    let walk = Walk::begin(LONG);
    for page in [COUNTER, POKE] {
        walk.visit(page);
        assert_eq!(walk.browser.run(SCRIPT), "mine=1", "{page}");
        assert!(walk.browser.sessionid().is_some(), "{page}");
    }
}

#[test]
fn another_view_shows_the_counter_and_leaves_cookie_and_row_as_they_are() {
    let walk = Walk::begin(LONG);
    let counted = walk.visit(COUNTER);
    let row = walk.database.row(counted.key());
    for _ in 0..2 {
        let looked = walk.visit(LOOK);
        assert_eq!(looked.counter, Some(1));
        assert_eq!((looked.key(), looked.expiry()), (counted.key(), counted.expiry()));
    }
    assert_eq!(walk.database.rows(), [row]);
}

#[test]
fn who_deletes_the_cookie_is_somebody_new_while_the_old_row_lives_on() {
    let walk = Walk::begin(LONG);
    walk.visit(COUNTER);
    let old = walk.refresh();
    assert_eq!(old.counter, Some(1));
    let row = walk.database.row(old.key());

    walk.browser.delete_sessionid();
    let new = walk.visit(COUNTER);
    assert_eq!(new.counter, Some(0));
    assert_ne!(new.key(), old.key());
    assert_eq!(walk.database.row(old.key()), row);
    assert!(row.expires() > now());
    assert_eq!(walk.database.rows().len(), 2);
}
