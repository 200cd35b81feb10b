//! `CACHES`: Django's table, or the URL of the default cache.

use std::collections::BTreeMap;

use figment::value::{Dict, Value};

use super::error::SettingsError;
use super::sources::{Sources, strings};
use crate::cache::CacheOptions;

const NAME: &str = "CACHES";
const ALLOWED: &str = "a table such as [CACHES.default] with BACKEND (a dotted path of Django's) and perhaps LOCATION, KEY_PREFIX, VERSION, TIMEOUT; or the URL of the default cache: redis://host:6379/0, rediss://…, redis+sentinel://host:26379,host:26379/service/0, memcached://host:11211, several of them with commas between, or locmem://";
const BACKENDS: &str = "django.core.cache.backends";
/// Options of Django's that say nothing here: a session brings its own expiry, and connections are this program's own.
const MEANINGLESS: [&str; 2] = ["TIMEOUT", "OPTIONS"];

/// `DEFAULT_CACHE_ALIAS`.
pub(super) const DEFAULT_CACHE: &str = "default";

/// One entry of `CACHES`, as it is written.
#[derive(Clone, PartialEq, Eq)]
pub struct CacheSettings {
    /// `BACKEND`, by its dotted path.
    pub backend: String,
    /// `LOCATION`: none, one or several.
    pub location: Vec<String>,
    /// `KEY_PREFIX`.
    pub key_prefix: String,
    /// `VERSION`.
    pub version: i64,
}

/// Every entry as it is written.
pub(super) fn read(sources: &Sources) -> Result<BTreeMap<String, CacheSettings>, SettingsError> {
    let caches = match sources.any(NAME) {
        None => Ok(BTreeMap::new()),
        Some(Value::String(_, url)) => {
            from_url(url.trim()).map(|cache| BTreeMap::from([(DEFAULT_CACHE.to_owned(), cache)]))
        }
        Some(Value::Dict(_, table)) => {
            table.iter().map(|(alias, options)| Ok((alias.clone(), entry(options)?))).collect()
        }
        Some(_) => Err("what is there"),
    };
    caches.map_err(|reason| sources.refused_because(NAME, reason, ALLOWED))
}

/// The entry that keeps sessions.
pub(super) fn session_cache(
    sources: &Sources,
    caches: &BTreeMap<String, CacheSettings>,
    alias: &str,
) -> Result<CacheOptions, SettingsError> {
    let Some(cache) = caches.get(alias) else {
        // Django's default for CACHES.
        if caches.is_empty() && alias == DEFAULT_CACHE {
            return Ok(CacheOptions::default());
        }
        let mut aliases: Vec<_> = caches.keys().map(String::as_str).filter(|alias| is_plain(alias)).collect();
        if caches.is_empty() {
            aliases.push(DEFAULT_CACHE);
        }
        let allowed = format!("an alias in CACHES: {}", aliases.join(", "));
        return Err(sources.refused("SESSION_CACHE_ALIAS", &allowed));
    };
    let options = CacheOptions::new(&cache.backend, &cache.location)
        .and_then(|options| options.with_keys(cache.key_prefix.clone(), cache.version));
    options.map_err(|error| {
        let alias = if is_plain(alias) { alias } else { "that SESSION_CACHE_ALIAS names" };
        sources.refused_because(NAME, &format!("the cache {alias}: {error}"), ALLOWED)
    })
}

fn is_plain(alias: &str) -> bool {
    alias.len() <= 40 && alias.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

fn entry(options: &Value) -> Result<CacheSettings, &'static str> {
    let options = options.as_dict().ok_or("an entry that is no table")?;
    let known = ["BACKEND", "LOCATION", "KEY_PREFIX", "VERSION"];
    if options.keys().any(|name| !known.contains(&&**name) && !MEANINGLESS.contains(&&**name)) {
        return Err("an entry with an unknown option");
    }
    check_timeout(options)?;
    check_options(options)?;
    let backend =
        options.get("BACKEND").and_then(Value::as_str).ok_or("an entry whose BACKEND is no text")?;
    let location = match options.get("LOCATION") {
        None => Some(Vec::new()),
        Some(location) => location.as_str().map(|one| vec![one.to_owned()]).or_else(|| strings(location)),
    };
    let key_prefix = match options.get("KEY_PREFIX") {
        None => Some(""),
        Some(prefix) => prefix.as_str(),
    };
    let version = match options.get("VERSION") {
        None => Some(1),
        Some(version) => version.to_i128().and_then(|version| version.try_into().ok()),
    };
    Ok(CacheSettings {
        backend: backend.to_owned(),
        location: location.ok_or("an entry whose LOCATION is neither a text nor a list of texts")?,
        key_prefix: key_prefix.ok_or("an entry whose KEY_PREFIX is no text")?.to_owned(),
        version: version.ok_or("an entry whose VERSION is no integer")?,
    })
}

/// It says nothing about sessions; but who writes a text there means something.
fn check_timeout(options: &Dict) -> Result<(), &'static str> {
    match options.get("TIMEOUT") {
        Some(Value::Num(..)) | None => Ok(()),
        Some(_) => Err("an entry whose TIMEOUT is no number of seconds"),
    }
}

/// Connections are this program's own. But an option that says where a Django's sessions are, or in which form, is not
/// passed over: they would not be found.
fn check_options(options: &Dict) -> Result<(), &'static str> {
    let inner = options.get("OPTIONS").and_then(Value::as_dict);
    let has = |names: &[&str]| inner.is_some_and(|inner| names.iter().any(|name| inner.contains_key(*name)));
    if has(&["SENTINELS", "db", "username", "password"]) {
        return Err(
            "an entry with SENTINELS, db, username or password among its OPTIONS; here its LOCATION has them",
        );
    }
    if has(&["serializer", "serde", "key_prefix", "hasher"]) {
        return Err("an entry whose OPTIONS change the form or the place of what Django stores");
    }
    Ok(())
}

fn from_url(url: &str) -> Result<CacheSettings, &'static str> {
    let (scheme, rest) = url.split_once("://").ok_or("a text that is no URL")?;
    let (backend, location) = match scheme {
        "redis" | "rediss" | "unix" | "redis+sentinel" | "rediss+sentinel" => {
            ("redis.RedisCache", vec![url.to_owned()])
        }
        "memcached" => {
            let servers = rest.split(',').map(|server| server.trim().trim_start_matches("memcached://"));
            let servers = servers.map(|server| server.trim_end_matches('/').to_owned());
            ("memcached.PyMemcacheCache", servers.collect())
        }
        "locmem" => ("locmem.LocMemCache", Vec::new()),
        _ => return Err("a URL of another scheme"),
    };
    Ok(CacheSettings {
        backend: format!("{BACKENDS}.{backend}"),
        location,
        key_prefix: String::new(),
        version: 1,
    })
}
