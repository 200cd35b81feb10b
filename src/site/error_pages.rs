//! A page for every error: what went wrong for the client, and the cause for the log.

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{CONTENT_TYPE, ContentType, HeaderMap, TryIntoHeaderValue as _};
use actix_web::http::{StatusCode, Uri};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpResponse};
use tera::context;

use super::body_timeout::is_timed_out;
use super::client_address::client_address;
use super::headers::complete;
use super::templates::Templates;
use super::views::ViewError;
use crate::error::chain;
use crate::sessions::SessionError;

/// Whether a page may tell the cause: `DEBUG`.
///
/// ```
/// use actix_web::{App, web::Data};
/// use sessionid::site::ShowCauses;
///
/// let app = App::new().app_data(Data::new(ShowCauses(cfg!(debug_assertions))));
/// # drop(app);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ShowCauses(pub bool);

/// Puts the page of its status into every response of 400 and above but for JSON, and its cause into the log.
///
/// Status and headers stay, so a 405 keeps its `Allow` and a 503 its `Retry-After`.
///
/// ```
/// use actix_web::{App, middleware::from_fn, test, web::Data};
/// use sessionid::site::{ShowCauses, Templates, error_pages};
///
/// # #[actix_web::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let app = App::new()
///     .app_data(Data::new(Templates::load("templates".as_ref())?))
///     .app_data(Data::new(ShowCauses(false)))
///     .wrap(from_fn(error_pages));
/// let app = test::init_service(app).await;
/// let response = test::call_service(&app, test::TestRequest::with_uri("/nowhere").to_request()).await;
/// assert_eq!(response.status(), 404);
/// assert!(test::read_body(response).await.starts_with(b"<!DOCTYPE html>"));
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// Those of the service behind it, each with its page.
pub async fn error_pages<B: MessageBody + 'static>(
    templates: Data<Templates>,
    show: Data<ShowCauses>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let asked = Asked { uri: request.uri().clone(), client: client_address(request.request()) };
    let mut response = match next.call(request).await {
        Ok(response) => response,
        Err(error) => return Err(error_with_page(&templates, **show, &asked, error)),
    };
    if is_timed_out(&response) {
        *response.response_mut().status_mut() = StatusCode::REQUEST_TIMEOUT;
    }
    if !response.status().is_client_error() && !response.status().is_server_error() {
        return Ok(response.map_into_left_body());
    }
    let cause = record(&asked, response.status(), response.response().error());
    if is_json(response.headers()) {
        return Ok(response.map_into_left_body());
    }
    let page = page(&templates, response.status(), cause.as_deref().filter(|_| show.0));
    let (request, mut response) = response.into_parts();
    declare_html(response.headers_mut());
    Ok(ServiceResponse::new(request, response.set_body(page)).map_into_right_body())
}

/// Whether the body is for a program, and says what it needs.
fn is_json(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "application/json")
}

/// What the log tells of a request.
struct Asked {
    uri: Uri,
    client: String,
}

/// A middleware below failed without a response, and the request went with it.
fn error_with_page(templates: &Templates, show: ShowCauses, asked: &Asked, error: Error) -> Error {
    let mut response = error.error_response();
    let cause = record(asked, response.status(), Some(&error));
    let page = page(templates, response.status(), cause.as_deref().filter(|_| show.0));
    declare_html(response.headers_mut());
    complete(response.headers_mut());
    InternalError::from_response(error, response.set_body(page)).into()
}

/// Writes an error response down, and tells its cause.
fn record(asked: &Asked, status: StatusCode, error: Option<&Error>) -> Option<String> {
    let cause = error.map(cause);
    let reason = status.canonical_reason().unwrap_or("Error");
    let level = if status.is_server_error() { log::Level::Error } else { log::Level::Warn };
    // The session middleware has written its own errors down.
    if error.and_then(Error::as_error::<SessionError>).is_none() {
        let because = cause.as_ref().map(|cause| format!(": {cause}")).unwrap_or_default();
        log::log!(target: "django.request", level, "{reason}: {} from {}{because}", asked.uri.path(), asked.client);
    }
    cause
}

fn cause(error: &Error) -> String {
    let session = error.as_error::<SessionError>().map(|error| chain(error));
    let view = || error.as_error::<ViewError>().map(|error| chain(error));
    session.or_else(view).unwrap_or_else(|| error.to_string())
}

fn declare_html(headers: &mut HeaderMap) {
    if let Ok(html) = ContentType::html().try_into_value() {
        headers.insert(CONTENT_TYPE, html);
    }
}

fn page(templates: &Templates, status: StatusCode, cause: Option<&str>) -> BoxBody {
    let reason = status.canonical_reason().unwrap_or("Error");
    let context = context! { status => &status.as_u16(), reason => &reason, cause => &cause };
    let name = match status.as_u16() {
        code @ (403 | 404 | 405 | 413 | 503) => format!("errors/{code}.html"),
        400..500 => "errors/400.html".to_owned(),
        _ => "errors/500.html".to_owned(),
    };
    let rendered = templates.render_with_status(status, &name, &context);
    rendered.unwrap_or_else(|_| HttpResponse::new(status)).into_body()
}
