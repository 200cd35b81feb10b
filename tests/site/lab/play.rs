//! The operations, each through the session middleware.

use super::WORLD;
use crate::world::{World, counter};

/// The newest request's row in the timeline's own words.
async fn data(world: &World) -> String {
    let row = world.rows().pop().unwrap();
    let payload = row.session_data.split(':').next().unwrap().to_owned();
    let json = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, payload).unwrap();
    String::from_utf8(json).unwrap()
}

#[actix_web::test]
async fn each_operation_does_what_it_says() {
    let mut world = World::start();
    let set = world.post("/play/set", &[("key", "a"), ("value", "[1,2]"), ("back", "/lab/sandbox")]).await;
    assert_eq!((set.status.as_u16(), set.header("location")), (303, Some("/lab/sandbox")));
    let key = world.key().unwrap();
    assert_eq!(data(&world).await, r#"{"a":[1,2]}"#);

    world.post("/play/set", &[("key", "b"), ("value", "text")]).await;
    assert_eq!(data(&world).await, r#"{"a":[1,2],"b":"text"}"#);
    for quiet in ["nothing", "read", "nested_copy"] {
        let answer = world.post(&format!("/play/{quiet}"), &[]).await;
        assert_eq!(answer.header("set-cookie"), None, "{quiet}");
        assert_eq!(answer.header("vary").is_some(), quiet != "nothing", "{quiet}");
    }
    world.post("/play/pop", &[("key", "b")]).await;
    world.post("/play/nested_put_back", &[]).await;
    assert_eq!(data(&world).await, r#"{"a":[1,2],"cart":[1]}"#);
    world.post("/play/get_then_set", &[]).await;
    world.post("/play/fetch_update", &[]).await;
    assert_eq!(counter(&world.get(WORLD).await), 2);

    world.post("/play/cycle_key", &[]).await;
    let cycled = world.key().unwrap();
    assert_ne!(cycled, key);
    assert!(world.row(&key).is_none());
    world.post("/play/clear", &[]).await;
    assert_eq!((world.key(), data(&world).await), (Some(cycled), "{}".to_owned()));
    let flushed = world.post("/play/flush", &[]).await;
    assert!(flushed.header("set-cookie").unwrap().starts_with("sessionid=\"\"; expires=Thu, 01 Jan 1970"));
    assert!(world.rows().is_empty());
}

#[actix_web::test]
async fn each_expiry_is_set_as_it_says() {
    let mut world = World::start();
    world.post("/play/expire_in", &[("seconds", "100")]).await;
    assert_eq!(data(&world).await, r#"{"_session_expiry":100}"#);
    world.post("/play/expire_at", &[("seconds", "100")]).await;
    assert!(data(&world).await.contains("+00:00"), "{}", data(&world).await);
    let at_close = world.post("/play/expire_at_browser_close", &[]).await;
    assert!(!at_close.header("set-cookie").unwrap().contains("Max-Age"));
    let by_policy = world.post("/play/expire_by_policy", &[]).await;
    assert!(by_policy.header("set-cookie").unwrap().contains("Max-Age=30"));
}

#[actix_web::test]
async fn a_500_after_a_write_saves_nothing() {
    let mut world = World::start();
    world.visit(&[WORLD]).await;
    let rows = world.rows();
    let failed = world.post("/play/fail", &[]).await;
    assert_eq!((failed.status.as_u16(), failed.header("set-cookie")), (500, None));
    assert_eq!(world.rows(), rows);
    assert!(world.get("/lab/timeline/2").await.body.contains("its status is 500: nothing is written"));
}

#[actix_web::test]
async fn nothing_of_a_session_is_rendered_unescaped() {
    let mut world = World::start();
    let nasty = "</code><script>alert(1)</script>\u{0}\u{1b}[31m\u{202e}\"'&";
    for (key, value) in [(nasty, nasty), ("counter", nasty), (nasty, "{\"<img src=x>\": \"<svg onload=x>\"}")]
    {
        world.post("/play/set", &[("key", key), ("value", value)]).await;
    }
    world.browser.set_header("User-Agent", "<script>alert(2)</script>");
    world.post("/play/read", &[("key", nasty)]).await;
    for path in ["/lab", "/lab/timeline", "/lab/timeline/4", "/lab/rows", "/lab/sandbox", "/lab/code"] {
        let page = world.get(path).await.body;
        for raw in ["<script>alert", "<img src", "<svg onload", "\u{0}", "\u{1b}"] {
            assert!(!page.contains(raw), "{path} has {raw:?}\n{page}");
        }
    }
    // Its news are plain text, which the page's script shows as such.
    let panels = world.feed(1).await["panels"].to_string();
    for raw in ["<script>alert", "<img src", "<svg onload"] {
        assert!(!panels.contains(raw), "{raw}\n{panels}");
    }
}
