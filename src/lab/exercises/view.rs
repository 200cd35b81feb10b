//! An exercise as the pages show it.

use std::sync::Arc;

use serde::Serialize;

use super::EXERCISES;
use super::exercise::{Exercise, Tick};
use crate::lab::drawing::{Column, Table};
use crate::lab::log::{Record, Snapshot};
use crate::lab::progress::Progress;

/// The exercises from this number on attack and defend; the list has them under a heading of their own.
const FIRST_ATTACK: u8 = 22;

/// An exercise and what a learner has done of it.
#[derive(Debug, Serialize)]
pub(in crate::lab) struct ExerciseView {
    pub(in crate::lab) number: u8,
    pub(in crate::lab) title: &'static str,
    /// Whether it is one of those that attack and defend.
    attack: bool,
    /// `None` until all is ticked, like [`right`](Self::right).
    pub(in crate::lab) finding: Option<&'static str>,
    pub(in crate::lab) right: Option<&'static str>,
    /// The prediction, once it is locked.
    pub(in crate::lab) choice: Option<String>,
    pub(in crate::lab) done: bool,
    pub(in crate::lab) ticks: Vec<TickView>,
    pub(in crate::lab) ticked: u32,
    evidence: Vec<u64>,
    #[serde(skip)]
    evidence_of: String,
    #[serde(skip)]
    columns: &'static [Column],
    instead_of_evidence: Option<&'static str>,
    previous: Option<u8>,
    next: Option<u8>,
}

#[derive(Debug, Serialize)]
pub(in crate::lab) struct TickView {
    text: &'static str,
    ticked: bool,
}

impl TickView {
    fn new(tick: Tick, ticked: bool) -> Self {
        Self { text: if ticked { tick.seen } else { tick.before }, ticked }
    }
}

impl ExerciseView {
    pub(in crate::lab) fn new(exercise: &Exercise, progress: &Progress) -> Self {
        let attempt = progress.attempts.get(&exercise.number);
        let at = EXERCISES.iter().position(|other| other.number == exercise.number).unwrap_or(0);
        let number_at = |at: Option<usize>| at.and_then(|at| EXERCISES.get(at)).map(|other| other.number);
        let bits = attempt.map_or(0, |attempt| attempt.ticks);
        let done = attempt.is_some_and(|attempt| exercise.is_done(attempt));
        Self {
            number: exercise.number,
            title: exercise.title,
            attack: exercise.number >= FIRST_ATTACK,
            finding: done.then_some(exercise.finding),
            right: done.then_some(exercise.right),
            choice: attempt.map(|attempt| attempt.choice.clone()),
            done,
            ticks: exercise
                .ticks
                .iter()
                .enumerate()
                .map(|(at, tick)| TickView::new(*tick, bits & (1 << at) != 0))
                .collect(),
            ticked: bits.count_ones(),
            evidence: attempt.map(|attempt| attempt.evidence.clone()).unwrap_or_default(),
            evidence_of: attempt.map(|attempt| attempt.evidence_of.clone()).unwrap_or_default(),
            columns: exercise.columns,
            instead_of_evidence: exercise
                .hooks
                .question
                .as_ref()
                .map(|question| question.instead_of_evidence),
            previous: number_at(at.checked_sub(1)),
            next: number_at(Some(at + 1)),
        }
    }

    /// The step that is open: what its part of the page is called.
    pub(in crate::lab) fn step(&self) -> &'static str {
        match (&self.choice, self.done) {
            (None, _) => "predict",
            (Some(_), false) => "do",
            (Some(_), true) => "why",
        }
    }

    /// All of them, in their order.
    pub(in crate::lab) fn all(progress: &Progress) -> Vec<Self> {
        EXERCISES.iter().map(|exercise| Self::new(exercise, progress)).collect()
    }

    /// The requests that show what was observed, as far as they are still in the log.
    pub(in crate::lab) fn evidence<'a>(&self, log: &'a Snapshot) -> Vec<&'a Arc<Record>> {
        let shows =
            |record: &&Arc<Record>| *record.boot_id == *self.evidence_of && self.evidence.contains(&record.n);
        log.records.iter().filter(shows).collect()
    }

    /// The same as a table, in the columns that prove the exercise's point.
    pub(in crate::lab) fn proof(&self, log: &Snapshot) -> Option<Table> {
        Table::new(self.evidence(log).into_iter(), self.columns)
    }
}
