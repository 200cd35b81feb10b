//! The seed document's walkthrough in a real Chromium: what only a browser knows, which is when it
//! keeps a cookie, when it shows one to a script, and when it forgets one.
//!
//! Needs Debian's `chromium` and `chromium-driver`. The tests take turns, since a session that lives
//! two seconds does not outlast a machine with many browsers on it.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod browser;
mod database;
mod process;
mod server;
mod walk;

mod cookie;
mod expiry;
mod lab;
mod requests;
mod restart;
