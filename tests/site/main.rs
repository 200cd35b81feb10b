//! The shipped application from outside: the seed document's claims, its URLs, and its commands.
#![cfg(feature = "site")]
#![expect(clippy::unwrap_used, reason = "tests")]

mod caches;
mod commands;
mod contract;
mod lab;
mod limits;
mod odd_rows;
mod operations;
mod seed;
mod settings;
#[path = "../support/mod.rs"]
mod support;
mod world;
