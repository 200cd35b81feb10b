//! The settings of a site: `django.conf`. The only reader of files and environment.
//!
//! A variable of the environment wins over `.env`, that over `settings.toml`, that over Django's
//! default. What is wrong is refused in one line that names the setting, where it came from, and what
//! is allowed.
//!
//! ```
//! use sessionid::settings::Settings;
//!
//! let environment = [("SECRET_KEY", "x"), ("ALLOWED_HOSTS", "example.com"), ("SESSION_COOKIE_AGE", "soon")];
//! let refused = Settings::load("no/such/settings.toml".as_ref(), environment).err();
//! // SESSION_COOKIE_AGE in the environment: "soon" is not allowed; allowed is whole seconds from 0 to …
//! assert!(refused.is_some_and(|line| line.to_string().starts_with("SESSION_COOKIE_AGE in the environment")));
//! ```

mod caches;
mod dotenv;
mod error;
mod names;
mod redacted;
mod rules;
mod server;
mod sources;
mod warnings;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;

pub use self::caches::CacheSettings;
use self::caches::DEFAULT_CACHE;
pub use self::error::SettingsError;
use self::rules::{is_cookie_path, is_domain, is_host_pattern, is_token};
pub use self::server::ServerLimits;
use self::server::{server_limits, trusted_proxies};
use self::sources::{ENVIRONMENT, Sources};
use self::warnings::warn_of_short_keys;
use crate::cache::CacheOptions;
use crate::db::{DatabaseOptions, DatabaseUrl, Synchronous};
use crate::sessions::{Engine, SessionPolicy};

/// The `SECRET_KEY` of the shipped `settings.toml`: good for a look at the site, refused when
/// `DEBUG` is off.
///
/// ```
/// use sessionid::settings::{DEMO_SECRET_KEY, Settings};
///
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("settings.toml");
/// std::fs::write(&file, "DEBUG = false\nALLOWED_HOSTS = ['example.com']")?;
/// let environment = [("SECRET_KEY", DEMO_SECRET_KEY)];
/// assert!(Settings::load(&file, environment).is_err()); // everybody can read that key
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub const DEMO_SECRET_KEY: &str =
    "django-insecure-sessionid-demo-key-change-me-before-anyone-else-can-reach-the-site";

/// `SESSION_COOKIE_AGE`, in seconds: up to a hundred years.
const AGES: RangeInclusive<i64> = 0..=100 * 365 * 24 * 60 * 60;
/// `SESSION_CLEAN_UP_EVERY`, in seconds: up to a year.
const PERIODS: RangeInclusive<i64> = 0..=365 * 24 * 60 * 60;
/// How long a database may be waited for, in seconds.
const TIMEOUTS: RangeInclusive<i64> = 1..=3600;
const POOL_SIZES: RangeInclusive<i64> = 1..=1000;
/// Up to what can be read again: `signing::INFLATED_LIMIT`.
const SESSION_SIZES: RangeInclusive<i64> = 1..=8 << 20;

/// Everything that `settings.toml` and the environment say.
///
/// ```
/// use sessionid::settings::Settings;
///
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("settings.toml");
/// std::fs::write(&file, "SECRET_KEY = 'x'\nDEBUG = true")?;
/// let settings = Settings::load(&file, std::iter::empty::<(String, String)>())?;
/// assert_eq!(settings.base_dir, folder.path());
/// assert_eq!(settings.session.cookie_name, "sessionid"); // Django's default
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Settings {
    /// The folder of `settings.toml`, from which templates, static files and relative paths resolve.
    pub base_dir: PathBuf,
    /// `DEBUG`.
    pub debug: bool,
    /// `SECRET_KEY`.
    pub secret_key: String,
    /// `SECRET_KEY_FALLBACKS`.
    pub secret_key_fallbacks: Vec<String>,
    /// `ALLOWED_HOSTS`.
    pub allowed_hosts: Vec<String>,
    /// `TRUSTED_PROXIES`.
    pub trusted_proxies: Vec<IpNet>,
    /// `MAX_CONNECTIONS`, and what has no setting.
    pub limits: ServerLimits,
    /// `DATABASE_URL`.
    pub database_url: DatabaseUrl,
    /// The other `DATABASE_…` settings.
    pub database: DatabaseOptions,
    /// `SESSION_ENGINE`.
    pub session_engine: Engine,
    /// The `SESSION_COOKIE_…` settings, `SESSION_SAVE_EVERY_REQUEST`, `SESSION_EXPIRE_AT_BROWSER_CLOSE`,
    /// `SESSION_MAX_BYTES` and `SESSION_NO_STORE`.
    pub session: SessionPolicy,
    /// `SESSION_CLEAN_UP_EVERY`; `None` for never.
    pub session_clean_up_every: Option<Duration>,
    /// `SESSION_FILE_PATH`.
    pub session_file_path: PathBuf,
    /// `SESSION_CACHE_ALIAS`.
    pub session_cache_alias: String,
    /// `CACHES`.
    pub caches: BTreeMap<String, CacheSettings>,
    /// The one that keeps sessions, where `SESSION_ENGINE` uses one.
    pub session_cache: Option<CacheOptions>,
}

impl Settings {
    /// Reads the settings file and, beside it, `.env`.
    ///
    /// A file that is not there is an empty one. `environment` is `std::env::vars_os()` for a
    /// program, and whatever it likes for a test.
    ///
    /// ```
    /// use sessionid::settings::Settings;
    ///
    /// let folder = tempfile::tempdir()?;
    /// std::fs::write(folder.path().join("settings.toml"), "SECRET_KEY = 'x'\nDEBUG = true")?;
    /// let environment = [("SESSION_COOKIE_AGE", "30")];
    /// let settings = Settings::load(&folder.path().join("settings.toml"), environment)?;
    /// assert_eq!(settings.session.cookie_age, 30);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SettingsError`], a line for whoever wrote the setting.
    pub fn load<K, V>(
        file: &Path,
        environment: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, SettingsError>
    where
        K: Into<OsString>,
        V: Into<OsString>,
    {
        Self::load_with(file, environment, ENVIRONMENT)
    }

    /// The same with variables that an error says are from elsewhere, where all of them are settings.
    pub(crate) fn load_with<K, V>(
        file: &Path,
        variables: impl IntoIterator<Item = (K, V)>,
        source_name: &str,
    ) -> Result<Self, SettingsError>
    where
        K: Into<OsString>,
        V: Into<OsString>,
    {
        let variables: Vec<(OsString, OsString)> =
            variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        let temporary = temporary_folder(&variables);
        let sources = Sources::read(file, variables, source_name)?;
        let base_dir = sources.base_dir().to_owned();
        let database_url: DatabaseUrl =
            sources.parsed_secret("DATABASE_URL", DatabaseUrl::ALLOWED)?.unwrap_or_else(default_database);
        let session_engine: Engine = sources.parsed("SESSION_ENGINE", Engine::ALLOWED)?.unwrap_or_default();
        let session_cache_alias =
            sources.string("SESSION_CACHE_ALIAS")?.unwrap_or_else(|| DEFAULT_CACHE.to_owned());
        let caches = caches::read(&sources)?;
        let session_cache = if session_engine.uses_cache() {
            Some(caches::session_cache(&sources, &caches, &session_cache_alias)?)
        } else {
            None
        };
        let settings = Self {
            debug: sources.boolean("DEBUG")?.unwrap_or(false),
            secret_key: sources.string("SECRET_KEY")?.unwrap_or_default(),
            secret_key_fallbacks: sources.list("SECRET_KEY_FALLBACKS")?.unwrap_or_default(),
            allowed_hosts: sources.list("ALLOWED_HOSTS")?.unwrap_or_default(),
            trusted_proxies: trusted_proxies(&sources)?,
            limits: server_limits(&sources)?,
            database_url: database_url.relative_to(&base_dir),
            database: database_options(&sources)?,
            session_engine,
            session: session_policy(&sources)?,
            session_clean_up_every: clean_up_every(&sources)?,
            session_file_path: sources
                .string("SESSION_FILE_PATH")?
                .filter(|path| !path.is_empty())
                .map_or(temporary, |path| base_dir.join(path)),
            session_cache_alias,
            caches,
            session_cache,
            base_dir,
        };
        check_serializer(&sources)?;
        settings.check(&sources)?;
        warn_of_short_keys(&settings.secret_key, &settings.secret_key_fallbacks);
        Ok(settings)
    }

    /// What no setting can be judged on alone.
    fn check(&self, sources: &Sources) -> Result<(), SettingsError> {
        if self.secret_key.is_empty() {
            return Err(sources.refused("SECRET_KEY", "a text that is not empty and that nobody else knows"));
        }
        if self.secret_key_fallbacks.iter().any(String::is_empty) {
            return Err(sources.refused("SECRET_KEY_FALLBACKS", "a list of older keys, none of them empty"));
        }
        if !self.debug && self.allowed_hosts.is_empty() {
            return Err(sources.refused("ALLOWED_HOSTS", "at least one host name while DEBUG is false"));
        }
        if !self.allowed_hosts.iter().all(|host| is_host_pattern(host)) {
            let allowed = "a list of hosts without a port or a scheme: www.example.com, .example.com with its subdomains, [::1], or * for all";
            return Err(sources.refused("ALLOWED_HOSTS", allowed));
        }
        let own = "while DEBUG is false, not the one that everybody can read in the shipped settings.toml";
        if !self.debug && self.secret_key == DEMO_SECRET_KEY {
            return Err(sources.refused("SECRET_KEY", &format!("a key of your own {own}")));
        }
        if !self.debug && self.secret_key_fallbacks.iter().any(|key| key == DEMO_SECRET_KEY) {
            return Err(sources.refused("SECRET_KEY_FALLBACKS", &format!("older keys of your own {own}")));
        }
        Ok(())
    }
}

/// The system's folder for temporary files, as Python's `tempfile.gettempdir` finds it.
fn temporary_folder(environment: &[(OsString, OsString)]) -> PathBuf {
    let named = |name| environment.iter().find(|(variable, _)| variable == name).map(|(_, value)| value);
    ["TMPDIR", "TEMP", "TMP"]
        .into_iter()
        .filter_map(named)
        .map(PathBuf::from)
        .find(|folder| folder.is_dir())
        .unwrap_or_else(|| "/tmp".into())
}

fn default_database() -> DatabaseUrl {
    DatabaseUrl::Sqlite("db.sqlite3".into())
}

fn database_options(sources: &Sources) -> Result<DatabaseOptions, SettingsError> {
    let default = DatabaseOptions::default();
    let seconds = |name, default: Duration| {
        let seconds = sources.integer(name, &TIMEOUTS, "whole seconds")?;
        Ok(seconds.and_then(|seconds| u64::try_from(seconds).ok()).map_or(default, Duration::from_secs))
    };
    Ok(DatabaseOptions {
        connect_timeout: seconds("DATABASE_CONNECT_TIMEOUT", default.connect_timeout)?,
        pool_timeout: seconds("DATABASE_POOL_TIMEOUT", default.pool_timeout)?,
        statement_timeout: seconds("DATABASE_STATEMENT_TIMEOUT", default.statement_timeout)?,
        lock_timeout: seconds("DATABASE_LOCK_TIMEOUT", default.lock_timeout)?,
        pool_size: sources
            .integer("DATABASE_POOL_SIZE", &POOL_SIZES, "a number of connections")?
            .and_then(|size| u32::try_from(size).ok())
            .unwrap_or(default.pool_size),
        synchronous: sources
            .parsed("DATABASE_SYNCHRONOUS", Synchronous::ALLOWED)?
            .unwrap_or(default.synchronous),
    })
}

fn session_policy(sources: &Sources) -> Result<SessionPolicy, SettingsError> {
    let default = SessionPolicy::default();
    let or_nothing = |rule: fn(&str) -> bool| move |text: &str| text.is_empty() || rule(text);
    let token = "letters, digits and any of !#$%&'*+-.^_`|~";
    Ok(SessionPolicy {
        cookie_name: sources
            .string_that("SESSION_COOKIE_NAME", is_token, token)?
            .unwrap_or(default.cookie_name),
        cookie_age: sources
            .integer("SESSION_COOKIE_AGE", &AGES, "whole seconds")?
            .unwrap_or(default.cookie_age),
        cookie_domain: sources
            .string_that(
                "SESSION_COOKIE_DOMAIN",
                or_nothing(is_domain),
                "one domain name, such as example.com, or nothing",
            )?
            .filter(|domain| !domain.is_empty()),
        cookie_path: sources
            .string_that(
                "SESSION_COOKIE_PATH",
                or_nothing(is_cookie_path),
                "a path that begins with / and has no ';', or nothing",
            )?
            .unwrap_or(default.cookie_path),
        cookie_secure: sources.boolean("SESSION_COOKIE_SECURE")?.unwrap_or(default.cookie_secure),
        cookie_httponly: sources.boolean("SESSION_COOKIE_HTTPONLY")?.unwrap_or(default.cookie_httponly),
        cookie_samesite: sources.samesite("SESSION_COOKIE_SAMESITE")?.unwrap_or(default.cookie_samesite),
        save_every_request: sources
            .boolean("SESSION_SAVE_EVERY_REQUEST")?
            .unwrap_or(default.save_every_request),
        expire_at_browser_close: sources
            .boolean("SESSION_EXPIRE_AT_BROWSER_CLOSE")?
            .unwrap_or(default.expire_at_browser_close),
        max_bytes: sources
            .integer("SESSION_MAX_BYTES", &SESSION_SIZES, "bytes of JSON")?
            .and_then(|bytes| usize::try_from(bytes).ok())
            .unwrap_or(default.max_bytes),
        no_store: sources.boolean("SESSION_NO_STORE")?.unwrap_or(default.no_store),
    })
}

/// 0 is never.
fn clean_up_every(sources: &Sources) -> Result<Option<Duration>, SettingsError> {
    let seconds = sources.integer("SESSION_CLEAN_UP_EVERY", &PERIODS, "whole seconds")?;
    Ok(seconds
        .and_then(|seconds| u64::try_from(seconds).ok())
        .filter(|seconds| *seconds > 0)
        .map(Duration::from_secs))
}

/// Only JSON can be read on both sides; Django has dropped pickling itself.
fn check_serializer(sources: &Sources) -> Result<(), SettingsError> {
    let json = |name: &str| {
        ["json", "django.contrib.sessions.serializers.JSONSerializer", "django.core.signing.JSONSerializer"]
            .contains(&name)
    };
    let allowed = "django.contrib.sessions.serializers.JSONSerializer";
    sources.string_that("SESSION_SERIALIZER", json, allowed).map(drop)
}
