//! Sessions: `django.contrib.sessions`.
//!
//! | Django | here |
//! |---|---|
//! | `request.session` | the [`Session`] extractor |
//! | `middleware.SessionMiddleware` | [`SessionMiddleware`] |
//! | `SessionStore`, out of views | [`SessionStore`] |
//! | `backends.db` | [`DbBackend`], as any engine in a [`Storage`] |
//! | `backends.cache`, `backends.cached_db` | [`CacheBackend`] with a [`PickleCodec`], [`CachedDbBackend`] |
//! | `models.Session` | [`Storage::records`] |
//! | `UpdateError`, `SessionInterrupted` | [`SessionError::Interrupted`] |
//!
//! ```
//! use sessionid::sessions::{Session, SessionError};
//!
//! async fn login(session: Session) -> Result<&'static str, SessionError> {
//!     session.cycle_key()?;
//!     session.insert("user", 7)?;
//!     session.set_expiry(sessionid::chrono::TimeDelta::days(30))?; // "remember me"
//!     Ok("Welcome back.")
//! }
//! ```

pub mod actix;
pub mod backends;
mod base;
mod clean_up;
mod error;
mod expiry;
mod heavy;
mod json;
mod key;
mod payload;
mod pickle;
mod pickle_codec;
mod policy;
mod saving;
mod serializers;
mod storage;
mod store;
mod write_set;

#[cfg(feature = "site")]
pub(crate) use self::actix::cookie;
pub use self::actix::{
    CookieAction, Decision, Outcome, Session, SessionExt, SessionMiddleware, SessionService,
};
pub use self::backends::{CacheBackend, CachedDbBackend, DbBackend, Engine, UnknownEngine};
pub use self::error::SessionError;
pub use self::expiry::{Expiry, ExpiryError};
pub use self::json::{JsonError, RawJson};
pub use self::key::{InvalidSessionKey, SessionKey};
pub use self::pickle::PickleError;
pub use self::pickle_codec::PickleCodec;
pub use self::policy::{SessionPolicy, SharedPolicy};
pub use self::serializers::{
    Entries, IntoEntries, PayloadCodec, PayloadError, SessionCodec, SessionData, Signature, UnreadablePayload,
};
pub use self::storage::Storage;
pub use self::store::SessionStore;
