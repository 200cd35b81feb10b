//! `CacheSessionTests`: what only the `cache` engine has, its cache.

use sessionid::cache::Cache;
use sessionid::sessions::{PayloadCodec as _, PickleCodec, SessionPolicy};

use super::{fresh, items, under};
use crate::harness::Harness;
use crate::support::caches::TestCache;

/// What a cache holds under a session's key, as JSON.
async fn held(cache: &dyn Cache, key: &str) -> Option<String> {
    let held = cache.get(key).await.unwrap()?;
    Some(PickleCodec.decode(&held.value.into()).unwrap().to_json())
}

/// A key that no cache has, and that memcached cannot even be asked for.
#[actix_web::test]
async fn test_load_overlong_key() {
    for cache in TestCache::every() {
        let harness = Harness::on_cache(cache, SessionPolicy::default());
        let overlong = ('a'..='z').chain('0'..='9').collect::<String>().repeat(20);
        let mut session = under(&harness, overlong.as_str().try_into().ok());
        session.load().await.unwrap();
        assert_eq!(items(&mut session), []);
        assert_eq!(session.session_key(), None);
    }
}

#[actix_web::test]
async fn test_default_cache() {
    for test in TestCache::every() {
        let (cache, whole) = (test.another(), test.key(""));
        let mut session = fresh(&Harness::on_cache(test, SessionPolicy::default()));
        session.save().await.unwrap();
        let key = format!("{whole}{}", session.session_key().unwrap().as_str());
        assert_eq!(held(&*cache, &key).await.as_deref(), Some("{}"));
    }
}

/// Two caches on one server do not see each other's sessions.
#[actix_web::test]
async fn test_non_default_cache() {
    for (default, test) in TestCache::every().into_iter().zip(TestCache::every()) {
        let (cache, whole) = (test.another(), test.key(""));
        let mut session = fresh(&Harness::on_cache(test, SessionPolicy::default()));
        session.save().await.unwrap();
        let key = session.session_key().unwrap().as_str();
        assert_eq!(held(&*default.cache(), &default.key(key)).await, None);
        assert!(held(&*cache, &format!("{whole}{key}")).await.is_some());
    }
}

#[actix_web::test]
async fn test_create_and_save() {
    for test in TestCache::every() {
        let (cache, whole) = (test.another(), test.key(""));
        let mut session = fresh(&Harness::on_cache(test, SessionPolicy::default()));
        session.save().await.unwrap();
        session.insert("a", "b").unwrap();
        session.save().await.unwrap();
        let key = format!("{whole}{}", session.session_key().unwrap().as_str());
        assert_eq!(held(&*cache, &key).await.as_deref(), Some(r#"{"a":"b"}"#));
    }
}
