//! What the pages show, and that they touch nothing.

use super::{AGE, POKE, RIGHT, WORLD, WORLD2};
use crate::world::World;

const PAGES: [&str; 16] = [
    "/",
    "/lab",
    "/lab/exercise/9",
    "/lab/learn/1",
    "/lab/learn/2",
    "/lab/learn/3",
    "/lab/learn/4",
    "/lab/learn/5",
    "/lab/timeline",
    "/lab/timeline/1",
    "/lab/rows",
    "/lab/code",
    "/lab/sandbox",
    "/lab/report",
    "/lab/report/save",
    "/lab/feed?after=0",
];
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

#[actix_web::test]
async fn looking_touches_no_session() {
    let mut world = World::start();
    world.visit(&[WORLD]).await;
    let (rows, cookie) = (world.rows(), world.browser.cookie("sessionid").cloned());
    world.advance(5);
    for path in PAGES {
        let page = world.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        for set in page.headers.get_all("set-cookie") {
            assert!(set.to_str().unwrap().starts_with("lab_"), "{path}: {set:?}");
        }
    }
    assert_eq!((world.rows(), world.browser.cookie("sessionid").cloned()), (rows, cookie));
}

#[actix_web::test]
async fn every_page_forbids_what_is_not_its_own() {
    let mut world = World::start();
    world.visit(&[WORLD]).await;
    for path in PAGES.iter().chain(&["/lab/nowhere"]) {
        let page = world.get(path).await;
        assert_eq!(page.header("content-security-policy"), Some(POLICY), "{path}");
        assert_eq!(page.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(page.header("x-frame-options"), Some("DENY"), "{path}");
        assert!(!page.body.contains("style=\""), "{path}: the policy would block it");
        assert!(!page.body.contains("src=\"http") && !page.body.contains("@import"), "{path}");
    }
}

#[actix_web::test]
async fn the_front_page_and_the_bare_pages_know_no_learner() {
    let mut world = World::start();
    for path in ["/", "/hello/plain", WORLD] {
        let page = world.get(path).await;
        for set in page.headers.get_all("set-cookie") {
            assert!(set.to_str().unwrap().starts_with("sessionid="), "{path}: {set:?}");
        }
    }
    let lab = world.get("/lab").await;
    let cookies: Vec<_> = lab.headers.get_all("set-cookie").map(|set| set.to_str().unwrap()).collect();
    assert_eq!(cookies.len(), 2, "{cookies:?}");
    for cookie in cookies {
        assert!(cookie.contains("Path=/lab") && cookie.contains("HttpOnly"), "{cookie}");
        assert_eq!(cookie.contains("Max-Age"), cookie.starts_with("lab_id="), "{cookie}");
    }
}

#[actix_web::test]
async fn without_debug_there_is_no_lab() {
    let mut world = World::start_with(&[
        ("DEBUG", "false"),
        ("SECRET_KEY", "a key of its own"),
        ("ALLOWED_HOSTS", "127.0.0.1"),
    ]);
    let page = world.get("/").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("/hello/world") && !page.body.contains("/lab"), "{}", page.body);
    for path in PAGES.iter().filter(|path| path.starts_with("/lab")) {
        assert_eq!(world.get(path).await.status, 404, "{path}");
    }
    for path in ["/play/set", "/lab/settings", "/lab/exercise/1/predict"] {
        assert_eq!(world.post(path, &[("age", "5")]).await.status, 404, "{path}");
    }
    assert!(world.rows().is_empty());
}

#[actix_web::test]
async fn a_request_is_shown_with_both_header_sets_and_the_row_before_and_after() {
    let mut world = World::start();
    world.visit(&[WORLD, WORLD]).await;
    let key = world.key().unwrap();
    let page = world.get("/lab/timeline/2").await.body;
    for shown in [
        format!("Cookie: sessionid={key}"),
        format!("Set-Cookie: sessionid={key}; expires="),
        "Vary: Cookie".to_owned(),
        "{&quot;counter&quot;:1}".to_owned(),
        "{&quot;counter&quot;:2}".to_owned(),
        "✔ valid".to_owned(),
        "SESSION_COOKIE_AGE 30".to_owned(),
    ] {
        assert!(page.contains(&shown), "{shown}\n{page}");
    }
}

#[actix_web::test]
async fn the_life_of_cookie_and_row_is_told_apart() {
    let mut world = World::start();
    let life = async |world: &mut World| world.feed(1).await["panels"]["life"].as_str().unwrap().to_owned();
    assert!(life(&mut world).await.contains("none was set"));
    world.visit(&[POKE]).await;
    let poked = life(&mut world).await;
    assert!(poked.contains("until the browser closes") && poked.contains("data-name=\"Row\""), "{poked}");
    world.browser.delete_cookie("sessionid");
    world.visit(&[WORLD]).await;
    let counted = life(&mut world).await;
    assert_eq!(counted.matches("data-total=\"30\"").count(), 2, "{counted}");
    world.advance(30);
    assert!(life(&mut world).await.contains("The browser sends no"));
}

#[actix_web::test]
async fn a_cookie_of_another_name_is_followed_as_well() {
    let mut world = World::start_with(&[("SESSION_COOKIE_NAME", "sid")]);
    world.visit(&[WORLD]).await;
    let key = world.browser.cookie("sid").unwrap().value.clone();
    let life = world.feed(1).await["panels"]["life"].as_str().unwrap().to_owned();
    assert!(life.contains(&format!("<code>sid={key}</code>")), "{life}");
    let forgot = world.post("/lab/forget", &[]).await;
    assert!(forgot.header("set-cookie").unwrap().starts_with("sid=\"\";"), "{:?}", forgot.headers);
}

#[actix_web::test]
async fn age_and_save_every_request_are_changed_live() {
    let mut world = World::start();
    let answer = world.post("/lab/settings", &[("age", "60"), ("back", "/lab/exercise/7")]).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, Some("/lab/exercise/7")));
    let page = world.get(WORLD).await;
    assert!(page.header("set-cookie").unwrap().contains("Max-Age=60"), "{:?}", page.headers);
    world.post("/lab/settings", &[("age", "60"), ("save_every_request", "true")]).await;
    assert!(world.get(WORLD2).await.header("set-cookie").is_some());
    world.post("/lab/settings", &[("age", "60")]).await;
    assert!(world.get(WORLD2).await.header("set-cookie").is_none());
}

#[actix_web::test]
async fn clearsessions_deletes_what_has_expired_and_says_how_many() {
    let mut world = World::start();
    world.visit(&[WORLD]).await;
    world.advance(31);
    world.visit(&[WORLD]).await;
    let live = world.key().unwrap();
    let answer = world.post("/lab/rows/clearsessions", &[]).await;
    assert_eq!(answer.header("location"), Some("/lab/rows?cleared=1"));
    assert_eq!(world.rows().iter().map(|row| &row.session_key).collect::<Vec<_>>(), [&live]);
    assert!(world.get("/lab/rows?cleared=1").await.body.contains("deleted 1 expired session"));
}

#[actix_web::test]
async fn rows_are_listed_decoded_and_verified() {
    let mut world = World::start();
    world.visit(&[WORLD]).await;
    let mut forged = world.rows().remove(0);
    forged.session_key = "f".repeat(32);
    forged.session_data = forged.session_data.replace(':', ":x");
    world.write_row(&forged);
    let page = world.get("/lab/rows").await.body;
    assert!(page.contains("✔ valid") && page.contains("✕ not valid"), "{page}");
    assert!(page.contains("{&quot;counter&quot;:1}"), "{page}");
}

#[actix_web::test]
async fn the_log_is_bounded() {
    let mut world = World::start();
    world.visit(&[WORLD; 205]).await;
    assert_eq!(world.get("/lab/timeline/5").await.status, 404);
    assert_eq!(world.get("/lab/timeline/6").await.status, 200);
    assert_eq!(world.get("/lab/timeline/205").await.status, 200);
}

/// What stands between two texts, each time.
pub(super) fn between<'a>(page: &'a str, before: &str, after: &'a str) -> Vec<&'a str> {
    page.split(before).skip(1).filter_map(|rest| Some(rest.split_once(after)?.0.trim())).collect()
}

#[actix_web::test]
async fn the_steps_of_an_exercise_open_one_after_the_other() {
    let mut world = World::start();
    for &(number, right) in RIGHT {
        let path = format!("/lab/exercise/{number}");
        let page = world.get(&path).await.body;
        assert!(page.contains(&format!("value=\"{right}\"")), "{number}");
        for closed in
            ["class=\"do\"", "class=\"ticks\"", "<summary>Hint</summary>", "class=\"verdict", "data-send"]
        {
            assert!(!page.contains(closed), "{number}: {closed} before the prediction");
        }
        world.predict(number).await;
        let page = world.get(&path).await.body;
        for open in
            ["class=\"do\"", "class=\"ticks\"", "<summary>Hint</summary>", "<summary>The solution</summary>"]
        {
            assert!(page.contains(open), "{number}: {open} after it");
        }
        assert!(!page.contains("class=\"verdict"), "{number}: nothing is judged before it is observed");
    }
    world.do_all_but_the_restart().await;
    for (number, _) in RIGHT.iter().filter(|(number, _)| *number != 15) {
        let page = world.get(&format!("/lab/exercise/{number}")).await.body;
        assert!(page.contains("class=\"verdict ok\""), "{number}: {page}");
        assert_eq!(
            page.matches("class=\"answer\"").count(),
            1,
            "{number}: the answer to the learner's own choice"
        );
        assert!(
            page.contains("<cite><a href=\"/lab/learn/1\">Django sessions</a></cite>"),
            "{number}: the document's words"
        );
        assert!(page.contains("/lab/code#") && page.contains("django/"), "{number}: names the rule");
    }
}

#[actix_web::test]
async fn before_a_prediction_no_page_tells_what_there_is_to_find_out() {
    let mut world = World::start();
    world.do_all_but_the_restart().await;
    world.restart().await;
    world.visit(&[WORLD]).await;
    let mut answers = Vec::new();
    for (number, _) in RIGHT {
        let page = world.get(&format!("/lab/exercise/{number}")).await.body;
        let ticks = between(&page, "<span class=\"unseen\">Observed:</span>", "</li>");
        let findings = between(&page, "<strong>✔ All observed.</strong>", "</p>");
        assert!(!ticks.is_empty() && findings.len() == 1, "{number}: {page}");
        answers.extend(ticks.into_iter().chain(findings).map(str::to_owned));
    }
    let mut stranger = World::start();
    let exercises = RIGHT.iter().map(|(number, _)| format!("/lab/exercise/{number}"));
    for path in PAGES.map(str::to_owned).into_iter().chain(exercises) {
        let page = stranger.get(&path).await.body;
        let found: Vec<_> = answers.iter().filter(|answer| page.contains(answer.as_str())).collect();
        assert!(found.is_empty(), "{path} tells {found:?}");
    }
}

#[actix_web::test]
async fn when_all_is_done_the_way_leads_to_the_report() {
    let mut world = World::start();
    world.do_all_but_the_restart().await;
    let page = world.get("/lab").await.body;
    assert!(page.contains("href=\"/lab/exercise/15\">Go on</a>"), "the only one that is left: {page}");
    world.restart().await;
    world.visit(&[WORLD]).await;
    let page = world.get("/lab").await.body;
    assert!(!page.contains("Go on") && !page.contains("href=\"/lab/exercise/\""), "{page}");
    assert!(page.contains("<a class=\"button primary\" href=\"/lab/report\">Report</a>"), "{page}");
}

#[actix_web::test]
async fn what_one_might_type_leads_to_a_page() {
    let mut world = World::start();
    for (typed, page) in [("/lab/", "/lab"), ("/lab/exercises", "/lab"), ("/lab/learn", "/lab/learn/1")] {
        let answer = world.get(typed).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, Some(page)), "{typed}");
    }
    assert_eq!(world.get("/lab/nowhere").await.status, 404);
}

#[actix_web::test]
async fn the_documents_corrections_open_when_their_exercise_is_done() {
    let mut world = World::start();
    let (correction, closed) = ("The old row is not touched by that", "This would answer");
    let page = world.get("/lab/learn/4").await.body;
    assert!(!page.contains(correction) && page.contains(closed), "{page}");
    world.do_all_but_the_restart().await;
    let page = world.get("/lab/learn/4").await.body;
    assert!(page.contains(correction), "{page}");
}

#[actix_web::test]
async fn what_the_browser_asks_by_itself_or_in_vain_is_no_last_exchange() {
    let mut world = World::start();
    world.visit(&[WORLD]).await;
    for path in ["/favicon.ico", "/hello/nothing", "/robots.txt"] {
        world.get(path).await;
    }
    let exchange = world.feed(1).await["panels"]["exchange"].as_str().unwrap().to_owned();
    assert!(exchange.contains("/hello/world") && !exchange.contains("/robots.txt"), "{exchange}");
}

#[actix_web::test]
async fn the_front_page_counts_without_scripts() {
    let mut world = World::start();
    assert!(world.get("/").await.body.contains("No session yet"), "nothing is tracked");
    for shown in ["<b class=\"big\">0</b>", "<b class=\"big\">1</b>"] {
        let answer = world.post("/play/visit", &[("back", "/")]).await;
        assert_eq!(answer.header("location"), Some("/"));
        assert!(world.get("/").await.body.contains(shown), "{shown}");
    }
    world.advance(AGE);
    assert!(!world.get("/").await.body.contains("The session is alive"));
    world.post("/play/visit", &[("back", "/")]).await;
    assert!(world.get("/").await.body.contains("<b class=\"big\">0</b>"));
}

#[actix_web::test]
async fn a_host_that_is_not_allowed_tells_a_developer_what_to_set() {
    let mut world = World::start();
    world.browser.set_header("Host", "shop.example:8000");
    let page = world.get("/hello/world").await;
    assert_eq!(page.status, 400);
    assert!(page.body.contains("ALLOWED_HOSTS=shop.example"), "{}", page.body);
    let mut live = World::start_with(&[
        ("DEBUG", "false"),
        ("SECRET_KEY", "a key of its own"),
        ("ALLOWED_HOSTS", "127.0.0.1"),
    ]);
    live.browser.set_header("Host", "shop.example:8000");
    let page = live.get("/hello/world").await;
    assert_eq!(page.status, 400);
    assert!(!page.body.contains("ALLOWED_HOSTS") && !page.body.contains("shop.example"), "{}", page.body);
}

#[actix_web::test]
async fn ones_own_row_is_the_first_of_a_thousand() {
    let mut world = World::start();
    world.visit(&[WORLD]).await;
    let own = world.key().unwrap();
    let template = world.rows().remove(0);
    for number in 0..1000 {
        let mut row = template.clone();
        row.session_key = format!("{number:0>32}");
        row.expire_date = "2100-01-01 00:00:00".to_owned();
        world.write_row(&row);
    }
    let page = world.get("/lab/rows").await.body;
    let keys = between(&page, "<code class=\"break\">", "</code>");
    assert_eq!(keys.first().copied(), Some(own.as_str()), "{keys:?}");
    assert_eq!(page.matches("rowline").count(), 51, "a page of them, and one's own");
    assert!(page.contains("1001 rows"), "{page}");
}
