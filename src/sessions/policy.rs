//! The cookie and expiry settings of the session layer, and the handle through which they are read.

use std::sync::{Arc, PoisonError, RwLock};

/// Django's `SESSION_…` settings, with Django's defaults.
///
/// ```
/// use sessionid::sessions::SessionPolicy;
///
/// let policy = SessionPolicy { cookie_age: 30, ..SessionPolicy::default() };
/// assert_eq!(policy.cookie_name, "sessionid");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionPolicy {
    /// `SESSION_COOKIE_NAME`.
    pub cookie_name: String,
    /// `SESSION_COOKIE_AGE`, in seconds.
    pub cookie_age: i64,
    /// `SESSION_COOKIE_DOMAIN`; `None` leaves the cookie to the host that set it.
    pub cookie_domain: Option<String>,
    /// `SESSION_COOKIE_PATH`.
    pub cookie_path: String,
    /// `SESSION_COOKIE_SECURE`.
    pub cookie_secure: bool,
    /// `SESSION_COOKIE_HTTPONLY`.
    pub cookie_httponly: bool,
    /// `SESSION_COOKIE_SAMESITE`, as it is to be printed; `None` (Django's `False`) omits it.
    pub cookie_samesite: Option<String>,
    /// `SESSION_SAVE_EVERY_REQUEST`.
    pub save_every_request: bool,
    /// `SESSION_EXPIRE_AT_BROWSER_CLOSE`.
    pub expire_at_browser_close: bool,
    /// `SESSION_MAX_BYTES`: how many bytes of JSON a session may have to be saved, at most
    /// [`INFLATED_LIMIT`](crate::signing::INFLATED_LIMIT), so that what is saved can be read.
    pub max_bytes: usize,
    /// `SESSION_NO_STORE`: whether a response that sets or deletes the cookie says `Cache-Control: no-store`, where it says
    /// nothing else of caches.
    pub no_store: bool,
}

impl Default for SessionPolicy {
    /// `django/conf/global_settings.py`; 1 MiB for what Django has no limit for.
    fn default() -> Self {
        Self {
            cookie_name: "sessionid".to_owned(),
            cookie_age: 60 * 60 * 24 * 7 * 2,
            cookie_domain: None,
            cookie_path: "/".to_owned(),
            cookie_secure: false,
            cookie_httponly: true,
            cookie_samesite: Some("Lax".to_owned()),
            save_every_request: false,
            expire_at_browser_close: false,
            max_bytes: 1 << 20,
            no_store: false,
        }
    }
}

/// One policy shared by everything that reads it; a change takes effect with the next request.
///
/// ```
/// use sessionid::sessions::{SessionPolicy, SharedPolicy};
///
/// let shared = SharedPolicy::new(SessionPolicy::default());
/// let other_handle = shared.clone();
/// shared.update(|policy| policy.cookie_age = 5);
/// assert_eq!(other_handle.get().cookie_age, 5);
/// ```
#[derive(Clone, Debug, Default)]
pub struct SharedPolicy(Arc<RwLock<Arc<SessionPolicy>>>);

impl SharedPolicy {
    /// A handle on `policy`.
    ///
    /// ```
    /// use sessionid::sessions::{SessionPolicy, SharedPolicy};
    ///
    /// let policy = SharedPolicy::new(SessionPolicy { cookie_secure: true, ..SessionPolicy::default() });
    /// assert!(policy.get().cookie_secure);
    /// ```
    #[must_use]
    pub fn new(policy: SessionPolicy) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(policy))))
    }

    /// The policy as it stands now; a request reads it once.
    ///
    /// ```
    /// # use sessionid::sessions::SharedPolicy;
    /// let policy = SharedPolicy::default();
    /// let as_it_was = policy.get();
    /// policy.update(|policy| policy.cookie_age = 5);
    /// assert_eq!((as_it_was.cookie_age, policy.get().cookie_age), (1_209_600, 5));
    /// ```
    #[must_use]
    pub fn get(&self) -> Arc<SessionPolicy> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the policy for every holder of the handle.
    ///
    /// ```
    /// # use sessionid::sessions::SharedPolicy;
    /// let policy = SharedPolicy::default();
    /// policy.update(|policy| policy.save_every_request = true);
    /// assert!(policy.get().save_every_request);
    /// ```
    pub fn update(&self, change: impl FnOnce(&mut SessionPolicy)) {
        let mut policy = self.0.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut policy));
    }
}

impl From<SessionPolicy> for SharedPolicy {
    fn from(policy: SessionPolicy) -> Self {
        Self::new(policy)
    }
}
