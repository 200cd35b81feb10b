//! Keys that were made up, ends of a session's own, and the stock middleware's sessions.

use sessionid::testing::Exchange;

use super::{PLAIN, WORLD, WORLD2};
use crate::world::{World, counter};

const STOCK: &str = "/actix/hello/world";

impl World {
    /// Makes the browser send a key.
    pub(super) async fn plant(&mut self, key: &str) {
        let planted = self.post("/lab/plant", &[("key", key), ("back", "/lab/exercise/19")]).await;
        assert_eq!((planted.status.as_u16(), planted.header("location")), (303, Some("/lab/exercise/19")));
    }

    /// As exercise 20 asks for.
    pub(super) async fn set_three_ends(&mut self) {
        self.set_end("expire_in").await;
        self.advance(5);
        self.visit(&[WORLD]).await;
        self.set_end("expire_at").await;
        self.advance(5);
        self.visit(&[WORLD]).await;
        self.set_end("expire_by_policy").await;
    }

    /// As exercise 21 asks for.
    pub(super) async fn compare_with_the_stock_counter(&mut self) {
        self.set_end("expire_in").await;
        self.visit(&[WORLD, STOCK]).await;
    }

    async fn set_end(&mut self, operation: &str) -> Exchange {
        let answer = self.post(&format!("/play/{operation}"), &[("seconds", "90")]).await;
        assert_eq!(answer.status, 303, "{operation}");
        answer
    }
}

#[actix_web::test]
async fn a_made_up_key_ticks_19_and_is_never_adopted() {
    let mut world = World::start();
    world.plant("madeupbyme").await;
    world.visit(&[WORLD2]).await;
    world.predict(19).await;
    assert_eq!(world.ticks(19).await, (0, false), "before the prediction");
    world.visit(&[WORLD, WORLD2]).await;
    assert_eq!(world.ticks(19).await, (0, false), "a key of the server's own");
    world.plant("madeupbyme").await;
    world.visit(&[PLAIN]).await;
    assert_eq!(world.ticks(19).await, (0, false), "untouched");
    assert_eq!(world.key().as_deref(), Some("madeupbyme"));
    world.visit(&[WORLD2]).await;
    assert_eq!(world.ticks(19).await, (1, false), "read");
    assert_eq!(world.key(), None);
    world.plant("madeupbyme").await;
    world.visit(&[WORLD]).await;
    assert_eq!(world.ticks(19).await, (2, false), "written");
    assert_ne!(world.key().as_deref(), Some("madeupbyme"));
    world.plant("another0another0").await;
    world.visit(&[WORLD2]).await;
    assert_eq!(world.ticks(19).await, (2, false), "another key than the one of the write");
    world.plant("madeupbyme").await;
    world.visit(&[WORLD2]).await;
    assert_eq!(world.ticks(19).await, (3, true), "once more");
    assert!(world.row("madeupbyme").is_none());
}

#[actix_web::test]
async fn a_key_that_was_flushed_is_not_made_up_and_does_not_tick_19() {
    let mut world = World::start();
    world.predict(19).await;
    world.visit(&[WORLD]).await;
    let key = world.key().unwrap();
    world.post("/play/flush", &[]).await;
    for view in [WORLD2, WORLD, WORLD2] {
        world.plant(&key).await;
        world.visit(&[view]).await;
    }
    assert_eq!(world.ticks(19).await, (0, false));
}

#[actix_web::test]
async fn a_planted_key_is_this_browsers_alone_and_goes_with_it() {
    let mut world = World::start_with(&[("SESSION_COOKIE_NAME", "sid")]);
    let mut other = world.client();
    let planted =
        world.post("/lab/plant", &[("key", "madeupbyme"), ("back", "https://elsewhere.example/")]).await;
    assert_eq!(planted.header("location"), Some("/lab"));
    assert_eq!(planted.header("set-cookie"), Some("sid=madeupbyme; HttpOnly; Path=/; SameSite=Lax"));
    assert!(other.get(WORLD).await.unwrap().sent_cookies.is_none());
    assert!(world.rows().iter().all(|row| row.session_key != "madeupbyme"));
    world.browser.close();
    assert!(world.browser.cookie("sid").is_none());
}

#[actix_web::test]
async fn an_integer_slides_a_timedelta_stays_and_none_returns_and_each_ticks_20() {
    let mut world = World::start();
    world.visit(&[WORLD]).await;
    world.set_end("expire_in").await;
    world.predict(20).await;
    world.advance(5);
    world.visit(&[WORLD]).await;
    assert_eq!(world.ticks(20).await, (0, false), "set before the prediction");
    world.set_end("expire_in").await;
    world.advance(1);
    world.visit(&[WORLD, WORLD2]).await;
    assert_eq!(world.ticks(20).await, (0, false), "too soon to tell");
    world.advance(4);
    world.visit(&[WORLD2]).await;
    assert_eq!(world.ticks(20).await, (0, false), "a read saves nothing");
    let slid = world.get(WORLD).await;
    assert!(slid.header("set-cookie").unwrap().contains("Max-Age=90"), "{:?}", slid.headers);
    assert_eq!(world.ticks(20).await, (1, false), "the integer");
    world.set_end("expire_at").await;
    world.advance(5);
    let fixed = world.get(WORLD).await;
    assert!(fixed.header("set-cookie").unwrap().contains("Max-Age=85"), "{:?}", fixed.headers);
    assert_eq!(world.ticks(20).await, (2, false), "the timedelta");
    let returned = world.set_end("expire_by_policy").await;
    assert!(returned.header("set-cookie").unwrap().contains("Max-Age=30"), "{:?}", returned.headers);
    assert_eq!(world.ticks(20).await, (3, true));
    assert_eq!(
        world.set_end("expire_by_policy").await.header("set-cookie"),
        None,
        "nothing to delete, nothing to save"
    );
}

#[actix_web::test]
async fn none_alone_and_an_end_like_the_setting_do_not_tick_20() {
    let mut world = World::start();
    world.predict(20).await;
    world.visit(&[WORLD]).await;
    world.set_end("expire_by_policy").await;
    world.post("/play/expire_in", &[("seconds", "30")]).await;
    world.advance(5);
    world.visit(&[WORLD]).await;
    world.set_end("expire_by_policy").await;
    assert_eq!(world.ticks(20).await, (0, false));
}

#[actix_web::test]
async fn the_stock_counter_beside_djangos_ticks_21() {
    let mut world = World::start();
    world.visit(&[WORLD, STOCK]).await;
    world.predict(21).await;
    assert_eq!(world.ticks(21).await, (0, false), "before the prediction");
    world.visit(&[WORLD]).await;
    assert_eq!(world.ticks(21).await, (0, false), "Django's alone");
    world.visit(&[STOCK]).await;
    assert_eq!(world.ticks(21).await, (2, false), "both, with one age");
    world.set_end("expire_in").await;
    world.visit(&[WORLD]).await;
    assert_eq!(world.ticks(21).await, (2, false), "the stock session has not been saved since");
    let stock = world.get(STOCK).await;
    assert_eq!(counter(&stock), 2, "a counter of its own");
    assert!(stock.header("set-cookie").unwrap().contains("Max-Age=30"), "{:?}", stock.headers);
    assert_eq!(world.ticks(21).await, (3, true));
}

#[actix_web::test]
async fn the_key_in_the_stock_cookie_is_shown_with_its_row() {
    let mut world = World::start();
    world.visit(&[STOCK]).await;
    let row = world.rows().remove(0);
    let value = world.browser.cookie("actix_sessionid").unwrap().value.clone();
    assert!(!value.contains(&row.session_key));
    let page = world.get("/lab/timeline/1").await.body;
    assert!(page.contains("The stock session") && page.contains(&row.session_key), "{page}");
    assert!(page.contains("no row has this value as its key"), "{page}");
    world.browser.set_cookie("actix_sessionid", "tampered");
    world.visit(&[STOCK]).await;
    let page = world.get("/lab/timeline/2").await.body;
    assert!(!page.contains("nothing that this server has sealed"), "a new one was set: {page}");
    world.get("/lab/timeline/2").await;
    world.browser.set_cookie("actix_sessionid", "tampered");
    world.get("/actix/nowhere").await;
    let page = world.get("/lab/timeline/3").await.body;
    assert!(page.contains("nothing that this server has sealed"), "{page}");
}

#[actix_web::test]
async fn stock_visits_tick_nothing_but_21() {
    let mut world = World::start();
    for number in [1, 4, 6, 7, 9] {
        world.predict(number).await;
    }
    world.visit(&[STOCK; 4]).await;
    world.visit(&[WORLD]).await;
    world.browser.delete_cookie("sessionid");
    world.visit(&[STOCK]).await;
    for number in [1, 4, 6, 7, 9] {
        assert_eq!(world.ticks(number).await, (0, false), "{number}");
    }
}
