//! The one error of the session layer.

use std::error::Error as StdError;
use std::sync::Arc;

use super::expiry::ExpiryError;
use super::serializers::UnreadablePayload;

/// What a cause may be.
type Cause = dyn StdError + Send + Sync;

/// Why a session could not be read, changed or saved.
///
/// As a response it is a status and nothing else; the cause goes to the log.
///
/// ```
/// use actix_web::ResponseError as _;
/// use sessionid::sessions::SessionError;
///
/// assert_eq!(SessionError::Interrupted.status_code(), 400);
/// assert_eq!(SessionError::unavailable("the disk is full").status_code(), 503);
/// assert_eq!(SessionError::NotLoaded.status_code(), 500);
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The row was deleted before the request completed: 400, as Django's `SessionInterrupted`.
    #[error(
        "the request's session was deleted before the request completed; the user may have logged out in a concurrent request, for example"
    )]
    Interrupted,
    /// The store is down, full, read-only, or locked past its time-out: 503. The client keeps its
    /// cookie, since nothing is known of its session.
    #[error("the session store did not answer")]
    Unavailable(#[source] Arc<Cause>),
    /// The payload has a good signature and cannot be read: 500. The row is left as it is.
    #[error(
        "the session's payload cannot be read and is left as it is; was it written with another SESSION_SERIALIZER?"
    )]
    Unreadable(#[from] UnreadablePayload),
    /// A value is not of the type that was asked for: 500.
    #[error("the value of session key {key:?} is of another type")]
    Type {
        /// The key that was asked for.
        key: String,
        /// What `serde_json` says of the value.
        source: Arc<serde_json::Error>,
    },
    /// A value cannot be written as JSON: 500.
    #[error("the value for session key {key:?} cannot be written as JSON")]
    Serialize {
        /// The key that was to be set.
        key: String,
        /// What `serde_json` says of the value.
        source: Arc<serde_json::Error>,
    },
    /// The session is larger than [`SessionPolicy::max_bytes`](super::SessionPolicy::max_bytes): 413. It stays as it was stored.
    #[error(
        "the session has {bytes} bytes of JSON, more than the {limit} that SESSION_MAX_BYTES allows; the largest keys are {}",
        list(largest)
    )]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
        /// The largest keys, each with the bytes of its value.
        largest: Vec<(String, usize)>,
    },
    /// `_session_expiry` holds no valid expiry: 500.
    #[error(transparent)]
    Expiry(#[from] ExpiryError),
    /// The row was not loaded before its data was asked for: 500. [`SessionStore::load`] does that;
    /// the extractor has done it.
    ///
    /// [`SessionStore::load`]: super::SessionStore::load
    #[error("the session was not loaded; call `load` first")]
    NotLoaded,
    /// The cookie that the policy asks for is no header: 500.
    #[error("the session cookie cannot be written; check SESSION_COOKIE_NAME, _DOMAIN and _PATH")]
    Cookie(#[source] Arc<Cause>),
    /// The session's cookie is larger than browsers keep: 500. Only where the cookie is the session (`signed_cookies`) can what a
    /// session holds be the reason.
    #[error(
        "the session cookie has {bytes} bytes, and browsers keep {limit} at most; store less, or keep sessions elsewhere than in signed_cookies"
    )]
    CookieTooLarge {
        /// The header's value: name, value and attributes.
        bytes: usize,
        /// What RFC 6265 asks of every browser (section 6.1).
        limit: usize,
    },
    /// The function of a `try_fetch_update` refused the value that is there, when it was called or when the session was saved: 409.
    #[error("the update of session key {key:?} was refused")]
    Refused {
        /// The key that was to be updated.
        key: String,
        /// Why: the function's own error.
        source: Arc<Cause>,
    },
    /// A function given to `fetch_update` panicked while it was applied to what the row holds: 500.
    #[error("an update of the session panicked")]
    Panicked,
    /// The request is over, and its session with it: what was to be read, changed or ended after the response was made, or
    /// after the client was gone, was not: 500.
    #[error("the request of this session is over")]
    Finished,
    /// The session is at work: what is called by one of its methods, such as a `Deserialize`, has called another: 500.
    #[error("a method of the session was called from within another")]
    InUse,
    /// A handler asks for a session where there is none: 500.
    #[error("no session on this route; wrap its scope in `SessionMiddleware`")]
    NoMiddleware,
}

fn list(largest: &[(String, usize)]) -> String {
    let keys: Vec<_> = largest.iter().map(|(key, bytes)| format!("{key:?} ({bytes} bytes)")).collect();
    keys.join(", ")
}

impl SessionError {
    /// Wraps what a store reports when it cannot do its work.
    ///
    /// ```
    /// # use sessionid::sessions::SessionError;
    /// // In a backend of your own.
    /// fn read(path: &std::path::Path) -> Result<Vec<u8>, SessionError> {
    ///     std::fs::read(path).map_err(SessionError::unavailable)
    /// }
    /// # assert!(read("/no/such/file".as_ref()).is_err());
    /// ```
    pub fn unavailable(source: impl Into<Box<Cause>>) -> Self {
        Self::Unavailable(source.into().into())
    }
}
