//! The session of a request, as a handler takes it.

mod methods;

use std::cell::{Ref, RefCell, RefMut};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use chrono::{DateTime, Utc};
use futures_util::future::LocalBoxFuture;

use super::error::SessionError;
use super::policy::SessionPolicy;
use super::store::SessionStore;

/// The session of a request: an extractor, under [`SessionMiddleware`].
///
/// Extracting it fetches the row, so that its methods need not wait, and looks at nothing: the
/// session counts as `accessed` from the first method that reaches the data. Clones are one session.
///
/// Every method that reaches the data fails with [`SessionError::Unreadable`] when the row has a good
/// signature over something that cannot be read; with `?` that is a 500, and the row stays.
///
/// ```
/// use sessionid::sessions::{Session, SessionError};
///
/// async fn visits(session: Session) -> Result<String, SessionError> {
///     let counter: i64 = session.fetch_update("counter", 0, |counter| counter + 1)?;
///     Ok(format!("You have been here {counter} times before."))
/// }
/// ```
///
/// [`SessionMiddleware`]: super::SessionMiddleware
#[derive(Clone)]
pub struct Session(Rc<Slot>);

struct Slot {
    /// The cookie's value, were it a key or not.
    sent: Option<String>,
    policy: Arc<SessionPolicy>,
    store: RefCell<SessionStore>,
}

impl Session {
    pub(crate) fn new(sent: Option<String>, policy: Arc<SessionPolicy>, store: SessionStore) -> Self {
        Self(Rc::new(Slot { sent, policy, store: RefCell::new(store) }))
    }

    /// Whether the client sent the session cookie, and what it said.
    pub(crate) fn sent(&self) -> Option<&str> {
        self.0.sent.as_deref()
    }

    /// The policy that this request began with.
    pub(crate) fn policy(&self) -> Arc<SessionPolicy> {
        Arc::clone(&self.0.policy)
    }

    /// Takes the session out for the end of the request; what a handler left running can then
    /// change nothing any more.
    pub(crate) fn take(&self) -> SessionStore {
        let store = self.store();
        let (backend, clock) = (store.backend(), store.clock().clone());
        drop(store);
        let left = SessionStore::new(None, backend, self.policy(), clock);
        self.0.store.replace(left)
    }

    /// Fetches the row unless that has happened.
    async fn fetch(&self) -> Result<(), SessionError> {
        let Some(key) = self.store().key_to_load().cloned() else { return Ok(()) };
        let (backend, now) = (self.store().backend(), self.now());
        let found = backend.load(key, now).await?;
        self.store_mut().set_found(found);
        Ok(())
    }

    fn store(&self) -> Ref<'_, SessionStore> {
        self.0.store.borrow()
    }

    fn store_mut(&self) -> RefMut<'_, SessionStore> {
        self.0.store.borrow_mut()
    }

    fn now(&self) -> DateTime<Utc> {
        self.store().clock().now()
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.store().fmt(f)
    }
}

impl FromRequest for Session {
    type Error = SessionError;
    type Future = LocalBoxFuture<'static, Result<Self, SessionError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let session = request.extensions().get::<Self>().cloned();
        Box::pin(async move {
            let session = session.ok_or(SessionError::NoMiddleware)?;
            session.fetch().await?;
            Ok(session)
        })
    }
}
