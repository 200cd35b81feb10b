//! What a learner has done.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::lab::log::Snapshot;
use crate::lab::rooms::{BrowserId, Room};

/// Requests that are kept as an exercise's evidence: a cookie holds some four thousand bytes.
pub(in crate::lab) const MOST_EVIDENCE: usize = 12;

/// What a learner has done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::lab) struct Progress {
    /// The browser that has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::lab) browser: Option<BrowserId>,
    /// Rows of its room, which the server has forgotten after a restart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::lab) rows: Option<OwnRows>,
    /// By the exercise's number.
    #[serde(default)]
    pub(in crate::lab) attempts: BTreeMap<u8, Attempt>,
    /// When the browser was last closed.
    #[serde(default)]
    pub(in crate::lab) closed: Option<Closed>,
    /// The answers to the questions after the exercises, by the question's number.
    #[serde(default)]
    pub(in crate::lab) answers: BTreeMap<u8, String>,
}

/// The newest rows that a room has made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::lab) struct OwnRows {
    /// What stands before the room's paths.
    pub(in crate::lab) room: String,
    /// The oldest first.
    pub(in crate::lab) keys: Vec<String>,
}

/// One exercise, from its prediction on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::lab) struct Attempt {
    pub(in crate::lab) choice: String,
    /// What is recorded later than this counts.
    pub(in crate::lab) since: Moment,
    /// The ticks, as bits from the first on.
    #[serde(default)]
    pub(in crate::lab) ticks: u8,
    /// The requests that show it.
    #[serde(default)]
    pub(in crate::lab) evidence: Vec<u64>,
    /// The run of the server whose requests these are.
    #[serde(default)]
    pub(in crate::lab) evidence_of: String,
    /// The session that was noted before a restart of the server, where the exercise asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::lab) noted: Option<NotedSession>,
    /// The rows that were seen in the table together, where the exercise asks for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::lab) seen: Option<SeenRows>,
    /// When the prediction was locked, in seconds since 1970.
    #[serde(default)]
    pub(in crate::lab) locked_at: Option<i64>,
    /// When all was observed.
    #[serde(default)]
    pub(in crate::lab) done_at: Option<i64>,
}

/// A place in the log of one run of the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::lab) struct Moment {
    pub(in crate::lab) boot_id: String,
    pub(in crate::lab) n: u64,
}

/// The browser came back without the cookie that ends with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::lab) struct Closed {
    pub(in crate::lab) noticed: Moment,
    /// Whether it sent no sessionid then.
    pub(in crate::lab) without_sessionid: bool,
}

/// A session as a run of the server has seen it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::lab) struct NotedSession {
    pub(in crate::lab) boot_id: String,
    pub(in crate::lab) key: String,
    pub(in crate::lab) counter: i64,
}

/// The keys of an expired row and of a live one beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::lab) struct SeenRows {
    pub(in crate::lab) expired: String,
    pub(in crate::lab) live: String,
}

impl Progress {
    /// The same where another room's log begins: the numbers in it are those of other requests.
    pub(in crate::lab) fn in_another_log(mut self) -> Self {
        for attempt in self.attempts.values_mut() {
            attempt.since.boot_id.clear();
            attempt.evidence_of.clear();
        }
        self
    }
}

impl Attempt {
    /// One whose prediction has just been locked.
    pub(in crate::lab) fn new(choice: &str, since: Moment) -> Self {
        Self {
            choice: choice.to_owned(),
            since,
            ticks: 0,
            evidence: Vec::new(),
            evidence_of: String::new(),
            noted: None,
            seen: None,
            locked_at: None,
            done_at: None,
        }
    }
}

impl OwnRows {
    /// A cookie has no place for more.
    pub(in crate::lab) const CAPACITY: usize = 8;

    /// Those of a room. The main room has what no other has, and needs to know none.
    pub(in crate::lab) fn of(room: &Room) -> Option<Self> {
        let keys = room.keys.newest(Self::CAPACITY);
        (!keys.is_empty()).then(|| Self { room: room.root.clone(), keys })
    }
}

/// The moment after the newest request of a snapshot.
impl From<&Snapshot> for Moment {
    fn from(log: &Snapshot) -> Self {
        Self { boot_id: log.boot_id.to_string(), n: log.latest }
    }
}

impl Moment {
    /// Whether a request of this run of the server came later.
    pub(in crate::lab) fn is_before(&self, boot_id: &str, n: u64) -> bool {
        self.boot_id != boot_id || n > self.n
    }
}
