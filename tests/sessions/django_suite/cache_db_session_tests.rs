//! `CacheDBSessionTests`: what only the `cached_db` engine has, its copies.
//!
//! More of them is in `cached_db.rs`.

use std::sync::Arc;

use sessionid::cache::{CacheOptions, CacheOptionsError};
use sessionid::sessions::SessionPolicy;

use super::{exists, fresh, items, under};
use crate::cached_db::{Flaky, HANGS};
use crate::harness::Harness;
use crate::logs;
use crate::support::TestDatabase;

fn on_flaky() -> (Harness, Arc<Flaky>) {
    let cache = Arc::<Flaky>::default();
    let (database, options) = (TestDatabase::new(), CacheOptions::default());
    (Harness::on_cached_db(database, cache.clone(), &options, SessionPolicy::default()), cache)
}

#[actix_web::test]
async fn test_load_overlong_key() {
    let (harness, cache) = on_flaky();
    let overlong = ('a'..='z').chain('0'..='9').collect::<String>().repeat(20);
    let mut session = under(&harness, overlong.as_str().try_into().ok());
    session.load().await.unwrap();
    assert_eq!(items(&mut session), []);
    assert_eq!(cache.calls(), 0, "nobody is asked");
}

#[test]
fn test_non_default_cache() {
    let unknown = CacheOptions::new("django.core.cache.backends.NoSuchCache", &[]);
    assert_eq!(unknown, Err(CacheOptionsError::Backend));
}

#[actix_web::test]
async fn test_cache_set_failure_non_fatal() {
    logs::listen();
    let (harness, cache) = on_flaky();
    cache.now_is(HANGS);
    let mut session = fresh(&harness);
    session.insert("key", "val").unwrap();
    session.save().await.unwrap();
    let said = logs::take();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].message.starts_with("cached_db goes on without its cache: "), "{said:?}");
    assert!(exists(&harness, session.session_key().unwrap()).await);
}
