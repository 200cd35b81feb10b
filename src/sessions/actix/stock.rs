//! A storage behind actix-session's own middleware: the same table under another cookie.
//!
//! The only importer of `actix_session`. What its middleware does otherwise than Django's is in
//! `docs/actix-session.md`.
//!
//! ```
//! use sessionid::sessions::actix::stock::{SessionGetError, StockSession};
//!
//! fn visits(session: &StockSession) -> Result<i64, SessionGetError> {
//!     Ok(session.get("counter")?.unwrap_or(0))
//! }
//! ```

use std::collections::HashMap;
use std::sync::Arc;

use actix_session::config::PersistentSession;
use actix_session::storage::{
    LoadError, SaveError, SessionKey as StockKey, SessionStore as StockStorage, UpdateError,
};
pub use actix_session::{
    Session as StockSession, SessionGetError, SessionInsertError, SessionMiddleware as StockMiddleware,
};
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, CookieJar, Key};

use crate::clock::Clock;
use crate::crypto::salted_hmac_sha512;
use crate::sessions::error::SessionError;
use crate::sessions::json::RawJson;
use crate::sessions::key::SessionKey;
use crate::sessions::policy::SessionPolicy;
use crate::sessions::storage::Storage;
use crate::sessions::store::SessionStore;

/// Separates the stock cookie's key from every other use of `SECRET_KEY`.
const KEY_SALT: &str = "sessionid.actix_session.cookie";
/// The cookie of the site's stock sessions.
pub(crate) const STOCK_COOKIE: &str = "actix_sessionid";

/// What actix-session knows of a session: a JSON text under each key.
type SessionState = HashMap<String, String>;

/// A storage as an `actix_session::storage::SessionStore`.
///
/// Keys are Django's, payloads too, and a row's expiry is the time to live that actix-session gives,
/// so that Django and `manage` read what is stored here. An update changes the keys that differ and
/// leaves the others as they are; of a session that is gone it is an error, and it stays gone.
///
/// ```
/// use sessionid::clock::Clock;
/// use sessionid::sessions::Storage;
/// use sessionid::sessions::actix::stock::{StockStore, StockMiddleware, cookie_key};
///
/// fn sessions(storage: Storage) -> StockMiddleware<StockStore> {
///     StockMiddleware::builder(StockStore::new(storage, Clock::default()), cookie_key("SECRET_KEY"))
///         .cookie_name("actix_sessionid".to_owned())
///         .build()
/// }
/// ```
#[derive(Clone, Debug)]
pub struct StockStore {
    storage: Storage,
    clock: Clock,
}

impl StockStore {
    /// Sessions kept in `storage`.
    #[must_use]
    pub fn new(storage: Storage, clock: Clock) -> Self {
        Self { storage, clock }
    }

    /// A session whose age is the time to live.
    fn session(&self, key: Option<SessionKey>, ttl: Duration) -> SessionStore {
        let policy = SessionPolicy { cookie_age: ttl.whole_seconds(), ..SessionPolicy::default() };
        SessionStore::new(key, self.storage.clone(), Arc::new(policy), self.clock.clone())
    }

    /// The live session under a key, if there is one.
    async fn find(&self, key: &StockKey, ttl: Duration) -> Result<Option<SessionStore>, SessionError> {
        let Ok(key) = SessionKey::try_from(key.as_ref()) else { return Ok(None) };
        let mut session = self.session(Some(key), ttl);
        session.load().await?;
        session.entries()?;
        Ok(session.session_key().is_some().then_some(session))
    }
}

/// The key with which the stock middleware encrypts its cookie, from a `SECRET_KEY` of any length.
///
/// ```
/// let key = sessionid::sessions::actix::stock::cookie_key("short");
/// assert_eq!(key.master().len(), 64);
/// ```
#[must_use]
pub fn cookie_key(secret_key: &str) -> Key {
    Key::from(&salted_hmac_sha512(KEY_SALT, b"cookie", secret_key))
}

/// The session's key in a cookie that the stock middleware has encrypted; `None` where it has not.
#[cfg(feature = "site")]
pub(crate) fn sealed_key(cookie: Cookie<'static>, key: &Key) -> Option<String> {
    let name = cookie.name().to_owned();
    let mut jar = CookieJar::new();
    jar.add_original(cookie);
    Some(jar.private(key).get(&name)?.value().to_owned())
}

/// The stock middleware as the site mounts it: cookie `actix_sessionid`, `Secure` where
/// `SESSION_COOKIE_SECURE` is, and `SESSION_COOKIE_AGE` as its one time to live.
///
/// ```
/// # use sessionid::sessions::SessionPolicy;
/// use actix_web::{App, web};
/// use sessionid::sessions::actix::stock::{StockStore, StockSession, stock_middleware};
///
/// async fn view(session: StockSession) -> String {
///     format!("{:?}", session.status())
/// }
/// # fn site(store: StockStore) {
/// let sessions = stock_middleware(store, "SECRET_KEY", &SessionPolicy::default());
/// let app = App::new().service(web::resource("/").wrap(sessions).to(view));
/// # drop(app); }
/// ```
#[must_use]
pub fn stock_middleware(
    store: StockStore,
    secret_key: &str,
    policy: &SessionPolicy,
) -> StockMiddleware<StockStore> {
    let lifecycle = PersistentSession::default().session_ttl(Duration::seconds(policy.cookie_age));
    StockMiddleware::builder(store, cookie_key(secret_key))
        .cookie_name(STOCK_COOKIE.to_owned())
        .cookie_secure(policy.cookie_secure)
        .session_lifecycle(lifecycle)
        .build()
}

impl StockStorage for StockStore {
    async fn load(&self, key: &StockKey) -> Result<Option<SessionState>, LoadError> {
        let session = self.find(key, Duration::ZERO).await.map_err(|error| LoadError::Other(error.into()))?;
        let state = |mut session: SessionStore| {
            let data = session.entries()?;
            Ok(data.iter().map(|(key, value)| (key, value.as_str().to_owned())).collect())
        };
        session.map(state).transpose().map_err(|error: SessionError| LoadError::Other(error.into()))
    }

    async fn save(&self, state: SessionState, ttl: &Duration) -> Result<StockKey, SaveError> {
        let mut session = self.session(None, *ttl);
        set(&mut session, state).map_err(SaveError::Serialization)?;
        session.set_modified(true);
        let saved = session.commit().await.map_err(|error| SaveError::Other(error.into()))?;
        stock_key(&saved.0).map_err(SaveError::Other)
    }

    async fn update(
        &self,
        key: StockKey,
        state: SessionState,
        ttl: &Duration,
    ) -> Result<StockKey, UpdateError> {
        let other = |error: SessionError| UpdateError::Other(error.into());
        let session = self.find(&key, *ttl).await.map_err(other)?;
        let mut session = session.ok_or(SessionError::Interrupted).map_err(other)?;
        set(&mut session, state).map_err(UpdateError::Serialization)?;
        let saved = session.commit().await.map_err(other)?;
        stock_key(&saved.0).map_err(UpdateError::Other)
    }

    async fn update_ttl(&self, key: &StockKey, ttl: &Duration) -> Result<(), anyhow::Error> {
        match self.find(key, *ttl).await? {
            Some(mut session) => Ok(session.save().await?),
            None => Ok(()),
        }
    }

    async fn delete(&self, key: &StockKey) -> Result<(), anyhow::Error> {
        if let Ok(key) = SessionKey::try_from(key.as_ref()) {
            self.storage.delete(&key).await?;
        }
        Ok(())
    }
}

/// Makes the session hold `state`, touching only what differs.
fn set(session: &mut SessionStore, state: SessionState) -> Result<(), anyhow::Error> {
    let data = session.entries()?.clone();
    let before: HashMap<String, &RawJson> = data.iter().collect();
    let gone = data.iter().map(|(key, _)| key).filter(|key| !state.contains_key(key));
    session.base_mut().remove_all(gone.collect())?;
    // A map has no order, and a row should not look different each time.
    let mut state: Vec<_> = state.into_iter().collect();
    state.sort();
    for (key, text) in state {
        if before.get(&key).is_none_or(|value| value.as_str() != text) {
            session.insert(&key, &RawJson::new(&serde_json::from_str::<RawJson>(&text)?)?)?;
        }
    }
    Ok(())
}

fn stock_key(key: &SessionKey) -> Result<StockKey, anyhow::Error> {
    Ok(key.as_str().to_owned().try_into()?)
}
