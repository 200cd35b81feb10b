//! The session of a request, as a handler takes it.

mod methods;

use std::cell::{Ref, RefCell, RefMut};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use futures_util::future::LocalBoxFuture;
use tokio::sync::Mutex;

use crate::sessions::error::SessionError;
use crate::sessions::policy::SessionPolicy;
use crate::sessions::store::SessionStore;

/// The session of a request: an extractor, under [`SessionMiddleware`].
///
/// Extracting it fetches the session, so that its methods need not be awaited. That is no access yet: the session counts
/// as `accessed` from the first method that reaches the data. Clones are one session.
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
    /// Held while the store is waited for.
    fetching: Mutex<()>,
}

impl Session {
    pub(crate) fn new(sent: Option<String>, policy: Arc<SessionPolicy>, store: SessionStore) -> Self {
        Self(Rc::new(Slot { sent, policy, store: RefCell::new(store), fetching: Mutex::const_new(()) }))
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
        let mut store = self.store_mut();
        let left = store.left_behind();
        std::mem::replace(&mut store, left)
    }

    /// Fetches the session unless that has happened.
    ///
    /// A handler's extractors are polled in turn, so several may ask at once: one fetches, and the others wait for it. A
    /// clone may be used meanwhile: the session is not borrowed while the store is waited for.
    async fn fetch(&self) -> Result<(), SessionError> {
        let _fetching = self.0.fetching.lock().await;
        let Some(fetch) = self.store().fetch() else { return Ok(()) };
        let found = fetch.await?;
        self.store_mut().set_found(found);
        Ok(())
    }

    fn store(&self) -> Ref<'_, SessionStore> {
        self.0.store.borrow()
    }

    fn store_mut(&self) -> RefMut<'_, SessionStore> {
        self.0.store.borrow_mut()
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
