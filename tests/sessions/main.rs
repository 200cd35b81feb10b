//! The session layer by itself: rules of Django's, each tried with Django 5.2 and 6.1.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[cfg(feature = "actix-session")]
mod actix_store;
mod batches;
#[cfg(any(feature = "redis", feature = "memcached"))]
mod cache_faults;
mod cached_db;
mod cached_rows;
mod caches;
#[cfg(feature = "testing")]
mod clients;
mod contract;
mod cookies;
mod corners;
mod django_suite;
mod endings;
mod errors;
mod expiry;
mod files;
mod harness;
mod histories;
mod honesty;
mod logs;
mod memory;
mod merge;
mod methods;
mod odd_stores;
mod policies;
mod runtimes;
mod saving;
#[cfg(feature = "redis")]
mod sentinel;
mod size;
mod store;
#[path = "../support/mod.rs"]
mod support;
mod take;

/// The Cookie header for a key.
fn cookie(key: &str) -> String {
    format!("sessionid={key}")
}
