//! A room for each browser: two and more of them on one server, and nothing crosses over.

use actix_web::http::StatusCode;
use serde_json::Value;
use sessionid::testing::{Client, Exchange};

use super::{AGE, PLAIN, POKE, RIGHT, WORLD, WORLD2};
use crate::world::World;

const HALF_AN_HOUR: i64 = 30 * 60;

/// A browser, and what stands before the paths of its room.
struct Browser {
    client: Client,
    root: String,
}

impl Browser {
    /// One that opens the lab, and follows where it is led.
    async fn open(world: &World) -> Self {
        let mut browser = Self { client: world.client(), root: String::new() };
        browser.come().await;
        browser
    }

    /// Opens `/lab`, and then the page there once more: only who sends its cookies back is known.
    async fn come(&mut self) {
        let mut path = "/lab".to_owned();
        for _ in 0..3 {
            let answer = self.client.get(&path).await.unwrap();
            let Some(location) = answer.header("location") else { break };
            location.clone_into(&mut path);
        }
        path.strip_suffix("/lab").unwrap().clone_into(&mut self.root);
        assert_eq!(self.get("/lab").await.status, 200);
    }

    async fn get(&mut self, path: &str) -> Exchange {
        self.client.get(&format!("{}{path}", self.root)).await.unwrap()
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Exchange {
        self.client.post(&format!("{}{path}", self.root), fields).await.unwrap()
    }

    async fn visit(&mut self, paths: &[&str]) {
        for path in paths {
            assert_eq!(self.get(path).await.status, 200, "{path}");
        }
    }

    async fn predict(&mut self, number: u8) {
        let (_, choice) = RIGHT.iter().find(|(other, _)| *other == number).unwrap();
        let answer = self.post(&format!("/lab/exercise/{number}/predict"), &[("choice", choice)]).await;
        let page = format!("{}/lab/exercise/{number}", self.root);
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, Some(page.as_str())));
    }

    async fn feed(&mut self, number: u8) -> Value {
        serde_json::from_str(&self.get(&format!("/lab/feed?exercise={number}")).await.body).unwrap()
    }

    async fn ticks(&mut self, number: u8) -> u64 {
        self.feed(number).await["ticked"].as_u64().unwrap()
    }

    async fn is_done(&mut self, number: u8) -> bool {
        self.feed(number).await["done"].as_bool().unwrap()
    }

    fn key(&self) -> String {
        self.client.cookie("sessionid").unwrap().value.clone()
    }

    async fn rows(&mut self) -> String {
        self.get("/lab/rows").await.body
    }
}

fn location(answer: &Exchange) -> &str {
    assert_eq!(answer.status, 303, "{}", answer.body);
    answer.header("location").unwrap()
}

/// `/room/<id>` of an address.
fn root(location: &str) -> String {
    let rest = location.strip_prefix("/room/").unwrap_or_else(|| panic!("{location} is in no room"));
    format!("/room/{}", rest.split('/').next().unwrap())
}

#[actix_web::test]
async fn a_second_browser_is_led_to_a_room_of_its_own() {
    let world = World::start();
    let mut first = Browser::open(&world).await;
    assert_eq!(first.root, "");
    let mut other = world.client();
    let led = other.get("/lab/exercise/9?answer=wrong").await.unwrap();
    let root = root(location(&led));
    assert_eq!(location(&led), format!("{root}/lab/exercise/9?answer=wrong"));
    assert!(root.len() >= "/room/".len() + 12, "{root}");
    let mut other = Browser { client: other, root: root.clone() };
    other.visit(&[PLAIN, POKE, WORLD, WORLD2]).await;
    for path in
        ["/", "/lab", "/lab/exercise/9", "/lab/learn/1", "/lab/timeline/1", "/lab/rows", "/lab/sandbox"]
    {
        let page = other.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        for attribute in ["href=\"/", "action=\"/", "formaction=\"/"] {
            for target in page.body.split(attribute).skip(1) {
                let own = target.starts_with(&root[1..]) || target.starts_with("static/");
                assert!(own, "{path} leads out of its room: {attribute}{target:.40}");
            }
        }
    }
    for path in ["/lab", "/lab/rows"] {
        let again = other.client.get(path).await.unwrap();
        assert_eq!(location(&again), format!("{root}{path}"), "the same room again");
    }
    assert_eq!(first.get("/lab").await.status, 200);
    assert!(first.get("/lab/timeline").await.body.contains("No request yet"));
}

#[actix_web::test]
async fn the_cookies_of_a_room_stay_in_it() {
    let world = World::start();
    let mut first = Browser::open(&world).await;
    first.visit(&[WORLD]).await;
    let mut client = world.client();
    client.get(WORLD).await.unwrap();
    let led = client.get("/lab").await.unwrap();
    let root = root(location(&led));
    let mut other = Browser { client, root: root.clone() };
    assert!(other.client.cookie("sessionid").is_none(), "that of the main room would be sent to every room");
    let mut seen = Vec::new();
    for path in ["/lab", WORLD, POKE, "/actix/hello/world"] {
        let answer = other.get(path).await;
        seen.extend(answer.headers.get_all("set-cookie").map(|set| set.to_str().unwrap().to_owned()));
    }
    for (path, fields) in [
        ("/lab/theme", &[("theme", "dark")][..]),
        ("/lab/forget", &[]),
        ("/play/set", &[("key", "a")]),
        ("/lab/exercise/1/predict", &[("choice", "b")]),
    ] {
        let answer = other.post(path, fields).await;
        assert!(location(&answer).starts_with(&format!("{root}/lab")), "{path}");
        seen.extend(answer.headers.get_all("set-cookie").map(|set| set.to_str().unwrap().to_owned()));
    }
    for cookie in &seen {
        let path = if cookie.starts_with("lab_") { format!("{root}/lab") } else { root.clone() };
        assert!(format!("{cookie};").contains(&format!("; Path={path};")), "{cookie}");
    }
    for name in ["sessionid=", "lab_id=", "lab_theme=", "actix_sessionid="] {
        assert!(seen.iter().any(|cookie| cookie.starts_with(name)), "{name} {seen:?}");
    }
}

#[actix_web::test]
async fn two_browsers_do_three_exercises_at_once() {
    let mut world = World::start();
    let (mut one, mut two) = (Browser::open(&world).await, Browser::open(&world).await);
    assert_ne!(one.root, two.root);
    two.post("/lab/settings", &[("age", "60"), ("save_every_request", "true")]).await;
    for number in [1, 2, 7] {
        one.predict(number).await;
        assert_eq!(two.ticks(number).await, 0);
        two.predict(number).await;
    }
    one.visit(&[PLAIN]).await;
    assert_eq!((one.ticks(1).await, two.ticks(1).await), (3, 0));
    two.visit(&[POKE]).await;
    assert_eq!((one.ticks(2).await, two.ticks(2).await), (0, 3));
    assert_eq!((one.ticks(1).await, two.ticks(1).await), (3, 0));
    one.visit(&[POKE]).await;
    two.client.delete_cookie("sessionid");
    two.visit(&[PLAIN]).await;
    for browser in [&mut one, &mut two] {
        assert!(browser.is_done(1).await && browser.is_done(2).await);
        browser.client.delete_cookie("sessionid");
    }
    for step in 0..4 {
        world.advance(5);
        let saved = one.get(WORLD).await;
        assert!(saved.header("set-cookie").unwrap().contains("Max-Age=30; Path=/;"), "{saved:?}");
        assert_eq!(two.ticks(7).await, 0, "step {step}");
    }
    assert!(one.is_done(7).await);
    assert_eq!(one.get(WORLD2).await.header("set-cookie"), None);
    for _ in 0..4 {
        world.advance(5);
        let saved = two.get(WORLD).await;
        assert!(saved.header("set-cookie").unwrap().contains(&format!("Max-Age=60; Path={};", two.root)));
    }
    assert!(two.is_done(7).await);
    assert!(two.get(WORLD2).await.header("set-cookie").is_some(), "every request is saved there");
    let (own, foreign) = (one.key(), two.key());
    assert_ne!(own, foreign);
    for (browser, own, foreign, age) in [(&mut one, &own, &foreign, AGE), (&mut two, &foreign, &own, 60)] {
        let feed = browser.feed(7).await.to_string();
        assert!(feed.contains(own.as_str()) && !feed.contains(foreign.as_str()), "{feed}");
        for path in ["/lab/timeline", "/lab/rows", "/lab/sandbox", "/lab/exercise/7", "/lab/timeline/1"] {
            let page = browser.get(path).await.body;
            assert!(!page.contains(foreign.as_str()), "{path}");
            assert!(page.contains(&format!("<option value=\"{age}\" selected")) || !page.contains("<option"));
        }
    }
    // The same after a restart of the server.
    for browser in [&mut one, &mut two] {
        browser.predict(15).await;
        browser.visit(&[WORLD]).await;
        assert_eq!(browser.ticks(15).await, 1);
    }
    world.restart().await;
    for browser in [&mut one, &mut two] {
        browser.client.set_origin(world.origin());
    }
    two.visit(&[WORLD]).await;
    assert!(two.is_done(15).await);
    assert_eq!(one.ticks(15).await, 2, "the server was started anew, and that is all");
    let (mine, others) = (one.key(), two.key());
    assert!(two.rows().await.contains(&others) && !two.rows().await.contains(&mine));
    assert!(one.rows().await.contains(&mine) && !one.rows().await.contains(&others));
    one.visit(&[WORLD]).await;
    assert!(one.is_done(15).await);
    for browser in [&mut one, &mut two] {
        for number in [1, 2, 7] {
            assert!(browser.is_done(number).await, "{number} in {:?}", browser.root);
        }
    }
}

#[actix_web::test]
async fn a_browser_without_the_lab_goes_on_in_its_room_after_a_restart() {
    let mut world = World::start();
    let (mut one, mut two) = (Browser::open(&world).await, Browser::open(&world).await);
    two.visit(&[WORLD]).await;
    world.restart().await;
    two.client.set_origin(world.origin());
    one.client.set_origin(world.origin());
    assert_eq!(crate::world::counter(&two.get(WORLD).await), 1);
    assert!(two.get("/lab/timeline").await.body.contains("GET /hello/world"));
    assert!(!one.get("/lab/timeline").await.body.contains("GET /hello/world"));
}

#[actix_web::test]
async fn rows_are_shown_and_cleared_where_they_were_made() {
    for engine in ["db", "file"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        let world = World::start_with(&[("SESSION_ENGINE", engine), ("SESSION_FILE_PATH", path)]);
        let (mut one, mut two) = (Browser::open(&world).await, Browser::open(&world).await);
        let mut three = Browser::open(&world).await;
        two.post("/lab/settings", &[("age", "60")]).await;
        let mut keys = Vec::new();
        for browser in [&mut one, &mut two, &mut three] {
            browser.visit(&[WORLD]).await;
            keys.push(browser.key());
        }
        for (at, browser) in [&mut one, &mut two, &mut three].into_iter().enumerate() {
            let page = browser.rows().await;
            for (other, key) in keys.iter().enumerate() {
                assert_eq!(page.contains(key), at == other, "{engine}: {other} in {at}");
            }
            assert!(page.contains("1 row, 0 of them expired"), "{engine}: {page}");
        }
        let page = two.rows().await;
        assert!(page.contains("60 s left"), "{engine}: {page}");
        world.advance(31);
        let cleared = three.post("/lab/rows/clearsessions", &[]).await;
        assert_eq!(location(&cleared), format!("{}/lab/rows?cleared=1", three.root), "{engine}");
        let one_rows = one.rows().await;
        assert!(
            one_rows.contains(&keys[0]) && one_rows.contains("1 row, 1 of them expired"),
            "{engine}: {one_rows}"
        );
        let cleared = one.post("/lab/rows/clearsessions", &[]).await;
        assert_eq!(location(&cleared), "/lab/rows?cleared=1", "{engine}");
        let rows = two.rows().await;
        assert!(rows.contains(&keys[1]) && rows.contains("29 s left"), "{engine}: {rows}");
        assert_eq!(
            location(&two.post("/lab/rows/clearsessions", &[]).await).split('=').next_back(),
            Some("0")
        );
        world.advance(30);
        assert_eq!(
            location(&one.post("/lab/rows/clearsessions", &[]).await).split('=').next_back(),
            Some("0")
        );
        assert!(two.rows().await.contains("1 row, 1 of them expired"), "{engine}");
        assert_eq!(
            location(&two.post("/lab/rows/clearsessions", &[]).await).split('=').next_back(),
            Some("1")
        );
    }
}

#[actix_web::test]
async fn a_key_of_another_room_works_and_is_not_ones_own() {
    let world = World::start();
    let (mut one, mut two) = (Browser::open(&world).await, Browser::open(&world).await);
    for (thief, victim) in [(true, false), (false, true)] {
        assert_ne!(thief, victim);
        let (thief, victim) = if thief { (&mut one, &mut two) } else { (&mut two, &mut one) };
        victim.client.delete_cookie("sessionid");
        victim.visit(&[WORLD]).await;
        let key = victim.key();
        thief.predict(3).await;
        thief.client.delete_cookie("sessionid");
        thief.client.set_cookie("sessionid", &key);
        assert_eq!(crate::world::counter(&thief.get(WORLD).await), 1, "a session like any other");
        let answer = thief.post("/lab/exercise/3/answer", &[("prefix", &key[..6])]).await;
        assert!(location(&answer).contains("?answer="), "{:?}", answer.headers);
        assert!(!thief.is_done(3).await);
        assert!(!thief.rows().await.contains(&format!("<code class=\"break\">{key}</code>")));
        assert!(victim.rows().await.contains(&key));
        thief.client.delete_cookie("sessionid");
        thief.visit(&[WORLD]).await;
        let own = thief.key();
        thief.post("/lab/exercise/3/answer", &[("prefix", &own[..6])]).await;
        assert!(thief.is_done(3).await);
    }
}

#[actix_web::test]
async fn the_stock_row_of_a_room_is_its_own_as_well() {
    let world = World::start();
    let (mut one, mut two) = (Browser::open(&world).await, Browser::open(&world).await);
    for browser in [&mut two, &mut one] {
        for counter in 0..2 {
            assert_eq!(crate::world::counter(&browser.get("/actix/hello/world").await), counter);
        }
    }
    assert_eq!(world.rows().len(), 2);
    for browser in [&mut one, &mut two] {
        let page = browser.rows().await;
        assert!(page.contains("1 row, 0 of them expired"), "{page}");
    }
}

#[actix_web::test]
async fn the_front_page_shows_nothing_of_others() {
    let world = World::start();
    let (mut one, mut two) = (Browser::open(&world).await, Browser::open(&world).await);
    one.visit(&[WORLD]).await;
    two.visit(&[WORLD]).await;
    let (own, other) = (one.key(), two.key());
    let page = world.client().get("/").await.unwrap();
    assert!(page.status == 200 && !page.body.contains(&own) && !page.body.contains(&other), "{}", page.body);
    assert!(one.get("/").await.body.contains(&own), "what it sends itself");
    let page = two.get("/").await.body;
    assert!(page.contains(&other) && !page.contains(&own), "{page}");
}

#[actix_web::test]
async fn a_cookie_of_the_whole_site_does_not_come_before_the_rooms_own() {
    let world = World::start();
    let (_one, mut two) = (Browser::open(&world).await, Browser::open(&world).await);
    two.visit(&[WORLD, WORLD]).await;
    two.client.get(WORLD).await.unwrap();
    let page = two.get(WORLD).await;
    assert_eq!(crate::world::counter(&page), 2, "the room's own session");
}

#[actix_web::test]
async fn a_third_browser_gets_a_third_room_and_no_other() {
    let world = World::start();
    let (one, mut two) = (Browser::open(&world).await, Browser::open(&world).await);
    let mut three = Browser::open(&world).await;
    assert!(one.root.is_empty() && two.root != three.root);
    let elsewhere = three.client.get(&format!("{}/lab/rows", two.root)).await.unwrap();
    assert_eq!(location(&elsewhere), "/lab/rows", "where it is known which room is its own");
    let home = three.client.get(location(&elsewhere)).await.unwrap();
    assert_eq!(location(&home), format!("{}/lab/rows", three.root));
    let moved = three.client.get(&format!("{}/lab/feed", two.root)).await.unwrap();
    assert_eq!(serde_json::from_str::<Value>(&moved.body).unwrap(), serde_json::json!({ "moved": "" }));
    // One that is new, and comes by somebody's link.
    let mut four = world.client();
    let elsewhere = four.get(&format!("{}/lab", two.root)).await.unwrap();
    let home = four.get(location(&elsewhere)).await.unwrap();
    let root = root(location(&home));
    assert!(root != two.root && root != three.root);
    assert_eq!(four.get(location(&home)).await.unwrap().status, 200);
    assert_eq!(two.get("/lab").await.status, 200);
}

#[actix_web::test]
async fn who_deletes_its_cookies_finds_a_room_all_the_same() {
    let world = World::start();
    let (_one, mut two) = (Browser::open(&world).await, Browser::open(&world).await);
    let before = two.root.clone();
    for names in [&["lab_run"][..], &["lab_id"], &["lab_id", "lab_run"], &["lab_id", "lab_run", "lab_room"]] {
        for name in names {
            two.client.delete_cookie(name);
        }
        two.come().await;
        assert_eq!(two.root == before, !names.contains(&"lab_room"), "{names:?}");
        assert_eq!(two.get("/lab").await.status, 200);
    }
}

#[actix_web::test]
async fn who_keeps_no_cookies_locks_nobody_out() {
    let world = World::start();
    for _ in 0..5 {
        let answer = world.client().get("/lab").await.unwrap();
        assert_eq!(answer.status, 200);
    }
    let mut one = Browser::open(&world).await;
    assert_eq!(one.root, "");
    for _ in 0..5 {
        let answer = world.client().get("/lab").await.unwrap();
        let page = world.client().get(location(&answer)).await.unwrap();
        assert_eq!(page.status, 200, "without cookies, and no circle");
    }
    let answer = world.client().post("/lab/settings", &[("age", "60")]).await.unwrap();
    assert_eq!(location(&answer), "/lab", "a form of a program acts on the room that it is sent to");
    let set = one.get(WORLD).await;
    assert!(set.header("set-cookie").unwrap().contains("Max-Age=60"));
}

#[actix_web::test]
async fn the_main_room_is_free_when_its_browser_has_been_away() {
    let world = World::start();
    let mut one = Browser::open(&world).await;
    one.predict(1).await;
    one.visit(&[PLAIN]).await;
    assert!(one.is_done(1).await);
    world.advance(HALF_AN_HOUR - 1);
    assert_ne!(Browser::open(&world).await.root, "");
    world.advance(1);
    let mut two = Browser::open(&world).await;
    assert_eq!(two.root, "");
    assert_eq!(two.ticks(1).await, 0);
    one.come().await;
    assert_ne!(one.root, "");
    assert!(one.is_done(1).await, "its progress goes with it");
    assert_eq!(one.client.get(&format!("{}/lab/exercise/1", one.root)).await.unwrap().status, 200);
}

#[actix_web::test]
async fn a_room_that_is_idle_closes_and_opens_again() {
    let world = World::start();
    let (_one, mut two) = (Browser::open(&world).await, Browser::open(&world).await);
    two.post("/lab/settings", &[("age", "60")]).await;
    two.visit(&[PLAIN, WORLD, "/lab"]).await;
    let key = two.key();
    world.advance(2 * 3600);
    Browser::open(&world).await;
    let _third = Browser::open(&world).await;
    assert!(two.get("/lab/timeline").await.body.contains("No request yet"));
    let set = two.get(WORLD).await;
    assert!(set.header("set-cookie").unwrap().contains("Max-Age=30"), "the settings went with it");
    assert!(two.rows().await.contains(&key), "the browser has brought its rows with it");
    assert_eq!(two.get("/lab/timeline/3").await.status, 200, "no number is given twice");
}

#[actix_web::test]
async fn a_form_from_another_browser_changes_nothing() {
    let world = World::start();
    let mut one = Browser::open(&world).await;
    let mut stranger = world.client();
    // It has come before anybody had the room, and has cookies of it.
    stranger.set_cookie("lab_run", &"a".repeat(14));
    for (path, fields) in [
        ("/lab/settings", &[("age", "60")][..]),
        ("/lab/exercise/1/predict", &[("choice", "a")]),
        ("/lab/rows/clearsessions", &[]),
        ("/lab/forget", &[]),
    ] {
        let answer = stranger.post(path, fields).await.unwrap();
        assert_eq!(answer.status, StatusCode::CONFLICT, "{path}");
        assert!(answer.body.contains("open /lab"), "{}", answer.body);
        assert_eq!(answer.header("set-cookie"), None);
    }
    assert!(one.get(WORLD).await.header("set-cookie").unwrap().contains("Max-Age=30"));
}

#[actix_web::test]
async fn a_forged_progress_is_led_away_and_told_so_there() {
    let world = World::start();
    let mut one = Browser::open(&world).await;
    one.visit(&[WORLD]).await;
    let mut forger = world.client();
    for forged in ["e30:1:x", "", "%00;", "\"\\073\"", &"x".repeat(3000)] {
        forger.set_cookie("lab_id", forged);
        let led = forger.get("/lab").await.unwrap();
        assert_ne!(root(location(&led)), "");
        let page = forger.get(location(&led)).await.unwrap();
        assert_eq!(page.status, 200);
        assert!(
            page.body.contains("signature of your progress cookie was not valid"),
            "{forged:.20}: {}",
            page.body
        );
        for name in ["lab_id", "lab_run", "lab_room"] {
            forger.delete_cookie(name);
        }
    }
    for led in ["", ".", "x.y", "../..", &format!("{}.{}", "a".repeat(22), "b".repeat(14)), &"x".repeat(3000)]
    {
        forger.set_cookie("lab_room", led);
        let answer = forger.get("/lab").await.unwrap();
        assert_ne!(root(location(&answer)), format!("/room/{}", "a".repeat(22)), "{led:.20}");
        forger.delete_cookie("lab_room");
    }
    assert!(!one.get("/lab").await.body.contains("was not valid"));
}

#[actix_web::test]
async fn the_feed_tells_a_stranger_where_its_own_room_is() {
    let world = World::start();
    // Both have seen the main room before anybody had it.
    let (mut one, mut two) = (world.client(), world.client());
    for client in [&mut one, &mut two] {
        assert_eq!(client.get("/lab/exercise/1").await.unwrap().status, 200);
    }
    assert!(one.get("/lab/feed?after=0&exercise=1").await.unwrap().body.contains("panels"));
    let mut moved = Vec::new();
    for _ in 0..2 {
        let feed = two.get("/lab/feed?after=0&exercise=1").await.unwrap();
        assert_eq!((feed.status.as_u16(), feed.header("content-type")), (200, Some("application/json")));
        let feed: Value = serde_json::from_str(&feed.body).unwrap();
        assert_eq!(feed.as_object().unwrap().len(), 1, "nothing else: {feed}");
        moved.push(feed["moved"].as_str().unwrap().to_owned());
    }
    assert_eq!(moved[0], moved[1]);
    assert_eq!(two.get(&format!("{}/lab/exercise/1", root(&moved[0]))).await.unwrap().status, 200);
}

#[actix_web::test]
async fn what_names_no_room_is_a_404() {
    let world = World::start();
    let (mut one, two) = (Browser::open(&world).await, Browser::open(&world).await);
    let id = two.root.strip_prefix("/room/").unwrap();
    let other = if id.starts_with('a') { "b" } else { "a" };
    for name in [
        "",
        ".",
        "..",
        "%2e%2e",
        "%00",
        "%2f",
        "x",
        "%c3%a9%c3%a9",
        "%F0%9F%92%A9",
        "aaaaaaaaaaaaaaaaaaaaaa",
        &id.to_uppercase(),
        &format!("{other}{}", &id[1..]),
        &format!("{id}%20"),
        &"a".repeat(60_000),
    ] {
        for rest in ["", "/", "/lab", "/hello/world", "/lab/../../lab"] {
            let path = format!("/room/{name}{rest}");
            let answer = one.client.get(&path).await.unwrap();
            assert_eq!(answer.status, 404, "{path:.60}");
            assert!(answer.body.contains("open /lab") || !answer.body.contains("room"), "{}", answer.body);
            let answer = one.client.post(&path, &[("age", "5")]).await.unwrap();
            assert_eq!(answer.status, 404, "{path:.60}");
        }
    }
    // Longer than any head may be: an answer or the end of the connection, and the server goes on.
    if let Ok(answer) = one.client.get(&format!("/room/{}/lab", "a".repeat(1 << 20))).await {
        assert!(answer.status.is_client_error(), "{}", answer.status);
    }
    for path in ["/..", "/%2e%2e/lab", &format!("/room/{id}/lab"), "//lab", "/nowhere"] {
        assert_eq!(one.client.get(&format!("{}{path}", two.root)).await.unwrap().status, 404, "{path}");
    }
    assert!(one.get("/lab/timeline").await.body.contains("No request yet"), "nothing of it is recorded");
}

#[actix_web::test]
async fn the_bare_pages_of_a_room_are_the_same_to_the_byte() {
    let world = World::start();
    let (mut one, mut two) = (Browser::open(&world).await, Browser::open(&world).await);
    for path in [PLAIN, POKE, WORLD2, WORLD, WORLD, "/actix/hello/world", "/static/lab.css"] {
        let (plain, roomed) = (one.get(path).await, two.get(path).await);
        assert_eq!((plain.status, &plain.body), (roomed.status, &roomed.body), "{path}");
    }
    for method in ["HEAD", "OPTIONS", "DELETE"] {
        let method = actix_web::http::Method::from_bytes(method.as_bytes()).unwrap();
        let plain = one.client.request(method.clone(), WORLD, String::new()).await.unwrap();
        let roomed = format!("{}{WORLD}", two.root);
        let roomed = two.client.request(method, &roomed, String::new()).await.unwrap();
        assert_eq!((plain.status, plain.header("allow")), (roomed.status, roomed.header("allow")));
    }
}

#[actix_web::test]
async fn without_debug_there_are_no_rooms() {
    let world = World::start();
    let two = {
        Browser::open(&world).await;
        Browser::open(&world).await
    };
    let mut shut =
        World::start_with(&[("DEBUG", "false"), ("ALLOWED_HOSTS", "127.0.0.1"), ("SECRET_KEY", "its own")]);
    for path in ["/room/x", &format!("{}/lab", two.root), &format!("{}{WORLD}", two.root), "/room/"] {
        assert_eq!(shut.get(path).await.status, 404, "{path}");
    }
    assert!(shut.rows().is_empty());
}

#[actix_web::test]
async fn other_sites_reach_no_room() {
    let world = World::start();
    let (_one, mut two) = (Browser::open(&world).await, Browser::open(&world).await);
    two.client.set_header("Origin", "https://elsewhere.example");
    for path in ["/lab/settings", "/play/set"] {
        assert_eq!(two.post(path, &[("age", "60")]).await.status, 403, "{path}");
    }
    let mut rebound = Browser { client: world.client(), root: two.root.clone() };
    rebound.client.set_header("Host", "rebound.example");
    for path in ["", "/lab", WORLD] {
        assert_eq!(rebound.get(path).await.status, 400, "{path}");
    }
}

#[actix_web::test]
async fn an_icon_that_a_room_asks_for_is_in_no_log() {
    let world = World::start();
    let (mut one, mut two) = (Browser::open(&world).await, Browser::open(&world).await);
    let page = format!("{}{}{WORLD}", world.origin(), two.root);
    two.client.set_header("Referer", &page);
    two.client.get("/favicon.ico").await.unwrap();
    assert!(one.get("/lab/timeline").await.body.contains("No request yet"));
    one.get("/favicon.ico").await;
    assert!(one.get("/lab/timeline").await.body.contains("/favicon.ico"));
}

#[actix_web::test]
async fn a_thousand_strangers_close_each_others_rooms_and_not_those_that_are_used() {
    let world = World::start();
    let (mut one, mut two) = (Browser::open(&world).await, Browser::open(&world).await);
    two.visit(&[PLAIN]).await;
    let mut strangers = Vec::new();
    for number in 0..1000 {
        let mut client = world.client();
        let led = client.get("/lab").await.unwrap();
        let mut stranger = Browser { root: root(location(&led)), client };
        stranger.visit(&[PLAIN]).await;
        if number % 20 == 0 {
            one.visit(&["/lab"]).await;
            two.visit(&["/lab"]).await;
        }
        strangers.push(stranger);
    }
    assert!(one.root.is_empty());
    assert!(two.get("/lab/timeline").await.body.contains("GET /hello/plain"), "who is here keeps the room");
    let mut kept = 0;
    // The newest first: to look at one that has closed opens it again.
    for stranger in strangers.iter_mut().rev().take(70) {
        kept += usize::from(!stranger.get("/lab/timeline").await.body.contains("No request yet"));
    }
    assert_eq!(kept, 63, "64 with the one that is used");
}

#[actix_web::test]
async fn an_attack_stays_in_its_room() {
    let mut world = World::start();
    world.visit(&["/lab", "/lab", WORLD]).await;
    let mut other = Browser::open(&world).await;
    other.predict(23).await;
    other.post("/play/login", &[]).await;
    other.post("/lab/thief", &[("deed", "steal")]).await;
    other.post("/play/logout", &[]).await;
    other.post("/lab/thief", &[("deed", "again")]).await;
    assert!(other.is_done(23).await);
    other.post("/lab/thief", &[("deed", "visit")]).await;
    let planted = other.post("/lab/plant", &[]).await;
    assert!(planted.header("set-cookie").unwrap().contains(&format!("Path={}", other.root)), "{planted:?}");
    other.post("/lab/httponly", &[("httponly", "false")]).await;
    assert!(!other.get(WORLD).await.header("set-cookie").unwrap().contains("HttpOnly"));
    let elsewhere = other.get("/elsewhere").await;
    assert!(elsewhere.body.contains(&format!("{}/transfer", other.root)), "{}", elsewhere.body);
    assert!(
        world.get(WORLD).await.header("set-cookie").unwrap().contains("HttpOnly"),
        "the main room's setting"
    );
    let timeline = world.get("/lab/timeline").await.body;
    assert!(!timeline.contains("the thief") && !timeline.contains("/play/login"), "{timeline}");
}

#[actix_web::test]
async fn what_other_sites_pages_ask_for_opens_no_room() {
    let world = World::start();
    let _owner = Browser::open(&world).await;
    let mut learner = Browser::open(&world).await;
    learner.post("/lab/settings", &[("age", "900")]).await;
    let mut image = world.client();
    image.set_header("Sec-Fetch-Site", "cross-site");
    image.set_header("Sec-Fetch-Mode", "no-cors");
    image.set_header("Sec-Fetch-Dest", "image");
    for _ in 0..70 {
        assert_eq!(image.get("/lab").await.unwrap().header("location"), None);
    }
    assert_eq!(image.get(&format!("{}/hello/plain", learner.root)).await.unwrap().status, 404);
    image.set_header("Sec-Fetch-Mode", "navigate");
    image.set_header("Sec-Fetch-Dest", "iframe");
    assert_eq!(image.get("/lab").await.unwrap().header("location"), None);
    image.set_header("Sec-Fetch-Dest", "document");
    assert!(location(&image.get("/lab").await.unwrap()).starts_with("/room/"), "a link of another site");
    assert_eq!(learner.feed(1).await["age"], 900, "the room is still the same");
}

#[actix_web::test]
async fn the_front_page_of_a_room_shows_strangers_nothing() {
    let world = World::start();
    let _owner = Browser::open(&world).await;
    let mut learner = Browser::open(&world).await;
    learner.visit(&[WORLD]).await;
    let key = learner.key();
    assert!(learner.get("/").await.body.contains(&key));
    let page = world.client().get(&format!("{}/", learner.root)).await.unwrap();
    assert!(page.status == 200 && !page.body.contains(&key), "{}", page.body);
}

#[actix_web::test]
async fn a_browser_without_the_rooms_cookies_changes_nothing_in_it() {
    let world = World::start();
    let mut owner = Browser::open(&world).await;
    let mut learner = Browser::open(&world).await;
    let mut stranger = world.client();
    stranger.set_header("Sec-Fetch-Site", "same-origin");
    for root in [&owner.root, &learner.root] {
        let answer = stranger.post(&format!("{root}/lab/settings"), &[("age", "5")]).await.unwrap();
        assert_eq!(answer.status, 409, "{root}");
    }
    assert_eq!(
        (owner.feed(1).await["age"].clone(), learner.feed(1).await["age"].clone()),
        (30.into(), 30.into())
    );
}

#[actix_web::test]
async fn a_cookie_of_the_main_room_goes_when_its_browser_has_another() {
    let world = World::start();
    let _owner = Browser::open(&world).await;
    let mut learner = Browser::open(&world).await;
    // A bare page, typed by hand.
    let bare = learner.client.get(WORLD).await.unwrap();
    assert!(bare.header("set-cookie").is_some_and(|cookie| cookie.contains("Path=/;")), "{:?}", bare.headers);
    let page = learner.get("/lab").await;
    let gone = page.headers.get_all("set-cookie").any(|cookie| {
        let cookie = cookie.to_str().unwrap();
        cookie.starts_with("sessionid=") && cookie.contains("Max-Age=0") && cookie.contains("Path=/;")
    });
    assert!(gone, "{:?}", page.headers);
}

#[actix_web::test]
async fn a_prediction_moves_along_with_its_browser() {
    let world = World::start();
    let mut first = Browser::open(&world).await;
    for _ in 0..20 {
        first.visit(&[PLAIN]).await;
    }
    first.predict(1).await;
    world.advance(HALF_AN_HOUR + 1);
    let _second = Browser::open(&world).await;
    first.come().await;
    assert!(first.root.starts_with("/room/"), "somebody else has the main room now");
    first.client.delete_cookie("sessionid");
    first.visit(&[PLAIN]).await;
    assert!(first.is_done(1).await);
}
