//! The session of a request where no extractor runs.

use actix_web::HttpMessage as _;
use actix_web::HttpRequest;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::guard::GuardContext;

use super::session::Session;

/// The session of a request for middlewares, guards and extractors (actix-session's trait of the same name).
///
/// What the store holds is not there before [`Session::load`]; after the handler of a route with a `Session` it is. Outside of
/// a [`SessionMiddleware`](super::SessionMiddleware), every method of the session answers [`SessionError::NoMiddleware`].
///
/// ```
/// use actix_web::body::MessageBody;
/// use actix_web::dev::{ServiceRequest, ServiceResponse};
/// use actix_web::middleware::{Next, from_fn};
/// use actix_web::{Error, web};
/// use sessionid::sessions::{SessionExt as _, SessionMiddleware};
///
/// async fn count_pages<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
///     let session = request.get_session();
///     session.load().await?;
///     session.fetch_update("pages", 0, |pages| pages + 1)?;
///     next.call(request).await
/// }
///
/// fn shop(sessions: SessionMiddleware) -> impl actix_web::dev::HttpServiceFactory {
///     web::scope("/shop").wrap(from_fn(count_pages)).wrap(sessions) // the last one wrapped is the first one called
/// }
/// ```
///
/// [`SessionError::NoMiddleware`]: crate::sessions::SessionError::NoMiddleware
pub trait SessionExt {
    /// The request's session.
    fn get_session(&self) -> Session;
}

impl SessionExt for HttpRequest {
    fn get_session(&self) -> Session {
        Session::of(&self.extensions())
    }
}

impl SessionExt for ServiceRequest {
    fn get_session(&self) -> Session {
        Session::of(&self.extensions())
    }
}

impl<B> SessionExt for ServiceResponse<B> {
    fn get_session(&self) -> Session {
        self.request().get_session()
    }
}

impl SessionExt for GuardContext<'_> {
    fn get_session(&self) -> Session {
        Session::of(&self.req_data())
    }
}
