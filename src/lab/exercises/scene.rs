//! What exercises are judged by, and what several of them ask of it.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::lab::log::{Record, RowState, RowView, Told};
use crate::lab::progress::{Closed, Moment, NotedSession, SeenRows};

pub(super) const PLAIN: &str = "/hello/plain";
pub(super) const POKE: &str = "/hello/poke";
pub(super) const WORLD: &str = "/hello/world";
pub(super) const WORLD2: &str = "/hello/world2";

/// Everything that an exercise is judged by.
pub(in crate::lab) struct Scene<'a> {
    /// The requests in the log that a view inside the session middleware has answered without an error, the oldest first;
    /// those before the prediction as well.
    pub(super) records: &'a [Arc<Record>],
    /// All that is in the log: what no session middleware was asked about and what the thief has sent as well.
    pub(super) everything: &'a [Arc<Record>],
    /// The run of the server.
    pub(super) boot_id: &'a str,
    /// The prediction: what was recorded later counts.
    pub(super) since: &'a Moment,
    /// When the browser was last closed.
    pub(super) closed: Option<&'a Closed>,
    /// What this exercise has noted, perhaps in an earlier run of the server.
    pub(super) noted: Option<&'a NotedSession>,
    /// The rows that this exercise has seen.
    pub(super) seen: Option<&'a SeenRows>,
    /// The learner's session that expired last, where an exercise asks for it and the table answers.
    pub(super) leftover: Option<&'a Leftover>,
    /// The row of the key that the browser sends, else of the key that was last known, as it is now.
    pub(super) row: Option<&'a RowView>,
    pub(super) now: DateTime<Utc>,
}

/// An expired session.
pub(in crate::lab) struct Leftover {
    pub(in crate::lab) key: String,
    /// Whether its row is in the table.
    pub(in crate::lab) is_there: bool,
}

/// A request without a cookie from a browser that had a session before.
pub(super) struct NewClient<'a> {
    /// The answer that set the cookie it had.
    pub(super) before: &'a Arc<Record>,
    pub(super) record: &'a Arc<Record>,
    /// Whether the old row was live when the request came.
    pub(super) was_live: bool,
}

impl<'a> Scene<'a> {
    /// The position of the first record that counts.
    pub(super) fn start(&self) -> usize {
        self.records.partition_point(|record| !self.since.is_before(self.boot_id, record.n))
    }

    /// What was recorded after the prediction.
    pub(super) fn recent(&self) -> &'a [Arc<Record>] {
        &self.records[self.start()..]
    }

    /// Everything that was recorded after the prediction.
    pub(super) fn recent_of_everything(&self) -> impl DoubleEndedIterator<Item = &'a Record> + Clone {
        let recent = self.everything.iter().map(AsRef::as_ref);
        recent.filter(|record: &&Record| self.since.is_before(self.boot_id, record.n))
    }

    /// The same of one path.
    pub(super) fn recent_visits(
        &self,
        path: &'static str,
    ) -> impl DoubleEndedIterator<Item = &'a Arc<Record>> {
        self.recent().iter().filter(move |record| record.path == path)
    }

    /// Whether a key was sent that has no row, and that nobody was given as far as the log goes: a key whose row was
    /// deleted is none that was made up.
    pub(super) fn sends_made_up_key(&self, record: &Record) -> bool {
        let given = |other: &Arc<Record>| other.saved && other.key_out == record.sent_key;
        record.sent_key.is_some()
            && record.row_state == RowState::Absent
            && !self.everything.iter().any(given)
    }

    /// How the browser came back, if it was closed after a request.
    pub(super) fn closed_after(&self, record: &Record) -> Option<&'a Closed> {
        self.closed.filter(|closed| closed.noticed.boot_id == self.boot_id && closed.noticed.n >= record.n)
    }

    /// Whether less than half of the session's life was left when a request came. Its life is that which its last save gave
    /// it: the setting may have been changed since.
    pub(super) fn is_past_mid_life(&self, record: &Record) -> bool {
        let end = record.expire_before();
        let mut earlier = self.records.iter().rev().filter(|save| save.n < record.n);
        let save = earlier.find(|save| save.saved && save.expire_after() == end);
        let life = save.and_then(|save| save.life_s()).unwrap_or(record.age);
        end.is_some_and(|end| (end - record.at) * 2 < TimeDelta::seconds(life))
    }

    /// Requests that came without a cookie though the browser had been given one.
    pub(super) fn new_clients(&self) -> impl Iterator<Item = NewClient<'a>> {
        let records = self.records;
        let recent = records.iter().enumerate().skip(self.start());
        recent.filter(|(_, record)| record.sent_key.is_none()).filter_map(move |(at, record)| {
            let before = session_before(records, at)?;
            Some(NewClient { before, record, was_live: before.expire_after()? > record.at })
        })
    }
}

/// The answer that set the cookie which the browser had before a request. After an answer that deleted the cookie the
/// browser had none: a session that was flushed is neither lost nor forgotten.
fn session_before(records: &[Arc<Record>], at: usize) -> Option<&Arc<Record>> {
    let told = records[..at].iter().rev().find(|record| record.cookie != Told::None)?;
    (told.cookie == Told::Set).then_some(told)
}

/// Scenes for tests.
#[cfg(test)]
pub(super) mod testing {
    use super::super::exercise::{Exercise, Observed};
    use super::*;
    use crate::lab::progress::Attempt;

    const RUN: &str = "this run";

    /// A log and what belongs to it.
    pub(in crate::lab) struct Trial {
        records: Vec<Arc<Record>>,
        everything: Vec<Arc<Record>>,
        since: Moment,
        closed: Option<Closed>,
        noted: Option<NotedSession>,
        seen: Option<SeenRows>,
        leftover: Option<Leftover>,
        row: Option<RowView>,
        now: DateTime<Utc>,
    }

    impl Trial {
        /// Requests, numbered from 1, all of them after the prediction.
        pub(in crate::lab) fn of(records: impl IntoIterator<Item = Record>) -> Self {
            let numbered = (1..).zip(records).map(|(n, record)| Arc::new(Record { n, ..record }));
            let everything: Vec<_> = numbered.collect();
            let of_sessions = |record: &&Arc<Record>| record.in_session && !record.thief;
            Self {
                records: everything.iter().filter(of_sessions).cloned().collect(),
                everything,
                since: Moment { boot_id: RUN.to_owned(), n: 0 },
                closed: None,
                noted: None,
                seen: None,
                leftover: None,
                row: None,
                now: Record::moment(0),
            }
        }

        /// The prediction was locked after request `n`.
        pub(in crate::lab) fn predicted_after(mut self, n: u64) -> Self {
            self.since.n = n;
            self
        }

        /// The lab noticed after request `n` that the browser had been closed.
        pub(in crate::lab) fn closed_after(mut self, n: u64, without_sessionid: bool) -> Self {
            let noticed = Moment { boot_id: RUN.to_owned(), n };
            self.closed = Some(Closed { noticed, without_sessionid });
            self
        }

        /// The server was restarted since.
        pub(in crate::lab) fn restarted(mut self) -> Self {
            let earlier = || "an earlier run".to_owned();
            self.since.boot_id = earlier();
            if let Some(closed) = &mut self.closed {
                closed.noticed.boot_id = earlier();
            }
            if let Some(noted) = &mut self.noted {
                noted.boot_id = earlier();
            }
            self
        }

        pub(in crate::lab) fn noted(mut self, key: &str, counter: i64) -> Self {
            self.noted = Some(NotedSession { boot_id: RUN.to_owned(), key: key.to_owned(), counter });
            self
        }

        pub(in crate::lab) fn seen(mut self, expired: &str, live: &str) -> Self {
            self.seen = Some(SeenRows { expired: expired.to_owned(), live: live.to_owned() });
            self
        }

        /// The session that expired last, and whether its row is in the table.
        pub(in crate::lab) fn leftover(mut self, key: &str, is_there: bool) -> Self {
            self.leftover = Some(Leftover { key: key.to_owned(), is_there });
            self
        }

        /// At a second the browser's row is this one.
        pub(in crate::lab) fn row_at(mut self, second: i64, key: &str, end: i64) -> Self {
            (self.now, self.row) =
                (Record::moment(second), Some(RowView::fake(key, Record::moment(end), None)));
            self
        }

        pub(in crate::lab) fn scene(&self) -> Scene<'_> {
            Scene {
                records: &self.records,
                everything: &self.everything,
                boot_id: RUN,
                since: &self.since,
                closed: self.closed.as_ref(),
                noted: self.noted.as_ref(),
                seen: self.seen.as_ref(),
                leftover: self.leftover.as_ref(),
                row: self.row.as_ref(),
                now: self.now,
            }
        }

        pub(in crate::lab) fn attempt(&self) -> Attempt {
            Attempt::new("a", self.since.clone())
        }

        pub(in crate::lab) fn observe(&self, exercise: &Exercise) -> Observed {
            (exercise.observe)(&self.scene())
        }

        /// The ticks of an exercise as `110`.
        pub(in crate::lab) fn ticks(&self, exercise: &Exercise) -> String {
            let mut ticks = self.observe(exercise).ticks;
            ticks.resize(exercise.ticks.len(), false);
            ticks.iter().map(|tick| if *tick { '1' } else { '0' }).collect()
        }
    }
}
