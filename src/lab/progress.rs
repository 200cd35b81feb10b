//! A learner's progress, as it travels in a signed cookie; nothing of it is kept on the server.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::log::Snapshot;
use super::rooms::{BrowserId, Room};
use crate::signing::{self, TimestampSigner};

const SALT: &str = "sessionid.lab.progress";

/// What a learner has done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// The browser that has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) browser: Option<BrowserId>,
    /// Rows of its room, which the server has forgotten after a restart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rows: Option<OwnRows>,
    /// By the exercise's number.
    #[serde(default)]
    pub(super) attempts: BTreeMap<u8, Attempt>,
    /// When the browser was last closed.
    #[serde(default)]
    pub(super) closed: Option<Closed>,
}

/// The newest rows that a room has made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OwnRows {
    /// What stands before the room's paths.
    pub(super) room: String,
    /// The oldest first.
    pub(super) keys: Vec<String>,
}

/// One exercise, from its prediction on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Attempt {
    pub(super) choice: String,
    /// What is recorded later than this counts.
    pub(super) since: Moment,
    /// The ticks, as bits from the first on.
    #[serde(default)]
    pub(super) ticks: u8,
    /// The requests that show it.
    #[serde(default)]
    pub(super) evidence: Vec<u64>,
    /// The run of the server whose requests these are.
    #[serde(default)]
    pub(super) evidence_of: String,
    /// The session that was noted before a restart of the server, where the exercise asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) noted: Option<NotedSession>,
    /// The rows that were seen in the table together, where the exercise asks for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) seen: Option<SeenRows>,
}

/// A place in the log of one run of the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Moment {
    pub(super) boot_id: String,
    pub(super) n: u64,
}

/// The browser came back without the cookie that ends with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Closed {
    pub(super) noticed: Moment,
    /// Whether it sent no sessionid then.
    pub(super) without_sessionid: bool,
}

/// A session as a run of the server has seen it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NotedSession {
    pub(super) boot_id: String,
    pub(super) key: String,
    pub(super) counter: i64,
}

/// The keys of an expired row and of a live one beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SeenRows {
    pub(super) expired: String,
    pub(super) live: String,
}

/// What a cookie says of progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// No cookie: a new learner.
    New,
    Known(Progress),
    /// Forged, damaged, or of another SECRET_KEY.
    Refused,
}

/// Signs and reads progress.
#[derive(Clone, Debug)]
pub(super) struct ProgressCodec(TimestampSigner);

impl ProgressCodec {
    pub(super) fn new(secret_key: &str, fallbacks: &[String]) -> Self {
        let fallbacks: Vec<_> = fallbacks.iter().map(String::as_str).collect();
        Self(TimestampSigner::new(secret_key, &fallbacks, SALT))
    }

    pub(super) fn write(&self, progress: &Progress, now: DateTime<Utc>) -> Result<String, serde_json::Error> {
        Ok(signing::dumps(&self.0, &serde_json::to_vec(progress)?, now))
    }

    pub(super) fn read(&self, cookie: Option<&str>) -> Read {
        let Some(cookie) = cookie else { return Read::New };
        let json = signing::loads(&self.0, cookie).ok();
        json.and_then(|json| serde_json::from_slice(&json).ok()).map_or(Read::Refused, Read::Known)
    }
}

impl Attempt {
    /// One whose prediction has just been locked.
    pub(super) fn new(choice: &str, since: Moment) -> Self {
        Self {
            choice: choice.to_owned(),
            since,
            ticks: 0,
            evidence: Vec::new(),
            evidence_of: String::new(),
            noted: None,
            seen: None,
        }
    }
}

impl OwnRows {
    /// A cookie has no place for more.
    pub(super) const CAPACITY: usize = 8;

    /// Those of a room. The main room has what no other has, and needs to know none.
    pub(super) fn of(room: &Room) -> Option<Self> {
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
    pub(super) fn is_before(&self, boot_id: &str, n: u64) -> bool {
        self.boot_id != boot_id || n > self.n
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress() -> Progress {
        let since = Moment { boot_id: "abc123".to_owned(), n: 7 };
        let attempt = Attempt {
            choice: "b".to_owned(),
            since,
            ticks: 0b101,
            evidence: vec![8, 9],
            evidence_of: "abc123".to_owned(),
            noted: None,
            seen: None,
        };
        Progress { attempts: [(9, attempt)].into(), ..Progress::default() }
    }

    #[test]
    fn progress_comes_back_as_it_was() {
        let codec = ProgressCodec::new("secret", &[]);
        let written = codec.write(&progress(), DateTime::UNIX_EPOCH).expect("JSON");
        assert_eq!(codec.read(Some(&written)), Read::Known(progress()));
        assert_eq!(codec.read(None), Read::New);
    }

    #[test]
    fn what_another_key_signed_is_refused() {
        let written =
            ProgressCodec::new("other", &[]).write(&progress(), DateTime::UNIX_EPOCH).expect("JSON");
        for forged in [written.as_str(), "", "e30", "e30:1:x"] {
            assert_eq!(ProgressCodec::new("secret", &[]).read(Some(forged)), Read::Refused, "{forged}");
        }
        let rotated = ProgressCodec::new("secret", &["other".to_owned()]);
        assert_eq!(rotated.read(Some(&written)), Read::Known(progress()));
    }

    #[test]
    fn all_exercises_fit_into_a_cookie() {
        let attempt = progress().attempts.remove(&9).expect("an attempt");
        let attempts =
            (1..=25).map(|number| (number, Attempt { evidence: (190..196).collect(), ..attempt.clone() }));
        let mut full = Progress { attempts: attempts.collect(), ..Progress::default() };
        full.closed = Some(Closed { noticed: attempt.since.clone(), without_sessionid: true });
        let noted = NotedSession { boot_id: "abc123".to_owned(), key: "k".repeat(32), counter: i64::MAX };
        full.attempts.get_mut(&15).expect("an attempt").noted = Some(noted);
        let seen = SeenRows { expired: "e".repeat(32), live: "l".repeat(32) };
        full.attempts.get_mut(&17).expect("an attempt").seen = Some(seen);
        full.browser = Some(BrowserId::make());
        let keys = (10..10 + OwnRows::CAPACITY).map(|number| number.to_string().repeat(16)).collect();
        full.rows = Some(OwnRows { room: format!("/room/{}", "r".repeat(22)), keys });
        let written = ProgressCodec::new("secret", &[]).write(&full, DateTime::UNIX_EPOCH).expect("JSON");
        assert!(written.len() < 3400, "{} bytes", written.len());
    }
}
