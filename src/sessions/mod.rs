//! Sessions: `django.contrib.sessions`.
//!
//! | Django | here |
//! |---|---|
//! | `backends.base.SessionBase` | [`SessionBase`], pure state |
//! | `backends.db.SessionStore` | [`SessionStore`] over a [`DbBackend`] |
//! | `request.session` | the [`Session`] extractor |
//! | `middleware.SessionMiddleware` | [`SessionMiddleware`] |
//! | `models.Session` | [`models::SessionRow`] |
//! | `UpdateError`, `SessionInterrupted` | [`SessionError::Interrupted`] |
//!
//! ```
//! use sessionid::sessions::{Session, SessionError};
//!
//! async fn login(session: Session) -> Result<&'static str, SessionError> {
//!     session.cycle_key()?;
//!     session.insert("user", 7)?;
//!     session.set_expiry(chrono::TimeDelta::days(30))?; // "remember me"
//!     Ok("Welcome back.")
//! }
//! ```

#[cfg(feature = "actix-session")]
pub mod actix_store;
mod backends;
mod base;
pub(crate) mod cookie;
mod error;
mod expiry;
mod json;
mod key;
mod middleware;
pub mod models;
mod outcome;
mod pending;
mod policy;
mod serializers;
mod session;
mod store;
mod write_set;

pub use self::backends::{BackendFuture, DbBackend, Engine, SessionBackend, SharedBackend, UnknownEngine};
pub use self::base::SessionBase;
pub use self::error::SessionError;
pub use self::expiry::{Expiry, ExpiryError};
pub use self::json::{JsonError, RawJson};
pub use self::key::{InvalidSessionKey, SessionKey};
pub use self::middleware::{SessionMiddleware, SessionService};
pub use self::outcome::{CookieAction, Decision, Outcome};
pub use self::pending::{Loaded, Pending, Saved};
pub use self::policy::{SessionPolicy, SharedPolicy};
pub use self::serializers::{PayloadError, SessionCodec, SessionData, UnreadablePayload};
pub use self::session::Session;
pub use self::store::SessionStore;
