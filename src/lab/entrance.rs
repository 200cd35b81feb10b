//! The way into a room: `/room/<id>` is taken from a request's path, as a server takes Django's `SCRIPT_NAME`, and the same
//! views answer what is left.

use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Uri;
use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue, REFERER, SET_COOKIE};
use actix_web::http::uri::PathAndQuery;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _};

use super::error::LabError;
use super::loopback::is_loopback;
use super::rooms::Room;
use super::state::Lab;
use crate::sessions::cookie;

/// What a path of a room begins with.
const ROOMS: &str = "/room/";

/// Leaves in each request the room that it is for. What names no room keeps its path, and so does what comes from another
/// machine: both meet [`no_such_room`], behind the checks of all pages.
pub(crate) async fn enter<B: MessageBody + 'static>(
    lab: Data<Lab>,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let Some((room, uri)) = room_below(&lab, &request) else {
        request.extensions_mut().insert(Arc::clone(lab.rooms.main()));
        return next.call(request).await;
    };
    request.match_info_mut().get_mut().update(&uri);
    request.head_mut().uri = uri;
    let policy = room.policy.clone();
    first_of_name(request.headers_mut(), &policy.get().cookie_name);
    request.extensions_mut().insert(policy);
    request.extensions_mut().insert(room);
    next.call(request).await
}

/// The room that a request's path begins with, and the address without it.
fn room_below(lab: &Lab, request: &ServiceRequest) -> Option<(Arc<Room>, Uri)> {
    let below = request.path().strip_prefix(ROOMS)?;
    if !is_loopback(request.request().peer_addr()) || is_asked_by_another_site(request.headers()) {
        return None;
    }
    let (id, _) = below.split_once('/').unwrap_or((below, ""));
    let room = lab.rooms.enter(id, lab.now())?;
    let uri = without(request.uri(), room.root.len())?;
    Some((room, uri))
}

/// An address without the first bytes of its path.
fn without(uri: &Uri, length: usize) -> Option<Uri> {
    let rest = uri.path_and_query()?.as_str().get(length..)?;
    let rest = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(rest).ok()?);
    Uri::from_parts(parts).ok()
}

/// Leaves the first session cookie where there are several. Browsers send that of the longest path first, the room's; the
/// others are those of the site around it, and Django's rule takes the last.
fn first_of_name(headers: &mut HeaderMap, name: &str) {
    let sent: Vec<_> = headers.get_all(COOKIE).map(|header| header.as_bytes().to_vec()).collect();
    let mut found = false;
    let mut is_kept = |pair: &[u8]| {
        let is_session = pair
            .trim_ascii_start()
            .strip_prefix(name.as_bytes())
            .is_some_and(|rest| rest.trim_ascii_start().starts_with(b"="));
        !is_session || !std::mem::replace(&mut found, true)
    };
    let mut kept = Vec::new();
    for header in &sent {
        let pairs: Vec<_> = header.split(|byte| *byte == b';').filter(|pair| is_kept(pair)).collect();
        let text = pairs.join(&b';');
        kept.extend(HeaderValue::from_bytes(text.trim_ascii_start()).ok().filter(|text| !text.is_empty()));
    }
    headers.remove(COOKIE);
    for header in kept {
        headers.append(COOKIE, header);
    }
}

/// The browser is to forget the session that it has outside of its room.
#[derive(Debug)]
pub(super) struct EndsTheSitesSession;

/// Moves cookies for the whole site below the room, as a server before an application does: actix-session's middleware knows
/// of no room.
pub(crate) async fn cookies_of_the_room<B: MessageBody + 'static>(
    lab: Data<Lab>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(request).await?;
    let room = response.request().extensions().get::<Arc<Room>>().cloned();
    if let Some(room) = room.filter(|room| !room.is_main()) {
        move_cookies(response.headers_mut(), &room.root);
        let ends = response.request().extensions().get::<EndsTheSitesSession>().is_some();
        if ends {
            cookie::delete(response.headers_mut(), &lab.rooms.main().policy.get())?;
        }
    }
    Ok(response)
}

fn move_cookies(headers: &mut HeaderMap, root: &str) {
    let cookies: Vec<_> = headers.remove(SET_COOKIE).collect();
    for cookie in cookies {
        let moved = cookie.to_str().ok().and_then(|text| {
            let attributes = text.split("; ").map(|attribute| match attribute {
                "Path=/" => format!("Path={root}"),
                other => other.to_owned(),
            });
            HeaderValue::from_str(&attributes.collect::<Vec<_>>().join("; ")).ok()
        });
        headers.append(SET_COOKIE, moved.unwrap_or(cookie));
    }
}

/// Whether a page of another site has asked for this, such as by an image or in a frame: it must open no room, since each
/// may close another one. Who follows a link is welcome (Fetch Metadata, sections 2.1 to 2.3).
pub(super) fn is_asked_by_another_site(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_page = text("sec-fetch-mode") == Some("navigate") && text("sec-fetch-dest") == Some("document");
    matches!(text("sec-fetch-site"), Some("cross-site" | "same-site")) && !is_page
}

/// Whether a page of a room made a browser ask for this. It asks for `/favicon.ico` by itself, outside of every room.
pub(super) fn is_asked_by_a_room(headers: &HeaderMap) -> bool {
    let referer = headers.get(REFERER).and_then(|referer| referer.to_str().ok()?.parse::<Uri>().ok());
    referer.is_some_and(|referer| referer.path().starts_with(ROOMS))
}

/// What is below `/room` and names none.
pub(super) async fn no_such_room() -> Result<&'static str, LabError> {
    Err(LabError::NoSuchRoom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_goes_from_the_path_and_the_rest_stays() {
        for (address, rest) in [
            ("/room/abc/lab?a=/room/abc#x", "/lab?a=/room/abc"),
            ("/room/abc", "/"),
            ("/room/abc/", "/"),
            ("/room/abc?a=1", "/?a=1"),
            ("/room/abc//lab", "//lab"),
            ("/room/abc/%2e%2e/lab", "/%2e%2e/lab"),
            ("http://localhost/room/abc/lab", "http://localhost/lab"),
        ] {
            let uri = address.parse::<Uri>().expect("an address");
            assert_eq!(without(&uri, "/room/abc".len()).expect("an address").to_string(), rest);
        }
    }

    #[test]
    fn of_several_session_cookies_the_rooms_own_is_left() {
        for (sent, left) in [
            (&["sessionid=room; lab_id=x; sessionid=site"][..], &["sessionid=room; lab_id=x"][..]),
            (&["a=1; sessionid = room", "sessionid=site; b=2"], &["a=1; sessionid = room", "b=2"]),
            (&["sessionid=room", "sessionid=site"], &["sessionid=room"]),
            (&["sessionid2=a; sessionid=b"], &["sessionid2=a; sessionid=b"]),
            (&[], &[]),
        ] {
            let mut headers = HeaderMap::new();
            for header in sent {
                headers.append(COOKIE, HeaderValue::from_static(header));
            }
            first_of_name(&mut headers, "sessionid");
            assert_eq!(headers.get_all(COOKIE).collect::<Vec<_>>(), left, "{sent:?}");
        }
    }

    #[test]
    fn cookies_for_the_whole_site_are_moved_below_the_room() {
        let mut headers = HeaderMap::new();
        for cookie in ["a=Path=/; Path=/; HttpOnly", "b=1; Path=/room/x/lab", "c=1"] {
            headers.append(SET_COOKIE, HeaderValue::from_static(cookie));
        }
        move_cookies(&mut headers, "/room/x");
        let moved: Vec<_> = headers.get_all(SET_COOKIE).collect();
        assert_eq!(moved, ["a=Path=/; Path=/room/x; HttpOnly", "b=1; Path=/room/x/lab", "c=1"]);
    }

    #[test]
    fn an_icon_is_asked_for_by_the_page_that_its_referer_names() {
        for (referer, expected) in [
            ("http://localhost:8000/room/x/hello/world", true),
            ("http://localhost:8000/hello/world?/room/", false),
            ("?", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(REFERER, HeaderValue::from_static(referer));
            assert_eq!(is_asked_by_a_room(&headers), expected, "{referer}");
        }
    }
}
