//! A browser's memory for tests: an HTTP client whose cookies expire by a clock of your own.
//!
//! With a [`ManualClock`](crate::clock::ManualClock) shared by the server and the client, two weeks
//! pass in one line; with [`Clock::System`](crate::clock::Clock::System) and a short `SESSION_COOKIE_AGE` they pass for
//! real.
//!
//! ```
//! use chrono::TimeDelta;
//! use sessionid::clock::{Clock, ManualClock};
//! use sessionid::testing::{Client, ClientError};
//!
//! async fn the_session_ends_after_two_weeks(origin: &str, hand: ManualClock) -> Result<(), ClientError> {
//!     let mut client = Client::new(origin, Clock::from(hand.clone()));
//!     client.get("/hello/world").await?;
//!     hand.advance(TimeDelta::weeks(2));
//!     assert_eq!(client.get("/hello/world").await?.sent_cookies, None);
//!     Ok(())
//! }
//! ```

mod client;
mod cookie_date;
mod cookies;
mod jar;
mod redirect;
mod set_cookie;

pub use self::client::{Client, ClientError, Exchange};
pub use self::cookies::KeptCookie;
pub use self::jar::CookieJar;
