//! What is drawn and tabulated from the log.

use super::{PLAIN, POKE, WORLD, WORLD2};
use crate::world::World;

/// The part of a page from one text to the next occurrence of another.
fn part<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = page.split_once(from).unwrap_or_else(|| panic!("no {from} in {page}"));
    rest.split_once(to).map_or(rest, |(part, _)| part)
}

#[actix_web::test]
async fn a_key_has_its_letters_and_its_colour_everywhere() {
    let mut world = World::start();
    world.visit(&[WORLD]).await;
    let old = world.key().unwrap();
    world.browser.delete_cookie("sessionid");
    world.visit(&[WORLD, WORLD2]).await;
    let new = world.key().unwrap();
    let tag = |key: &str, colour: u8| {
        format!("<b class=\"tag key-{colour}\"><span class=\"unseen\">key </span>{}</b>", &key[..2])
    };
    for path in ["/lab", "/lab/timeline", "/lab/timeline/3", "/lab/rows"] {
        let page = world.get(path).await.body;
        assert!(page.contains(&tag(&new, 1)), "{path}: {page}");
        assert_eq!(page.contains(&tag(&old, 0)), path != "/lab/timeline/3", "{path}: {page}");
    }
}

#[actix_web::test]
async fn time_is_drawn_and_told_in_words() {
    let mut world = World::start();
    let empty = world.get("/lab/timeline").await.body;
    assert!(empty.contains("Nothing to draw yet"), "{empty}");
    world.visit(&[PLAIN, WORLD]).await;
    world.advance(5);
    world.visit(&[WORLD, WORLD2]).await;
    world.advance(5);
    let page = world.get("/lab/timeline").await.body;
    let told = part(&page, "role=\"img\" aria-label=\"", "\"");
    assert!(told.contains("1 session untouched, 2 saved, 3 saved, 4 only read"), "{told}");
    assert_eq!(told.matches("filled again once, runs until").count(), 2, "{told}");
    assert_eq!(page.matches("class=\"jump\"").count(), 2, "the cookie's bar and the row's");
    world.advance(30);
    let page = world.get("/lab/timeline").await.body;
    assert!(page.contains(">forgotten</text>") && page.contains(">expired</text>"), "{page}");
}

#[actix_web::test]
async fn an_orphan_row_goes_on_without_its_cookie() {
    let mut world = World::start();
    world.visit(&[WORLD]).await;
    world.browser.delete_cookie("sessionid");
    world.advance(2);
    let page = world.get("/lab/timeline").await.body;
    let told = part(&page, "role=\"img\" aria-label=\"", "\"");
    assert!(
        told.contains(", lost at ") && told.contains("; row from ") && told.contains("runs until"),
        "{told}"
    );
}

#[actix_web::test]
async fn the_timeline_is_live_whole_on_its_page_and_short_beside_an_exercise() {
    let mut world = World::start();
    world.visit(&[WORLD; 12]).await;
    for (query, rows) in [("after=0", 8), ("after=0&page=timeline", 12)] {
        let feed: serde_json::Value =
            serde_json::from_str(&world.get(&format!("/lab/feed?{query}")).await.body).unwrap();
        let panel = |name: &str| feed["panels"][name].as_str().unwrap().to_owned();
        assert!(panel("drawing").contains("<svg role=\"img\""), "{query}: {}", panel("drawing"));
        assert_eq!(panel("timeline").matches("<tr>").count(), rows + 1, "{query}: {}", panel("timeline"));
    }
}

#[actix_web::test]
async fn a_request_is_tabulated_in_words() {
    let mut world = World::start();
    world.visit(&[POKE]).await;
    world.browser.delete_cookie("sessionid");
    world.visit(&[WORLD]).await;
    world.advance(3);
    world.visit(&[WORLD, WORLD2]).await;
    let page = world.get("/lab/timeline").await.body;
    for words in [
        "<td>accessed, modified, saved</td>",
        "<td>accessed</td>",
        "<td>set until the browser closes</td>",
        "<span class=\"changed\">later</span>",
        "<span class=\"changed\">new</span>",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
}

#[actix_web::test]
async fn keys_of_any_text_are_escaped() {
    let mut world = World::start();
    world.browser.set_cookie("sessionid", "<script>\"'&");
    world.visit(&[PLAIN, WORLD2]).await;
    for path in ["/lab", "/lab/timeline", "/lab/timeline/1"] {
        let page = world.get(path).await.body;
        assert!(page.contains("&lt;s</b>") && !page.contains("<script>\""), "{path}: {page}");
    }
}

#[actix_web::test]
async fn evidence_has_the_columns_that_prove_the_point() {
    let mut world = World::start();
    world.visit(&[WORLD]).await;
    world.predict(8).await;
    world.advance(40);
    world.visit(&[WORLD]).await;
    let page = world.get("/lab/exercise/8").await.body;
    let evidence = part(&page, "data-panel=\"evidence\"", "</table>");
    let headings: Vec<_> = evidence.split("<th scope=\"col\">").skip(1).collect();
    let headings: Vec<_> = headings.iter().map(|rest| rest.split('<').next().unwrap()).collect();
    let expected =
        ["#", "time (UTC)", "request", "key sent", "counter found", "key after", "row’s end after"];
    assert_eq!(headings, expected, "{evidence}");
    assert_eq!(evidence.matches("aria-label=\"Request ").count(), 2, "{evidence}");
}

#[actix_web::test]
async fn the_way_of_a_request_is_told_and_what_it_did_to_the_row() {
    let mut world = World::start();
    world.visit(&[PLAIN, WORLD]).await;
    world.advance(3);
    world.visit(&[WORLD, WORLD2]).await;
    world.post("/play/flush", &[]).await;
    for (n, way, row, changed) in [
        (1, "is not saved, since the session was not modified", "no row", 0),
        (2, "is saved, since the session was modified", "● a new row", 2),
        (3, "is saved, since the session was modified", "● written", 2),
        (4, "is not saved, since the session was not modified", "not touched", 0),
        (5, "sent a cookie, and its session is empty: the cookie is deleted", "the row is gone", 2),
    ] {
        let page = world.get(&format!("/lab/timeline/{n}")).await.body;
        let strip = part(&page, "<ol class=\"strip\"", "</ol>");
        assert!(strip.contains(&format!("Request {n} {way}")), "{n}: {strip}");
        assert!(strip.contains(row), "{n}: {strip}");
        assert_eq!(strip.matches("<ins>").count(), changed, "{n}: {strip}");
        assert!(page.contains("<svg class=\"flow\" role=\"img\""), "{n}");
    }
}
