//! Which requests may change something: those of the site's own pages.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HOST, HeaderMap, ORIGIN};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse};

/// Answers 403 to what another site makes a browser send: the rules of Go's `http.CrossOriginProtection`.
///
/// - GET, HEAD and OPTIONS change nothing, and pass.
/// - `Sec-Fetch-Site` of `same-origin` or `none` passes, any other does not.
/// - Without it and without `Origin` it is no browser, and passes.
/// - An `Origin` passes if its host is the `Host`.
pub(crate) async fn check<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    if request.method().is_safe() || is_own(request.headers()) {
        return next.call(request).await.map(ServiceResponse::map_into_left_body);
    }
    log::warn!(target: "django.security.csrf", "a cross-origin {} of {} was refused", request.method(), request.path());
    Ok(request.into_response(HttpResponse::Forbidden().finish()).map_into_right_body())
}

fn is_own(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    match (headers.get("sec-fetch-site"), text(ORIGIN)) {
        (Some(site), _) => site == "same-origin" || site == "none",
        (None, None) => true,
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some() && host == text(HOST)
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn only_the_sites_own_pages_pass() {
        for (site, origin, own) in [
            (Some("same-origin"), None, true),
            (Some("none"), None, true),
            (Some("same-site"), Some("http://127.0.0.1:8000"), false),
            (Some("cross-site"), None, false),
            (Some(""), None, false),
            (None, None, true),
            (None, Some("http://127.0.0.1:8000"), true),
            (None, Some("http://127.0.0.1:9000"), false),
            (None, Some("https://example.com"), false),
            (None, Some("null"), false),
            (None, Some(""), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static("127.0.0.1:8000"));
            if let Some(site) = site {
                headers.insert(HeaderName::from_static("sec-fetch-site"), HeaderValue::from_static(site));
            }
            if let Some(origin) = origin {
                headers.insert(ORIGIN, HeaderValue::from_static(origin));
            }
            assert_eq!(is_own(&headers), own, "{site:?} {origin:?}");
        }
    }
}
