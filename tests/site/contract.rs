//! The URLs, methods, headers and hosts that others rely on.

use actix_web::http::{Method, StatusCode};

use crate::world::{World, counter};

const VIEWS: [&str; 6] =
    ["/", "/actix/hello/world", "/hello/world", "/hello/world2", "/hello/plain", "/hello/poke"];

#[actix_web::test]
async fn every_view_answers_get_head_and_options() {
    let mut world = World::start();
    for path in VIEWS {
        let get = world.get(path).await;
        assert_eq!(get.status, StatusCode::OK, "{path}");
        let head = world.browser.request(Method::HEAD, path, String::new()).await.unwrap();
        assert_eq!((head.status, head.body.as_str()), (StatusCode::OK, ""), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
        let options = world.browser.request(Method::OPTIONS, path, String::new()).await.unwrap();
        assert_eq!(
            (options.status, options.header("allow")),
            (StatusCode::OK, Some("GET, HEAD, OPTIONS")),
            "{path}"
        );
        assert_eq!(options.header("content-length"), Some("0"), "{path}");
    }
}

#[actix_web::test]
async fn any_other_method_is_a_405_that_names_them() {
    let mut world = World::start();
    for path in VIEWS {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::TRACE] {
            let answer = world.browser.request(method.clone(), path, String::new()).await.unwrap();
            assert_eq!(
                (answer.status, answer.header("allow")),
                (StatusCode::METHOD_NOT_ALLOWED, Some("GET, HEAD, OPTIONS")),
                "{method} {path}"
            );
        }
    }
    assert!(world.rows().is_empty());
}

#[actix_web::test]
async fn head_counts_as_a_visit_as_in_django() {
    let mut world = World::start();
    world.browser.request(Method::HEAD, "/hello/world", String::new()).await.unwrap();
    assert_eq!(counter(&world.get("/hello/world").await), 1);
}

#[actix_web::test]
async fn a_reading_view_varies_and_sets_nothing() {
    let mut world = World::start();
    let page = world.get("/hello/world2").await;
    assert_eq!((page.header("set-cookie"), page.header("vary")), (None, Some("Cookie")));
}

#[actix_web::test]
async fn every_answer_has_djangos_security_headers() {
    let mut world = World::start();
    for path in ["/", "/hello/world", "/nothing/here", "/static/site.css"] {
        let answer = world.get(path).await;
        for (name, value) in [
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
    }
}

#[actix_web::test]
async fn errors_have_a_page_and_never_a_word_of_the_inside() {
    let mut world = World::start_with(&[
        ("DEBUG", "false"),
        ("SECRET_KEY", "of our own"),
        ("ALLOWED_HOSTS", "127.0.0.1"),
    ]);
    let missing = world.get("/nothing/here").await;
    assert_eq!(
        (missing.status, missing.header("content-type")),
        (StatusCode::NOT_FOUND, Some("text/html; charset=utf-8"))
    );
    assert!(missing.body.contains("Not Found"));
    let below = world.get("/hello/nothing").await;
    assert_eq!(below.status, StatusCode::NOT_FOUND);
    let traversal = world.get("/static/..%2fsettings.toml").await;
    assert_ne!(traversal.status, StatusCode::OK);
    let folder = world.get("/static/").await;
    assert_eq!(folder.status, StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn a_handlers_failure_shows_its_cause_only_in_debug() {
    for (debug, shown) in [("true", true), ("false", false)] {
        let mut world = World::start_with(&[
            ("DEBUG", debug),
            ("SECRET_KEY", "of our own"),
            ("ALLOWED_HOSTS", "127.0.0.1"),
        ]);
        world.get("/hello/world").await;
        world.drop_table();
        let answer = world.get("/hello/world").await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.header("retry-after").is_some() && answer.header("set-cookie").is_none());
        assert_eq!(answer.body.contains("django_session"), shown, "{}", answer.body);
        assert_eq!(world.get("/hello/plain").await.status, StatusCode::OK);
    }
}

#[actix_web::test]
async fn only_allowed_hosts_are_answered() {
    let world = World::start_with(&[("ALLOWED_HOSTS", ".example.com, localhost")]);
    for (host, status) in [
        ("www.example.com", StatusCode::OK),
        ("localhost:8000", StatusCode::OK),
        ("127.0.0.1", StatusCode::BAD_REQUEST),
        ("example.org", StatusCode::BAD_REQUEST),
    ] {
        let request =
            awc::Client::new().get(format!("{}/hello/plain", world.origin())).insert_header(("Host", host));
        assert_eq!(request.send().await.unwrap().status(), status, "{host}");
    }
}

#[actix_web::test]
async fn bad_cookies_are_ordinary_visitors() {
    let world = World::start();
    let long = format!("sessionid={}", "x".repeat(4000));
    let cookies: [&[u8]; 9] = [
        b"sessionid",
        b"=",
        b";;;",
        b"sessionid=\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8",
        b"sessionid=\"",
        b"sessionid=' OR 1=1 --",
        b"sessionid=%00%00%00%00%00%00",
        long.as_bytes(),
        b"sessionid=a; sessionid=unknownunknownunknown",
    ];
    for cookie in cookies {
        let header = awc::http::header::HeaderValue::from_bytes(cookie).unwrap();
        for (path, counter) in
            [("/hello/world", Some("<b>0</b>")), ("/hello/world2", Some("<b>0</b>")), ("/hello/plain", None)]
        {
            let request = awc::Client::new()
                .get(format!("{}{path}", world.origin()))
                .insert_header(("Cookie", header.clone()));
            let mut response = request.send().await.unwrap();
            assert_eq!(response.status(), StatusCode::OK, "{path} {}", String::from_utf8_lossy(cookie));
            let body = String::from_utf8(response.body().await.unwrap().to_vec()).unwrap();
            assert!(counter.is_none_or(|counter| body.contains(counter)), "{body}");
            let set = response.headers().get("set-cookie").map(|value| value.to_str().unwrap().to_owned());
            assert!(!set.unwrap_or_default().contains("unknown"), "an unknown key is never adopted");
        }
    }
}

#[actix_web::test]
async fn the_stock_counter_shares_the_table_under_a_cookie_of_its_own() {
    let mut world = World::start();
    assert_eq!(counter(&world.get("/actix/hello/world").await), 0);
    let second = world.get("/actix/hello/world").await;
    assert_eq!((counter(&second), second.header("vary")), (1, None));
    let rows = world.rows();
    assert_eq!(rows.len(), 1);
    let stock = world.browser.cookie("actix_sessionid").unwrap().value.clone();
    assert!(!stock.contains(&rows[0].session_key), "the stock cookie is not the key");
    assert_eq!(counter(&world.get("/hello/world").await), 0, "and Django's counter knows nothing of it");
    world.advance(31);
    assert_eq!(counter(&world.get("/actix/hello/world").await), 0);
}

#[actix_web::test]
async fn the_stock_counter_without_its_table_is_an_error_page() {
    let mut world = World::start();
    world.get("/actix/hello/world").await;
    world.drop_table();
    let answer = world.get("/actix/hello/world").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(
        (answer.header("x-frame-options"), answer.header("content-type")),
        (Some("DENY"), Some("text/html; charset=utf-8"))
    );
    assert!(answer.body.contains("Internal Server Error"));
}

#[actix_web::test]
async fn static_files_have_no_inode_in_an_etag_and_a_date_to_ask_by() {
    let mut world = World::start();
    let file = world.get("/static/site.css").await;
    assert_eq!((file.status, file.header("etag")), (StatusCode::OK, None));
    let date = file.header("last-modified").unwrap().to_owned();
    world.browser.set_header("If-Modified-Since", &date);
    assert_eq!(world.get("/static/site.css").await.status, StatusCode::NOT_MODIFIED);
}

#[actix_web::test]
async fn static_files_answer_the_methods_of_a_view_and_no_other_path() {
    let mut world = World::start();
    let options = world.browser.request(Method::OPTIONS, "/static/site.css", String::new()).await.unwrap();
    assert_eq!((options.status, options.header("allow")), (StatusCode::OK, Some("GET, HEAD, OPTIONS")));
    let head = world.browser.request(Method::HEAD, "/static/site.css", String::new()).await.unwrap();
    assert_eq!((head.status, head.body.as_str()), (StatusCode::OK, ""));
    let post = world.browser.request(Method::POST, "/static/site.css", String::new()).await.unwrap();
    assert_eq!(
        (post.status, post.header("allow")),
        (StatusCode::METHOD_NOT_ALLOWED, Some("GET, HEAD, OPTIONS"))
    );
    for path in [
        "",
        "/",
        "/nothing",
        "/../settings.toml",
        "/..%2fsettings.toml",
        "/%2e%2e/settings.toml",
        "/.%2e/settings.toml",
        "/%252e%252e/settings.toml",
        "//settings.toml",
        "/%2fetc/passwd",
        "/..%5csettings.toml",
        "/site.css%00",
        "/%ff",
        "/.",
        "/lab/",
    ] {
        let answer = world.get(&format!("/static{path}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[actix_web::test]
async fn the_clock_may_show_any_time() {
    for day in ["1600-01-01", "1906-06-08", "1969-12-31", "1970-01-01", "9998-01-01"] {
        let mut world = World::start();
        let target: chrono::DateTime<chrono::Utc> = format!("{day}T23:59:59Z").parse().unwrap();
        world.clock.advance(target - world.clock.now());
        for path in [
            "/",
            "/hello/world",
            "/hello/world",
            "/hello/world2",
            "/hello/poke",
            "/actix/hello/world",
            "/lab",
            "/lab/timeline",
            "/lab/rows",
            "/lab/report",
            "/static/site.css",
        ] {
            let answer = world.get(path).await;
            assert_eq!(answer.status, StatusCode::OK, "{day} {path} {}", answer.body);
        }
        assert!(world.get("/hello/world").await.body.contains("Counter : <b>2</b>"), "{day}");
    }
}
