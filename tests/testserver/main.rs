//! `manage testserver` from outside, as a test in any language meets it: a process, its one line, its URLs.
#![expect(clippy::unwrap_used, reason = "tests")]

mod server;

mod clock;
mod database;
mod process;
mod refusals;
mod sessions;
