//! Django's sessions in Rust, for Actix Web: the cookie, the table, the signed payload and the expiry rules of
//! `django.contrib.sessions`. A Rust service and a Django site can share live sessions, and overlapping requests of one session
//! lose no update.
//!
//! # A whole program
//!
//! ```no_run
//! use actix_web::{App, HttpServer, web};
//! use sessionid::db::{Database, DatabaseOptions};
//! use sessionid::sessions::{
//!     DbBackend, Session, SessionCodec, SessionError, SessionMiddleware, SessionPolicy, Storage,
//! };
//!
//! async fn visits(session: Session) -> Result<String, SessionError> {
//!     let visits: i64 = session.fetch_update("visits", 1, |visits| visits + 1)?;
//!     Ok(format!("Visit {visits}\n"))
//! }
//!
//! #[actix_web::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let database = Database::open(&"sqlite://db.sqlite3".parse()?, DatabaseOptions::default())?;
//!     let storage = Storage::new(DbBackend::new(database), SessionCodec::new("your SECRET_KEY", &[]));
//!     let sessions = SessionMiddleware::new(storage, SessionPolicy::default());
//!     let app = move || App::new().wrap(sessions.clone()).route("/", web::get().to(visits));
//!     Ok(HttpServer::new(app).bind("127.0.0.1:8080")?.run().await?)
//! }
//! ```
//!
//! The session of a request is loaded when a handler asks for a [`Session`](sessions::Session), and saved by the middleware if it was
//! changed and the response is not a 5xx. A handler that does not ask for it costs no query. [`SessionPolicy`](sessions::SessionPolicy)
//! has Django's `SESSION_COOKIE_…` settings.
//!
//! # Choosing a store
//!
//! | sessions are kept in | backend | codec | cargo feature |
//! |---|---|---|---|
//! | SQLite: one machine | [`DbBackend`](sessions::DbBackend) | [`SessionCodec`](sessions::SessionCodec) | none |
//! | PostgreSQL: several servers | [`DbBackend`](sessions::DbBackend) | [`SessionCodec`](sessions::SessionCodec) | `postgres` |
//! | Redis or memcached: several servers, where a session may be lost | [`CacheBackend`](sessions::CacheBackend) | [`PickleCodec`](sessions::PickleCodec) | `redis`, `redis-tls`, `memcached` |
//! | the memory of the process: tests and examples | [`Storage::in_memory`](sessions::Storage::in_memory) | | none |
//! | a database, with copies in a cache, as a Django on `cached_db` | [`CachedDbBackend`](sessions::CachedDbBackend) | [`SessionCodec`](sessions::SessionCodec) | that of the cache |
//!
//! Files and signed cookies are there as well, and a store of your own is one trait, in [`backends`](sessions::backends). The page
//! [`guide::engines`] says how durable and how fast each is. `postgres` needs OpenSSL's headers to build.
//!
//! # Login
//!
//! A new key at login keeps a key that somebody else knew from becoming a signed-in one (session fixation). `flush` at logout deletes
//! the session in the store; no slower request brings it back.
//!
//! ```
//! use sessionid::sessions::{Session, SessionError};
//!
//! async fn log_in(session: Session, user: i64) -> Result<(), SessionError> {
//!     session.cycle_key()?;
//!     session.insert("user", user)?;
//!     session.set_expiry(chrono::TimeDelta::days(30)) // "remember me"
//! }
//!
//! async fn log_out(session: Session) {
//!     session.flush();
//! }
//! ```
//!
//! # Clean-up
//!
//! Expired rows and files stay until something deletes them. A task of the server can do it, once a day:
//!
//! ```
//! use std::time::Duration;
//!
//! # #[actix_web::main]
//! # async fn main() {
//! # let storage = sessionid::sessions::Storage::in_memory();
//! storage.spawn_clean_up(Duration::from_secs(24 * 60 * 60));
//! # }
//! ```
//!
//! For the site, `manage clearsessions` does the same from a scheduled job.
//!
//! # Testing
//!
//! With the feature `testing`, a client and your app share a clock that the test turns. The page [`guide::testing`] has this at length, and the
//! same for tests in other languages.
//!
#![cfg_attr(feature = "testing", doc = "```")]
#![cfg_attr(not(feature = "testing"), doc = "```ignore")]
//! use chrono::TimeDelta;
//! use sessionid::clock::{Clock, ManualClock};
//! use sessionid::testing::{Client, ClientError};
//!
//! async fn two_weeks_later(origin: &str, hand: &ManualClock) -> Result<(), ClientError> {
//!     let mut browser = Client::new(origin, Clock::from(hand.clone()));
//!     browser.get("/").await?;
//!     hand.advance(TimeDelta::weeks(2)); // the app has `SessionMiddleware::new(…).clock(hand.clone())`
//!     assert!(browser.cookie("sessionid").is_none());
//!     Ok(())
//! }
//! ```
//!
//! # Errors
//!
//! A handler passes a [`SessionError`](sessions::SessionError) on with `?`. It becomes a response with a status and no detail, and one line
//! in the log with its cause:
//!
//! | what happened | the client gets |
//! |---|---|
//! | the store is down, full or locked for too long | 503 with `Retry-After`, within 5 s; it keeps its cookie |
//! | the session was deleted while the request ran | 400; nothing is stored |
//! | the session is larger than [`max_bytes`](sessions::SessionPolicy::max_bytes) | 413; it stays as it was |
//! | a value has another type, a payload cannot be read, … | 500; it stays as it was |
//!
//! # The methods of a session
//!
//! Their names, beside those of Django and of actix-session:
//!
//! | Django | actix-session | here |
//! |---|---|---|
//! | `session.get(key)`, `session[key]` | `get` | [`get`](sessions::Session::get) |
//! | `session[key] = value` | `insert` | [`insert`](sessions::Session::insert) |
//! | `del session[key]` | `remove` | [`remove`](sessions::Session::remove) |
//! | `key in session`, `has_key` | `contains_key` | [`contains_key`](sessions::Session::contains_key) |
//! | `items`, `keys`, `values` | `entries` | [`entries`](sessions::Session::entries) |
//! | `clear` | `clear` | [`clear`](sessions::Session::clear) |
//! | `flush` | `purge` | [`flush`](sessions::Session::flush) |
//! | `cycle_key` | `renew` | [`cycle_key`](sessions::Session::cycle_key) |
//! | `session[key] += 1` | `update` | [`fetch_update`](sessions::Session::fetch_update), which loses nothing |
//! | `pop`, `setdefault`, `update`, `set_expiry`, … | | the same names |
//!
//! # Cargo features
//!
//! | feature | adds |
//! |---|---|
//! | `site` (default) | the counter site, its settings, the lab and the program `manage`. Turn it off for the session layer alone |
//! | `testing` | the test client |
//! | `actix-session` | [the store](sessions::actix) for actix-session's own middleware |
//! | `postgres` | PostgreSQL beside SQLite |
//! | `redis`, `redis-tls`, `memcached` | these caches beside the memory of the process |
//!
//! # The guide
//!
//! [`guide`] has the longer pages: settings, commands, engines, testing, scaling, coming from Django, security, and the
//! architecture, which says what each module is for.

// On docs.rs, each item says which feature it needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "site")]
pub mod application;
pub mod cache;
pub mod clock;
pub mod crypto;
pub mod db;
mod error;
#[cfg(feature = "site")]
mod lab;
#[cfg(feature = "site")]
pub mod management;
pub mod sessions;
#[cfg(feature = "site")]
pub mod settings;
pub mod signing;
#[cfg(feature = "site")]
pub mod site;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "site")]
pub mod testserver;
mod throttle;

/// The dates and spans of this library's interface.
pub use chrono;

// Its examples use every default feature; its pages are there whatever the features are.
#[cfg(any(all(doc, not(doctest)), all(doctest, feature = "site")))]
pub mod guide;
