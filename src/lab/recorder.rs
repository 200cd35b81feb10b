//! The log of requests: bounded, in memory, fed by a middleware that is mounted in `DEBUG` only.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::HeaderMap;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _, HttpRequest};
use chrono::{DateTime, Utc};

use super::Lab;
use super::record::{Record, RowState, Rule, headers, shortened, told};
use super::rows::{RowView, clock_time};
use crate::crypto::get_random_string;
use crate::sessions::{CookieAction, Outcome, Session, cookie};
use crate::site::AllowedHosts;

/// Requests that are kept.
const CAPACITY: usize = 200;
const FAVICON: &str = "/favicon.ico";

/// What an operation of `/play` wants to be written down with its request.
#[derive(Debug)]
pub(super) struct Note(pub(super) String);

/// The newest requests since the server's start.
#[derive(Debug)]
pub(super) struct Recorder {
    /// Another one after each start.
    boot_id: String,
    log: Mutex<Log>,
}

#[derive(Debug, Default)]
struct Log {
    count: u64,
    records: VecDeque<Arc<Record>>,
}

impl Recorder {
    pub(super) fn new() -> Self {
        Self { boot_id: get_random_string(6, b"abcdefghijklmnopqrstuvwxyz0123456789"), log: Mutex::default() }
    }

    pub(super) fn boot_id(&self) -> &str {
        &self.boot_id
    }

    pub(super) fn push(&self, mut record: Record) {
        let mut log = self.log();
        log.count += 1;
        record.n = log.count;
        if log.records.len() == CAPACITY {
            log.records.pop_front();
        }
        log.records.push_back(Arc::new(record));
    }

    /// All that is kept, the oldest first.
    pub(super) fn all(&self) -> Vec<Arc<Record>> {
        self.log().records.iter().cloned().collect()
    }

    /// The number of the newest.
    pub(super) fn latest(&self) -> u64 {
        self.log().count
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        // Nothing that can panic happens under the lock.
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

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
    let before = Before::look(&lab, request.request()).await;
    let response = next.call(request).await?;
    let record = before.finish(&lab, &response).await;
    lab.recorder.push(record);
    Ok(response)
}

fn is_recorded(path: &str) -> bool {
    let below =
        |folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    !(path == "/" || below("/lab") || below("/static"))
}

/// Not one for another host, nor one that a page of another site makes by itself: these would push the
/// learner's own out of the log.
fn is_the_learners(hosts: &AllowedHosts, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let foreign = matches!(text("sec-fetch-site"), Some("cross-site" | "same-site"));
    text("host").is_some_and(|host| hosts.allow(host))
        && (!foreign || text("sec-fetch-mode") == Some("navigate"))
}

/// A request as it came, and the row that its key had then.
struct Before {
    at: DateTime<Utc>,
    sent_key: Option<String>,
    row: Option<RowView>,
    record: Record,
}

impl Before {
    async fn look(lab: &Lab, request: &HttpRequest) -> Self {
        let (at, policy) = (lab.now(), lab.policy.get());
        let sent_key = cookie::read(request.headers(), &policy.cookie_name);
        let row = lab.row(sent_key.as_deref()).await;
        let text =
            |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).map(shortened);
        let record = Record {
            n: 0,
            at,
            time: clock_time(at),
            boot_id: lab.recorder.boot_id().to_owned(),
            method: request.method().to_string(),
            path: shortened(&request.uri().to_string()),
            dest: text("sec-fetch-dest"),
            incidental: request.path() == FAVICON,
            request: headers(request.headers()),
            status: 0,
            response: Vec::new(),
            sent_key: sent_key.as_deref().map(shortened),
            row_state: match &row {
                Some(row) if row.is_live(at) => RowState::Live,
                Some(_) => RowState::Expired,
                None => RowState::Absent,
            },
            accessed: false,
            modified: false,
            empty: false,
            saved: false,
            in_session: false,
            rule: Rule::Outside,
            cookie: super::record::Told::None,
            max_age: None,
            key_out: None,
            before: None,
            after: None,
            counter: None,
            age: policy.cookie_age,
            save_every_request: policy.save_every_request,
            note: None,
        };
        Self { at, sent_key, row, record }
    }

    /// The same with what became of it.
    async fn finish<B: MessageBody>(self, lab: &Lab, response: &ServiceResponse<B>) -> Record {
        let Self { at, sent_key, row, mut record } = self;
        let (outcome, in_session, note) = left_behind(response.request());
        record.status = response.status().as_u16();
        record.response = headers(response.headers());
        if let BodySize::Sized(length) = response.response().body().size() {
            record.response.push(("Content-Length".to_owned(), length.to_string()));
            record.response.sort();
        }
        record.rule = Rule::of(outcome.as_ref(), in_session);
        record.in_session = in_session;
        record.note = note;
        if let Some(outcome) = &outcome {
            (record.accessed, record.modified) = (outcome.accessed, outcome.modified);
            (record.empty, record.saved) = (outcome.empty, outcome.saved);
            record.key_out = outcome.key_out.as_ref().map(ToString::to_string);
        }
        let action = outcome.as_ref().map_or(CookieAction::None, |outcome| outcome.cookie);
        (record.cookie, record.max_age) = told(action);
        let key = record.key_out.clone().or(sent_key);
        record.after = lab.row(key.as_deref()).await;
        let live = row.as_ref().filter(|row| row.is_live(at));
        record.counter = in_session.then(|| live.and_then(|row| row.counter).unwrap_or(0));
        record.before = row;
        record
    }
}

/// What the rooms inside have left in the request's extensions.
fn left_behind(request: &HttpRequest) -> (Option<Outcome>, bool, Option<String>) {
    let extensions = request.extensions();
    (
        extensions.get::<Outcome>().cloned(),
        extensions.get::<Session>().is_some(),
        extensions.get::<Note>().map(|note| shortened(&note.0)),
    )
}
