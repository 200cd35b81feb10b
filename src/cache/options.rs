//! Where a cache is, and how keys are made: one entry of Django's `CACHES`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::contract::Cache;
use super::error::CacheError;
use super::keys::is_of_a_key;
use super::locmem::LocMemCache;

/// A cache by its kind and its servers.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Server {
    /// The memory of this process.
    LocMem,
    /// Redis: the URL of the primary, and perhaps others that may become it; or one URL of the sentinels that know it.
    Redis(Vec<String>),
    /// memcached: hosts and ports, among which the keys are spread as `pymemcache` spreads them.
    Memcached(Vec<String>),
}

/// A cache, and what stands before every key.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheOptions {
    /// `BACKEND` and `LOCATION`.
    pub server: Server,
    /// `KEY_PREFIX`.
    pub key_prefix: String,
    /// `VERSION`.
    pub version: i64,
}

/// Django's default: `locmem`.
impl Default for CacheOptions {
    fn default() -> Self {
        Self { server: Server::LocMem, key_prefix: String::new(), version: 1 }
    }
}

/// Why an entry of `CACHES` is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CacheOptionsError {
    /// No such `BACKEND`.
    #[error("BACKEND is none of {BACKENDS}")]
    Backend,
    /// A `BACKEND` that keeps nothing.
    #[error("BACKEND is Django's dummy cache, which keeps nothing: every request would begin a new session")]
    Dummy,
    /// A `BACKEND` whose cargo feature is off.
    #[error("BACKEND needs a program that is built with --features {0}")]
    NotBuiltIn(&'static str),
    /// No `LOCATION`.
    #[error("LOCATION is missing; allowed is {0}")]
    NoLocation(&'static str),
    /// A `LOCATION` that is none.
    #[error("LOCATION is not allowed ({reason}); allowed is {allowed}")]
    Location {
        /// What is wrong with it, without any of it.
        reason: &'static str,
        /// What is allowed.
        allowed: &'static str,
    },
    /// A prefix that memcached takes for the end of the key.
    #[error("KEY_PREFIX has a space or a control character, which memcached does not take, or is too long")]
    KeyPrefix,
}

const BACKENDS: &str = "django.core.cache.backends.locmem.LocMemCache, .redis.RedisCache, .memcached.PyMemcacheCache, .memcached.PyLibMCCache";
#[cfg(feature = "redis")]
const REDIS: &str = "redis://[[user]:password@]host[:port][/database], rediss:// with TLS, unix:///path/to/socket, or redis+sentinel://[[user]:password@]host[:port][,host…]/service[/database]";
const MEMCACHED: &str = "host:port, or several of them";
/// What the longest session key leaves of memcached's 250 bytes.
const LONGEST_PREFIX: usize = 100;

impl CacheOptions {
    /// A cache by Django's `BACKEND`, its `LOCATION` taken apart at commas and semicolons as Django does.
    ///
    /// ```
    /// use sessionid::cache::{CacheOptions, CacheOptionsError};
    ///
    /// let locmem = CacheOptions::new("django.core.cache.backends.locmem.LocMemCache", &[])?;
    /// assert_eq!(locmem.key("key"), ":1:key");
    /// # Ok::<(), CacheOptionsError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`CacheOptionsError`], of which no message has any part of `location` in it.
    pub fn new(backend: &str, location: &[String]) -> Result<Self, CacheOptionsError> {
        let split = location.iter().flat_map(|servers| apart(servers));
        let location: Vec<_> = split.map(|server| server.trim().to_owned()).collect();
        let path = backend.strip_prefix("django.core.cache.backends.").unwrap_or(backend);
        let server = match path {
            "locmem.LocMemCache" => Server::LocMem,
            "redis.RedisCache" => Server::redis(location)?,
            "memcached.PyLibMCCache" if location.len() > 1 => {
                let reason = "pylibmc spreads keys among several servers by a rule of its own";
                return Err(CacheOptionsError::Location { reason, allowed: "one host:port" });
            }
            "memcached.PyMemcacheCache" | "memcached.PyLibMCCache" => Server::memcached(&location)?,
            "dummy.DummyCache" => return Err(CacheOptionsError::Dummy),
            _ => return Err(CacheOptionsError::Backend),
        };
        Ok(Self { server, ..Self::default() })
    }

    /// With `KEY_PREFIX` and `VERSION`.
    ///
    /// # Errors
    ///
    /// [`CacheOptionsError::KeyPrefix`].
    pub fn with_keys(self, key_prefix: String, version: i64) -> Result<Self, CacheOptionsError> {
        let memcached = matches!(self.server, Server::Memcached(_));
        if memcached && (key_prefix.len() > LONGEST_PREFIX || !key_prefix.bytes().all(is_of_a_key)) {
            return Err(CacheOptionsError::KeyPrefix);
        }
        Ok(Self { key_prefix, version, ..self })
    }

    /// The key of Django's `make_key`.
    #[must_use]
    pub fn key(&self, key: &str) -> String {
        format!("{}:{}:{key}", self.key_prefix, self.version)
    }

    /// Where it is, for people: no password, no address of a Redis.
    #[must_use]
    pub fn place(&self) -> String {
        match &self.server {
            Server::LocMem => "the memory of this process".to_owned(),
            Server::Redis(_) => "Redis".to_owned(),
            Server::Memcached(servers) => format!("memcached at {}", servers.join(", ")),
        }
    }

    /// Asks for a sign of life, from a thread that may wait: for the start of a program.
    ///
    /// # Errors
    ///
    /// [`CacheError`], after at most `limit`.
    pub fn probe(&self, limit: Duration) -> Result<(), CacheError> {
        self.wait_for(limit, async |cache| cache.ping().await)
    }

    /// What loses sessions in this cache, asked in the same way.
    ///
    /// # Errors
    ///
    /// [`CacheError`], after at most `limit`.
    pub fn risks(&self, limit: Duration) -> Result<Vec<String>, CacheError> {
        self.wait_for(limit, async |cache| cache.risks().await)
    }

    fn wait_for<T: Send>(
        &self,
        limit: Duration,
        call: impl AsyncFnOnce(&dyn Cache) -> Result<T, CacheError> + Send,
    ) -> Result<T, CacheError> {
        let no_runtime = |_| CacheError::NoRuntime;
        let wait = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let (runtime, cache) = (runtime.map_err(no_runtime)?, self.open());
            let called = runtime.block_on(async { tokio::time::timeout(limit, call(&*cache)).await });
            called.unwrap_or_else(|_| Err(CacheError::TimedOut { server: self.place() }))
        };
        std::thread::scope(|scope| {
            let waiting = std::thread::Builder::new().spawn_scoped(scope, wait).map_err(no_runtime)?;
            waiting.join().unwrap_or(Err(CacheError::NoRuntime))
        })
    }

    /// The cache. Nothing is connected yet.
    #[must_use]
    pub fn open(&self) -> Arc<dyn Cache> {
        match &self.server {
            #[cfg(feature = "redis")]
            Server::Redis(servers) => Arc::new(super::RedisCache::new(servers)),
            #[cfg(feature = "memcached")]
            Server::Memcached(servers) => Arc::new(super::MemcachedCache::new(servers)),
            // `Server::redis` and `Server::memcached` have refused the others.
            _ => Arc::new(LocMemCache::new()),
        }
    }
}

/// Several servers in one text; those of sentinels are parts of one URL.
fn apart(servers: &str) -> Vec<&str> {
    if servers.contains("+sentinel://") { vec![servers] } else { servers.split([',', ';']).collect() }
}

impl Server {
    #[cfg(not(feature = "redis"))]
    fn redis(_: Vec<String>) -> Result<Self, CacheOptionsError> {
        Err(CacheOptionsError::NotBuiltIn("redis"))
    }

    #[cfg(feature = "redis")]
    fn redis(urls: Vec<String>) -> Result<Self, CacheOptionsError> {
        if urls.iter().all(String::is_empty) {
            return Err(CacheOptionsError::NoLocation(REDIS));
        }
        let refused = |reason| CacheOptionsError::Location { reason, allowed: REDIS };
        if urls.len() > 1 && urls.iter().any(|url| url.contains("+sentinel://")) {
            return Err(refused("all sentinels stand in one URL, with commas between"));
        }
        urls.iter().try_for_each(|url| super::redis::check_url(url)).map_err(refused)?;
        Ok(Self::Redis(urls))
    }

    fn memcached(servers: &[String]) -> Result<Self, CacheOptionsError> {
        if cfg!(not(feature = "memcached")) {
            return Err(CacheOptionsError::NotBuiltIn("memcached"));
        }
        if servers.iter().all(String::is_empty) {
            return Err(CacheOptionsError::NoLocation(MEMCACHED));
        }
        let servers = servers.iter().map(|server| host_and_port(server)).collect::<Result<_, _>>();
        servers
            .map(Self::Memcached)
            .map_err(|reason| CacheOptionsError::Location { reason, allowed: MEMCACHED })
    }
}

/// `host:port`, the port 11211 unless it is given, as pymemcache's `normalize_server_spec` has it.
fn host_and_port(server: &str) -> Result<String, &'static str> {
    if server.starts_with("unix:") || server.starts_with('/') {
        return Err("sockets in files are not supported");
    }
    let (host, port) = match server.rsplit_once(':') {
        Some((host, port)) if !server.ends_with(']') => (host, port),
        _ => (server, "11211"),
    };
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_host = match bare {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        }
    };
    match port.parse::<u16>() {
        Ok(port) if is_host && port > 0 => Ok(format!("{host}:{port}")),
        Ok(_) if port != "0" => Err("there is no host in it"),
        _ => Err("the port is none"),
    }
}

impl fmt::Debug for CacheOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheOptions")
            .field("server", &self.server)
            .field("key_prefix", &self.key_prefix)
            .field("version", &self.version)
            .finish()
    }
}

/// The URL of a Redis has a password in it.
impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LocMem => f.write_str("LocMem"),
            Self::Redis(urls) => write!(f, "Redis({} servers)", urls.len()),
            Self::Memcached(servers) => f.debug_tuple("Memcached").field(servers).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memcached_servers_are_read_as_pymemcache_reads_them() {
        for (written, read) in [
            ("cache.example:11212", "cache.example:11212"),
            ("10.0.0.1", "10.0.0.1:11211"),
            ("[::1]:11211", "[::1]:11211"),
            ("[::1]", "[::1]:11211"),
        ] {
            assert_eq!(host_and_port(written).as_deref(), Ok(read), "{written}");
        }
        for wrong in [
            "",
            ":11211",
            "host:",
            "host:0",
            "host:99999",
            "::1:11211",
            "user@host:1",
            "unix:/run/m",
            "/run/m",
            "[x]:1",
        ] {
            assert!(host_and_port(wrong).is_err(), "{wrong}");
        }
    }
}
