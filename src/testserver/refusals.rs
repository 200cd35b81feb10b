//! Below the clock everything that is refused says so in JSON, with what is allowed instead.

use std::future::ready;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CONTENT_TYPE};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, Resource, web};
use serde_json::json;

/// For what no URL is.
const URLS: &str = "allowed are GET, POST and DELETE of the clock itself, GET and DELETE of /sessions and \
                    /sessions/KEY below it, PUT of /sessions/KEY and POST of /clearsessions";

/// The methods of a resource, for whoever tries another.
pub(super) fn only(resource: Resource, allowed: &'static str) -> Resource {
    let refusal = move || ready(HttpResponse::MethodNotAllowed().insert_header((ALLOW, allowed)).finish());
    resource.default_service(web::to(refusal))
}

/// Gives every error the body `{"error": …}`, where it has none in JSON yet.
pub(super) async fn in_json<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let response = next.call(request).await?;
    let is_json = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    if response.status().as_u16() < 400 || is_json {
        return Ok(response.map_into_left_body());
    }
    let message = message(&response);
    let (request, response) = response.into_parts();
    let mut refusal = HttpResponse::build(response.status());
    for (name, value) in response.headers().iter().filter(|(name, _)| **name != CONTENT_TYPE) {
        refusal.insert_header((name, value));
    }
    let refusal = refusal.json(json!({ "error": message }));
    Ok(ServiceResponse::new(request, refusal).map_into_right_body())
}

fn message<B>(response: &ServiceResponse<B>) -> String {
    let allowed = response.headers().get(ALLOW).and_then(|methods| methods.to_str().ok());
    match (response.status(), response.response().error()) {
        (StatusCode::METHOD_NOT_ALLOWED, _) => format!("allowed are {}", allowed.unwrap_or("other methods")),
        (StatusCode::NOT_FOUND, _) => format!("there is nothing at this address; {URLS}"),
        (StatusCode::FORBIDDEN, _) => {
            "this came from a page of another origin; allowed are programs, and pages of this server"
                .to_owned()
        }
        (_, Some(error)) => error.to_string(),
        (status, None) => status.canonical_reason().unwrap_or("refused").to_owned(),
    }
}
