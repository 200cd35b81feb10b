//! The lab where sessions are kept on a cache's server: what its row panel, `/play/…` and the feed show there.

use sessionid::clock::Clock;

use super::WORLD;
use crate::support::caches::OwnServer;
use crate::world::World;

/// A site whose clock runs with the servers', as they measure a session's life by their own.
fn world(engine: &str, caches: &str) -> World {
    let world = World::start_with(&[("SESSION_ENGINE", engine), ("CACHES", caches)]);
    world.clock.set(Clock::System.now());
    world.clock.start();
    world
}

/// Every engine with a cache's server, with what the row panel calls a session there.
fn every_engine() -> Vec<(World, OwnServer, &'static str)> {
    let mut all = Vec::new();
    for (engine, name) in [("cache", ":1:django.contrib.sessions.cache"), ("cached_db", "")] {
        #[cfg(feature = "redis")]
        {
            let server = OwnServer::redis(&[]);
            all.push((world(engine, &format!("redis://{}/0", server.address())), server, name));
        }
        #[cfg(feature = "memcached")]
        {
            let server = OwnServer::memcached(&[]);
            all.push((world(engine, &format!("memcached://{}", server.address())), server, name));
        }
    }
    all
}

/// The row panel of an open page.
async fn panel(world: &mut World) -> String {
    let feed = world.get("/lab/feed?after=0").await;
    assert_eq!(feed.status, 200, "{}", feed.body);
    let feed: serde_json::Value = serde_json::from_str(&feed.body).unwrap();
    feed["panels"]["row"].as_str().unwrap().replace("&quot;", "\"")
}

/// Within a second or so of a save with the shipped age.
fn tells_the_end(panel: &str, is_row: bool) -> bool {
    if is_row {
        panel.contains("<dt>expire_date</dt>") && !panel.contains("TTL")
    } else {
        (28..=30).any(|left| panel.contains(&format!("expires in {left} s (TTL)")))
    }
}

#[actix_web::test]
async fn the_row_panel_shows_key_bytes_data_and_end() {
    for (mut world, _server, name) in every_engine() {
        world.visit(&[WORLD, WORLD]).await;
        let key = world.key().unwrap();
        let rows = world.get("/lab/rows").await.body.replace("&quot;", "\"");
        for shown in [panel(&mut world).await, rows] {
            assert!(shown.contains(&format!("<code class=\"break\">{name}{key}</code>")), "{shown}");
            assert!(shown.contains("{\"counter\":2}") && shown.contains("bytes</span>"), "{shown}");
            assert!(tells_the_end(&shown, name.is_empty()), "{shown}");
        }
    }
}

#[actix_web::test]
async fn each_operation_is_seen_in_the_feed() {
    for (mut world, _server, name) in every_engine() {
        let set = world.post("/play/set", &[("key", "a"), ("value", "[1,2]")]).await;
        assert_eq!(set.status, 303, "{}", set.body);
        assert!(panel(&mut world).await.contains("{\"a\":[1,2]}"));
        world.post("/play/fetch_update", &[]).await;
        world.post("/play/pop", &[("key", "a")]).await;
        let before = world.key().unwrap();
        world.post("/play/cycle_key", &[]).await;
        let after = world.key().unwrap();
        let shown = panel(&mut world).await;
        assert!(before != after && shown.contains(&format!("{name}{after}")), "{shown}");
        assert!(shown.contains("{\"counter\":1}"), "{shown}");
        world.post("/play/expire_in", &[("seconds", "100")]).await;
        let shown = panel(&mut world).await;
        let told = (98..=100).any(|left| shown.contains(&format!("expires in {left} s (TTL)")));
        assert!(told != name.is_empty(), "{shown}");
        world.post("/play/flush", &[]).await;
        assert_eq!(world.key(), None);
        assert!(panel(&mut world).await.contains("There is no row."));
        let cleared = world.post("/lab/rows/clearsessions", &[]).await;
        assert_eq!(cleared.status, 303, "{}", cleared.body);
    }
}

#[actix_web::test]
async fn a_server_that_is_away_leaves_the_lab_standing_and_is_seen_again_when_it_is_back() {
    for (mut world, mut server, name) in every_engine() {
        world.visit(&[WORLD]).await;
        server.stop();
        for page in ["/lab", "/lab/feed?after=0", "/lab/timeline"] {
            assert_eq!(world.get(page).await.status, 200, "{page}");
        }
        let status = world.get(WORLD).await.status;
        assert_eq!(status, if name.is_empty() { 200 } else { 503 });
        server.start();
        world.visit(&[WORLD]).await;
        // The lab lets a store that has failed alone for two seconds.
        world.get("/lab/timeline").await;
        for _ in 0..300 {
            if panel(&mut world).await.contains("counter") {
                break;
            }
            actix_web::rt::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        assert!(panel(&mut world).await.contains("counter"));
    }
}
