//! Settings: their sources, their types, and what is said of a wrong one.

mod caches;
mod dotenv;
mod secrets;

use std::path::Path;

use sessionid::db::{DatabaseUrl, Synchronous};
use sessionid::sessions::Engine;
use sessionid::settings::{DEMO_SECRET_KEY, Settings};

/// Loads settings from a file, a `.env` and an environment.
fn load(toml: &str, dotenv: &str, environment: &[(&str, &str)]) -> Result<Settings, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("settings.toml"), toml).unwrap();
    if !dotenv.is_empty() {
        std::fs::write(folder.path().join(".env"), dotenv).unwrap();
    }
    let settings = Settings::load(&folder.path().join("settings.toml"), environment.iter().copied());
    settings.map_err(|error| error.to_string().replace(&folder.path().display().to_string(), "FOLDER"))
}

const MINIMAL: &str = "DEBUG = true\nSECRET_KEY = 'x'\n";

#[test]
fn the_shipped_settings_are_the_seeds() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("settings.toml");
    let settings = Settings::load(&file, std::iter::empty::<(&str, &str)>()).unwrap();
    assert!(settings.debug);
    assert_eq!(settings.session.cookie_age, 30);
    assert_eq!(settings.secret_key, DEMO_SECRET_KEY);
    assert_eq!(
        settings.database_url,
        DatabaseUrl::Sqlite(Path::new(env!("CARGO_MANIFEST_DIR")).join("db.sqlite3"))
    );
}

#[test]
fn what_is_not_set_is_djangos_default() {
    let settings = load("SECRET_KEY = 'x'\nALLOWED_HOSTS = ['a.example']", "", &[]).unwrap();
    assert!(!settings.debug);
    assert_eq!(settings.session, sessionid::sessions::SessionPolicy::default());
    assert_eq!(settings.session_cache_alias, "default");
}

#[test]
fn the_environment_wins_over_dotenv_over_the_file() {
    let age = |dotenv, environment: &[(&str, &str)]| {
        load(&format!("{MINIMAL}SESSION_COOKIE_AGE = 1"), dotenv, environment).unwrap().session.cookie_age
    };
    assert_eq!(age("", &[]), 1);
    assert_eq!(age("SESSION_COOKIE_AGE=2", &[]), 2);
    assert_eq!(age("SESSION_COOKIE_AGE=2", &[("SESSION_COOKIE_AGE", "3")]), 3);
}

#[test]
fn variables_are_read_by_their_settings_type() {
    let environment = [
        ("DEBUG", "0"),
        ("SECRET_KEY", "12345"),
        ("ALLOWED_HOSTS", "a.example, b.example"),
        ("SECRET_KEY_FALLBACKS", "one,two"),
        ("DATABASE_URL", "sqlite:///tmp/with?mode=ro&%20.db"),
        ("DATABASE_SYNCHRONOUS", "NORMAL"),
        ("TRUSTED_PROXIES", "127.0.0.1, ::ffff:10.0.0.1,10.0.0.0/8,fd00::/8"),
        ("MAX_CONNECTIONS", "20"),
        ("SESSION_COOKIE_SAMESITE", "false"),
        ("SESSION_COOKIE_SECURE", "1"),
        ("SESSION_ENGINE", "django.contrib.sessions.backends.db"),
    ];
    let settings = load("", "", &environment).unwrap();
    assert!(!settings.debug && settings.session.cookie_secure);
    assert_eq!(settings.secret_key, "12345");
    assert_eq!(settings.allowed_hosts, ["a.example", "b.example"]);
    assert_eq!(settings.secret_key_fallbacks, ["one", "two"]);
    let proxies: Vec<_> = settings.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(proxies, ["127.0.0.1/32", "10.0.0.1/32", "10.0.0.0/8", "fd00::/8"]);
    assert_eq!(settings.limits.max_connections, 20);
    assert_eq!(settings.session.cookie_samesite, None);
    assert_eq!(settings.database.synchronous, Synchronous::Normal);
    assert_eq!(
        settings.database_url,
        DatabaseUrl::Sqlite("/tmp/with?mode=ro&%20.db".into()),
        "the path as it stands"
    );
}

#[test]
fn the_site_cleans_up_by_itself_only_where_it_is_told_to() {
    let every =
        |value: &str| load(MINIMAL, "", &[("SESSION_CLEAN_UP_EVERY", value)]).unwrap().session_clean_up_every;
    assert_eq!(load(MINIMAL, "", &[]).unwrap().session_clean_up_every, None);
    assert_eq!((every("0"), every("90")), (None, Some(std::time::Duration::from_secs(90))));
    let with = |line: &str| format!("{MINIMAL}{line}");
    for (toml, environment, parts) in [
        (
            with("SESSION_CLEAN_UP_EVERY = -1"),
            None,
            ["SESSION_CLEAN_UP_EVERY", "settings.toml", "-1", "whole seconds from 0 to 31536000"],
        ),
        (
            with("SESSION_CLEAN_UP_EVERY = 'daily'"),
            None,
            ["SESSION_CLEAN_UP_EVERY", "settings.toml", "\"daily\"", "whole seconds from 0"],
        ),
        (
            MINIMAL.to_owned(),
            Some(("SESSION_CLEAN_UP_EVERY", "31536001")),
            ["SESSION_CLEAN_UP_EVERY", "the environment", "31536001", "whole seconds from 0"],
        ),
    ] {
        assert_refused(&toml, environment, parts);
    }
}

#[test]
fn a_wrong_setting_is_refused_in_one_line_with_name_source_and_what_is_allowed() {
    let with = |line: &str| format!("{MINIMAL}{line}");
    for (toml, environment, parts) in [
        (
            with("SESSION_COOKIE_AGE = 'soon'"),
            None,
            ["SESSION_COOKIE_AGE", "settings.toml", "\"soon\"", "whole seconds"],
        ),
        (
            with("SESSION_COOKIE_AGE = -1"),
            None,
            ["SESSION_COOKIE_AGE", "settings.toml", "-1", "whole seconds from 0"],
        ),
        (
            with("SESSION_COOKIE_AGE = 1.5"),
            None,
            ["SESSION_COOKIE_AGE", "settings.toml", "1.5", "whole seconds"],
        ),
        (
            with("SESSION_COOKIE_SECURE = 'yes'"),
            None,
            ["SESSION_COOKIE_SECURE", "settings.toml", "\"yes\"", "true or false"],
        ),
        (
            with("TRUSTED_PROXIES = ['proxy.example']"),
            None,
            ["TRUSTED_PROXIES", "settings.toml", "this list", "10.0.0.0/8"],
        ),
        (
            with("MAX_CONNECTIONS = 0"),
            None,
            ["MAX_CONNECTIONS", "settings.toml", "0", "a number of connections from 1"],
        ),
        (
            with("ALLOWED_HOSTS = 'a.example'"),
            None,
            ["ALLOWED_HOSTS", "settings.toml", "\"a.example\"", "a list of texts"],
        ),
        (
            with("SESSION_COOKIE_SAMESITE = 'Laxer'"),
            None,
            ["SESSION_COOKIE_SAMESITE", "settings.toml", "\"Laxer\"", "\"Strict\""],
        ),
        (
            with("SESSION_COOKIE_NAME = 'a b'"),
            None,
            ["SESSION_COOKIE_NAME", "settings.toml", "\"a b\"", "letters, digits"],
        ),
        (
            with("SESSION_SERIALIZER = 'PickleSerializer'"),
            None,
            ["SESSION_SERIALIZER", "settings.toml", "\"PickleSerializer\"", "JSONSerializer"],
        ),
        (
            with("SESSION_ENGINE = 'redis'"),
            None,
            ["SESSION_ENGINE", "settings.toml", "\"redis\"", "allowed is db"],
        ),
        (
            with("DATABASE_URL = 'mysql://x'"),
            None,
            ["DATABASE_URL", "settings.toml", "names no database", "sqlite://"],
        ),
        (
            with("SECRET_KEY_FALLBACKS = [1]"),
            None,
            ["SECRET_KEY_FALLBACKS", "settings.toml", "what is there", "a list of texts"],
        ),
        (with("CACHES = 3"), None, ["CACHES", "settings.toml", "what is there", "BACKEND"]),
        (
            with("INSTALLED_APPS = ['django.contrib.sessions']"),
            None,
            ["INSTALLED_APPS", "settings.toml", "no meaning here", "SESSION_COOKIE_AGE"],
        ),
        (with("MIDDLEWARE = []"), None, ["MIDDLEWARE", "settings.toml", "no meaning here", "DEBUG"]),
        (
            with("SESSION_COKIE_AGE = 1"),
            None,
            ["SESSION_COKIE_AGE", "settings.toml", "did you mean SESSION_COOKIE_AGE?", "DEBUG, SECRET_KEY"],
        ),
        (
            MINIMAL.to_owned(),
            Some(("SESSION_COOKIE_AGE", "30s")),
            ["SESSION_COOKIE_AGE", "the environment", "\"30s\"", "whole seconds"],
        ),
        (
            MINIMAL.to_owned(),
            Some(("DEBUG", "maybe")),
            ["DEBUG", "the environment", "\"maybe\"", "true or false"],
        ),
        (
            MINIMAL.to_owned(),
            Some(("DEBUG", "false")),
            ["ALLOWED_HOSTS", "settings.toml", "not set", "at least one host"],
        ),
        ("DEBUG = true".to_owned(), None, ["SECRET_KEY", "settings.toml", "not set", "not empty"]),
        (with("DEBUG = 1\nthis is no TOML"), None, ["FOLDER/settings.toml", "line 3", "no valid TOML", ""]),
    ] {
        assert_refused(&toml, environment, parts);
    }
}

#[test]
fn so_is_a_wrong_setting_of_the_database() {
    let with = |line: &str| format!("{MINIMAL}{line}");
    for (toml, environment, parts) in [
        (
            with("DATABASE_SYNCHRONOUS = 'OFF'"),
            None,
            ["DATABASE_SYNCHRONOUS", "settings.toml", "\"OFF\"", "\"FULL\" or \"NORMAL\""],
        ),
        (
            with("DATABASE_LOCK_TIMEOUT = 0"),
            None,
            ["DATABASE_LOCK_TIMEOUT", "settings.toml", "0 is not allowed", "1 to 3600"],
        ),
        (
            MINIMAL.to_owned(),
            Some(("DATABASE_POOL_SIZE", "many")),
            ["DATABASE_POOL_SIZE", "the environment", "\"many\"", "1 to 1000"],
        ),
    ] {
        assert_refused(&toml, environment, parts);
    }
}

fn assert_refused(toml: &str, environment: Option<(&str, &str)>, parts: [&str; 4]) {
    let environment: Vec<_> = environment.into_iter().collect();
    let error = load(toml, "", &environment).err().unwrap();
    assert!(!error.contains('\n'), "{error}");
    for part in parts {
        assert!(error.contains(part), "{part:?} in {error:?}");
    }
}

#[test]
fn a_wrong_line_of_dotenv_is_refused_with_its_source() {
    for (dotenv, part) in
        [("SESSION_COOKIE_AGE=old", "in .env"), ("SESSION_COKIE_AGE=1", "in .env"), ("no variable", ".env")]
    {
        let error = load(MINIMAL, dotenv, &[]).err().unwrap();
        assert!(error.contains(part) && !error.contains('\n'), "{error}");
    }
    assert!(load(MINIMAL, "OTHER_PROGRAM=1\nRUST_LOG=debug", &[]).is_ok());
}

#[test]
fn the_demo_key_is_refused_without_debug_and_never_shown() {
    let environment = [("DEBUG", "false"), ("ALLOWED_HOSTS", "a.example"), ("SECRET_KEY", DEMO_SECRET_KEY)];
    let error = load("", "", &environment).err().unwrap();
    assert!(
        error.contains("SECRET_KEY in the environment") && error.contains("a key of your own"),
        "{error}"
    );
    assert!(!error.contains(DEMO_SECRET_KEY), "{error}");
}

#[test]
fn files_are_kept_in_the_temporary_folder_unless_it_is_said_where() {
    let own = tempfile::tempdir().unwrap();
    let own = own.path().to_str().unwrap();
    for (toml, environment, path) in [
        ("", &[][..], "/tmp"),
        ("", &[("TMPDIR", own)], own),
        ("", &[("TMPDIR", "/no/such/folder"), ("TMP", own)], own),
        ("SESSION_FILE_PATH = ''", &[("TMPDIR", own)], own),
        ("SESSION_FILE_PATH = '/srv/sessions'", &[("TMPDIR", own)], "/srv/sessions"),
    ] {
        let settings = load(&format!("{MINIMAL}{toml}"), "", environment).unwrap();
        assert_eq!(settings.session_file_path, std::path::Path::new(path), "{toml} {environment:?}");
    }
}

#[test]
fn an_engine_has_its_name_and_its_dotted_path() {
    for (name, engine) in
        [("db", Engine::Db), ("file", Engine::File), ("signed_cookies", Engine::SignedCookies)]
    {
        for name in [name.to_owned(), format!("django.contrib.sessions.backends.{name}")] {
            let settings = load(&format!("{MINIMAL}SESSION_ENGINE = '{name}'"), "", &[]).unwrap();
            assert_eq!(settings.session_engine, engine);
        }
    }
}

#[test]
fn relative_paths_start_at_the_settings_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.toml");
    std::fs::write(
        &file,
        format!("{MINIMAL}DATABASE_URL = 'sqlite://data/sessions.db'\nSESSION_FILE_PATH = 'files'"),
    )
    .unwrap();
    let settings = Settings::load(&file, std::iter::empty::<(&str, &str)>()).unwrap();
    assert_eq!(settings.database_url, DatabaseUrl::Sqlite(folder.path().join("data/sessions.db")));
    assert_eq!(settings.session_file_path, folder.path().join("files"));
}

#[test]
fn a_cookie_domain_is_one_domain() {
    let domain = |domain: &str| load(MINIMAL, "", &[("SESSION_COOKIE_DOMAIN", domain)]);
    let long = format!("{}.example", "a".repeat(64));
    for wrong in [
        "a.com,b.com",
        "a.com b.com",
        " a.com",
        "http://a.com",
        "a.com:8000",
        "a.com/",
        "*.a.com",
        "a..com",
        "a.com.",
        ".",
        "..a.com",
        "-a.com",
        "a-.com",
        "[::1]",
        "a.com;Secure",
        "müller.example",
        "a.com\n",
        &long,
    ] {
        let error = domain(wrong).err().unwrap_or_else(|| panic!("{wrong:?} is a domain"));
        assert!(error.starts_with("SESSION_COOKIE_DOMAIN in the environment: "), "{error}");
    }
    for right in
        ["a.com", ".a.com", "localhost", "127.0.0.1", "xn--mller-kva.example", "A.B-1.example", "a_b.test"]
    {
        assert_eq!(domain(right).unwrap().session.cookie_domain.as_deref(), Some(right));
    }
    assert_eq!(domain("").unwrap().session.cookie_domain, None);
}

#[test]
fn an_allowed_host_is_one_that_a_request_can_name() {
    let hosts = |host: &str| load(&format!("{MINIMAL}ALLOWED_HOSTS = ['a.example', '{host}']"), "", &[]);
    for wrong in
        ["b.com,c.com", "b.com c.com", "https://b.com", "b.com:8000", "b.com/", "*.b.com", "::1", "[::g]", ""]
    {
        let error = hosts(wrong).err().unwrap_or_else(|| panic!("{wrong:?} is a host"));
        assert!(
            error.starts_with("ALLOWED_HOSTS in settings.toml: ") && error.contains("without a port"),
            "{error}"
        );
    }
    for right in ["*", "b.com", ".b.com", "localhost", "10.0.0.1", "[::1]"] {
        assert_eq!(hosts(right).unwrap().allowed_hosts, ["a.example", right]);
    }
}

#[test]
fn a_cookie_path_is_one_path() {
    let path = |path: &str| load(MINIMAL, "", &[("SESSION_COOKIE_PATH", path)]);
    for wrong in ["app", "http://a.com/", " /", "/a;Secure", "/a\n", "a,/b"] {
        let error = path(wrong).err().unwrap_or_else(|| panic!("{wrong:?} is a path"));
        assert!(error.contains("begins with /"), "{error}");
    }
    for right in ["/", "/app", "/a b/", ""] {
        assert_eq!(path(right).unwrap().session.cookie_path, right);
    }
}

#[test]
fn the_demo_key_is_refused_among_the_fallbacks_too() {
    let fallbacks = format!("another,{DEMO_SECRET_KEY}");
    let mut environment = vec![
        ("ALLOWED_HOSTS", "a.example"),
        ("SECRET_KEY", "x"),
        ("SECRET_KEY_FALLBACKS", fallbacks.as_str()),
    ];
    let error = load("", "", &environment).err().unwrap();
    assert!(error.contains("SECRET_KEY_FALLBACKS in the environment"), "{error}");
    assert!(!error.contains(DEMO_SECRET_KEY), "{error}");
    environment.push(("DEBUG", "true"));
    assert!(load("", "", &environment).is_ok());
}
