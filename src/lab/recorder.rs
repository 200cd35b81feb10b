//! The middleware that feeds the log of requests; mounted in `DEBUG` only.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::HeaderMap;
use actix_web::middleware::Next;
use actix_web::web::Data;

use super::log::{Record, StockVisit};
use super::state::Lab;
use crate::sessions::cookie;
use crate::site::AllowedHosts;

/// Writes down every request but the lab's own and those for static files.
pub(crate) async fn record<B: MessageBody + 'static>(
    lab: Data<Lab>,
    hosts: Data<AllowedHosts>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if !is_recorded(request.path()) || !is_the_learners(&hosts, request.headers()) {
        return next.call(request).await;
    }
    let (at, policy) = (lab.now(), lab.policy.get());
    let sent_key = cookie::read(request.headers(), &policy.cookie_name);
    let before = lab.table.row(sent_key.as_deref()).await;
    let mut record = Record::received(request.request(), at, &policy, sent_key.as_deref(), before);
    let response = next.call(request).await?;
    record.answer(&response);
    record.after = lab.table.row(record.key_out.as_deref().or(sent_key.as_deref())).await;
    if is_stock(response.request().path()) {
        record.stock = stock_visit(&lab, &response).await;
    }
    lab.log.push(record);
    Ok(response)
}

/// Whether actix-session's own middleware answers a path.
fn is_stock(path: &str) -> bool {
    path.starts_with("/actix/")
}

async fn stock_visit<B>(lab: &Lab, response: &ServiceResponse<B>) -> Option<StockVisit> {
    let mut visit = StockVisit::of(response, &lab.stock_key)?;
    visit.row = lab.table.row(visit.key.as_deref()).await;
    visit.value_is_a_key = lab.table.row(Some(&visit.value)).await.is_some();
    Some(visit)
}

fn is_recorded(path: &str) -> bool {
    let below =
        |folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    !(path == "/" || below("/lab") || below("/static"))
}

/// Neither a request for another host nor one that a page of another site makes by itself: these would push the
/// learner's own out of the log.
fn is_the_learners(hosts: &AllowedHosts, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let foreign = matches!(text("sec-fetch-site"), Some("cross-site" | "same-site"));
    text("host").is_some_and(|host| hosts.allow(host))
        && (!foreign || text("sec-fetch-mode") == Some("navigate"))
}
