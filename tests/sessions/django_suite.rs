//! Django's own suite, `tests/sessions_tests/tests.py` of Django 5.2, test by test under Django's
//! names: one module for each of its classes.
//!
//! `docs/django-tests.md` has a line for every test of Django's: its counterpart here, or why there
//! is none. [`session_tests_mixin`] runs on every engine; what only one engine has stands beside it.
//!
//! An engine joins in [`ENGINES`].

mod cache_db_session_tests;
mod cache_session_tests;
mod cookie_session_tests;
mod custom_database_session_tests;
mod database_session_tests;
mod file_session_tests;
mod session_base_tests;
mod session_middleware_tests;
mod session_tests_mixin;

use std::cell::RefCell;
use std::rc::Rc;

use sessionid::sessions::{Session, SessionError, SessionKey, SessionPolicy, SessionStore};

use crate::harness::{Answer, Harness};
use crate::support::TestDatabase;
use crate::support::caches::TestCache;

/// The name of an engine, and how a harness on it is made.
type Engine = (&'static str, fn(SessionPolicy) -> Harness);

/// The engines of this build, and a store in memory that shows what every engine may rely on.
const ENGINES: &[Engine] = &[
    ("db", Harness::with_policy),
    ("file", Harness::on_files),
    ("cache on locmem", |policy| Harness::on_cache(TestCache::locmem(), policy)),
    #[cfg(feature = "redis")]
    ("cache on Redis", |policy| Harness::on_cache(TestCache::redis(), policy)),
    #[cfg(feature = "memcached")]
    ("cache on memcached", |policy| Harness::on_cache(TestCache::memcached(), policy)),
    ("cached_db", cached_db),
    ("signed_cookies", Harness::in_cookies),
    ("memory", Harness::in_memory),
];

fn cached_db(policy: SessionPolicy) -> Harness {
    let cache = TestCache::any();
    Harness::on_cached_db(TestDatabase::new(), cache.cache(), cache.options(), policy)
}

/// A key that a client may send and nobody has.
const UNKNOWN: &str = "unknownunknownunknownunknown1234";

/// What a test expects of `accessed` and `modified`, in this order.
type Flags = (bool, bool);

const UNTOUCHED: Flags = (false, false);
const READ: Flags = (true, false);
const CHANGED: Flags = (true, true);

fn flags(session: &SessionStore) -> Flags {
    (session.accessed(), session.modified())
}

/// A harness on each engine in turn, under Django's default settings.
fn every_engine() -> impl Iterator<Item = Harness> {
    every_engine_with(SessionPolicy::default())
}

/// The same under other settings. The output of a test that fails ends with the engine it failed on.
fn every_engine_with(policy: SessionPolicy) -> impl Iterator<Item = Harness> {
    ENGINES.iter().map(move |(name, harness)| {
        println!("engine: {name}");
        harness(policy.clone())
    })
}

/// Those of them that keep sessions. Where Django's `CookieSessionTests` leaves a test of the mixin out, since a cookie is at no
/// place to look at, it runs over these; what a cookie does instead is in [`cookie_session_tests`].
fn every_engine_that_keeps() -> impl Iterator<Item = Harness> {
    every_engine().filter(Harness::keeps_sessions)
}

/// A session under `key`, with nothing loaded yet.
pub(crate) fn under(harness: &Harness, key: Option<SessionKey>) -> SessionStore {
    SessionStore::new(key, harness.storage.clone(), harness.policy.get(), harness.clock.clone().into())
}

/// A session without a key.
fn fresh(harness: &Harness) -> SessionStore {
    under(harness, None)
}

/// What somebody else finds under the key of `session`: loaded, and not looked at.
async fn again(harness: &Harness, session: &SessionStore) -> SessionStore {
    let mut again = under(harness, session.session_key().cloned());
    again.load().await.unwrap();
    again
}

/// A saved session with these values that nobody has looked at since.
async fn saved_with(harness: &Harness, values: &[(&str, &str)]) -> SessionStore {
    let mut session = fresh(harness);
    session.update(values.iter().copied()).unwrap();
    session.save().await.unwrap();
    let session = again(harness, &session).await;
    assert_eq!(flags(&session), UNTOUCHED);
    session
}

/// Whether the store has this key.
async fn exists(harness: &Harness, key: &SessionKey) -> bool {
    harness.storage.exists(key).await.unwrap()
}

/// The session's values under their keys, as JSON.
fn items(session: &mut SessionStore) -> Vec<(String, String)> {
    session.entries().unwrap().iter().map(|(key, value)| (key, value.as_str().to_owned())).collect()
}

/// One request: what its view has returned, and what the client gets.
async fn visit<T: 'static>(
    harness: &Harness,
    cookie: Option<&str>,
    view: impl Fn(&Session) -> Result<T, SessionError> + 'static,
) -> (T, Answer) {
    let returned = Rc::new(RefCell::new(None));
    let slot = Rc::clone(&returned);
    let answer = harness
        .visit(cookie, move |session| {
            slot.replace(Some(view(session)?));
            Ok(())
        })
        .await;
    (returned.take().expect("the view has run to its end"), answer)
}
