//! The session of a request, as a handler takes it.

mod methods;
mod updates;

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::dev::{Extensions, Payload};
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
/// A session whose store did not answer is extracted all the same, so that `Option<Session>` is not `None` and nobody is
/// taken for a new visitor: every method that reaches the data fails with what happened
/// ([`SessionError::Unavailable`]), and so does the request, with 503, whatever the handler makes of it. `Option<Session>` is
/// `None` where no middleware is.
///
/// A session lives as long as its request is being answered. Whoever keeps a clone for longer, in a task or in the body of a
/// streaming response, gets [`SessionError::Finished`] from every method: what a stream needs is read before.
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
    state: RefCell<State>,
    /// Held while the store is waited for.
    fetching: Mutex<()>,
}

enum State {
    Open(Box<SessionStore>),
    /// The request is over.
    Finished,
    /// There is no middleware.
    Absent,
}

impl Session {
    pub(crate) fn new(sent: Option<String>, policy: Arc<SessionPolicy>, store: SessionStore) -> Self {
        Self::in_state(sent, policy, State::Open(Box::new(store)))
    }

    fn in_state(sent: Option<String>, policy: Arc<SessionPolicy>, state: State) -> Self {
        Self(Rc::new(Slot { sent, policy, state: RefCell::new(state), fetching: Mutex::const_new(()) }))
    }

    /// The session of a request; where no middleware has left one, every method says so.
    pub(super) fn of(extensions: &Extensions) -> Self {
        let absent = || Self::in_state(None, Arc::default(), State::Absent);
        extensions.get().cloned().unwrap_or_else(absent)
    }

    /// Whether the client sent the session cookie, and what it said.
    pub(crate) fn sent(&self) -> Option<&str> {
        self.0.sent.as_deref()
    }

    /// The policy that this request began with.
    pub(crate) fn policy(&self) -> Arc<SessionPolicy> {
        Arc::clone(&self.0.policy)
    }

    /// Whether the request is under way.
    pub(super) fn is_open(&self) -> bool {
        self.with(|_| Ok(())).is_ok()
    }

    /// The name of its cookie.
    pub(super) fn cookie_name(&self) -> &str {
        &self.0.policy.cookie_name
    }

    /// Takes the session out for the end of the request; what a handler left running can then
    /// change nothing any more.
    pub(super) fn finish(&self) -> Result<SessionStore, SessionError> {
        let mut state = self.0.state.try_borrow_mut().map_err(|_| SessionError::InUse)?;
        match std::mem::replace(&mut *state, State::Finished) {
            State::Open(store) => Ok(*store),
            State::Finished | State::Absent => Err(SessionError::Finished),
        }
    }

    /// Fetches the session, where that has not happened: what the extractor does, and what a middleware does with the
    /// session of [`SessionExt::get_session`](super::SessionExt::get_session). It is no access yet.
    ///
    /// A handler's extractors are polled in turn, so several may ask at once: one fetches, and the others wait for it. A
    /// clone may be used meanwhile: the session is not borrowed while the store is waited for.
    ///
    /// # Errors
    ///
    /// [`SessionError::Unavailable`]; the store is not asked again in this request.
    pub async fn load(&self) -> Result<(), SessionError> {
        let _fetching = self.0.fetching.lock().await;
        let fetch = self.with(|store| store.failure().cloned().map_or_else(|| Ok(store.fetch()), Err))?;
        let Some(fetch) = fetch else { return Ok(()) };
        let found = fetch.await;
        self.with(|store| store.set_fetched(found))
    }

    fn has_failed(&self) -> bool {
        self.with(|store| Ok(store.failure().is_some())).unwrap_or(false)
    }

    /// Reaches the session. Functions of the application are not called meanwhile, and neither are its types but to be read;
    /// who comes here from within is told that the session is in use.
    fn with<T>(
        &self,
        work: impl FnOnce(&mut SessionStore) -> Result<T, SessionError>,
    ) -> Result<T, SessionError> {
        match &mut *self.0.state.try_borrow_mut().map_err(|_| SessionError::InUse)? {
            State::Open(store) => work(store),
            State::Finished => Err(SessionError::Finished),
            State::Absent => Err(SessionError::NoMiddleware),
        }
    }
}

/// The key's first characters, the keys of the data and the flags. Looking is no access.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.state.try_borrow().as_deref() {
            Ok(State::Open(store)) => store.fmt(f),
            Ok(State::Finished) => f.write_str("Session(finished)"),
            Ok(State::Absent) => f.write_str("Session(no middleware)"),
            Err(_) => f.write_str("Session(in use)"),
        }
    }
}

impl FromRequest for Session {
    type Error = SessionError;
    type Future = LocalBoxFuture<'static, Result<Self, SessionError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let session = Self::of(&request.extensions());
        Box::pin(async move {
            match session.load().await {
                // Remembered: who reaches the data is told, and the middleware answers for those who are not.
                Err(_) if session.has_failed() => Ok(session),
                loaded => loaded.map(|()| session),
            }
        })
    }
}
