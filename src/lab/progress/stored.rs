//! Progress as the cookie has it: runs of the server once each, attempts as lists, requests by their distance from the one
//! before. A cookie of the form before this one is read as well.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::data::{Attempt, Closed, Moment, NotedSession, OwnRows, Progress, SeenRows};
use crate::lab::rooms::BrowserId;

/// Of this form; the one before it had none.
const VERSION: u64 = 2;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Stored {
    v: u64,
    /// Every run of the server that is named below, by its place in this list.
    runs: Vec<String>,
    attempts: Vec<StoredAttempt>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    closed: Option<(usize, u64, bool)>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    answers: BTreeMap<u8, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    browser: Option<BrowserId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rows: Option<OwnRows>,
}

/// An attempt: its exercise and choice, the prediction's run and place, the ticks, the evidence and its run, when it was
/// locked and how many seconds later it was done, what was
/// noted, and which rows were seen.
#[derive(Debug, Serialize, Deserialize)]
struct StoredAttempt(
    u8,
    String,
    usize,
    u64,
    u8,
    Vec<i64>,
    usize,
    Option<i64>,
    Option<i64>,
    Option<(usize, String, i64)>,
    Option<(String, String)>,
);

/// What a cookie's JSON tells, in this form or the one before; `None` in any other.
pub(super) fn read(json: &[u8]) -> Option<Progress> {
    let value: Value = serde_json::from_slice(json).ok()?;
    match value.as_object()?.get("v") {
        None => serde_json::from_value(value).ok(),
        Some(version) if version.as_u64() == Some(VERSION) => {
            serde_json::from_value::<Stored>(value).ok()?.into_progress()
        }
        Some(_) => None,
    }
}

/// Runs of the server, each once.
#[derive(Default)]
struct Runs(Vec<String>);

impl Runs {
    fn place(&mut self, run: &str) -> usize {
        self.0.iter().position(|known| known == run).unwrap_or_else(|| {
            self.0.push(run.to_owned());
            self.0.len() - 1
        })
    }
}

impl From<&Progress> for Stored {
    fn from(progress: &Progress) -> Self {
        let mut runs = Runs::default();
        let attempts = progress.attempts.iter().map(|(number, attempt)| pack(*number, attempt, &mut runs));
        let attempts = attempts.collect();
        let closed = progress.closed.as_ref();
        let closed = closed
            .map(|closed| (runs.place(&closed.noticed.boot_id), closed.noticed.n, closed.without_sessionid));
        Self {
            v: VERSION,
            runs: runs.0,
            attempts,
            closed,
            answers: progress.answers.clone(),
            browser: progress.browser.clone(),
            rows: progress.rows.clone(),
        }
    }
}

fn pack(number: u8, attempt: &Attempt, runs: &mut Runs) -> StoredAttempt {
    let noted = attempt.noted.as_ref();
    StoredAttempt(
        number,
        attempt.choice.clone(),
        runs.place(&attempt.since.boot_id),
        attempt.since.n,
        attempt.ticks,
        distances(attempt.since.n, &attempt.evidence),
        runs.place(&attempt.evidence_of),
        attempt.locked_at,
        attempt.done_at.map(|done| done.wrapping_sub(attempt.locked_at.unwrap_or(0))),
        noted.map(|noted| (runs.place(&noted.boot_id), noted.key.clone(), noted.counter)),
        attempt.seen.as_ref().map(|seen| (seen.expired.clone(), seen.live.clone())),
    )
}

/// Each number by its distance from the one before it.
fn distances(first: u64, numbers: &[u64]) -> Vec<i64> {
    let before = std::iter::once(first).chain(numbers.iter().copied());
    before.zip(numbers).map(|(before, number)| number.wrapping_sub(before).cast_signed()).collect()
}

impl Stored {
    fn into_progress(self) -> Option<Progress> {
        let run = |place: usize| self.runs.get(place).cloned();
        let closed = match self.closed {
            None => None,
            Some((place, n, without_sessionid)) => {
                Some(Closed { noticed: Moment { boot_id: run(place)?, n }, without_sessionid })
            }
        };
        let attempts = self.attempts.iter().map(|attempt| Some((attempt.0, unpack(attempt, &run)?)));
        let attempts = attempts.collect::<Option<_>>()?;
        let Self { answers, browser, rows, .. } = self;
        Some(Progress { browser, rows, attempts, closed, answers })
    }
}

fn unpack(stored: &StoredAttempt, run: &impl Fn(usize) -> Option<String>) -> Option<Attempt> {
    let StoredAttempt(_, choice, since_run, n, ticks, evidence, evidence_run, locked_at, took, noted, seen) =
        stored;
    let noted = match noted {
        None => None,
        Some((place, key, counter)) => {
            Some(NotedSession { boot_id: run(*place)?, key: key.clone(), counter: *counter })
        }
    };
    let evidence = evidence.iter().scan(*n, |last, distance| {
        *last = last.wrapping_add(distance.cast_unsigned());
        Some(*last)
    });
    Some(Attempt {
        choice: choice.clone(),
        since: Moment { boot_id: run(*since_run)?, n: *n },
        ticks: *ticks,
        evidence: evidence.collect(),
        evidence_of: run(*evidence_run)?,
        noted,
        seen: seen.clone().map(|(expired, live)| SeenRows { expired, live }),
        locked_at: *locked_at,
        done_at: took.map(|took| took.wrapping_add(locked_at.unwrap_or(0))),
    })
}
