//! A browser's cookies without its network.

use std::fmt;

use actix_http::Request;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use actix_web::test::TestRequest;

use super::cookies::{Cookies, KeptCookie, Target};
use crate::clock::Clock;

/// The site that a test without a server is on; a request without a host is taken to be for this machine.
const ORIGIN: &str = "http://localhost";

/// The cookies of one browser on one site, for the services of [`actix_web::test::init_service`].
///
/// It keeps them as [`Client`](super::Client) does, which has one of its own.
///
/// ```
/// use actix_web::test::{TestRequest, init_service, read_body};
/// use actix_web::{App, web};
/// use sessionid::clock::Clock;
/// use sessionid::sessions::{Session, SessionError, SessionMiddleware, SessionPolicy, Storage};
/// use sessionid::testing::CookieJar;
///
/// async fn visits(session: Session) -> Result<String, SessionError> {
///     Ok(session.update_with("visits", 0, |visits| visits + 1)?.to_string())
/// }
///
/// # #[actix_web::main]
/// # async fn main() -> Result<(), actix_web::Error> {
/// let sessions = SessionMiddleware::new(Storage::in_memory(), SessionPolicy::default());
/// let app = init_service(App::new().wrap(sessions).route("/", web::get().to(visits))).await;
/// let mut browser = CookieJar::new(Clock::System);
/// for visits in ["1", "2"] {
///     let response = browser.call(&app, TestRequest::get().uri("/")).await?;
///     assert_eq!(read_body(response).await, visits);
/// }
/// # Ok(()) }
/// ```
pub struct CookieJar {
    origin: String,
    clock: Clock,
    cookies: Cookies,
}

impl CookieJar {
    /// An empty jar, whose cookies expire by `clock`.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self::on(ORIGIN.to_owned(), clock)
    }

    pub(super) fn on(origin: String, clock: Clock) -> Self {
        Self { origin, clock, cookies: Cookies::default() }
    }

    /// Sends a request with the cookies that belong to it, and keeps those of the response.
    ///
    /// # Errors
    ///
    /// The service's own: an `Err` of a middleware, which is no response.
    pub async fn call<S, B>(&mut self, app: &S, request: TestRequest) -> Result<ServiceResponse<B>, S::Error>
    where
        S: Service<Request, Response = ServiceResponse<B>>,
    {
        let mut request = request.to_request();
        let path = request.uri().path().to_owned();
        if let Some(cookies) = self.header(&path) {
            request.headers_mut().insert(COOKIE, cookies);
        }
        let response = app.call(request).await?;
        self.keep(&path, response.headers());
        Ok(response)
    }

    /// The Cookie header of a request for a path, if it has one.
    #[must_use]
    pub fn header(&self, path: &str) -> Option<HeaderValue> {
        let cookies = self.cookies.header(&self.target(path), self.clock.now())?;
        HeaderValue::from_bytes(&cookies).ok()
    }

    /// Keeps what the response to a request for a path has set, as far as a browser would.
    pub fn keep(&mut self, path: &str, headers: &HeaderMap) {
        let target = self.target(path);
        for header in headers.get_all(SET_COOKIE) {
            self.cookies.keep(header.as_bytes(), &target, self.clock.now());
        }
    }

    /// The cookie of a name that is sent now; of several, the one of the longest path.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&KeptCookie> {
        self.cookies.get(name, &self.target("/"), self.clock.now())
    }

    /// Puts a cookie into the jar by hand, or changes those of its name that are there, until the browser closes.
    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.set(name, value, &Target::new(&self.origin, "/"));
    }

    /// Deletes the cookies of a name by hand.
    pub fn delete_cookie(&mut self, name: &str) {
        self.cookies.delete(name);
    }

    /// Closes the browser: what has no expiry is forgotten.
    pub fn close(&mut self) {
        self.cookies.end_session();
    }

    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    pub(super) fn set_origin(&mut self, origin: String) {
        self.origin = origin;
    }

    fn target(&self, path: &str) -> Target {
        Target::new(&self.origin, path)
    }
}

impl fmt::Debug for CookieJar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CookieJar").field("origin", &self.origin).finish_non_exhaustive()
    }
}
