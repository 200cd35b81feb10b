//! A policy for one request: several parts of a site, each with its own.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::SET_COOKIE;
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, HttpMessage as _, test, web};
use chrono::TimeDelta;
use sessionid::sessions::backends::Moment;
use sessionid::sessions::{Session, SessionError, SessionMiddleware, SessionPolicy, SharedPolicy};

use crate::harness::Harness;

async fn count(session: Session) -> Result<String, SessionError> {
    Ok(session.fetch_update("counter", 0_i64, |counter| counter + 1)?.to_string())
}

/// What is below `/bank` has the policy of the bank.
async fn tenants<B: MessageBody>(
    bank: web::Data<SharedPolicy>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    if request.path().starts_with("/bank/") {
        request.extensions_mut().insert(SharedPolicy::clone(&bank));
    }
    next.call(request).await
}

#[actix_web::test]
async fn a_policy_in_the_request_takes_the_place_of_the_middlewares() {
    let harness = Harness::on_files(SessionPolicy::default());
    let cookie_path = "/bank/".to_owned();
    let cookie_name = "bank".to_owned();
    let policy = SessionPolicy { cookie_age: 60, cookie_path, cookie_name, ..SessionPolicy::default() };
    let bank = SharedPolicy::new(policy);
    let sessions = SessionMiddleware::new(harness.storage.clone(), harness.policy.clone());
    let app = App::new()
        .app_data(web::Data::new(bank.clone()))
        .wrap(sessions.clock(harness.clock.clone()))
        .wrap(from_fn(tenants))
        .route("/bank/", web::get().to(count))
        .route("/", web::get().to(count));
    let app = test::init_service(app).await;
    let get = async |path: &str, cookie: &str| {
        let request = test::TestRequest::with_uri(path).insert_header(("Cookie", cookie)).to_request();
        let answer = test::call_service(&app, request).await;
        let set = answer.headers().get(SET_COOKIE).map(|set| set.to_str().unwrap().to_owned());
        (set.unwrap(), test::read_body(answer).await)
    };
    let (set, _) = get("/bank/", "").await;
    assert!(set.starts_with("bank=") && set.contains("Max-Age=60; Path=/bank/;"), "{set}");
    let sent = set.split(';').next().unwrap().to_owned();
    let key = sent.strip_prefix("bank=").unwrap();
    assert_eq!(get("/bank/", &sent).await.1, "1");
    let (set, counter) = get("/", &sent).await;
    assert!(set.starts_with("sessionid=") && set.contains("Max-Age=1209600; Path=/;"), "{set}");
    assert_eq!(counter, "0", "the other name");
    // The engine that stores no end works it out by the policy of the request.
    let found = async |policy: &SharedPolicy| {
        let moment = Moment::new(harness.now(), policy.get());
        harness.storage.find(key, &moment).await.unwrap().unwrap().expire_date.moment().unwrap()
    };
    assert_eq!(found(&bank).await, harness.now() + TimeDelta::seconds(60));
    assert_eq!(found(&harness.policy).await, harness.now() + TimeDelta::weeks(2));
    harness.clock.advance(TimeDelta::seconds(60));
    assert_eq!(get("/bank/", &sent).await.1, "0", "it has ended there");
    bank.update(|policy| policy.cookie_age = 5);
    assert!(get("/bank/", "").await.0.contains("Max-Age=5;"), "a change takes effect with the next request");
}
