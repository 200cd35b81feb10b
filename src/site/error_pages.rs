//! A page for every error: what went wrong for the client, and the cause for the log.

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, ContentType, TryIntoHeaderValue as _};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpRequest, HttpResponse};
use tera::context;

use super::templates::Templates;
use crate::error::chain;
use crate::sessions::SessionError;

/// Whether a page may tell the cause: `DEBUG`.
#[derive(Clone, Copy, Debug)]
pub struct ShowCauses(pub bool);

/// Puts the page of its status into every response of 400 and above, and its cause into the log.
///
/// Status and headers stay, so a 405 keeps its `Allow` and a 503 its `Retry-After`.
///
/// # Errors
///
/// Those of the service behind it.
pub async fn error_pages<B: MessageBody + 'static>(
    templates: Data<Templates>,
    show: Data<ShowCauses>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let response = next.call(request).await?;
    if !response.status().is_client_error() && !response.status().is_server_error() {
        return Ok(response.map_into_left_body());
    }
    let (request, response) = response.into_parts();
    let cause = response.error().map(cause);
    log_response(&request, response.status(), response.error(), cause.as_deref());
    let page = page(&templates, response.status(), cause.as_deref().filter(|_| show.0));
    let mut response = response.set_body(page);
    if let Ok(html) = ContentType::html().try_into_value() {
        response.headers_mut().insert(CONTENT_TYPE, html);
    }
    Ok(ServiceResponse::new(request, response).map_into_right_body())
}

fn cause(error: &Error) -> String {
    let response_error = error.as_response_error();
    let source = error.as_error::<SessionError>().map(|error| chain(error));
    source
        .or_else(|| error.as_error::<super::ViewError>().map(|error| chain(error)))
        .unwrap_or_else(|| response_error.to_string())
}

fn log_response(request: &HttpRequest, status: StatusCode, error: Option<&Error>, cause: Option<&str>) {
    // The session middleware has written its own errors down.
    if error.is_some_and(|error| error.as_error::<SessionError>().is_some()) {
        return;
    }
    let reason = status.canonical_reason().unwrap_or("Error");
    let level = if status.is_server_error() { log::Level::Error } else { log::Level::Warn };
    log::log!(target: "django.request", level, "{reason}: {}{}", request.path(), cause.map(|cause| format!(": {cause}")).unwrap_or_default());
}

fn page(templates: &Templates, status: StatusCode, cause: Option<&str>) -> BoxBody {
    let reason = status.canonical_reason().unwrap_or("Error");
    let context = context! { status => &status.as_u16(), reason => &reason, cause => &cause };
    let name = match status.as_u16() {
        code @ (400 | 404 | 405 | 503) => format!("errors/{code}.html"),
        _ => "errors/500.html".to_owned(),
    };
    let rendered = templates.render_with_status(status, &name, &context);
    rendered.unwrap_or_else(|_| HttpResponse::new(status)).into_body()
}
