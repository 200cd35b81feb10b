//! The clients of `sessionid::testing`, against a shop on a port and against the same shop without a server.

use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, init_service, read_body};
use actix_web::web::{self, Redirect};
use actix_web::{App, HttpServer};
use chrono::TimeDelta;
use sessionid::clock::{Clock, ManualClock};
use sessionid::sessions::{Session, SessionError, SessionMiddleware, SessionPolicy, Storage};
use sessionid::testing::{Client, CookieJar};

async fn add(session: Session, item: web::Json<String>) -> Result<web::Json<Vec<String>>, SessionError> {
    session.push("cart", item.into_inner())?;
    Ok(web::Json(session.get("cart")?.unwrap_or_default()))
}

async fn login(session: Session) -> Result<Redirect, SessionError> {
    session.cycle_key()?;
    session.insert("user", "ada")?;
    Ok(Redirect::to("hop").see_other())
}

async fn hello(session: Session) -> Result<String, SessionError> {
    Ok(session.get::<String>("user")?.unwrap_or_else(|| "nobody".to_owned()))
}

fn shop(clock: &ManualClock, storage: &Storage) -> impl Fn(&mut web::ServiceConfig) + Clone + use<> {
    let sessions = SessionMiddleware::new(storage.clone(), SessionPolicy::default()).clock(clock.clone());
    move |config: &mut web::ServiceConfig| {
        config.service(
            web::scope("/shop")
                .wrap(sessions.clone())
                .route("/cart", web::post().to(add))
                .route("/login", web::post().to(login))
                .service(web::redirect("/hop", "/shop/hello"))
                .service(web::redirect("/round", "/shop/round"))
                .service(web::redirect("/away", "http://127.0.0.1:1/"))
                .route("/hello", web::get().to(hello)),
        );
    }
}

#[actix_web::test]
async fn a_client_sends_json_and_follows_redirects_within_the_site() {
    let clock = ManualClock::default();
    let shop = shop(&clock, &Storage::in_memory());
    let server = HttpServer::new(move || App::new().configure(shop.clone())).workers(1);
    let server = server.bind(("127.0.0.1", 0)).unwrap();
    let origin = format!("http://{}", server.addrs()[0]);
    let server = server.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    let mut client = Client::new(origin, Clock::from(clock.clone()));

    client.post_json("/shop/cart", "tea").await.unwrap();
    let cart: Vec<String> = client.post_json("/shop/cart", "milk").await.unwrap().json().unwrap();
    assert_eq!(cart, ["tea", "milk"]);
    let first = client.post("/shop/login", &[("a", "b")]).await.unwrap();
    assert_eq!((first.status, first.header("Location")), (StatusCode::SEE_OTHER, Some("hop")));

    client.delete_cookie("sessionid");
    client.follow_redirects(true);
    let page = client.post("/shop/login", &[("a", "b")]).await.unwrap();
    assert_eq!((page.status, page.body.as_str()), (StatusCode::OK, "ada"), "the cookie on the way is kept");
    assert_eq!(page.request[0], "GET /shop/hello HTTP/1.1");
    let round = client.get("/shop/round").await.unwrap();
    assert_eq!(round.status, StatusCode::TEMPORARY_REDIRECT, "given up");
    assert_eq!(client.get("/shop/away").await.unwrap().status, StatusCode::TEMPORARY_REDIRECT);
    handle.stop(false).await;
}

#[actix_web::test]
async fn a_jar_is_a_browser_without_a_server() {
    let clock = ManualClock::default();
    let app = init_service(App::new().configure(shop(&clock, &Storage::in_memory()))).await;
    let mut browser = CookieJar::new(Clock::from(clock.clone()));
    let hello = || TestRequest::get().uri("/shop/hello");
    browser.call(&app, TestRequest::post().uri("/shop/login")).await.unwrap();
    let response = browser.call(&app, hello()).await.unwrap();
    assert_eq!(read_body(response).await, "ada");
    assert!(browser.header("/shop").is_some() && browser.cookie("sessionid").is_some());
    clock.advance(TimeDelta::weeks(2));
    assert!(browser.header("/shop").is_none(), "the cookie has expired");
    let response = browser.call(&app, hello()).await.unwrap();
    assert_eq!(read_body(response).await, "nobody");
    browser.set_cookie("sessionid", "unknownunknownunknown");
    browser.call(&app, hello()).await.unwrap();
    assert_eq!(browser.cookie("sessionid"), None, "the response deletes it");
}
