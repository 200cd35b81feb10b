//! What an attacker does, and what stops it.

use actix_web::http::Method;
use sessionid::testing::Exchange;

use super::{AGE, WORLD, WORLD2};
use crate::world::World;

impl World {
    /// A request of the attacker's.
    pub(super) async fn thief(&mut self, deed: &str) {
        let done = self.post("/lab/thief", &[("deed", deed), ("back", "/lab/exercise/23")]).await;
        assert_eq!((done.status.as_u16(), done.header("location")), (303, Some("/lab/exercise/23")));
    }

    /// Plants the attacker's own key in this browser; where a key is no text for a cookie of one's own choice, it stays.
    async fn plant_the_attackers(&mut self) {
        self.thief("visit").await;
        self.post("/lab/plant", &[("back", "/lab/exercise/22")]).await;
    }

    /// As exercise 22 asks for.
    pub(super) async fn fix_a_key(&mut self) {
        self.plant("chosenbytheattacker0").await;
        self.play(&["login"]).await;
        for login in ["login", "login_without_cycle_key"] {
            self.play(&["logout"]).await;
            self.plant_the_attackers().await;
            self.play(&[login]).await;
            self.thief("again").await;
        }
        self.play(&["logout"]).await;
    }

    /// As exercise 23 asks for.
    pub(super) async fn steal_a_key(&mut self) {
        self.play(&["login"]).await;
        self.thief("steal").await;
        self.play(&["logout"]).await;
        self.thief("again").await;
    }

    /// As exercise 24 asks for.
    pub(super) async fn let_a_script_look(&mut self) {
        for httponly in ["true", "false"] {
            self.httponly(httponly).await;
            self.visit(&[WORLD]).await;
            self.play(&[if httponly == "true" { "script_saw_nothing" } else { "script_saw" }]).await;
        }
        self.httponly("true").await;
    }

    async fn httponly(&mut self, on: &str) {
        let switched = self.post("/lab/httponly", &[("httponly", on), ("back", "/lab/exercise/24")]).await;
        assert_eq!((switched.status.as_u16(), switched.header("location")), (303, Some("/lab/exercise/24")));
    }

    /// As exercise 25 asks for, with what a browser does by its rules: Chromium does it in `tests/browser`.
    pub(super) async fn come_from_elsewhere(&mut self) {
        self.visit(&[WORLD]).await;
        self.transfer(Method::POST, "same-origin").await;
        self.transfer(Method::GET, "cross-site").await;
        self.transfer_without_cookie().await;
    }

    /// What a page of some site makes the browser send.
    async fn transfer(&mut self, method: Method, site: &str) -> Exchange {
        self.browser.set_header("Sec-Fetch-Mode", "navigate");
        self.browser.set_header("Sec-Fetch-Site", site);
        let answer = self.browser.request(method, "/transfer", String::new()).await.unwrap();
        self.browser.set_header("Sec-Fetch-Site", "none");
        answer
    }

    /// A foreign form's POST, without the cookie that the browser keeps.
    async fn transfer_without_cookie(&mut self) -> Exchange {
        let kept = self.key();
        self.browser.delete_cookie("sessionid");
        let answer = self.transfer(Method::POST, "cross-site").await;
        if let Some(key) = kept {
            self.browser.set_cookie("sessionid", &key);
        }
        answer
    }

    /// What the page of an exercise says of the attacker.
    async fn box_of(&mut self, number: u8) -> String {
        let page = self.get(&format!("/lab/exercise/{number}")).await.body;
        let (_, rest) = page.split_once("The attacker, last seen").unwrap();
        rest.split_once("</p>").unwrap().0.to_owned()
    }
}

#[actix_web::test]
async fn a_login_changes_a_fixed_key_and_ticks_22() {
    let mut world = World::start();
    world.plant("chosenbytheattacker0").await;
    world.play(&["login"]).await;
    world.play(&["logout"]).await;
    world.predict(22).await;
    assert_eq!(world.ticks(22).await, (0, false), "before the prediction");
    world.play(&["login"]).await;
    assert_eq!(world.ticks(22).await, (0, false), "a login without any key");
    world.play(&["logout"]).await;
    world.plant("chosenbytheattacker0").await;
    world.play(&["login"]).await;
    assert_eq!(world.ticks(22).await, (1, false), "a made-up key");
    assert_ne!(world.key().as_deref(), Some("chosenbytheattacker0"));
    world.play(&["logout"]).await;
    world.plant_the_attackers().await;
    let hers = world.key().unwrap();
    assert!(world.row(&hers).is_some(), "a live key of her own");
    world.play(&["login"]).await;
    assert_eq!(world.ticks(22).await, (2, false), "her live key");
    assert_ne!(world.key(), Some(hers.clone()));
    assert!(world.row(&hers).is_none(), "cycle_key deletes the old row");
    world.thief("again").await;
    assert_eq!(world.ticks(22).await, (3, false), "her key after it");
    assert!(world.box_of(22).await.contains("nobody is logged in"));
    world.play(&["logout"]).await;
    world.plant_the_attackers().await;
    world.play(&["login_without_cycle_key"]).await;
    assert_eq!(world.ticks(22).await, (3, false), "she has not used it yet");
    world.thief("again").await;
    assert_eq!(world.ticks(22).await, (4, true));
    let seen = world.box_of(22).await;
    assert!(seen.contains("this client is ada") && seen.contains(&world.key().unwrap()), "{seen}");
}

#[actix_web::test]
async fn a_key_of_the_victims_own_and_an_expired_one_do_not_tick_22() {
    let mut world = World::start();
    world.predict(22).await;
    world.visit(&[WORLD]).await;
    world.play(&["login_without_cycle_key"]).await;
    world.thief("steal").await;
    assert_eq!(world.ticks(22).await, (0, false), "that is theft");
    world.play(&["logout"]).await;
    world.plant_the_attackers().await;
    world.advance(AGE);
    world.play(&["login_without_cycle_key"]).await;
    world.thief("again").await;
    assert_eq!(world.ticks(22).await, (0, false), "it had expired");
    assert!(world.box_of(22).await.contains("nobody is logged in"));
}

#[actix_web::test]
async fn a_stolen_key_works_until_the_logout_and_ticks_23() {
    let mut world = World::start();
    world.steal_a_key().await;
    world.predict(23).await;
    assert_eq!(world.ticks(23).await, (0, false), "before the prediction");
    world.play(&["login"]).await;
    assert_eq!(world.ticks(23).await, (1, false));
    let rows = world.rows();
    world.thief("steal").await;
    assert_eq!(world.ticks(23).await, (2, false));
    assert!(world.box_of(23).await.contains("this client is ada"));
    assert_eq!(world.rows(), rows, "the thief only reads");
    world.visit(&[WORLD]).await;
    world.thief("again").await;
    assert!(world.box_of(23).await.contains("this client is ada"), "both at once");
    world.play(&["logout"]).await;
    assert_eq!(world.ticks(23).await, (3, false));
    world.thief("again").await;
    assert_eq!(world.ticks(23).await, (4, true));
    assert!(world.box_of(23).await.contains("nobody is logged in"));
}

#[actix_web::test]
async fn a_forgotten_cookie_does_not_stop_a_thief_nor_tick_23() {
    let mut world = World::start();
    world.predict(23).await;
    world.play(&["login"]).await;
    world.thief("steal").await;
    world.post("/lab/forget", &[]).await;
    world.thief("again").await;
    assert!(world.box_of(23).await.contains("this client is ada"));
    assert_eq!(world.ticks(23).await, (2, false));
    world.advance(AGE);
    world.thief("again").await;
    assert_eq!(world.ticks(23).await, (2, false), "expired, not logged out");
}

#[actix_web::test]
async fn the_thief_is_no_learner() {
    let mut world = World::start();
    for number in [1, 2, 4, 6, 7, 9] {
        world.predict(number).await;
    }
    world.visit(&[WORLD]).await;
    let key = world.key();
    for _ in 0..3 {
        world.thief("visit").await;
        world.thief("steal").await;
    }
    assert_eq!(world.key(), key, "it has a jar of its own");
    for number in [1, 2, 4, 6, 7, 9] {
        assert_eq!(world.ticks(number).await, (0, false), "{number}");
    }
    let feed = world.feed(1).await;
    let life = feed["panels"]["life"].as_str().unwrap();
    assert!(life.contains(&key.unwrap()) && life.contains("last saved by"), "{life}");
    assert!(world.get("/lab/timeline").await.body.contains("the thief"));
}

#[actix_web::test]
async fn a_login_goes_as_djangos() {
    let mut world = World::start();
    world.predict(23).await;
    world.visit(&[WORLD]).await;
    let before = world.key();
    world.play(&["login"]).await;
    let key = world.key();
    assert_ne!(key, before);
    assert_eq!(crate::world::counter(&world.get(WORLD2).await), 1, "the data is kept");
    world.play(&["login"]).await;
    assert_eq!(world.key(), key, "the same user once more");
    world.post("/play/set", &[("key", "user"), ("value", "bob")]).await;
    world.play(&["login"]).await;
    assert_ne!(world.key(), key);
    assert_eq!(crate::world::counter(&world.get(WORLD2).await), 0, "another user's session is flushed");
    world.post("/play/set", &[("key", "user"), ("value", "<b>bob</b>")]).await;
    world.thief("steal").await;
    let seen = world.box_of(23).await;
    assert!(!seen.contains("<b>bob"), "{seen}");
}

#[actix_web::test]
async fn without_a_key_there_is_nothing_to_steal_or_to_plant() {
    let mut world = World::start();
    for (path, fields) in
        [("/lab/thief", &[("deed", "steal")][..]), ("/lab/thief", &[("deed", "again")]), ("/lab/plant", &[])]
    {
        let refused = world.post(path, fields).await;
        assert_eq!((refused.status.as_u16(), refused.header("set-cookie")), (400, None), "{path} {fields:?}");
        assert!(refused.body.contains("no key"), "{}", refused.body);
    }
    assert!(world.rows().is_empty());
}

#[actix_web::test]
async fn what_a_script_can_see_depends_on_httponly_and_ticks_24() {
    let mut world = World::start();
    world.visit(&[WORLD]).await;
    world.play(&["script_saw_nothing"]).await;
    world.predict(24).await;
    assert_eq!(world.ticks(24).await, (0, false), "before the prediction");
    world.play(&["script_saw"]).await;
    assert_eq!(world.ticks(24).await, (0, false), "it cannot have seen it");
    world.play(&["script_saw_nothing"]).await;
    assert_eq!(world.ticks(24).await, (1, false), "hidden");
    world.httponly("false").await;
    assert!(world.get("/lab").await.body.contains("scripts may read cookies that are set now"));
    world.play(&["script_saw"]).await;
    assert_eq!(world.ticks(24).await, (1, false), "the cookie was not set anew");
    let shown = world.get(WORLD).await;
    assert!(!shown.header("set-cookie").unwrap().contains("HttpOnly"), "{:?}", shown.headers);
    world.play(&["script_saw"]).await;
    assert_eq!(world.ticks(24).await, (2, true));
    world.httponly("true").await;
    assert!(world.get(WORLD).await.header("set-cookie").unwrap().contains("HttpOnly"));
    assert!(!world.get("/lab").await.body.contains("scripts may read"));
}

#[actix_web::test]
async fn a_script_without_a_cookie_to_look_for_does_not_tick_24() {
    let mut world = World::start();
    world.predict(24).await;
    world.play(&["script_saw_nothing"]).await;
    world.plant("plantedbyhand").await;
    world.play(&["script_saw_nothing"]).await;
    assert_eq!(world.ticks(24).await, (0, false), "no answer has set it");
    assert!(world.rows().is_empty(), "a report touches no session");
}

#[actix_web::test]
async fn a_foreign_link_and_a_foreign_form_tick_25() {
    let mut world = World::start();
    world.come_from_elsewhere().await;
    world.predict(25).await;
    assert_eq!(world.ticks(25).await, (0, false), "before the prediction");
    assert!(
        world.transfer(Method::GET, "same-origin").await.body.contains("with</strong> the session's cookie")
    );
    world.transfer(Method::POST, "cross-site").await;
    assert_eq!(world.ticks(25).await, (0, false), "our own link, and a form that brought the cookie");
    world.transfer(Method::POST, "same-origin").await;
    assert_eq!(world.ticks(25).await, (1, false), "our own form");
    world.transfer(Method::GET, "cross-site").await;
    assert_eq!(world.ticks(25).await, (2, false), "the link");
    let rows = world.rows();
    let form = world.transfer_without_cookie().await;
    assert!(form.body.contains("without</strong> the session's cookie"), "{}", form.body);
    assert_eq!(form.header("set-cookie"), None);
    assert_eq!(world.ticks(25).await, (3, true));
    assert_eq!(world.rows(), rows);
}

#[actix_web::test]
async fn a_form_without_a_cookie_to_keep_back_does_not_tick_25() {
    let mut world = World::start();
    world.predict(25).await;
    world.transfer(Method::POST, "cross-site").await;
    world.visit(&[WORLD]).await;
    world.play(&["logout"]).await;
    world.transfer(Method::POST, "cross-site").await;
    world.visit(&[WORLD]).await;
    world.advance(AGE);
    world.transfer(Method::POST, "cross-site").await;
    assert_eq!(world.ticks(25).await, (0, false));
}

#[actix_web::test]
async fn what_a_foreign_form_may_send_to_does_nothing() {
    let mut world = World::start();
    world.post("/lab/settings", &[("age", "30"), ("save_every_request", "true")]).await;
    world.visit(&[WORLD]).await;
    world.advance(1);
    let rows = world.rows();
    for (method, site) in [(Method::GET, "cross-site"), (Method::POST, "cross-site"), (Method::POST, "none")]
    {
        let answer = world.transfer(method.clone(), site).await;
        assert_eq!((answer.status.as_u16(), answer.header("set-cookie")), (200, None), "{method} {site}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    assert_eq!(world.rows(), rows, "though every request is saved");
    assert_eq!(world.transfer(Method::PUT, "none").await.status, 405);
}

#[actix_web::test]
async fn the_other_site_is_the_other_name_of_this_machine() {
    let mut world = World::start();
    let port = world.origin().rsplit_once(':').unwrap().1.to_owned();
    let page = world.get("/elsewhere").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains(&format!("href=\"http://localhost:{port}/transfer\"")), "{}", page.body);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains(&format!("form-action http://localhost:{port};")), "{policy}");
    world.browser.set_header("Host", &format!("localhost:{port}"));
    let page = world.get("/elsewhere").await.body;
    assert!(page.contains(&format!("action=\"http://127.0.0.1:{port}/transfer\"")), "{page}");
    world.browser.set_header("Host", "shop.localhost");
    assert_eq!(world.get("/elsewhere").await.status, 404);
    world.predict(25).await;
    assert!(world.get("/lab/exercise/25").await.body.contains("needs two names of this machine"));
    assert!(!world.get("/lab/timeline").await.body.contains("/elsewhere"), "it is another site's");
}

#[actix_web::test]
async fn without_debug_nobody_attacks() {
    let mut world = World::start_with(&[
        ("DEBUG", "false"),
        ("SECRET_KEY", "a key of its own"),
        ("ALLOWED_HOSTS", "127.0.0.1,localhost"),
    ]);
    for path in ["/elsewhere", "/transfer", "/lab/report/save"] {
        assert_eq!(world.get(path).await.status, 404, "{path}");
    }
    for path in
        ["/transfer", "/lab/thief", "/lab/plant", "/lab/httponly", "/lab/report/answer", "/play/login"]
    {
        assert_eq!(world.post(path, &[("deed", "visit")]).await.status, 404, "{path}");
    }
    assert!(world.rows().is_empty());
}
