//! The middleware that feeds the log of requests; mounted in `DEBUG` only.

use std::sync::Arc;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::HeaderMap;
use actix_web::middleware::Next;
use actix_web::web::{Data, ReqData};

use super::entrance::is_asked_by_a_room;
use super::log::{FAVICON, Record, StockVisit};
use super::rooms::Room;
use super::state::Lab;
use crate::sessions::cookie;
use crate::site::AllowedHosts;

/// Writes down every request but the lab's own and those for static files.
pub(crate) async fn record<B: MessageBody + 'static>(
    lab: Data<Lab>,
    room: ReqData<Arc<Room>>,
    hosts: Data<AllowedHosts>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let by_a_room = request.path() == FAVICON && is_asked_by_a_room(request.headers());
    if !is_recorded(request.path()) || by_a_room || !is_the_learners(&hosts, request.headers()) {
        return next.call(request).await;
    }
    let room = Arc::clone(&room);
    let (at, policy) = (lab.now(), room.policy.get());
    let sent_key = cookie::read(request.headers(), &policy.cookie_name);
    let before = room.table.row(sent_key.as_deref()).await;
    let mut record = Record::received(request.request(), at, &policy, sent_key.as_deref(), before);
    let response = next.call(request).await?;
    record.answer(&response);
    record.after = room.table.row(record.key_out.as_deref().or(sent_key.as_deref())).await;
    if is_stock(response.request().path()) {
        record.stock = stock_visit(&lab, &room, &response).await;
    }
    if !room.is_main() {
        made(&record).for_each(|key| room.keys.add(key));
    }
    room.log.push(record);
    Ok(response)
}

/// The keys that a request has made. One that was sent was made elsewhere, or is known.
fn made(record: &Record) -> impl Iterator<Item = &str> {
    let key =
        record.key_out.as_deref().filter(|key| record.saved && Some(*key) != record.sent_key.as_deref());
    let stock = record.stock.as_ref().filter(|stock| !stock.was_sent).and_then(|stock| stock.key.as_deref());
    key.into_iter().chain(stock)
}

/// Whether actix-session's own middleware answers a path.
fn is_stock(path: &str) -> bool {
    path.starts_with("/actix/")
}

async fn stock_visit<B>(lab: &Lab, room: &Room, response: &ServiceResponse<B>) -> Option<StockVisit> {
    let mut visit = StockVisit::of(response, &lab.stock_key)?;
    visit.row = room.table.row(visit.key.as_deref()).await;
    visit.value_is_a_key = room.table.row(Some(&visit.value)).await.is_some();
    Some(visit)
}

fn is_recorded(path: &str) -> bool {
    let below =
        |folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    !(path == "/" || path == "/elsewhere" || below("/lab") || below("/room") || below("/static"))
}

/// Neither a request for another host nor one that a page of another site makes by itself: these would push the
/// learner's own out of the log.
fn is_the_learners(hosts: &AllowedHosts, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let foreign = matches!(text("sec-fetch-site"), Some("cross-site" | "same-site"));
    text("host").is_some_and(|host| hosts.allow(host))
        && (!foreign || text("sec-fetch-mode") == Some("navigate"))
}
