//! What `Debug` shows of settings, which may end in any log: no key, no password.

use std::fmt;

use super::Settings;
use super::caches::CacheSettings;

/// Stands for a text that is not shown.
struct Hidden;

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fallbacks: Vec<_> = self.secret_key_fallbacks.iter().map(|_| Hidden).collect();
        f.debug_struct("Settings")
            .field("base_dir", &self.base_dir)
            .field("debug", &self.debug)
            .field("secret_key", &Hidden)
            .field("secret_key_fallbacks", &fallbacks)
            .field("allowed_hosts", &self.allowed_hosts)
            .field("trusted_proxies", &self.trusted_proxies)
            .field("limits", &self.limits)
            .field("database_url", &self.database_url)
            .field("database", &self.database)
            .field("session_engine", &self.session_engine)
            .field("session", &self.session)
            .field("session_clean_up_every", &self.session_clean_up_every)
            .field("session_file_path", &self.session_file_path)
            .field("session_cache_alias", &self.session_cache_alias)
            .field("caches", &self.caches)
            .field("session_cache", &self.session_cache)
            .finish()
    }
}

/// The URL of a cache has a password in it; nobody knows yet where.
impl fmt::Debug for CacheSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let location: Vec<_> = self.location.iter().map(|_| Hidden).collect();
        f.debug_struct("CacheSettings")
            .field("backend", &Hidden)
            .field("location", &location)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
