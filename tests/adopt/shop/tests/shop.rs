//! The shop without a server, and with the browser of `sessionid::testing`.

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::SET_COOKIE;
use actix_web::test::{TestRequest, init_service, read_body};
use actix_web::{App, Error};
use sessionid::chrono::TimeDelta;
use sessionid::clock::{Clock, ManualClock};
use sessionid::sessions::{SessionMiddleware, SessionPolicy, Storage};
use sessionid::testing::CookieJar;

/// The shop, its sessions in memory and by a clock in hand.
fn app(
    hand: ManualClock,
) -> App<
    impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse, Error = Error, InitError = ()>,
> {
    let sessions = SessionMiddleware::new(Storage::in_memory(), SessionPolicy::default()).clock(hand);
    App::new().configure(|config| shop::configure(config, sessions))
}

async fn text<B: MessageBody>(response: ServiceResponse<B>) -> String {
    String::from_utf8(read_body(response).await.to_vec()).unwrap()
}

fn get(path: &str) -> TestRequest {
    TestRequest::get().uri(path)
}

fn post(path: &str, form: &[(&str, &str)]) -> TestRequest {
    TestRequest::post().uri(path).set_form(form)
}

const LOGIN: [(&str, &str); 2] = [("name", "Ada"), ("password", "open sesame")];

#[actix_web::test]
async fn a_visitor_fills_a_cart_and_is_told_once() {
    let app = init_service(app(ManualClock::default())).await;
    let mut browser = CookieJar::new(Clock::System);
    let response = browser.call(&app, post("/cart", &[("name", "tea"), ("count", "3")])).await.unwrap();
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    browser.call(&app, post("/cart", &[("name", "tea"), ("count", "4")])).await.unwrap();
    let page = text(browser.call(&app, get("/")).await.unwrap()).await;
    assert_eq!(page, "3 × tea\n4 × tea\nHello, stranger.\nPage 3");
    let page = text(browser.call(&app, get("/")).await.unwrap()).await;
    assert_eq!(page, "Hello, stranger.\nPage 4");

    let refused = browser.call(&app, post("/cart", &[("name", "tea"), ("count", "4")])).await.unwrap();
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    assert_eq!(text(browser.call(&app, get("/cart")).await.unwrap()).await, r#"{"tea":7}"#);
}

#[actix_web::test]
async fn a_login_keeps_the_cart_under_a_new_key_and_a_logout_ends_it() {
    let app = init_service(app(ManualClock::default())).await;
    let mut browser = CookieJar::new(Clock::System);
    browser.call(&app, post("/cart", &[("name", "tea"), ("count", "3")])).await.unwrap();
    let before = browser.cookie("sessionid").unwrap().value.clone();
    let denied = browser.call(&app, get("/account/orders.csv")).await.unwrap();
    assert_eq!(denied.status(), StatusCode::UNAUTHORIZED);

    let response = browser.call(&app, post("/account/login", &LOGIN)).await.unwrap();
    assert_eq!(response.headers().get_all(SET_COOKIE).count(), 1, "two middlewares are one session");
    assert_ne!(browser.cookie("sessionid").unwrap().value, before);
    let orders = browser.call(&app, get("/account/orders.csv")).await.unwrap();
    assert_eq!(text(orders).await, "Ada;tea;3\n");
    let mut thief = CookieJar::new(Clock::System);
    thief.set_cookie("sessionid", &before);
    assert!(text(thief.call(&app, get("/")).await.unwrap()).await.contains("stranger"));

    browser.call(&app, post("/account/logout", &[])).await.unwrap();
    assert_eq!(browser.cookie("sessionid"), None);
    assert_eq!(text(browser.call(&app, get("/cart")).await.unwrap()).await, "{}");
}

#[actix_web::test]
async fn a_login_lasts_two_weeks() {
    let hand = ManualClock::default();
    let app = init_service(app(hand.clone())).await;
    let mut browser = CookieJar::new(Clock::from(hand.clone()));
    browser.call(&app, post("/account/login", &LOGIN)).await.unwrap();
    hand.advance(TimeDelta::days(13));
    assert!(text(browser.call(&app, get("/")).await.unwrap()).await.contains("Hello, Ada."));
    hand.advance(TimeDelta::weeks(2));
    assert!(text(browser.call(&app, get("/")).await.unwrap()).await.contains("Hello, stranger."));
}

#[actix_web::test]
async fn of_two_windows_one_shows_the_message_and_none_loses_a_page() {
    let app = init_service(app(ManualClock::default())).await;
    let mut browser = CookieJar::new(Clock::System);
    browser.call(&app, post("/account/login", &LOGIN)).await.unwrap();
    let cookies = browser.header("/").unwrap();
    let window = async || {
        let request = get("/").insert_header(("Cookie", cookies.clone())).to_request();
        text(app.call(request).await.unwrap()).await
    };
    let (one, two) = futures_util::future::join(window(), window()).await;
    let told = [&one, &two].map(|page| page.matches("Welcome").count());
    assert!(told == [1, 0] || told == [0, 1], "{one}\n{two}");
    assert!(window().await.ends_with("Page 4"));
}
