//! What is written down of a request: both header sets, what the session middleware did, and the row
//! before and after.

use actix_web::http::header::HeaderMap;
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::rows::RowView;
use crate::sessions::{CookieAction, Decision, Outcome};

/// Characters of a header's value that are kept.
const LONGEST_VALUE: usize = 1000;

/// What the sent key found in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RowState {
    /// No row, or no key was sent.
    Absent,
    Live,
    Expired,
}

/// What the browser was told of the cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Told {
    None,
    Set,
    Delete,
}

#[expect(clippy::struct_excessive_bools, reason = "Django's flags")]
/// One request, numbered from 1 since the server's start.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Record {
    pub(super) n: u64,
    pub(super) at: DateTime<Utc>,
    pub(super) time: String,
    pub(super) boot_id: String,
    pub(super) method: String,
    pub(super) path: String,
    /// `Sec-Fetch-Dest`, which tells a page from what a page asks for by itself.
    pub(super) dest: Option<String>,
    /// Whether the browser asked by itself, as it does for `/favicon.ico`.
    pub(super) incidental: bool,
    pub(super) request: Vec<(String, String)>,
    pub(super) status: u16,
    pub(super) response: Vec<(String, String)>,
    pub(super) sent_key: Option<String>,
    pub(super) row_state: RowState,
    pub(super) accessed: bool,
    pub(super) modified: bool,
    pub(super) empty: bool,
    pub(super) saved: bool,
    /// Whether a session middleware was on the way.
    pub(super) in_session: bool,
    pub(super) rule: Rule,
    pub(super) cookie: Told,
    /// Seconds that the browser was told to keep the cookie; `None` with a set cookie: until it closes.
    pub(super) max_age: Option<i64>,
    pub(super) key_out: Option<String>,
    pub(super) before: Option<RowView>,
    pub(super) after: Option<RowView>,
    /// The counter that the request found.
    pub(super) counter: Option<i64>,
    pub(super) age: i64,
    pub(super) save_every_request: bool,
    /// What an operation of `/play` has to say.
    pub(super) note: Option<String>,
}

impl Record {
    /// When the row ended before the request.
    pub(super) fn expire_before(&self) -> Option<DateTime<Utc>> {
        self.before.as_ref().and_then(|row| row.expire_date)
    }

    /// When it ends after it.
    pub(super) fn expire_after(&self) -> Option<DateTime<Utc>> {
        self.after.as_ref().and_then(|row| row.expire_date)
    }

    /// Seconds from the request to the row's end, which both clocks begin with after a save.
    pub(super) fn life_s(&self) -> Option<i64> {
        Some((self.expire_after()? - self.at).num_seconds().max(1))
    }

    /// The key that the session had at the end, as far as the browser knows it.
    pub(super) fn key(&self) -> Option<&str> {
        self.key_out.as_deref().or_else(|| self.sent_key.as_deref().filter(|_| self.after.is_some()))
    }
}

/// The branch of `process_response` that a request took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Rule {
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
    pub(super) fn of(outcome: Option<&Outcome>, in_session: bool) -> Self {
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

pub(super) fn told(action: CookieAction) -> (Told, Option<i64>) {
    match action {
        CookieAction::None => (Told::None, None),
        CookieAction::Set { max_age } => (Told::Set, max_age),
        CookieAction::Delete => (Told::Delete, None),
    }
}

/// Headers in the order of their names, with the capitals that documents show them in.
pub(super) fn headers(map: &HeaderMap) -> Vec<(String, String)> {
    let mut headers: Vec<_> = map
        .iter()
        .map(|(name, value)| (capitals(name.as_str()), shortened(&String::from_utf8_lossy(value.as_bytes()))))
        .collect();
    headers.sort();
    headers
}

fn capitals(name: &str) -> String {
    let words: Vec<_> = name
        .split('-')
        .map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            first.to_ascii_uppercase() + rest
        })
        .collect();
    words.join("-")
}

/// A text with what cannot be seen made visible, and no longer than a page can show.
pub(super) fn shortened(text: &str) -> String {
    let visible = text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character });
    let mut short: String = visible.take(LONGEST_VALUE).collect();
    if text.chars().nth(LONGEST_VALUE).is_some() {
        short.push('…');
    }
    short
}
