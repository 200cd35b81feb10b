//! Django's sessions, in Rust, on Actix Web: the settings, cookie, table and signed payload of
//! `django.contrib.sessions`, so that a Rust service and a Django site can share live sessions.
//!
//! ```
//! use actix_web::{App, web};
//! use sessionid::sessions::{Session, SessionError, SessionMiddleware, SessionPolicy, Storage};
//!
//! async fn visits(session: Session) -> Result<String, SessionError> {
//!     let counter: i64 = session.fetch_update("counter", 0, |counter| counter + 1)?;
//!     Ok(format!("Counter : {counter}"))
//! }
//!
//! fn configure(config: &mut web::ServiceConfig, storage: Storage) {
//!     let sessions = SessionMiddleware::new(storage, SessionPolicy::default());
//!     config.service(web::scope("/shop").wrap(sessions).route("/visits", web::get().to(visits)));
//! }
//! ```
//!
//! What lives where, from the ground up; each room uses only those above it:
//!
//! | room | Django's | what it is |
//! |---|---|---|
//! | [`clock`] | | the only reader of the time: the system's, or a hand's |
//! | [`crypto`] | `django.utils.crypto` | random strings, salted HMACs |
//! | [`signing`] | `django.core.signing` | signed, timestamped, compressed payloads |
//! | [`db`] | | the database, through Diesel; knows no session |
//! | [`cache`] | `django.core.cache` | locmem, Redis and memcached, with compare and swap; knows no session |
//! | [`sessions`] | `django.contrib.sessions` | the session layer |
//! | `settings` | `django.conf` | `settings.toml`, `.env` and the environment |
//! | `testing` | | a client whose cookies expire by your clock |
//! | `site` | an app's `urls.py`, `views.py` | the counter site |
//! | `lab` | | the pages around the counter site that show what a session does |
//! | `application` | `wsgi.py` | settings become a running site |
//! | `testserver` | | a site whose clock a test sets over HTTP |
//! | `management` | `manage.py` | the commands |
//!
//! The names of a session's methods, for those who know one of the two worlds:
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
//! Cargo features: `site` (default) is everything from `settings` down and the `manage` program; turn it
//! off for the session layer alone. `testing` is the test client by itself, `actix-session` the adapter by
//! itself. `postgres` adds PostgreSQL to SQLite; OpenSSL's headers must be there to build it. `redis`, `redis-tls` and
//! `memcached` add these caches to the memory of the process.

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

/// The pages whose examples are compiled with the documentation's.
#[cfg(all(doctest, feature = "site"))]
mod pages {
    #[doc = include_str!("../README.md")]
    mod readme {}
    #[doc = include_str!("../docs/coming-from-django.md")]
    mod coming_from_django {}
    #[doc = include_str!("../docs/sharing-with-django.md")]
    mod sharing_with_django {}
}
