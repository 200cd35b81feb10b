//! What is written down of a request: both header sets, what the session middleware did, and the row
//! before and after.

use std::sync::Arc;

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::{HttpMessage as _, HttpRequest};
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::row::RowView;
use super::stock::StockVisit;
use super::tags::KeyTag;
use super::text::{clock_time, headers, shortened};
use crate::sessions::{CookieAction, Decision, Outcome, Session, SessionPolicy};

/// What a browser asks for by itself.
pub(in crate::lab) const FAVICON: &str = "/favicon.ico";

/// What the thief calls itself, by which its requests are known.
pub(in crate::lab) const THIEF: &str = "the thief";

/// What a view of `/play` leaves in its request's extensions, to be shown with the request.
#[derive(Debug)]
pub(in crate::lab) struct Note(pub(in crate::lab) String);

/// What the sent key found in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::lab) enum RowState {
    /// No row, or no key was sent.
    Absent,
    Live,
    Expired,
}

/// What the browser was told of the cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::lab) enum Told {
    None,
    Set,
    Delete,
}

#[expect(clippy::struct_excessive_bools, reason = "Django's flags")]
/// One request, numbered from 1 since the server's start.
#[derive(Clone, Debug, Serialize)]
pub(in crate::lab) struct Record {
    /// Set by the log, as is the run.
    pub(in crate::lab) n: u64,
    /// The run of the server.
    pub(in crate::lab) boot_id: Arc<str>,
    pub(in crate::lab) at: DateTime<Utc>,
    pub(in crate::lab) time: String,
    pub(in crate::lab) method: String,
    pub(in crate::lab) path: String,
    /// `Sec-Fetch-Dest`, which tells a page from what a page asks for by itself.
    pub(in crate::lab) dest: Option<String>,
    /// Whether the browser asked by itself, as it does for `/favicon.ico`.
    pub(in crate::lab) incidental: bool,
    /// Whether the lab's thief sent it, a client of its own, and not the learner's browser.
    pub(in crate::lab) thief: bool,
    /// `Sec-Fetch-Site`, which tells whose page a request comes from.
    pub(in crate::lab) site: Option<String>,
    pub(in crate::lab) request: Vec<(String, String)>,
    pub(in crate::lab) status: u16,
    pub(in crate::lab) response: Vec<(String, String)>,
    pub(in crate::lab) sent_key: Option<String>,
    /// Set by the log.
    pub(in crate::lab) sent_tag: Option<KeyTag>,
    pub(in crate::lab) row_state: RowState,
    pub(in crate::lab) accessed: bool,
    pub(in crate::lab) modified: bool,
    pub(in crate::lab) empty: bool,
    pub(in crate::lab) saved: bool,
    /// Whether a session middleware was on the way.
    pub(in crate::lab) in_session: bool,
    pub(in crate::lab) rule: Rule,
    pub(in crate::lab) cookie: Told,
    /// Seconds that the browser was told to keep the cookie; `None` with a set cookie: until it closes.
    pub(in crate::lab) max_age: Option<i64>,
    pub(in crate::lab) key_out: Option<String>,
    /// Of the key that the session had at the end; set by the log.
    pub(in crate::lab) tag: Option<KeyTag>,
    pub(in crate::lab) before: Option<RowView>,
    pub(in crate::lab) after: Option<RowView>,
    /// The counter that the request found.
    pub(in crate::lab) counter: Option<i64>,
    /// `SESSION_COOKIE_AGE` at that moment.
    pub(in crate::lab) age: i64,
    pub(in crate::lab) save_every_request: bool,
    /// `SESSION_COOKIE_HTTPONLY`, likewise.
    pub(in crate::lab) httponly: bool,
    /// What a view of `/play` tells of what it did.
    pub(in crate::lab) note: Option<String>,
    /// The session of actix-session's own middleware, where that was on the way.
    pub(in crate::lab) stock: Option<StockVisit>,
}

impl Record {
    /// A request as it arrives, with the row that its key has then.
    pub(in crate::lab) fn received(
        request: &HttpRequest,
        at: DateTime<Utc>,
        policy: &SessionPolicy,
        sent_key: Option<&str>,
        before: Option<RowView>,
    ) -> Self {
        let text =
            |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).map(shortened);
        Self {
            n: 0,
            boot_id: Arc::default(),
            at,
            time: clock_time(at),
            method: request.method().to_string(),
            path: shortened(&request.uri().to_string()),
            dest: text("sec-fetch-dest"),
            incidental: request.path() == FAVICON,
            thief: text("user-agent").is_some_and(|agent| agent == THIEF),
            site: text("sec-fetch-site"),
            request: headers(request.headers()),
            status: 0,
            response: Vec::new(),
            sent_key: sent_key.map(shortened),
            sent_tag: None,
            row_state: RowState::of(before.as_ref(), at),
            accessed: false,
            modified: false,
            empty: false,
            saved: false,
            in_session: false,
            rule: Rule::Outside,
            cookie: Told::None,
            max_age: None,
            key_out: None,
            tag: None,
            before,
            after: None,
            counter: None,
            age: policy.cookie_age,
            save_every_request: policy.save_every_request,
            httponly: policy.cookie_httponly,
            note: None,
            stock: None,
        }
    }

    /// Adds the response, and what the session middleware and the view have left in the request's extensions.
    pub(in crate::lab) fn answer<B: MessageBody>(&mut self, response: &ServiceResponse<B>) {
        self.status = response.status().as_u16();
        self.response = headers(response.headers());
        if let BodySize::Sized(length) = response.response().body().size() {
            self.response.push(("Content-Length".to_owned(), length.to_string()));
            self.response.sort();
        }
        let extensions = response.request().extensions();
        self.in_session = extensions.get::<Session>().is_some();
        self.note = extensions.get::<Note>().map(|note| shortened(&note.0));
        let outcome = extensions.get::<Outcome>();
        self.rule = Rule::of(outcome, self.in_session);
        if let Some(outcome) = outcome {
            (self.accessed, self.modified) = (outcome.accessed, outcome.modified);
            (self.empty, self.saved) = (outcome.empty, outcome.saved);
            self.key_out = outcome.key_out.as_ref().map(ToString::to_string);
            (self.cookie, self.max_age) = told(outcome.cookie);
        }
        let live = self.before.as_ref().filter(|row| row.is_live(self.at));
        self.counter = self.in_session.then(|| live.and_then(|row| row.counter).unwrap_or(0));
    }

    /// Whether a view answered a request that somebody chose to make: neither the browser by itself nor for a page that is not there.
    pub(in crate::lab) fn is_a_visit(&self) -> bool {
        !self.incidental && self.status != 404
    }

    /// The `expire_date` of the row before the request.
    pub(in crate::lab) fn expire_before(&self) -> Option<DateTime<Utc>> {
        self.before.as_ref().and_then(|row| row.expire_date)
    }

    /// The `expire_date` of the row after it.
    pub(in crate::lab) fn expire_after(&self) -> Option<DateTime<Utc>> {
        self.after.as_ref().and_then(|row| row.expire_date)
    }

    /// Seconds from the request until the row expires: after a save, its full age.
    pub(in crate::lab) fn life_s(&self) -> Option<i64> {
        Some((self.expire_after()? - self.at).num_seconds().max(1))
    }

    /// Whether the key that was sent led to a live session of a user who is logged in.
    pub(in crate::lab) fn is_live_session_of(&self, user: &str) -> bool {
        let row = self.before.as_ref().filter(|_| self.row_state == RowState::Live);
        row.and_then(|row| row.user.as_deref()) == Some(user)
    }

    /// The key that the session had at the end, as far as the browser knows it.
    pub(in crate::lab) fn key(&self) -> Option<&str> {
        self.key_out.as_deref().or_else(|| self.sent_key.as_deref().filter(|_| self.after.is_some()))
    }
}

impl RowState {
    fn of(row: Option<&RowView>, now: DateTime<Utc>) -> Self {
        match row {
            Some(row) if row.is_live(now) => Self::Live,
            Some(_) => Self::Expired,
            None => Self::Absent,
        }
    }
}

/// The branch of `process_response` that a request took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::lab) enum Rule {
    /// A cookie was sent, and the session is empty.
    Delete,
    /// Modified, or every request is saved; not empty; no 5xx.
    Save,
    /// The same, but the response is a 5xx.
    ServerError,
    /// Nothing to do.
    Leave,
    /// The session middleware answered with an error of its own.
    Failed,
    /// No session middleware on this path.
    Outside,
}

impl Rule {
    fn of(outcome: Option<&Outcome>, in_session: bool) -> Self {
        match outcome {
            None if in_session => Self::Failed,
            None => Self::Outside,
            Some(outcome) => match outcome.decision {
                Decision::Delete => Self::Delete,
                Decision::Save if outcome.saved => Self::Save,
                Decision::Save => Self::ServerError,
                Decision::Leave => Self::Leave,
            },
        }
    }
}

fn told(action: CookieAction) -> (Told, Option<i64>) {
    match action {
        CookieAction::None => (Told::None, None),
        CookieAction::Set { max_age } => (Told::Set, max_age),
        CookieAction::Delete => (Told::Delete, None),
    }
}

/// Records for tests, built step by step: each method is one thing that a request does.
#[cfg(test)]
mod testing {
    use chrono::TimeDelta;

    use super::*;

    /// SESSION_COOKIE_AGE, in seconds.
    const AGE: i64 = 30;

    impl Record {
        /// A second of the tests' time.
        pub(in crate::lab) fn moment(second: i64) -> DateTime<Utc> {
            DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
        }

        /// A GET through the session middleware, without a cookie, of a view that touches nothing, at second 0.
        pub(in crate::lab) fn visit(path: &str) -> Self {
            Self {
                n: 0,
                boot_id: Arc::default(),
                at: Self::moment(0),
                time: String::new(),
                method: "GET".to_owned(),
                path: path.to_owned(),
                dest: None,
                incidental: false,
                thief: false,
                site: None,
                request: Vec::new(),
                status: 200,
                response: Vec::new(),
                sent_key: None,
                sent_tag: None,
                row_state: RowState::Absent,
                accessed: false,
                modified: false,
                empty: true,
                saved: false,
                in_session: true,
                rule: Rule::Leave,
                cookie: Told::None,
                max_age: None,
                key_out: None,
                tag: None,
                before: None,
                after: None,
                counter: Some(0),
                age: AGE,
                save_every_request: false,
                httponly: true,
                note: None,
                stock: None,
            }
        }

        /// The second at which it arrives. Comes first: rows live or have expired by it.
        pub(in crate::lab) fn at(mut self, second: i64) -> Self {
            self.at = Self::moment(second);
            self
        }

        /// It sends a key that the table does not know.
        pub(in crate::lab) fn unknown(mut self, key: &str) -> Self {
            (self.sent_key, self.key_out) = (Some(key.to_owned()), Some(key.to_owned()));
            self.empty = false;
            self
        }

        /// It sends the key of a row that expires at a second and holds a counter.
        pub(in crate::lab) fn sends(mut self, key: &str, end: i64, counter: i64) -> Self {
            let row = RowView::fake(key, Self::moment(end), Some(counter));
            self.row_state = RowState::of(Some(&row), self.at);
            if self.row_state == RowState::Live {
                self.counter = Some(counter);
            }
            (self.before, self.after) = (Some(row.clone()), Some(row));
            self.unknown(key)
        }

        /// Its view reads the session.
        pub(in crate::lab) fn reads(mut self) -> Self {
            self.accessed = true;
            // As the middleware does: a key without a live row is none, and its cookie is deleted.
            let gone = self.sent_key.is_some() && self.row_state != RowState::Live;
            if gone { self.deletes() } else { self }
        }

        /// The session is saved under a key for its full age, the counter one more than was found.
        pub(in crate::lab) fn saves(self, key: &str) -> Self {
            self.saves_for(key, AGE)
        }

        /// The same with an age of its own.
        pub(in crate::lab) fn saves_for(mut self, key: &str, age: i64) -> Self {
            (self.accessed, self.modified, self.empty, self.saved) = (true, true, false, true);
            (self.rule, self.cookie, self.max_age) = (Rule::Save, Told::Set, Some(age));
            self.key_out = Some(key.to_owned());
            let counter = self.counter.map(|counter| counter + 1);
            self.after = Some(RowView::fake(key, self.at + TimeDelta::seconds(age), counter));
            self
        }

        /// The data of the row before the request and after it, as JSON.
        pub(in crate::lab) fn data(mut self, before: &str, after: &str) -> Self {
            for (row, data) in [(&mut self.before, before), (&mut self.after, after)] {
                if let Some(row) = row {
                    row.data = Some(data.to_owned());
                }
            }
            self
        }

        /// Its cookie ends with the browser.
        pub(in crate::lab) fn until_close(mut self) -> Self {
            self.max_age = None;
            self
        }

        /// The cookie is deleted.
        pub(in crate::lab) fn deletes(mut self) -> Self {
            (self.rule, self.cookie, self.key_out) = (Rule::Delete, Told::Delete, None);
            self
        }

        /// The rows before and after are of a user who is logged in.
        pub(in crate::lab) fn user(mut self, user: &str) -> Self {
            for row in [&mut self.before, &mut self.after].into_iter().flatten() {
                row.user = Some(user.to_owned());
            }
            self
        }

        /// The thief has sent it.
        pub(in crate::lab) fn by_thief(mut self) -> Self {
            self.thief = true;
            self
        }

        /// The response has another status.
        pub(in crate::lab) fn status(mut self, status: u16) -> Self {
            self.status = status;
            self
        }
    }
}
