//! Sessions in their own cookies: `django.contrib.sessions.backends.signed_cookies`.
//!
//! Nothing is kept on the server. The key is the payload: what a browser sends is what it was given, as long as its signature
//! is good and not older than `SESSION_COOKIE_AGE`. So nobody can end a session but its browser: a cookie that was copied
//! is good for that long, whatever became of the session since. And nothing can be compared: of two answers
//! the one that the browser takes last counts, with all that it says.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{
    BackendFuture, Entry, Found, Inserted, Moment, Payload, Renamed, Replaced, SessionBackend,
    SessionRecords, Stored,
};
use crate::sessions::heavy::LARGEST_LIGHT;
use crate::sessions::key::SessionKey;
use crate::sessions::serializers::{PayloadCodec as _, SessionCodec, SessionData};

/// The `signed_cookies` engine.
///
/// ```
/// use sessionid::sessions::backends::SignedCookiesBackend;
/// use sessionid::sessions::{SessionCodec, Storage};
///
/// let codec = SessionCodec::for_cookies("SECRET_KEY", &[]);
/// let storage = Storage::new(SignedCookiesBackend::new(codec.clone()), codec);
/// ```
#[derive(Clone, Debug)]
pub struct SignedCookiesBackend {
    codec: SessionCodec,
}

impl SignedCookiesBackend {
    /// Sessions in cookies that `codec` signs: [`SessionCodec::for_cookies`].
    #[must_use]
    pub fn new(codec: SessionCodec) -> Self {
        Self { codec }
    }

    /// When a session ends that the cookie tells; `None` for what is none of ours, or cannot be read.
    ///
    /// Django "doesn't handle non-default expiry dates, see #19201": what `set_expiry` says ends the cookie, and no more.
    fn end(&self, cookie: &str, moment: &Moment) -> Option<DateTime<Utc>> {
        let signed = self.codec.unsign(cookie).ok()?;
        // What is too large to be read here is ours all the same.
        let data = self.codec.decode_within(&Payload::from(cookie.as_bytes()), LARGEST_LIGHT);
        data.unwrap_or(Ok(SessionData::default())).ok()?;
        let signed = DateTime::from_timestamp(signed.timestamp, 0)?;
        signed.checked_add_signed(chrono::TimeDelta::try_seconds(moment.policy.cookie_age)?)
    }
}

impl SessionBackend for SignedCookiesBackend {
    fn is_stateless(&self) -> bool {
        true
    }

    fn holds(&self, _: &SessionKey) -> bool {
        true
    }

    fn load<'a>(&'a self, key: &'a SessionKey, moment: &'a Moment) -> BackendFuture<'a, Found> {
        let payload = || Payload::from(key.as_str().as_bytes());
        let found = match self.end(key.as_str(), moment).filter(|end| *end >= moment.now) {
            Some(end) => Found::Session(Stored { payload: payload(), expire_date: Some(end) }),
            None => Found::Ended,
        };
        Box::pin(async { Ok(found) })
    }

    fn exists<'a>(&'a self, _: &'a SessionKey) -> BackendFuture<'a, bool> {
        Box::pin(async { Ok(false) })
    }

    /// Its client stores it.
    fn insert<'a>(&'a self, _: &'a SessionKey, _: Entry) -> BackendFuture<'a, Inserted> {
        Box::pin(async { Ok(Inserted::Stored) })
    }

    /// Its client replaces it, whatever it has by then.
    fn replace<'a>(
        &'a self,
        _: &'a SessionKey,
        _: Option<&'a Payload>,
        _: Entry,
    ) -> BackendFuture<'a, Replaced> {
        Box::pin(async { Ok(Replaced::Stored) })
    }

    /// Its client replaces it, and whoever has a copy of the old one keeps that.
    fn rename<'a>(
        &'a self,
        _: &'a SessionKey,
        _: Option<&'a Payload>,
        _: &'a SessionKey,
        _: Entry,
    ) -> BackendFuture<'a, Renamed> {
        Box::pin(async { Ok(Renamed::Stored) })
    }

    fn delete<'a>(&'a self, _: &'a SessionKey) -> BackendFuture<'a, bool> {
        Box::pin(async { Ok(false) })
    }

    fn clear_expired<'a>(
        &'a self,
        _: DateTime<Utc>,
        _: &'a (dyn Fn(usize) + Sync),
    ) -> BackendFuture<'a, usize> {
        Box::pin(async { Ok(0) })
    }

    fn records(&self) -> Option<&dyn SessionRecords> {
        None
    }

    /// Nothing is waited for.
    fn timeout(&self) -> Duration {
        Duration::from_secs(1)
    }
}
