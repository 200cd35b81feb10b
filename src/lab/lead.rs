//! Leads a browser that comes to another's room into its own.
//!
//! A browser is known by the id in its progress, or in `lab_run`. Who keeps no cookies is a guest wherever the room is free, and
//! otherwise led to a room as well; its forms act on the room that they are sent to, since only a browser has a room of its own to
//! be led back to.

use std::sync::Arc;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::{Data, ReqData};
use actix_web::{Error, HttpMessage as _, HttpResponse, ResponseError as _};
use serde_json::json;

use super::entrance::{EndsTheSitesSession, is_asked_by_another_site};
use super::error::LabError;
use super::learner::{Guest, Learner};
use super::redirects::see;
use super::rooms::{BrowserId, Room, RoomId};
use super::state::Lab;
use crate::sessions::cookie;

/// What an open page asks once a second; its script follows by itself.
const FEED: &str = "/lab/feed";

/// Around the pages and forms of the lab.
pub(super) async fn check<B: MessageBody + 'static>(
    lab: Data<Lab>,
    room: ReqData<Arc<Room>>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let guest = Guest::read(request.headers(), &lab.progress);
    let has_another = room.is_main() && guest.room.is_some();
    if !has_another && room.admits(guest.browser.as_ref(), lab.now()) {
        if sends_the_sites_session(&lab, &room, &request) {
            request.extensions_mut().insert(EndsTheSitesSession);
        }
        return next.call(request).await.map(ServiceResponse::map_into_left_body);
    }
    if is_asked_by_another_site(request.headers()) {
        return Ok(request.error_response(LabError::NotYours).map_into_right_body());
    }
    if request.method().is_safe() {
        let answer = led(&lab, &room, &request, &guest).unwrap_or_else(|error| error.error_response());
        return Ok(request.into_response(answer).map_into_right_body());
    }
    // A browser that was on a page of this room has its cookies, and says that it is a browser.
    if guest.browser.is_some() || request.headers().contains_key("sec-fetch-site") {
        return Ok(request.error_response(LabError::NotYours).map_into_right_body());
    }
    next.call(request).await.map(ServiceResponse::map_into_left_body)
}

/// Whether a browser with a room of its own sends the main room's session, which it has from a bare page there: that cookie
/// would come to its room whenever the room's own is gone.
fn sends_the_sites_session(lab: &Lab, room: &Room, request: &ServiceRequest) -> bool {
    if room.is_main() {
        return false;
    }
    let sent = cookie::read(request.headers(), &room.policy.get().cookie_name);
    let was_given = |key: &str| {
        let log = lab.rooms.main().log.snapshot();
        log.records.iter().any(|record| record.key_out.as_deref() == Some(key))
    };
    sent.is_some_and(|key| !room.keys.contains(&key) && was_given(&key))
}

/// From the main room to the browser's own; from any other by way of the main room, where it is known which that is.
fn led(lab: &Lab, room: &Room, request: &ServiceRequest, guest: &Guest) -> Result<HttpResponse, LabError> {
    if !room.is_main() {
        return Ok(to(request, ""));
    }
    let known = guest.room.as_deref().and_then(|id| lab.rooms.find(id));
    let known = known
        .filter(|(_, open)| open.as_ref().is_none_or(|open| open.awaits(guest.browser.as_ref(), lab.now())));
    if let Some((id, _)) = known {
        return Ok(to(request, &root(&id)));
    }
    let id = lab.rooms.make_id();
    let browser = guest.browser.clone().unwrap_or_else(BrowserId::make);
    let mut answer = to(request, &root(&id));
    // Its session of the main room stays there: that cookie would be sent to every room.
    cookie::delete(answer.headers_mut(), &room.policy.get())?;
    Learner::move_in(answer, request.headers(), &lab.progress, (&id, &browser), lab.now())
}

fn to(request: &ServiceRequest, root: &str) -> HttpResponse {
    if request.path() == FEED {
        return HttpResponse::Ok().json(json!({ "moved": root }));
    }
    let rest = request.uri().path_and_query().map_or("/lab", |rest| rest.as_str());
    see(root, rest)
}

fn root(id: &RoomId) -> String {
    format!("/room/{}", id.as_str())
}
