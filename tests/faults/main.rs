//! What the shipped server does when something goes wrong: it is killed, its database is locked,
//! full, read-only or garbled, its port is taken, a client sends nonsense.
//!
//! Every test runs the `manage` program itself, and needs nothing but it and a POSIX `sh`.
#![cfg(all(unix, feature = "site"))]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod client;
mod database;
mod server;
mod timing;

mod backup;
mod bad_cookies;
mod bare_folder;
mod corrupt_rows;
mod file_size_limit;
mod files;
mod foreign_rows;
mod full_disk;
mod hot_session;
mod kill;
mod locked;
mod long_reader;
mod lost_file;
mod lost_table;
mod read_only;
mod refused_start;
mod shutdown;
mod start_limits;
mod unread_log;
