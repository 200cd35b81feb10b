//! What stands beside an exercise: the two clocks, the last exchange, the row, the rule.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::drawing::{Difference, Flow};
use super::log::{KeyTag, Record, RowView, Snapshot, Told, shortened};

/// The panels at one moment.
#[derive(Debug, Serialize)]
pub(super) struct Panels {
    life: Life,
    pub(super) row: Option<RowView>,
    row_tag: Option<KeyTag>,
    last: Option<Arc<Record>>,
    /// The decision that it came to.
    flow: Flow,
    /// What it did to the row.
    difference: Option<Difference>,
}

/// What the panels are made of, beside the log.
pub(super) struct Present<'a> {
    /// The key that the browser sends with this very request.
    pub(super) sent: Option<&'a str>,
    /// The row of that key, else of the one that was last known.
    pub(super) row: Option<RowView>,
    pub(super) now: DateTime<Utc>,
    /// `SESSION_COOKIE_AGE`.
    pub(super) age: i64,
}

/// The cookie's clock beside the row's.
#[derive(Debug, Serialize)]
struct Life {
    /// What the browser sends with this very request.
    sent: Option<String>,
    sent_tag: Option<KeyTag>,
    cookie: Clock,
    row: Clock,
    /// The request that was last saved, whose age both clocks began with.
    saved_by: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Clock {
    state: State,
    /// For [`State::Running`] and [`State::Over`].
    expires_ms: Option<i64>,
    total_s: i64,
    left_s: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// Nobody has set a cookie; there is no row.
    Absent,
    /// Until the browser closes.
    WithBrowser,
    /// The browser sends it, and has it from before the server's start.
    Unknown,
    Deleted,
    /// The browser was told to keep it, and sends none: it was closed, or somebody deleted it there.
    Gone,
    Running,
    Over,
}

impl Clock {
    fn without_end(state: State) -> Self {
        Self { state, expires_ms: None, total_s: 0, left_s: 0 }
    }

    fn until(end: DateTime<Utc>, total_s: i64, now: DateTime<Utc>) -> Self {
        let left = end - now;
        Self {
            state: if left > TimeDelta::zero() { State::Running } else { State::Over },
            expires_ms: Some(end.timestamp_millis()),
            total_s,
            left_s: left.num_seconds().max(0),
        }
    }
}

impl Panels {
    pub(super) fn new(log: &Snapshot, present: Present<'_>) -> Self {
        let records: Vec<_> = chosen(log).cloned().collect();
        let last = log.records.iter().rev().find(|record| record.is_a_visit());
        Self {
            life: Life { sent_tag: present.sent.map(|key| log.tag(key)), ..Life::new(&records, &present) },
            row_tag: present.row.as_ref().map(|row| log.tag(&row.key)),
            row: present.row,
            flow: Flow::of(last.map(AsRef::as_ref)),
            difference: last.map(|record| Difference::of(record)),
            last: last.cloned(),
        }
    }

    /// Whether the browser has a cookie that should end with it.
    pub(super) fn cookie_ends_with_the_browser(&self) -> bool {
        self.life.cookie.state == State::WithBrowser
    }
}

/// The newest key that a session is known to have had.
pub(super) fn last_known_key(log: &Snapshot) -> Option<&str> {
    chosen(log).rev().find_map(|record| record.key())
}

/// The requests that the learner chose to make, whose browser the clocks are about.
fn chosen(log: &Snapshot) -> impl DoubleEndedIterator<Item = &Arc<Record>> {
    log.records.iter().filter(|record| record.is_a_visit() && !record.thief)
}

impl Life {
    fn new(records: &[Arc<Record>], present: &Present<'_>) -> Self {
        let &Present { sent, ref row, now, age } = present;
        let key = row.as_ref().map(|row| row.key.as_str());
        let save = records.iter().rev().find(|record| record.saved && record.key() == key);
        let total = save.and_then(|save| save.life_s()).unwrap_or(age);
        let end = row.as_ref().and_then(|row| row.expire_date);
        Self {
            sent: sent.map(shortened),
            sent_tag: None,
            cookie: cookie_clock(records, sent.is_some(), now),
            row: end.map_or(Clock::without_end(State::Absent), |end| Clock::until(end, total, now)),
            saved_by: save.map(|save| save.n),
        }
    }
}

/// What the browser was last told, as long as it does so.
fn cookie_clock(records: &[Arc<Record>], sent: bool, now: DateTime<Utc>) -> Clock {
    let told = records.iter().rev().find(|record| record.cookie != Told::None);
    let clock = match told.map(|told| (told.cookie, told.max_age, told.at)) {
        None if sent => Clock::without_end(State::Unknown),
        None => Clock::without_end(State::Absent),
        Some((Told::Set, None, _)) => Clock::without_end(State::WithBrowser),
        Some((Told::Set, Some(max_age), at)) => {
            Clock::until(at + TimeDelta::try_seconds(max_age).unwrap_or_default(), max_age, now)
        }
        // Somebody else's, since this browser still sends one.
        Some(_) if sent => Clock::without_end(State::Unknown),
        Some(_) => Clock::without_end(State::Deleted),
    };
    let kept = matches!(clock.state, State::Running | State::WithBrowser);
    if kept && !sent { Clock::without_end(State::Gone) } else { clock }
}
