//! `CACHES` and `SESSION_CACHE_ALIAS`.

use sessionid::cache::Server;
use sessionid::settings::Settings;

use super::{MINIMAL, load};

const LOCMEM: &str = "django.core.cache.backends.locmem.LocMemCache";

fn on_cache(rest: &str, environment: &[(&str, &str)]) -> Result<Settings, String> {
    load(&format!("{MINIMAL}SESSION_ENGINE = 'cache'\n{rest}"), "", environment)
}

#[test]
fn djangos_table_is_read() {
    let table = "CACHES.default = { BACKEND = 'django.core.cache.backends.redis.RedisCache', LOCATION = ['a', 'b'], TIMEOUT = 300 }";
    let settings = load(&format!("{MINIMAL}{table}"), "", &[]).unwrap();
    assert_eq!(settings.caches["default"].location, ["a", "b"]);
    assert_eq!(settings.session_cache, None, "the db engine uses none");
    let table = format!(
        "SESSION_CACHE_ALIAS = 'mine'\nCACHES.default = {{ BACKEND = 'a.b.C' }}\nCACHES.mine = {{ BACKEND = '{LOCMEM}', KEY_PREFIX = 'site', VERSION = 7 }}"
    );
    let cache = on_cache(&table, &[]).unwrap().session_cache.unwrap();
    assert_eq!((cache.server.clone(), cache.key("k")), (Server::LocMem, "site:7:k".to_owned()));
}

#[test]
fn without_caches_there_is_djangos_default() {
    assert_eq!(on_cache("", &[]).unwrap().session_cache.unwrap().server, Server::LocMem);
    let cache = on_cache("", &[("CACHES", "locmem://")]).unwrap().session_cache.unwrap();
    assert_eq!(cache.key("k"), ":1:k");
}

#[cfg(feature = "memcached")]
#[test]
fn a_url_is_the_default_cache() {
    for engine in ["cache", "django.contrib.sessions.backends.cached_db"] {
        let settings = load(
            &format!("{MINIMAL}CACHES = 'memcached://one, two:11212'\nSESSION_ENGINE = '{engine}'"),
            "",
            &[],
        );
        let servers = ["one:11211", "two:11212"].map(str::to_owned).to_vec();
        assert_eq!(settings.unwrap().session_cache.unwrap().server, Server::Memcached(servers));
    }
}

#[cfg(feature = "redis")]
#[test]
fn a_redis_is_a_url_with_others_that_may_take_its_place() {
    let settings = on_cache("", &[("CACHES", "redis://:hunter2@one/3,redis://:hunter2@two:6380")]).unwrap();
    let urls = ["redis://:hunter2@one/3", "redis://:hunter2@two:6380"].map(str::to_owned).to_vec();
    assert_eq!(settings.session_cache.as_ref().unwrap().server, Server::Redis(urls));
    assert!(!format!("{settings:?}").contains("hunter2"));
}

#[cfg(feature = "redis")]
#[test]
fn sentinels_stand_in_one_url() {
    let url = "redis+sentinel://:hunter2@one,two:26380/mymaster/1".to_owned();
    let table = format!(
        "CACHES.default = {{ BACKEND = 'django.core.cache.backends.redis.RedisCache', LOCATION = '{url}' }}"
    );
    for settings in [on_cache("", &[("CACHES", &*url)]), on_cache(&table, &[])] {
        let cache = settings.unwrap().session_cache.unwrap();
        assert_eq!(cache.server, Server::Redis(vec![url.clone()]));
    }
}

#[test]
fn what_is_no_cache_is_refused_in_one_line() {
    let backend = |path: &str, rest: &str| {
        format!("CACHES.default = {{ BACKEND = 'django.core.cache.backends.{path}'{rest} }}")
    };
    let redis = if cfg!(feature = "redis") { "LOCATION is missing" } else { "--features redis" };
    let memcached = if cfg!(feature = "memcached") { "LOCATION is missing" } else { "--features memcached" };
    let tls = if cfg!(feature = "redis") { "--features redis-tls" } else { "--features redis" };
    for (table, said) in [
        ("SESSION_CACHE_ALIAS = 'mine'".to_owned(), "an alias in CACHES: default"),
        (
            format!("SESSION_CACHE_ALIAS = 'mine'\n{}", backend("locmem.LocMemCache", "")),
            "an alias in CACHES: default",
        ),
        (backend("dummy.DummyCache", ""), "keeps nothing"),
        (backend("filebased.FileBasedCache", ", LOCATION = '/tmp'"), "BACKEND is none of"),
        (backend("redis.RedisCache", ""), redis),
        (backend("memcached.PyMemcacheCache", ""), memcached),
        (backend("redis.RedisCache", ", LOCATION = 'rediss://host'"), tls),
        (backend("locmem.LocMemCache", ", TIMEOUT = 'soon'"), "TIMEOUT"),
        (backend("locmem.LocMemCache", ", VERSION = 'one'"), "VERSION"),
        (backend("locmem.LocMemCache", ", KEY_PREFIX = 1"), "KEY_PREFIX"),
        (backend("locmem.LocMemCache", ", LOCATION = [1]"), "LOCATION"),
        (backend("locmem.LocMemCache", ", OPTIONS = { SENTINELS = [['host', 26379]] }"), "SENTINELS"),
        (backend("locmem.LocMemCache", ", OPTIONS = { db = '10' }"), "LOCATION has them"),
        (backend("locmem.LocMemCache", ", OPTIONS = { serializer = 'a.b' }"), "the form"),
        (backend("locmem.LocMemCache", ", KEY_FUNCTION = 'a.b'"), "an unknown option"),
        ("CACHES.default = {}".to_owned(), "BACKEND"),
        ("CACHES.default = 1".to_owned(), "no table"),
        ("CACHES = 'http://host'".to_owned(), "another scheme"),
        ("CACHES = 'host:6379'".to_owned(), "no URL"),
    ] {
        if said == tls && cfg!(feature = "redis-tls") {
            continue;
        }
        let refused = on_cache(&table, &[]).map(|_| ()).expect_err(&table);
        assert!(refused.contains(said) && refused.lines().count() == 1, "{table}: {refused}");
    }
}
