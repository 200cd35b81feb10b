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

/// Every setting, in the order of `docs/settings.md`.
pub(super) const SETTINGS: [(&str, Kind); 30] = [
    ("DEBUG", Kind::Boolean),
    ("SECRET_KEY", Kind::String),
    ("SECRET_KEY_FALLBACKS", Kind::List),
    ("ALLOWED_HOSTS", Kind::List),
    ("TRUSTED_PROXIES", Kind::List),
    ("MAX_CONNECTIONS", Kind::Integer),
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
    ("SESSION_MAX_BYTES", Kind::Integer),
    ("SESSION_NO_STORE", Kind::Boolean),
    ("SESSION_CLEAN_UP_EVERY", Kind::Integer),
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

/// The setting that a variable's name was probably meant to be, though it is none.
///
/// The environment is full of other programs' variables (`SESSION_MANAGER`, `DATABASE_HOST`, `SECRET_KEY_BASE`), so a name has
/// to be very near, or begin as nobody else's does.
pub(super) fn mistyped(name: &str) -> Option<&'static str> {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if !plain || classify(name) != Name::Unknown {
        return None;
    }
    let letters = |name: &str| name.to_ascii_uppercase().replace(['_', '-'], "");
    let written = letters(name);
    if written.starts_with("SESSIONCOOKIE") {
        return Some(nearest(name));
    }
    let near = |known: &str| {
        let known = letters(known);
        // One slip for every twelve letters; short names, such as DEBUG, have too many neighbours.
        let slips = if known.len() < 9 { 0 } else { known.len().div_ceil(12) };
        strsim::damerau_levenshtein(&written, &known) <= slips
    };
    SETTINGS.iter().map(|(known, _)| *known).find(|known| near(known))
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

    #[test]
    fn a_mistyped_variable_is_told_from_another_programs() {
        for (written, meant) in [
            ("SESSION_COOKIE_SECUER", "SESSION_COOKIE_SECURE"),
            ("SESSION_COOKIE_HTTP_ONLY", "SESSION_COOKIE_HTTPONLY"),
            ("SESSION_COOKIE_MAX_AGE", "SESSION_COOKIE_AGE"),
            ("SESION_COOKIE_AGE", "SESSION_COOKIE_AGE"),
            ("SESSION_SAVE_EVERY_REQUESTS", "SESSION_SAVE_EVERY_REQUEST"),
            ("SESSION_ENGIN", "SESSION_ENGINE"),
            ("ALLOWED_HOST", "ALLOWED_HOSTS"),
            ("ALOWED_HOSTS", "ALLOWED_HOSTS"),
            ("SECRETKEY", "SECRET_KEY"),
            ("SECRET_KEYS", "SECRET_KEY"),
            ("SECRET_KEY_FALLBACK", "SECRET_KEY_FALLBACKS"),
            ("secret_key", "SECRET_KEY"),
            ("DATABSE_URL", "DATABASE_URL"),
            ("DATABASE_URI", "DATABASE_URL"),
            ("DATABASE_POOLSIZE", "DATABASE_POOL_SIZE"),
            ("Debug", "DEBUG"),
        ] {
            assert_eq!(mistyped(written), Some(meant), "{written}");
        }
        for another in [
            "PATH",
            "HOME",
            "HOSTS",
            "DEBUG_COLORS",
            "DEBUG_FD",
            "DEBUGGER",
            "DEBUGS",
            "CACHE",
            "CACHE_URL",
            "SESSION",
            "SESSION_MANAGER",
            "SESSION_ID",
            "SESSION_SECRET",
            "SESSION_DRIVER",
            "SESSION_LIFETIME",
            "SESSION_TYPE",
            "XDG_SESSION_ID",
            "DATABASE_HOST",
            "DATABASE_USER",
            "DATABASE_PORT",
            "DATABASE_NAME",
            "DATABASE_PASSWORD",
            "DATABASE_URL_REPLICA",
            "DATABASE_URL_FOO",
            "TEST_DATABASE_URL",
            "DATABASES",
            "SECRET",
            "SECRET_KEY_BASE",
            "DJANGO_SECRET_KEY",
            "FLASK_SECRET_KEY",
            "AWS_SECRET_ACCESS_KEY",
            "CSRF_COOKIE_SECURE",
            "SECURE_SSL_REDIRECT",
            "INSTALLED_APPS",
            "TIME_ZONE",
            "DJANGO_SETTINGS_MODULE",
            "SESSION_COOKIE_A\nB",
            "",
        ] {
            assert_eq!(mistyped(another), None, "{another}");
        }
        for (name, _) in SETTINGS {
            assert_eq!(mistyped(name), None, "{name}");
        }
    }
}
