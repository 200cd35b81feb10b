//! Every claim of the seed document.

use crate::world::{World, counter};

/// "It does nothing to track interactions by default."
#[actix_web::test]
async fn nothing_is_tracked_by_default() {
    let mut world = World::start();
    let plain = world.get("/hello/plain").await;
    assert_eq!((plain.header("set-cookie"), plain.header("vary")), (None, None));
    assert!(world.rows().is_empty());
}

/// "All it took was poking the session hornet by calling request.session.set_expiry(0)."
#[actix_web::test]
async fn a_poke_sets_the_cookie_of_the_document() {
    let mut world = World::start();
    let poke = world.get("/hello/poke").await;
    let key = world.key().unwrap();
    assert_eq!(key.len(), 32);
    assert_eq!(
        poke.header("set-cookie"),
        Some(format!("sessionid={key}; HttpOnly; Path=/; SameSite=Lax").as_str())
    );
}

/// "The sessionid … is used as the primary key for the Session object in the DB."
#[actix_web::test]
async fn the_sessionid_is_the_primary_key_of_a_row() {
    let mut world = World::start();
    world.get("/hello/poke").await;
    let rows = world.rows();
    assert_eq!(rows.len(), 1);
    assert_eq!(Some(&rows[0].session_key), world.key().as_ref());
}

/// "Now that the session is set, it will remain there."
#[actix_web::test]
async fn once_set_the_session_remains() {
    let mut world = World::start();
    world.get("/hello/poke").await;
    let (key, rows) = (world.key(), world.rows());
    let plain = world.get("/hello/plain").await;
    assert!(plain.sent_cookies.is_some() && plain.header("set-cookie").is_none());
    assert_eq!((world.key(), world.rows()), (key, rows));
}

/// "A returning client is identified by the sessionid cookie."
#[actix_web::test]
async fn a_returning_client_is_known_by_its_cookie_and_a_stranger_is_not() {
    let mut world = World::start();
    world.get("/hello/world").await;
    assert_eq!(counter(&world.get("/hello/world").await), 1);
    let mut stranger = world.client();
    assert_eq!(counter(&stranger.get("/hello/world").await.unwrap()), 0);
    assert_eq!(counter(&world.get("/hello/world").await), 2);
    assert_eq!(world.rows().len(), 2);
}

/// "If the client resets the cookie, Django will think it is a new client interacting with it."
#[actix_web::test]
async fn a_client_that_resets_its_cookie_is_a_new_client() {
    let mut world = World::start();
    world.get("/hello/world").await;
    let old = world.key();
    world.browser.delete_cookie("sessionid");
    assert_eq!(counter(&world.get("/hello/world").await), 0);
    assert_ne!(world.key(), old);
    assert_eq!(world.rows().len(), 2);
}

/// "I say potentially because … Django needs a reason to be assigned a cookie."
#[actix_web::test]
async fn a_new_client_gets_no_cookie_without_a_reason() {
    let mut world = World::start();
    world.get("/hello/plain").await;
    world.get("/hello/world2").await;
    assert_eq!(world.key(), None);
    assert!(world.rows().is_empty());
}

/// "They are not set on a per-view basis or a per-app basis."
#[actix_web::test]
async fn another_view_has_the_same_session() {
    let mut world = World::start();
    world.get("/hello/world").await;
    let key = world.key();
    let world2 = world.get("/hello/world2").await;
    assert_eq!((counter(&world2), world2.header("set-cookie")), (1, None));
    world.get("/hello/poke").await;
    assert_eq!(counter(&world.get("/hello/world").await), 1);
    assert_eq!(world.key(), key);
}

/// "The session cookie expiration resets every time a client re-interacts with the server."
#[actix_web::test]
async fn every_visit_to_the_counter_resets_the_expiry_of_cookie_and_row() {
    let mut world = World::start();
    assert_eq!(counter(&world.get("/hello/world").await), 0);
    let key = world.key().unwrap();
    let mut ends = world.row(&key).unwrap().expire_date;
    for visit in 1..=20 {
        world.advance(5);
        let page = world.get("/hello/world").await;
        assert_eq!(counter(&page), visit);
        assert!(page.header("set-cookie").unwrap().contains("; Max-Age=30; "));
        let moved = world.row(&key).unwrap().expire_date;
        assert!(moved > ends, "{moved} > {ends}");
        ends = moved;
    }
    assert_eq!(world.key(), Some(key), "100 seconds of activity are longer than the age");
    assert_eq!(world.rows().len(), 1);
}

/// The document says "re-interacts"; to be precise, it is the save that resets.
#[actix_web::test]
async fn a_visit_that_only_reads_resets_nothing() {
    let mut world = World::start();
    world.get("/hello/world").await;
    let before = world.rows();
    world.advance(20);
    assert_eq!(counter(&world.get("/hello/world2").await), 1);
    assert_eq!(world.rows(), before);
    world.advance(11);
    assert_eq!(world.key(), None);
}

/// "If, however, the session expires … you will see the counter reset to 0."
#[actix_web::test]
async fn after_silence_the_counter_is_0_under_a_new_sessionid() {
    let mut world = World::start();
    world.get("/hello/world").await;
    world.get("/hello/world").await;
    let old = world.key();
    world.advance(31);
    assert_eq!(world.key(), None, "the browser forgot first");
    assert_eq!(counter(&world.get("/hello/world").await), 0);
    assert!(world.key().is_some() && world.key() != old);
}

/// "All data on the server associated with that sessionid will be marked unusable."
#[actix_web::test]
async fn a_stale_sessionid_is_worth_nothing_even_if_a_client_keeps_it() {
    let mut world = World::start();
    world.get("/hello/world").await;
    let stale = world.key().unwrap();
    world.advance(31);
    world.browser.set_cookie("sessionid", &stale);
    let read = world.get("/hello/world2").await;
    assert_eq!(counter(&read), 0);
    assert!(read.header("set-cookie").unwrap().starts_with("sessionid=\"\"; expires=Thu, 01 Jan 1970"));
    assert_eq!(world.key(), None);
    world.browser.set_cookie("sessionid", &stale);
    assert_eq!(counter(&world.get("/hello/world").await), 0);
    assert_ne!(world.key(), Some(stale));
}

/// "Django sessions survive server restarts."
#[actix_web::test]
async fn a_session_survives_a_restart() {
    let mut world = World::start();
    world.get("/hello/world").await;
    let key = world.key();
    world.restart().await;
    assert_eq!(counter(&world.get("/hello/world").await), 1);
    assert_eq!(world.key(), key);
}

/// "It defaults to 2 weeks."
#[actix_web::test]
async fn the_age_is_the_setting() {
    let mut world = World::start_with(&[("SESSION_COOKIE_AGE", "1209600")]);
    let page = world.get("/hello/world").await;
    assert!(page.header("set-cookie").unwrap().contains("; Max-Age=1209600; "));
    world.advance(1_209_599);
    assert_eq!(counter(&world.get("/hello/world").await), 1);
    world.advance(1_209_600);
    assert_eq!(counter(&world.get("/hello/world").await), 0);
}

/// The template of the document, byte for byte.
#[actix_web::test]
async fn the_page_is_the_documents() {
    let mut world = World::start();
    let page = world.get("/hello/world").await;
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(
        page.body,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n    <meta charset=\"UTF-8\">\n    <title>Hello World</title>\n</head>\n\
         <body>\nHello World <br>\nCounter : <b>0</b>\n</body>\n</html>\n"
    );
}

/// A browser that closes forgets the poked session, and the row stays.
#[actix_web::test]
async fn a_poked_session_ends_with_the_browser_and_a_counted_one_does_not() {
    let mut world = World::start();
    world.get("/hello/world").await;
    world.browser.close();
    assert_eq!(counter(&world.get("/hello/world").await), 1);
    world.get("/hello/poke").await;
    world.browser.close();
    assert_eq!(world.key(), None);
    assert_eq!(world.rows().len(), 1);
}
