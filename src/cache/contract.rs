//! What a cache promises.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::error::CacheError;

/// What a call returns.
pub type CacheFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, CacheError>> + Send + 'a>>;

/// A value, shared by its clones.
pub type Value = Arc<[u8]>;

/// Until when a value is kept.
///
/// Servers are told how long that is and measure it by their own clock, so both moments are by one clock of the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Until {
    /// The present.
    pub now: DateTime<Utc>,
    /// The end.
    pub end: DateTime<Utc>,
}

impl Until {
    /// Whole seconds that are left, rounded down as Django's `get_expiry_age` does; none or fewer keep nothing.
    #[must_use]
    pub fn seconds(self) -> i64 {
        (self.end - self.now).num_seconds()
    }
}

/// What a cache holds under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The value.
    pub value: Value,
    /// When it ends, where the cache tells. One that has ended may still be there.
    pub end: Option<DateTime<Utc>>,
    /// How long it is still kept by its server's clock, where that is told along with the value.
    pub left: Option<TimeDelta>,
}

/// What became of a [`swap`](Cache::swap).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Swapped {
    /// The new value is there.
    Stored,
    /// The key holds this instead of what was expected; nothing was changed.
    Changed(Value),
    /// The key holds nothing; nothing was stored.
    Gone,
}

/// What became of a [`rename`](Cache::rename).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Renamed {
    /// The new value is under the new key, and the old key holds nothing.
    Stored,
    /// The old key holds this instead of what was expected; nothing was changed.
    Changed(Value),
    /// The old key holds nothing; nothing was stored.
    Gone,
    /// The new key holds something; nothing was changed.
    Taken,
}

/// A cache.
///
/// Every call answers within 4.5 s, with an error if need be, and can be given up at any moment: what has been answered is
/// done, what has not may be either. A call never blocks the thread that polls it. Keys are whole:
/// [`CacheOptions::key`](super::CacheOptions::key) has put the prefix and the version before them.
pub trait Cache: fmt::Debug + Send + Sync {
    /// What is under a key.
    fn get<'a>(&'a self, key: &'a str) -> CacheFuture<'a, Option<Held>>;

    /// Stores a value under a key that holds nothing, and tells whether it does.
    fn add<'a>(&'a self, key: &'a str, value: &'a [u8], until: Until) -> CacheFuture<'a, bool>;

    /// Stores a value, whatever is there.
    fn set<'a>(&'a self, key: &'a str, value: &'a [u8], until: Until) -> CacheFuture<'a, ()>;

    /// Stores a value under a key that holds any, and tells whether it does.
    fn replace<'a>(&'a self, key: &'a str, value: &'a [u8], until: Until) -> CacheFuture<'a, bool>;

    /// Stores a value under a key that holds `expected`, in one step.
    fn swap<'a>(
        &'a self,
        key: &'a str,
        expected: &'a [u8],
        value: &'a [u8],
        until: Until,
    ) -> CacheFuture<'a, Swapped>;

    /// Stores a value under the key `to`, which holds nothing, and deletes `from`, which holds `expected`. To everybody else
    /// that is one step, or two in which both keys have a value.
    fn rename<'a>(
        &'a self,
        from: &'a str,
        expected: &'a [u8],
        to: &'a str,
        value: &'a [u8],
        until: Until,
    ) -> CacheFuture<'a, Renamed>;

    /// Deletes what is under a key, and tells whether there was anything.
    fn delete<'a>(&'a self, key: &'a str) -> CacheFuture<'a, bool>;

    /// Whether a key of this length and form can be used at all.
    fn accepts(&self, key: &str) -> bool;

    /// Asks for a sign of life.
    fn ping(&self) -> CacheFuture<'_, ()>;

    /// What loses values here before they end, in sentences for whoever runs the site.
    fn risks(&self) -> CacheFuture<'_, Vec<String>>;

    /// The keys, where the cache can enumerate them.
    fn listing(&self) -> Option<&dyn Listing>;
}

/// Enumerating a cache.
pub trait Listing: Send + Sync {
    /// All keys that begin with `prefix`, and when each ends, where it does. What comes and goes meanwhile may be missing.
    fn keys<'a>(&'a self, prefix: &'a str) -> CacheFuture<'a, Vec<(String, Option<DateTime<Utc>>)>>;

    /// When what is under a key ends, where it does.
    fn end<'a>(&'a self, key: &'a str) -> CacheFuture<'a, Option<DateTime<Utc>>>;

    /// Deletes what had ended at `now`, where the cache does not do so by itself, and tells how many that were.
    fn clear_ended(&self, now: DateTime<Utc>) -> CacheFuture<'_, usize>;
}
