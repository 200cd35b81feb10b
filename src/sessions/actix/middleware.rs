//! Gives every request its session, and saves it with the response:
//! `django.contrib.sessions.middleware`.

use std::future::{Ready, ready};
use std::rc::Rc;
use std::sync::Arc;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderMap, HeaderValue};
use actix_web::{Error, HttpMessage as _, HttpResponse};
use futures_util::future::LocalBoxFuture;

use super::cookie::{self, MaxAge};
use super::error::Cause;
use super::extension::SessionExt as _;
use super::outcome::{CookieAction, Decision, Outcome};
use super::session::Session;
use crate::clock::Clock;
use crate::sessions::error::SessionError;
use crate::sessions::key::SessionKey;
use crate::sessions::policy::{SessionPolicy, SharedPolicy};
use crate::sessions::storage::Storage;
use crate::sessions::store::SessionStore;

/// Wraps the scope whose handlers use sessions.
///
/// Within another one of the same cookie name it does nothing: one cookie is one session, which the outer middleware saves
/// once, in its storage and by its policy. One of another cookie name is another session; handlers get the inner one's.
///
/// ```
/// use actix_web::web;
/// use sessionid::sessions::{Session, SessionError, SessionMiddleware, SessionPolicy, Storage};
///
/// async fn visits(session: Session) -> Result<String, SessionError> {
///     let counter = session.fetch_update("counter", 0_i64, |counter| counter + 1)?;
///     Ok(counter.to_string())
/// }
///
/// fn configure(config: &mut web::ServiceConfig, storage: Storage) {
///     config.service(
///         web::scope("/shop")
///             .wrap(SessionMiddleware::new(storage, SessionPolicy::default()))
///             .route("/visits", web::get().to(visits)),
///     );
/// }
/// ```
///
/// A [`SharedPolicy`] in a request's extensions, left there by a middleware around this one, takes the place of its own for
/// that request: one site can serve several parts or tenants, each with a cookie path, an age and so on of its own.
///
/// ```
/// use actix_web::HttpMessage as _;
/// use actix_web::body::MessageBody;
/// use actix_web::dev::{ServiceRequest, ServiceResponse};
/// use actix_web::middleware::Next;
/// use sessionid::sessions::{SessionPolicy, SharedPolicy};
///
/// async fn tenants<B: MessageBody>(
///     request: ServiceRequest,
///     next: Next<B>,
/// ) -> Result<ServiceResponse<B>, actix_web::Error> {
///     if request.path().starts_with("/bank/") {
///         let cookie_path = "/bank/".to_owned();
///         let policy = SessionPolicy { cookie_age: 300, cookie_path, ..SessionPolicy::default() };
///         request.extensions_mut().insert(SharedPolicy::new(policy));
///     }
///     next.call(request).await
/// }
/// ```
#[derive(Clone, Debug)]
pub struct SessionMiddleware {
    storage: Storage,
    policy: SharedPolicy,
    clock: Clock,
}

impl SessionMiddleware {
    /// Sessions kept in `storage`, with cookies and expiry by `policy`.
    ///
    /// ```
    /// # use sessionid::sessions::{SessionMiddleware, SessionPolicy, Storage, SharedPolicy};
    /// # fn sessions(storage: Storage) -> SessionMiddleware {
    /// let policy = SharedPolicy::new(SessionPolicy { cookie_secure: true, ..SessionPolicy::default() });
    /// SessionMiddleware::new(storage, policy.clone()) // `policy.update` takes effect with the next request
    /// # }
    /// ```
    pub fn new(storage: Storage, policy: impl Into<SharedPolicy>) -> Self {
        Self { storage, policy: policy.into(), clock: Clock::default() }
    }

    /// The same by another clock.
    #[must_use]
    pub fn clock(mut self, clock: impl Into<Clock>) -> Self {
        self.clock = clock.into();
        self
    }

    /// The request's own policy, if somebody has left one there.
    fn policy_of(&self, request: &ServiceRequest) -> Arc<SessionPolicy> {
        request.extensions().get::<SharedPolicy>().unwrap_or(&self.policy).get()
    }

    /// The session of a request, by its cookie; nothing is loaded.
    fn process_request(&self, request: &ServiceRequest) -> Session {
        let policy = self.policy_of(request);
        let sent = cookie::read(request.headers(), &policy.cookie_name);
        let key = sent.as_deref().and_then(|sent| SessionKey::try_from(sent).ok());
        let store = SessionStore::new(key, self.storage.clone(), policy.clone(), self.clock.clone());
        Session::new(sent, policy, store)
    }
}

/// Deletes the cookie, saves the session, or leaves both.
async fn process_response(
    session: &Session,
    status: StatusCode,
    headers: &mut HeaderMap,
) -> Result<Outcome, SessionError> {
    let policy = session.policy();
    let mut store = session.finish()?;
    if let Some(failure) = store.failure().filter(|_| !status.is_server_error()) {
        // Whoever the client is, no page may say that it is nobody.
        return Err(failure.clone());
    }
    let mut outcome = Outcome::before(session, &store, &policy);
    match outcome.decision {
        Decision::Delete => {
            settle(&mut store, status).await?;
            cookie::delete(headers, &policy)?;
            outcome.cookie = CookieAction::Delete;
        }
        Decision::Save => save(&mut store, status, headers, &policy, &mut outcome).await?,
        Decision::Leave => settle(&mut store, status).await?,
    }
    if outcome.accessed || outcome.cookie != CookieAction::None {
        cookie::vary_on_cookie(headers);
    }
    if policy.no_store && outcome.cookie != CookieAction::None && !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    outcome.key_out = store.session_key().cloned();
    Ok(outcome)
}

/// Saves the session and sets its cookie, unless the response is a 5xx.
async fn save(
    store: &mut SessionStore,
    status: StatusCode,
    headers: &mut HeaderMap,
    policy: &SessionPolicy,
    outcome: &mut Outcome,
) -> Result<(), SessionError> {
    if status.is_server_error() && store.is_untouched() {
        // No reason to load it for an error, which may be the store's own.
        return settle(store, status).await;
    }
    // Django works out the cookie's end first, and so gives an unknown key up before the save; an
    // expiry that is not valid is an error whatever the view has answered.
    store.load().await?;
    if let Err(error) = check_end(store, status) {
        settle(store, status).await?;
        return Err(error);
    }
    if status.is_server_error() {
        return settle(store, status).await;
    }
    let (key, expire_date) = store.commit().await?;
    let max_age = max_age(store)?;
    cookie::set(headers, policy, key.as_str(), max_age)?;
    outcome.saved = true;
    outcome.expire_date = Some(expire_date);
    outcome.cookie = CookieAction::Set { max_age: max_age.map(|max_age| max_age.seconds) };
    Ok(())
}

/// Carries out what does not wait for a save. A session that was deleted meanwhile stays deleted, which an answer that
/// is an error already needs not say.
async fn settle(store: &mut SessionStore, status: StatusCode) -> Result<(), SessionError> {
    match store.settle().await {
        Err(SessionError::Interrupted) if status.is_server_error() => Ok(()),
        settled => settled,
    }
}

/// Whether the session's expiry is valid: for the cookie, and for what is stored where that is to be.
fn check_end(store: &mut SessionStore, status: StatusCode) -> Result<(), SessionError> {
    max_age(store)?;
    if !status.is_server_error() {
        store.get_expiry_date()?;
    }
    Ok(())
}

/// What the cookie says of its end; `None` when it ends with the browser.
fn max_age(store: &mut SessionStore) -> Result<Option<MaxAge>, SessionError> {
    let now = store.clock().now();
    let lifetime = store.lifetime()?;
    if lifetime.at_browser_close() {
        return Ok(None);
    }
    Ok(Some(MaxAge { seconds: lifetime.age(now), expires: lifetime.cookie_expires(now)? }))
}

impl<S, B> Transform<S, ServiceRequest> for SessionMiddleware
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = SessionService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(SessionService { middleware: self.clone(), service: Rc::new(service) }))
    }
}

/// The service that [`SessionMiddleware`] makes.
#[derive(Debug)]
pub struct SessionService<S> {
    middleware: SessionMiddleware,
    service: Rc<S>,
}

impl<S, B> Service<ServiceRequest> for SessionService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Error>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let outer = request.get_session();
        if outer.is_open() && outer.cookie_name() == self.middleware.policy.get().cookie_name {
            // One cookie, one session: the middleware around this one finishes it.
            let response = self.service.call(request);
            return Box::pin(async move { response.await.map(ServiceResponse::map_into_left_body) });
        }
        let session = Request(self.middleware.process_request(&request));
        request.extensions_mut().insert(session.0.clone());
        let response = self.service.call(request);
        Box::pin(async move {
            match response.await {
                Ok(response) => {
                    let response = finish(&session.0, response).await;
                    if outer.is_open() {
                        // Of another cookie: what is around this one goes on with its own.
                        response.request().extensions_mut().insert(outer);
                    }
                    Ok(response)
                }
                Err(error) => Err(finish_error(&session.0, error).await),
            }
        })
    }
}

/// The session of a request until it is finished, or given up, when its client is gone or its handler has panicked.
struct Request(Session);

impl Drop for Request {
    fn drop(&mut self) {
        drop(self.0.finish());
    }
}

/// Finishes the session on a response, or puts an error in the response's place.
async fn finish<B: MessageBody>(
    session: &Session,
    mut response: ServiceResponse<B>,
) -> ServiceResponse<EitherBody<B>> {
    let cause = response.response_mut().extensions_mut().remove();
    Cause::log(cause, response.request());
    let status = response.status();
    match process_response(session, status, response.headers_mut()).await {
        Ok(outcome) => {
            response.request().extensions_mut().insert(outcome);
            response.map_into_left_body()
        }
        Err(error) => {
            let mut answer = HttpResponse::from_error(error);
            Cause::log(answer.extensions_mut().remove(), response.request());
            response.into_response(answer).map_into_right_body()
        }
    }
}

/// An inner middleware's `Err` is no response yet, and its cookie would be lost on the way.
async fn finish_error(session: &Session, error: Error) -> Error {
    let mut response = error.error_response();
    let status = response.status();
    match process_response(session, status, response.headers_mut()).await {
        Ok(_) => InternalError::from_response(error, response).into(),
        Err(error) => error.into(),
    }
}
