//! Testing expiry in both ways: with the clock turned by hand, and with a short real age.
//!
//! `cargo run --example expiry`

use std::error::Error;
use std::time::Duration;

use chrono::TimeDelta;
use sessionid::application::Application;
use sessionid::clock::{Clock, ManualClock};
use sessionid::settings::Settings;
use sessionid::testing::Client;

/// The site on a free port, by a clock, with an age; and a browser's memory by the same clock.
fn site(clock: &Clock, age: &str) -> Result<Client, Box<dyn Error>> {
    let database = std::env::temp_dir().join(format!("sessionid-expiry-{}.sqlite3", std::process::id()));
    let database = format!("sqlite://{}", database.display());
    let environment = [("DATABASE_URL", database.as_str()), ("SESSION_COOKIE_AGE", age)];
    let settings = Settings::load("settings.toml".as_ref(), environment)?;
    let application = Application::build(&settings, clock.clone(), "127.0.0.1:0".parse()?)?;
    let origin = format!("http://127.0.0.1:{}", application.port());
    actix_web::rt::spawn(application.run_until_stopped());
    Ok(Client::new(origin, clock.clone()))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Two weeks pass in a line: server and browser go by the same hand.
    let hand = ManualClock::default();
    let mut browser = site(&Clock::from(hand.clone()), "1209600")?;
    browser.get("/hello/world").await?;
    hand.advance(TimeDelta::weeks(2) - TimeDelta::seconds(1));
    assert!(browser.get("/hello/world").await?.body.contains("<b>1</b>"), "a second before the end");
    hand.advance(TimeDelta::weeks(2));
    assert!(browser.cookie("sessionid").is_none(), "the browser has forgotten");
    assert!(browser.get("/hello/world").await?.body.contains("<b>0</b>"), "and so has the server");

    // The same for real, with an age that one can wait for.
    let mut browser = site(&Clock::System, "1")?;
    browser.get("/hello/world").await?;
    assert!(browser.get("/hello/world").await?.body.contains("<b>1</b>"), "at once");
    actix_web::rt::time::sleep(Duration::from_millis(1100)).await;
    assert!(browser.get("/hello/world").await?.body.contains("<b>0</b>"), "after the age");
    println!("Expiry works, by the hand's clock and by the wall's.");
    Ok(())
}
