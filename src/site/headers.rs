//! The headers that every answer carries.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    DATE, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::web::Data;

use crate::clock::Clock;

const CROSS_ORIGIN_OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// What Django's `SecurityMiddleware` and `XFrameOptionsMiddleware` add by default, where a view has not
/// said otherwise; and header names in the capitals that documents show them in.
///
/// ```
/// use actix_web::{App, middleware::from_fn, test, web};
/// use sessionid::site::default_headers;
///
/// # #[actix_web::main]
/// # async fn main() {
/// let app = App::new().wrap(from_fn(default_headers)).route("/", web::get().to(async || "Hello"));
/// let app = test::init_service(app).await;
/// let response = test::call_service(&app, test::TestRequest::get().to_request()).await;
/// assert!(response.headers().contains_key("X-Frame-Options"));
/// # }
/// ```
///
/// # Errors
///
/// Those of the service behind it.
pub async fn default_headers<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(request).await?;
    response.response_mut().head_mut().set_camel_case_headers(true);
    complete(response.headers_mut());
    Ok(response)
}

/// `Date` by the site's clock, where that is not the system's: a client that goes by it agrees with the cookies.
pub(crate) async fn date_by_the_clock<B: MessageBody + 'static>(
    clock: Data<Clock>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(request).await?;
    let date = clock.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::from_str(&date) {
        response.headers_mut().insert(DATE, date);
    }
    Ok(response)
}

/// The same for an answer on its way out as an error.
pub(super) fn complete(headers: &mut HeaderMap) {
    for (name, value) in [
        (X_FRAME_OPTIONS, "DENY"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "same-origin"),
        (CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
    ] {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}
