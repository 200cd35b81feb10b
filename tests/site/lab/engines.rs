//! The lab where sessions are kept elsewhere than in a database.

use super::{AGE, RIGHT, WORLD};
use crate::world::World;

/// What is done after a learner has done everything but the restart.
async fn done(world: &mut World) -> Vec<u8> {
    let mut done = Vec::new();
    for (number, _) in RIGHT {
        if world.is_done(*number).await {
            done.push(*number);
        }
    }
    done
}

#[actix_web::test]
async fn the_exercises_are_observed_on_files_and_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    // Whoever reads a session that is over in a file gets a new one, so nothing is left of the rule that 16 shows.
    // Seconds of a session's own never end it in a file, as in Django's, so that the integer of 20 has no end to be seen.
    for (engine, others) in
        [("file", &[18, 19, 21, 22, 23, 24, 25][..]), ("cache", &[16, 17, 18, 19, 20, 21, 22, 23, 24, 25])]
    {
        let mut world = World::start_with(&[("SESSION_ENGINE", engine), ("SESSION_FILE_PATH", path)]);
        world.visit(&[WORLD]).await;
        let key = world.key().unwrap();
        let name = match engine {
            "file" => format!("<dt>file</dt><dd><code class=\"break\">{path}/sessionid{key}</code>"),
            _ => format!("<code class=\"break\">:1:django.contrib.sessions.cache{key}</code>"),
        };
        let page = world.get("/lab/rows").await.body;
        assert!(page.contains(&name) || page.replace("&#x2F;", "/").contains(&name), "{page}");
        world.browser.delete_cookie("sessionid");
        world.do_all_but_the_restart().await;
        let expected = [&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14], others].concat();
        assert_eq!(done(&mut world).await, expected, "{engine}");
    }
}

#[actix_web::test]
async fn an_engine_that_lists_nothing_shows_the_session_of_the_browser() {
    let mut world = World::start_with(&[("SESSION_ENGINE", "signed_cookies")]);
    let page = world.get("/lab/rows").await;
    assert!(page.status == 200 && page.body.contains("Your browser sends none."), "{}", page.body);
    world.visit(&[WORLD, WORLD]).await;
    let page = world.get("/lab/rows").await.body;
    assert!(page.contains("This engine cannot list its sessions"), "{page}");
    assert!(page.contains("their cookies, signed") && page.contains("counter&quot;:2"), "{page}");
    world.do_all_but_the_restart().await;
    // 1 asks for a browser without a cookie. A key that is the session itself is another after each save, against 7, and
    // one that was made up is a session that cannot be read, against 19. The attacks are on keys.
    assert_eq!(done(&mut world).await, [2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 18, 21, 24, 25]);
}

#[actix_web::test]
async fn each_engine_tells_a_sessions_end_in_its_own_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    for (engine, end) in [
        ("db", "<dt>expire_date</dt><dd>2026-11-22 18:24:40.000 UTC</dd>"),
        ("cache", "<dt>end</dt><dd>expires in 30 s (TTL)</dd>"),
        ("file", "<dt>end</dt><dd>2026-11-22 18:24:40.000 UTC, counted from the file’s last change</dd>"),
        (
            "signed_cookies",
            "<dt>end</dt><dd>2026-11-22 18:24:40.000 UTC, counted from the time in the signature</dd>",
        ),
    ] {
        let mut world = World::start_with(&[("SESSION_ENGINE", engine), ("SESSION_FILE_PATH", path)]);
        world.clock.set("2026-11-22T18:24:10Z".parse().unwrap());
        world.visit(&[WORLD]).await;
        let page = world.get("/lab/rows").await.body;
        assert!(page.contains(end), "{engine}: {page}");
        let feed = world.feed(7).await["panels"]["row"].as_str().unwrap().to_owned();
        assert!(feed.contains(end), "{engine}: {feed}");
        world.advance(AGE + 1);
        let page = world.get("/lab/rows").await.body;
        assert!(engine != "cache" || page.contains("<dd>expired 1 s ago (TTL)</dd>"), "{page}");
    }
}
