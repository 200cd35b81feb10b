//! What bad input gets: a clear status, and nothing changed.

use actix_web::http::Method;

use super::{PLAIN, WORLD, WORLD2, done_of_all};
use crate::world::World;

const FORMS: [&str; 13] = [
    "/play/set",
    "/play/flush",
    "/lab/settings",
    "/lab/theme",
    "/lab/forget",
    "/lab/plant",
    "/lab/httponly",
    "/lab/thief",
    "/lab/exercise/1/predict",
    "/lab/exercise/1/reset",
    "/lab/exercise/3/answer",
    "/lab/rows/clearsessions",
    "/lab/report/answer",
];

/// A world whose state a refused request must leave as it is.
async fn inhabited() -> World {
    let mut world = World::start();
    world.visit(&[WORLD, "/lab"]).await;
    world
}

#[actix_web::test]
async fn another_sites_form_is_a_403() {
    for (name, value) in [
        ("Origin", "https://elsewhere.example"),
        ("Origin", "null"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
    ] {
        let mut world = inhabited().await;
        let rows = world.rows();
        world.browser.set_header(name, value);
        for path in FORMS {
            let answer =
                world.post(path, &[("age", "5"), ("key", "a"), ("value", "1"), ("choice", "a")]).await;
            assert_eq!(answer.status, 403, "{path} with {name}: {value}");
            assert_eq!(answer.header("set-cookie"), None, "{path}");
            assert!(answer.body.starts_with("<!DOCTYPE html>"), "{}", answer.body);
        }
        assert_eq!(world.rows(), rows);
        assert_eq!(world.get("/lab").await.status, 200, "a link from elsewhere is no form");
    }
}

#[actix_web::test]
async fn the_sites_own_form_passes() {
    let mut world = inhabited().await;
    let origin = world.origin().to_owned();
    world.browser.set_header("Origin", &origin);
    assert_eq!(world.post("/play/set", &[("key", "a"), ("value", "1")]).await.status, 303);
    world.browser.set_header("Sec-Fetch-Site", "same-origin");
    assert_eq!(world.post("/play/set", &[("key", "a"), ("value", "2")]).await.status, 303);
}

#[actix_web::test]
async fn another_host_is_a_400() {
    let mut world = inhabited().await;
    let rows = world.rows();
    world.browser.set_header("Host", "rebound.example");
    for path in ["/", "/lab", "/lab/rows", "/lab/feed?after=0", WORLD] {
        let page = world.get(path).await;
        assert_eq!(page.status, 400, "{path}");
        assert!(!page.body.contains("counter"), "{}", page.body);
    }
    assert_eq!(world.post("/play/clear", &[]).await.status, 400);
    assert_eq!(world.rows(), rows);
}

#[actix_web::test]
async fn what_other_sites_ask_for_stays_out_of_the_log() {
    let mut world = inhabited().await;
    let mut stranger = world.client();
    stranger.set_header("Host", "rebound.example");
    stranger.get("/stranger").await.unwrap();
    let mut image = world.client();
    image.set_header("Sec-Fetch-Site", "cross-site");
    image.set_header("Sec-Fetch-Mode", "no-cors");
    image.get("/image").await.unwrap();
    let mut link = world.client();
    link.set_header("Sec-Fetch-Site", "cross-site");
    link.set_header("Sec-Fetch-Mode", "navigate");
    link.get("/link").await.unwrap();
    let timeline = world.get("/lab/timeline").await.body;
    assert!(!timeline.contains("/stranger") && !timeline.contains("/image"), "{timeline}");
    assert!(timeline.contains("/link"), "a link that somebody followed is a visit: {timeline}");
}

#[actix_web::test]
async fn a_form_of_a_megabyte_is_a_413() {
    let mut world = inhabited().await;
    let rows = world.rows();
    let large = "x".repeat(1 << 20);
    for path in FORMS.into_iter().filter(|path| !path.ends_with("reset") && !path.ends_with("clearsessions"))
    {
        let answer = world.post(path, &[("key", &large)]).await;
        assert_eq!(answer.status, 413, "{path}");
    }
    assert_eq!(world.rows(), rows);
}

#[actix_web::test]
async fn what_is_not_there_is_a_404() {
    let mut world = inhabited().await;
    let rows = world.rows();
    for path in [
        "/lab/exercise/0",
        "/lab/exercise/99",
        "/lab/exercise/999",
        "/lab/exercise/x",
        "/lab/exercise/-1",
        "/lab/learn/0",
        "/lab/learn/6",
        "/lab/learn/99999999999999999999",
        "/lab/timeline/0",
        "/lab/timeline/77",
        "/lab/timeline/%3Cscript%3E",
        "/lab/feed?after=0&exercise=99",
        "/lab/../settings.toml",
    ] {
        assert_eq!(world.get(path).await.status, 404, "{path}");
    }
    for path in [
        "/play/explode",
        "/play/set/x",
        "/lab/exercise/99/predict",
        "/lab/exercise/99/reset",
        "/lab/exercise/99/answer",
        "/lab/exercise/1/answer",
        "/lab/nothing",
    ] {
        assert_eq!(world.post(path, &[("choice", "a")]).await.status, 404, "{path}");
    }
    assert_eq!(world.rows(), rows);
}

#[actix_web::test]
async fn bad_values_are_a_400() {
    let mut world = inhabited().await;
    let rows = world.rows();
    let (long_key, long_value) = ("k".repeat(201), "v".repeat(2001));
    let cases: [(&str, &[(&str, &str)]); 32] = [
        ("/lab/settings", &[]),
        ("/lab/settings", &[("age", "")]),
        ("/lab/settings", &[("age", "4")]),
        ("/lab/settings", &[("age", "3601")]),
        ("/lab/settings", &[("age", "-30")]),
        ("/lab/settings", &[("age", "1e3")]),
        ("/lab/settings", &[("age", "60"), ("save_every_request", "perhaps")]),
        ("/lab/theme", &[("theme", "pink")]),
        ("/lab/exercise/1/predict", &[]),
        ("/lab/exercise/1/predict", &[("choice", "")]),
        ("/lab/exercise/1/predict", &[("choice", "d")]),
        ("/lab/exercise/1/predict", &[("choice", "<b>")]),
        ("/lab/exercise/3/answer", &[("prefix", "abcdefg")]),
        ("/lab/exercise/3/answer", &[]),
        ("/lab/exercise/3/answer", &[("answer", "abcdef")]),
        ("/play/set", &[("key", &long_key), ("value", "1")]),
        ("/play/set", &[("key", ""), ("value", "1")]),
        ("/play/set", &[("key", "a"), ("value", &long_value)]),
        ("/play/expire_in", &[("seconds", "0")]),
        ("/play/expire_at", &[("seconds", "999999999999")]),
        ("/lab/plant", &[]),
        ("/lab/httponly", &[]),
        ("/lab/httponly", &[("httponly", "perhaps")]),
        ("/lab/plant", &[("key", "")]),
        ("/lab/thief", &[]),
        ("/lab/thief", &[("deed", "murder")]),
        ("/lab/thief", &[("deed", "again")]),
        ("/lab/plant", &[("key", "short")]),
        ("/lab/plant", &[("key", "ABCDEFGHIJ")]),
        ("/lab/plant", &[("key", "abcdefgh; Domain=example.com")]),
        ("/lab/plant", &[("key", "abcdefgh\r\nX: y")]),
        ("/lab/plant", &[("key", &long_key)]),
    ];
    for (path, fields) in cases {
        let answer = world.post(path, fields).await;
        assert_eq!(answer.status, 400, "{path} {fields:?}");
        assert_eq!(answer.header("set-cookie"), None, "{path} {fields:?}");
    }
    for path in ["/lab/feed?after=x", "/lab/rows?page=-1", "/lab/rows?cleared=x"] {
        assert_eq!(world.get(path).await.status, 400, "{path}");
    }
    assert_eq!(world.rows(), rows);
    assert!(
        world.get(WORLD).await.header("set-cookie").unwrap().contains("Max-Age=30"),
        "the age is as it was"
    );
}

#[actix_web::test]
async fn a_locked_prediction_stays() {
    let mut world = World::start();
    world.predict(1).await;
    world.visit(&[PLAIN]).await;
    assert!(world.is_done(1).await);
    assert_eq!(world.predict(1).await.status, 303, "the same once more changes nothing");
    assert_eq!(world.post("/lab/exercise/1/predict", &[("choice", "a")]).await.status, 400);
    assert!(world.is_done(1).await);
}

#[actix_web::test]
async fn forged_progress_is_not_believed() {
    let mut world = World::start();
    world.predict(1).await;
    let real = world.browser.cookie("lab_id").unwrap().value.clone();
    let (body, signature) = real.rsplit_once(':').unwrap();
    let other = if signature.starts_with('A') { "B" } else { "A" };
    let forgeries =
        [format!("{body}:{other}{}", &signature[1..]), format!("x{real}"), "e30".to_owned(), String::new()];
    for forged in forgeries {
        world.browser.set_cookie("lab_id", &forged);
        for (path, fields) in [
            ("/lab/exercise/2/predict", [("choice", "a")]),
            ("/lab/exercise/1/reset", [("a", "b")]),
            ("/lab/exercise/3/answer", [("prefix", "abcdef")]),
        ] {
            assert_eq!(world.post(path, &fields).await.status, 400, "{path} with {forged:?}");
        }
        let page = world.get("/lab").await;
        assert_eq!(page.status, 200);
        assert!(
            page.body.contains("The signature of your progress cookie was not valid")
                && page.body.contains(&done_of_all(0)),
            "{}",
            page.body
        );
        let renewed = world.browser.cookie("lab_id").unwrap().value.clone();
        assert_ne!(renewed, forged, "the learner begins anew");
    }
    world.predict(1).await;
}

#[actix_web::test]
async fn progress_with_what_no_longer_exists_is_read_all_the_same() {
    use sessionid::signing::{TimestampSigner, dumps};

    let mut world = World::start();
    let key = sessionid::settings::DEMO_SECRET_KEY;
    let signer = TimestampSigner::new(key, &[], "sessionid.lab.progress");
    let stale =
        r#"{"attempts":{"99":{"choice":"z","since":{"boot_id":"old","n":3},"ticks":255}},"unknown":1}"#;
    let cookie = dumps(&signer, stale.as_bytes(), world.clock.now());
    world.browser.set_cookie("lab_id", &cookie);
    let page = world.get("/lab").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains(&done_of_all(0)), "{}", page.body);
    assert_eq!(world.get("/lab/exercise/99").await.status, 404);
}

#[actix_web::test]
async fn a_form_is_not_a_page_and_a_page_is_no_form() {
    let mut world = inhabited().await;
    for path in FORMS {
        let answer = world.get(path).await;
        assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, Some("POST, OPTIONS")), "{path}");
        let options = world.browser.request(Method::OPTIONS, path, String::new()).await.unwrap();
        assert_eq!(
            (options.status.as_u16(), options.header("allow")),
            (200, Some("POST, OPTIONS")),
            "{path}"
        );
    }
    for path in ["/lab", "/lab/rows", "/lab/exercise/1"] {
        let answer = world.post(path, &[]).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("allow")),
            (405, Some("GET, HEAD, OPTIONS")),
            "{path}"
        );
        let head = world.browser.request(Method::HEAD, path, String::new()).await.unwrap();
        assert_eq!((head.status.as_u16(), head.body.as_str()), (200, ""), "{path}");
    }
}

#[actix_web::test]
async fn a_form_leads_nowhere_else() {
    let mut world = inhabited().await;
    for back in ["https://elsewhere.example/", "//elsewhere.example", "/lab/../hello", "javascript:alert(1)"]
    {
        for path in ["/lab/settings", "/play/nothing"] {
            let answer = world.post(path, &[("age", "30"), ("back", back)]).await;
            assert_eq!(
                (answer.status.as_u16(), answer.header("location")),
                (303, Some("/lab")),
                "{path} {back}"
            );
        }
    }
}

#[actix_web::test]
async fn a_database_that_is_gone_is_shown_as_what_it_is() {
    let mut world = inhabited().await;
    world.drop_table();
    assert_eq!(world.get(WORLD2).await.status, 503);
    assert_eq!(world.get("/lab/rows").await.status, 503);
    assert_eq!(world.get("/lab").await.status, 200);
    assert!(world.get("/lab/timeline").await.body.contains("503"));
    assert!(world.browser.cookie("sessionid").is_some());
}
