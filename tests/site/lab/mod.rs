//! The lab from outside: what ticks, what does not, what is refused, and that looking touches nothing.

mod answers;
mod attacks;
#[cfg(any(feature = "redis", feature = "memcached"))]
mod caches;
mod drawings;
mod engines;
mod exercises;
mod keys_and_ends;
mod pages;
mod play;
mod refusals;
mod report;
mod rooms;

use futures_util::future::join;
use sessionid::testing::Exchange;

use crate::world::World;

const WORLD: &str = "/hello/world";
const WORLD2: &str = "/hello/world2";
const PLAIN: &str = "/hello/plain";
const POKE: &str = "/hello/poke";
const AGE: i64 = 30;

/// The exercises, and the predictions that come true.
const RIGHT: &[(u8, &str)] = &[
    (1, "b"),
    (2, "a"),
    (3, "c"),
    (4, "b"),
    (5, "a"),
    (6, "c"),
    (7, "b"),
    (8, "a"),
    (9, "b"),
    (10, "c"),
    (11, "b"),
    (12, "c"),
    (13, "c"),
    (14, "c"),
    (15, "b"),
    (16, "c"),
    (17, "c"),
    (18, "b"),
    (19, "c"),
    (20, "c"),
    (21, "b"),
    (22, "c"),
    (23, "b"),
    (24, "c"),
    (25, "c"),
];

/// How the pages count what is done.
fn done_of_all(done: usize) -> String {
    format!("{done} of {} done", RIGHT.len())
}

impl World {
    /// Locks the prediction of an exercise.
    async fn predict(&mut self, number: u8) -> Exchange {
        let (_, choice) = RIGHT.iter().find(|(other, _)| *other == number).unwrap();
        let answer = self.post(&format!("/lab/exercise/{number}/predict"), &[("choice", *choice)]).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        answer
    }

    async fn visit(&mut self, paths: &[&str]) {
        for path in paths {
            assert_eq!(self.get(path).await.status, 200, "{path}");
        }
    }

    /// Operations of the sandbox, without fields.
    async fn play(&mut self, operations: &[&str]) {
        for operation in operations {
            self.post(&format!("/play/{operation}"), &[]).await;
        }
    }

    /// An operation from two tabs of the browser at the same time.
    async fn play_twice_at_once(&mut self, operation: &str) {
        let path = format!("/play/{operation}");
        let mut tab = self.client();
        tab.set_cookie("sessionid", &self.key().unwrap());
        let (one, other) = join(self.browser.post(&path, &[]), tab.post(&path, &[])).await;
        assert_eq!((one.unwrap().status.as_u16(), other.unwrap().status.as_u16()), (303, 303));
    }

    /// What an open page of an exercise hears.
    async fn feed(&mut self, number: u8) -> serde_json::Value {
        let feed = self.get(&format!("/lab/feed?after=0&exercise={number}")).await;
        serde_json::from_str(&feed.body).unwrap()
    }

    /// How many ticks an exercise has, and whether these are all.
    async fn ticks(&mut self, number: u8) -> (u64, bool) {
        let feed = self.feed(number).await;
        (feed["ticked"].as_u64().unwrap(), feed["done"].as_bool().unwrap())
    }

    async fn is_done(&mut self, number: u8) -> bool {
        self.ticks(number).await.1
    }

    /// Every exercise as a learner does it, except 15.
    async fn do_all_but_the_restart(&mut self) {
        for (number, _) in RIGHT {
            self.predict(*number).await;
        }
        self.visit(&[PLAIN, POKE]).await;
        self.browser.close();
        self.visit(&["/lab", WORLD, WORLD, WORLD2]).await;
        let key = self.key().unwrap();
        self.post("/lab/exercise/3/answer", &[("prefix", &key[..6])]).await;
        self.browser.delete_cookie("sessionid");
        self.visit(&[WORLD]).await;
        for _ in 0..3 {
            self.advance(5);
            self.visit(&[WORLD]).await;
        }
        self.advance(AGE / 2 + 1);
        self.visit(&[WORLD2, WORLD2, WORLD2]).await;
        self.advance(AGE);
        self.visit(&[WORLD]).await;
        self.browser.delete_cookie("sessionid");
        for views in [[PLAIN, WORLD2].as_slice(), &[WORLD]] {
            self.visit(&[POKE]).await;
            self.advance(AGE);
            self.visit(views).await;
        }
        self.save_every_request().await;
        self.play(&["nested_put_back", "nested_copy", "nested_put_back"]).await;
        self.visit(&[WORLD, WORLD]).await;
        self.play_twice_at_once("get_then_set_at_once").await;
        self.play_twice_at_once("fetch_update_at_once").await;
        self.play(&["cycle_key", "clear", "flush"]).await;
        self.visit(&[WORLD]).await;
        self.play(&["fail"]).await;
        self.visit(&[WORLD2]).await;
        self.clear_sessions().await;
        self.forge_a_key().await;
        self.set_three_ends().await;
        self.compare_with_the_stock_counter().await;
        self.fix_a_key().await;
        self.steal_a_key().await;
        self.let_a_script_look().await;
        self.come_from_elsewhere().await;
        // A session to be found again after the restart.
        self.visit(&[WORLD, "/lab"]).await;
    }

    /// Exercise 10, and the setting as it was before.
    async fn save_every_request(&mut self) {
        self.post("/lab/settings", &[("age", "30"), ("save_every_request", "true")]).await;
        self.visit(&[WORLD]).await;
        self.advance(AGE / 2 + 1);
        self.visit(&[WORLD2, PLAIN]).await;
        self.post("/lab/settings", &[("age", "30")]).await;
    }

    /// As exercise 17 asks for.
    async fn clear_sessions(&mut self) {
        self.post("/play/expire_in", &[("seconds", "2")]).await;
        self.advance(3);
        self.visit(&[WORLD]).await;
        self.post("/lab/rows/clearsessions", &[("back", "/lab/exercise/17")]).await;
        self.visit(&["/lab/exercise/17"]).await;
    }

    /// As exercise 19 asks for.
    async fn forge_a_key(&mut self) {
        for view in [WORLD2, WORLD, PLAIN] {
            self.post("/lab/plant", &[("key", "madeupbyme")]).await;
            self.visit(&[view]).await;
        }
    }
}
