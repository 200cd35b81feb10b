//! The engines by their Django names: `SESSION_ENGINE`.

use std::str::FromStr;

/// `SESSION_ENGINE`.
///
/// ```
/// use sessionid::sessions::Engine;
///
/// assert_eq!("django.contrib.sessions.backends.db".parse(), Ok(Engine::Db));
/// assert_eq!("db".parse(), Ok(Engine::Db));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Engine {
    /// The `django_session` table.
    #[default]
    Db,
    /// A cache: Redis, memcached, or the memory of the process.
    Cache,
    /// The table, and copies in a cache.
    CachedDb,
    /// A file for each session.
    File,
    /// The cookie itself.
    SignedCookies,
}

impl Engine {
    /// The names that a setting may use in this build.
    pub const ALLOWED: &str = "db, cache, cached_db, file, signed_cookies, or the dotted path of one, such as django.contrib.sessions.backends.cache";

    /// Whether sessions are kept in a cache, be it beside the table.
    #[must_use]
    pub fn uses_cache(self) -> bool {
        matches!(self, Self::Cache | Self::CachedDb)
    }
}

impl FromStr for Engine {
    type Err = UnknownEngine;

    fn from_str(name: &str) -> Result<Self, UnknownEngine> {
        match name.strip_prefix("django.contrib.sessions.backends.").unwrap_or(name) {
            "db" => Ok(Self::Db),
            "cache" => Ok(Self::Cache),
            "cached_db" => Ok(Self::CachedDb),
            "file" => Ok(Self::File),
            "signed_cookies" => Ok(Self::SignedCookies),
            _ => Err(UnknownEngine::Unknown),
        }
    }
}

/// A name is no engine of this build.
///
/// ```
/// use sessionid::sessions::{Engine, UnknownEngine};
///
/// assert_eq!("redis".parse::<Engine>(), Err(UnknownEngine::Unknown));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnknownEngine {
    /// Django has no such engine.
    #[error("there is no such engine")]
    Unknown,
}
