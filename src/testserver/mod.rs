//! A site for tests in any language: its clock is set over HTTP, and its sessions are put and looked at there.
//!
//! `manage testserver` starts one. Below [`CLOCK`] it has
//!
//! | request | what it does |
//! |---|---|
//! | `GET` | tells the time, and whether the clock stands still |
//! | `POST {"advance": 30}`, `{"set": "2030-01-01T00:00:00Z"}`, `{"freeze": true}`, `{"reset": true}` | moves the clock |
//! | `DELETE` | ends the server |
//! | `GET …/sessions` | the sessions with their ends and their data |
//! | `PUT …/sessions/KEY {"data": {…}, "expire_in": 30}` | puts a session there |
//! | `DELETE …/sessions/KEY`, `DELETE …/sessions` | deletes one, or all |
//! | `POST …/clearsessions` | deletes those that have expired by this clock |
//!
//! and beside the bare views `POST /script`, which is [`script`]. The page `docs/testing.md` is the guide; in Rust the same is a
//! [`TestServer`]:
//!
//! ```no_run
//! use sessionid::settings::Settings;
//! use sessionid::testserver::{CLOCK, TestServer, TestServerOptions};
//!
//! # #[actix_web::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let settings = Settings::load("settings.toml".as_ref(), [("SESSION_COOKIE_AGE", "30")])?;
//! let server = TestServer::build(&settings, TestServerOptions::Own, "127.0.0.1:0".parse()?)?;
//! println!("http://{}{CLOCK}", server.address());
//! server.run_until(std::future::pending()).await?; // until a signal, or DELETE of the clock
//! # Ok(()) }
//! ```

mod clock;
mod control;
mod error;
mod fixtures;
mod read_only;
mod refusals;
mod script;
mod server;

pub use self::script::{ScriptError, script};
pub use self::server::{CLOCK, TestServer, TestServerOptions};
