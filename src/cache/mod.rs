//! Caches that several servers share: `django.core.cache`, as far as sessions need it. Knows no session.
//!
//! A cache keeps bytes under a key until a moment, and may lose them at any time. What sets it apart from Django's is
//! [`swap`](Cache::swap) and [`rename`](Cache::rename): a value is replaced or moved only where it still is the one that was
//! expected, in one step that nobody can come between.
//!
//! | Django's `BACKEND` | here | cargo feature |
//! |---|---|---|
//! | `django.core.cache.backends.locmem.LocMemCache` | [`LocMemCache`] | |
//! | `django.core.cache.backends.redis.RedisCache` | `RedisCache` | `redis` |
//! | `django.core.cache.backends.memcached.PyMemcacheCache`, `PyLibMCCache` | `MemcachedCache` | `memcached` |

#[cfg(any(feature = "redis", feature = "memcached"))]
mod connections;
mod contract;
mod error;
mod keys;
mod locmem;
#[cfg(feature = "memcached")]
mod memcached;
mod options;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "memcached")]
mod rendezvous;

pub use self::contract::{Cache, CacheFuture, Held, Listing, Renamed, Swapped, Until, Value};
pub use self::error::CacheError;
pub(crate) use self::error::LIMIT;
pub use self::locmem::LocMemCache;
#[cfg(feature = "memcached")]
pub use self::memcached::MemcachedCache;
pub use self::options::{CacheOptions, CacheOptionsError, Server};
#[cfg(feature = "redis")]
pub use self::redis::RedisCache;
