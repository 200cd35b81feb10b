//! Which settings there are, and how a variable of the environment is read.

/// The type of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Boolean,
    Integer,
    String,
    List,
    /// A text, or `false` for none.
    StringOrFalse,
    /// A table, which a variable cannot hold.
    Table,
}

/// Every setting, in the order of the README's table.
pub(super) const SETTINGS: [(&str, Kind); 25] = [
    ("DEBUG", Kind::Boolean),
    ("SECRET_KEY", Kind::String),
    ("SECRET_KEY_FALLBACKS", Kind::List),
    ("ALLOWED_HOSTS", Kind::List),
    ("DATABASE_URL", Kind::String),
    ("DATABASE_SYNCHRONOUS", Kind::String),
    ("DATABASE_CONNECT_TIMEOUT", Kind::Integer),
    ("DATABASE_POOL_TIMEOUT", Kind::Integer),
    ("DATABASE_STATEMENT_TIMEOUT", Kind::Integer),
    ("DATABASE_LOCK_TIMEOUT", Kind::Integer),
    ("DATABASE_POOL_SIZE", Kind::Integer),
    ("SESSION_ENGINE", Kind::String),
    ("SESSION_COOKIE_AGE", Kind::Integer),
    ("SESSION_COOKIE_NAME", Kind::String),
    ("SESSION_COOKIE_DOMAIN", Kind::String),
    ("SESSION_COOKIE_PATH", Kind::String),
    ("SESSION_COOKIE_SECURE", Kind::Boolean),
    ("SESSION_COOKIE_HTTPONLY", Kind::Boolean),
    ("SESSION_COOKIE_SAMESITE", Kind::StringOrFalse),
    ("SESSION_SAVE_EVERY_REQUEST", Kind::Boolean),
    ("SESSION_EXPIRE_AT_BROWSER_CLOSE", Kind::Boolean),
    ("SESSION_SERIALIZER", Kind::String),
    ("SESSION_FILE_PATH", Kind::String),
    ("SESSION_CACHE_ALIAS", Kind::String),
    ("CACHES", Kind::Table),
];

/// Names of `django/conf/global_settings.py` and `startproject` that say nothing to this program;
/// what only begins like one is caught by `PREFIXES`.
const MEANINGLESS: [&str; 33] = [
    "INSTALLED_APPS",
    "MIDDLEWARE",
    "ROOT_URLCONF",
    "BASE_DIR",
    "TEMPLATES",
    "DATABASES",
    "DATABASE_ROUTERS",
    "WSGI_APPLICATION",
    "ASGI_APPLICATION",
    "ADMINS",
    "MANAGERS",
    "INTERNAL_IPS",
    "TIME_ZONE",
    "USE_TZ",
    "USE_I18N",
    "USE_L10N",
    "LANGUAGES",
    "LANGUAGE_CODE",
    "STORAGES",
    "APPEND_SLASH",
    "PREPEND_WWW",
    "AUTHENTICATION_BACKENDS",
    "LOGIN_URL",
    "LOGIN_REDIRECT_URL",
    "LOGOUT_REDIRECT_URL",
    "X_FRAME_OPTIONS",
    "SIGNING_BACKEND",
    "SIGNED_COOKIE_LEGACY_SALT_FALLBACK",
    "SITE_ID",
    "TASKS",
    "FORM_RENDERER",
    "MIGRATION_MODULES",
    "SILENCED_SYSTEM_CHECKS",
];
const PREFIXES: [&str; 16] = [
    "AUTH_",
    "CSRF_",
    "DATA_UPLOAD_",
    "DEFAULT_",
    "EMAIL_",
    "FILE_UPLOAD_",
    "LANGUAGE_COOKIE_",
    "LOCALE_",
    "LOGGING",
    "MEDIA_",
    "MESSAGE_",
    "PASSWORD_",
    "SECURE_",
    "STATIC",
    "TEST_",
    "USE_X_FORWARDED_",
];

/// What a name in a settings file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Known(Kind),
    Meaningless,
    Unknown,
}

/// The setting of this name.
pub(super) fn setting(name: &str) -> Option<(&'static str, Kind)> {
    SETTINGS.iter().find(|(known, _)| *known == name).copied()
}

pub(super) fn classify(name: &str) -> Name {
    match setting(name) {
        Some((_, kind)) => Name::Known(kind),
        None if MEANINGLESS.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix)) => {
            Name::Meaningless
        }
        None => Name::Unknown,
    }
}

/// The known name that is most like `name`.
pub(super) fn nearest(name: &str) -> &'static str {
    let upper = name.to_ascii_uppercase();
    let likeness = |known: &str| strsim::jaro_winkler(&upper, known);
    let best = SETTINGS.iter().max_by(|(left, _), (right, _)| likeness(left).total_cmp(&likeness(right)));
    best.map_or("DEBUG", |(name, _)| name)
}

/// All names in one line.
pub(super) fn all() -> String {
    SETTINGS.map(|(name, _)| name).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pasted_django_setting_is_recognised() {
        for name in
            ["INSTALLED_APPS", "MIDDLEWARE", "STATIC_URL", "AUTH_PASSWORD_VALIDATORS", "CSRF_COOKIE_AGE"]
        {
            assert_eq!(classify(name), Name::Meaningless, "{name}");
        }
    }

    #[test]
    fn the_nearest_name_is_offered() {
        for (written, meant) in [
            ("SESSION_COKIE_AGE", "SESSION_COOKIE_AGE"),
            ("debug", "DEBUG"),
            ("SECRETKEY", "SECRET_KEY"),
            ("ALLOWED_HOST", "ALLOWED_HOSTS"),
        ] {
            assert_eq!(nearest(written), meant);
        }
    }
}
