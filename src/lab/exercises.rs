//! The exercises: what each is called, which prediction is right, and when the server ticks.

mod catalogue;
mod observe;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::progress::{Attempt, Closed, Moment, NotedSession, Progress};
use super::record::Record;
use super::rows::RowView;

pub(super) use self::catalogue::EXERCISES;

/// What the first exercises are made of; their texts are in `templates/lab/exercises/`.
pub(super) struct Exercise {
    /// As in the address of its page.
    pub(super) number: u8,
    pub(super) title: &'static str,
    /// The prediction that comes true, of the choices `a` to `last_choice`.
    pub(super) right: &'static str,
    last_choice: &'static str,
    /// What is to be observed.
    pub(super) ticks: &'static [&'static str],
    /// What there was to find out, for the report.
    pub(super) finding: &'static str,
    observe: fn(&Scene<'_>) -> Observed,
    /// Whether ticks come one by one, each to stay; else they belong together.
    one_by_one: bool,
}

/// The tick that only an answer gives: see [`Exercise::answered`].
const FIND_THE_ROW: u8 = 3;
const RESTART: u8 = 15;

/// What an exercise is judged by.
pub(super) struct Scene<'a> {
    /// All that is in the log, the oldest first, without what the browser asks for by itself.
    pub(super) records: &'a [Arc<Record>],
    pub(super) boot_id: &'a str,
    pub(super) since: &'a Moment,
    pub(super) closed: Option<&'a Closed>,
    pub(super) noted: Option<&'a NotedSession>,
    /// The row of the key that was last known, as it is now.
    pub(super) row: Option<&'a RowView>,
    pub(super) now: DateTime<Utc>,
}

impl Scene<'_> {
    /// The position of the first record that counts.
    fn start(&self) -> usize {
        self.records.partition_point(|record| !self.since.is_before(self.boot_id, record.n))
    }

    /// How the browser came back, if it was closed after a request.
    fn closed_after(&self, record: &Record) -> Option<&Closed> {
        self.closed.filter(|closed| closed.noticed.boot_id == self.boot_id && closed.noticed.n >= record.n)
    }

    /// What was recorded after the prediction.
    fn recent(&self) -> &[Arc<Record>] {
        &self.records[self.start()..]
    }
}

/// Ticks from the first on, and the requests that show them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Observed {
    pub(super) ticks: Vec<bool>,
    pub(super) evidence: Vec<u64>,
}

impl Exercise {
    pub(super) fn find(number: u8) -> Option<&'static Self> {
        EXERCISES.iter().find(|exercise| exercise.number == number)
    }

    pub(super) fn has_choice(&self, choice: &str) -> bool {
        choice.len() == 1 && ("a"..=self.last_choice).contains(&choice)
    }

    pub(super) fn is_done(&self, attempt: &Attempt) -> bool {
        attempt.ticks.count_ones() as usize == self.ticks.len()
    }

    /// Brings the ticks of an attempt up to date.
    pub(super) fn tick(&self, attempt: &mut Attempt, scene: &Scene<'_>) {
        if self.is_done(attempt) {
            return;
        }
        let observed = (self.observe)(scene);
        let bits =
            observed.ticks.iter().enumerate().fold(0, |bits, (at, tick)| bits | (u8::from(*tick) << at));
        let gained = if self.one_by_one { bits | attempt.ticks } else { bits };
        if gained.count_ones() > attempt.ticks.count_ones() {
            attempt.ticks = gained;
            attempt.evidence = observed.evidence;
            scene.boot_id.clone_into(&mut attempt.evidence_of);
        }
    }
}

/// Ticks the exercise that is done by naming a key; `false` before its prediction.
pub(super) fn answer(progress: &mut Progress) -> bool {
    let attempt = progress.attempts.get_mut(&FIND_THE_ROW);
    attempt.map(|attempt| attempt.ticks = 1).is_some()
}

/// Forgets one exercise, and what was noted for it.
pub(super) fn forget(progress: &mut Progress, number: u8) {
    progress.attempts.remove(&number);
    if number == RESTART {
        progress.noted = None;
    }
}

/// Notes the session for the restart that is to come, once the exercise has begun.
pub(super) fn note_session(progress: &mut Progress, boot_id: &str, records: &[Arc<Record>]) {
    let Some(attempt) = progress.attempts.get(&RESTART) else { return };
    if Exercise::find(RESTART).is_none_or(|exercise| exercise.is_done(attempt)) {
        return;
    }
    let recent = |record: &&Arc<Record>| record.in_session && attempt.since.is_before(boot_id, record.n);
    let noted = records.iter().rev().find(recent).and_then(|record| {
        let key = record.key()?.to_owned();
        Some(NotedSession { boot_id: boot_id.to_owned(), key, counter: record.after.as_ref()?.counter? })
    });
    if noted.is_some() {
        progress.noted = noted;
    }
}

/// An exercise as the pages show it.
#[derive(Debug, Serialize)]
pub(super) struct ExerciseView {
    pub(super) number: u8,
    pub(super) title: &'static str,
    pub(super) finding: &'static str,
    pub(super) right: &'static str,
    pub(super) choice: Option<String>,
    /// Whether the prediction may be judged.
    pub(super) answered: bool,
    pub(super) done: bool,
    pub(super) ticks: Vec<TickView>,
    pub(super) ticked: u32,
    pub(super) evidence: Vec<u64>,
    #[serde(skip)]
    pub(super) evidence_of: String,
    pub(super) previous: Option<u8>,
    pub(super) next: Option<u8>,
}

#[derive(Debug, Serialize)]
pub(super) struct TickView {
    text: &'static str,
    ticked: bool,
}

impl ExerciseView {
    pub(super) fn new(exercise: &Exercise, progress: &Progress) -> Self {
        let attempt = progress.attempts.get(&exercise.number);
        let at = EXERCISES.iter().position(|other| other.number == exercise.number).unwrap_or(0);
        let number_at = |at: Option<usize>| at.and_then(|at| EXERCISES.get(at)).map(|other| other.number);
        let bits = attempt.map_or(0, |attempt| attempt.ticks);
        let done = attempt.is_some_and(|attempt| exercise.is_done(attempt));
        Self {
            number: exercise.number,
            title: exercise.title,
            finding: exercise.finding,
            right: exercise.right,
            choice: attempt.map(|attempt| attempt.choice.clone()),
            answered: done,
            done,
            ticks: exercise
                .ticks
                .iter()
                .enumerate()
                .map(|(at, text)| TickView { text, ticked: bits & (1 << at) != 0 })
                .collect(),
            ticked: bits.count_ones(),
            evidence: attempt.map(|attempt| attempt.evidence.clone()).unwrap_or_default(),
            evidence_of: attempt.map(|attempt| attempt.evidence_of.clone()).unwrap_or_default(),
            previous: number_at(at.checked_sub(1)),
            next: number_at(Some(at + 1)),
        }
    }
}
