//! Another site's page, and a path of ours that it may send to: `localhost` and `127.0.0.1` are the same server, and two
//! sites to a browser.

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, HOST, HeaderMap, HeaderValue};
use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use tera::context;

use super::error::LabError;
use super::rooms::Room;
use crate::sessions::cookie;
use crate::site::{AllowedHosts, Templates};

/// The names of this machine that are two sites.
const SITES: [&str; 2] = ["localhost", "127.0.0.1"];

/// The address of the same server on the other of the two sites. `None` where it is opened by a third name, or where
/// the other is none of `ALLOWED_HOSTS`.
pub(super) fn other_site(headers: &HeaderMap, hosts: &AllowedHosts) -> Option<String> {
    let host = headers.get(HOST)?.to_str().ok()?;
    let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    let other = match SITES.iter().position(|site| name.eq_ignore_ascii_case(site))? {
        0 => SITES[1],
        _ => SITES[0],
    };
    let other = port.map_or(other.to_owned(), |port| format!("{other}:{port}"));
    hosts.allow(&other).then(|| format!("http://{other}"))
}

/// `/elsewhere`: a page of another site, with a link and a form that lead here. Only its form may leave it.
pub(super) async fn elsewhere(
    templates: Data<Templates>,
    hosts: Data<AllowedHosts>,
    room: ReqData<Arc<Room>>,
    request: HttpRequest,
) -> Result<HttpResponse, LabError> {
    let target = other_site(request.headers(), &hosts).ok_or(LabError::NotFound("other site"))?;
    let policy = format!(
        "default-src 'none'; style-src 'self'; form-action {target}; base-uri 'none'; frame-ancestors 'none'"
    );
    let mut page =
        templates.render("lab/elsewhere.html", &context! { target => &target, root => &room.root })?;
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        page.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    Ok(page)
}

/// `/transfer`: what another site's page may send to. It does nothing, and says whether the session's cookie came along.
/// It stands outside the session middleware, so that no setting can make it touch a session.
pub(super) async fn transfer(
    templates: Data<Templates>,
    room: ReqData<Arc<Room>>,
    request: HttpRequest,
) -> Result<HttpResponse, LabError> {
    let sent = cookie::read(request.headers(), &room.policy.get().cookie_name).is_some();
    let is_post = request.method() == Method::POST;
    Ok(templates
        .render("lab/transfer.html", &context! { sent => &sent, is_post => &is_post, root => &room.root })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn localhost_and_its_address_are_two_sites() {
        for (host, other) in [
            ("localhost:8000", Some("http://127.0.0.1:8000")),
            ("LOCALHOST", Some("http://127.0.0.1")),
            ("127.0.0.1:8000", Some("http://localhost:8000")),
            ("shop.localhost:8000", None),
            ("[::1]:8000", None),
            ("example.com", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static(host));
            let hosts = AllowedHosts::new(Vec::new(), true);
            assert_eq!(other_site(&headers, &hosts).as_deref(), other, "{host}");
            let this_one = AllowedHosts::new(vec!["localhost".to_owned()], true);
            let allowed = other.filter(|other| other.contains("localhost"));
            assert_eq!(other_site(&headers, &this_one).as_deref(), allowed, "{host}, of one name");
        }
        assert_eq!(other_site(&HeaderMap::new(), &AllowedHosts::new(Vec::new(), true)), None);
    }
}
