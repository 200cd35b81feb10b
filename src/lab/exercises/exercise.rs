//! What an exercise is made of, and how its ticks are kept.

use chrono::{DateTime, Utc};

use super::scene::Scene;
use crate::lab::drawing::Column;
use crate::lab::progress::{Attempt, MOST_EVIDENCE, NotedSession, SeenRows};

/// An exercise, but for its texts: these are in `templates/lab/exercises/`.
pub(in crate::lab) struct Exercise {
    /// As in the address of its page.
    pub(in crate::lab) number: u8,
    pub(in crate::lab) title: &'static str,
    /// The letters of the predictions to choose from, such as `abcd`.
    pub(in crate::lab) choices: &'static str,
    /// The prediction that comes true.
    pub(in crate::lab) right: &'static str,
    /// What is to be observed, at most eight things.
    pub(in crate::lab) ticks: &'static [Tick],
    /// What there was to find out. No page shows it before all is ticked.
    pub(in crate::lab) finding: &'static str,
    /// What proves it, of the requests that show it.
    pub(super) columns: &'static [Column],
    /// The ticks that the log gives, a pure function.
    pub(super) observe: fn(&Scene<'_>) -> Observed,
    pub(super) ticking: Ticking,
    pub(in crate::lab) hooks: Hooks,
}

/// A thing to observe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) struct Tick {
    /// Its name until then, which gives nothing away.
    pub(in crate::lab) before: &'static str,
    /// What was seen.
    pub(in crate::lab) seen: &'static str,
}

/// How ticks add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ticking {
    /// One observation gives them all: a better one replaces another, and ticks of different ones do not add up.
    Together,
    /// Each is an observation of its own and is kept.
    OneByOne,
}

/// What only some exercises need.
pub(in crate::lab) struct Hooks {
    /// Asks for something that the learner finds out elsewhere.
    pub(in crate::lab) question: Option<Question>,
    /// The session to be kept in the learner's cookie, since the log does not survive a restart of the server.
    pub(super) note: Option<fn(&Scene<'_>) -> Option<NotedSession>>,
    /// Looks for an expired row beside a live one; nobody but the table tells when it is gone.
    pub(super) see: Option<fn(&Scene<'_>) -> Option<SeenRows>>,
}

impl Hooks {
    pub(super) const NONE: Self = Self { question: None, note: None, see: None };
}

/// A question whose answer is typed in. A right answer gives the first tick.
pub(in crate::lab) struct Question {
    /// The name of the form's field.
    pub(in crate::lab) field: &'static str,
    /// Whether an answer is right; an error, with its text, where it cannot be an answer at all.
    pub(in crate::lab) check: fn(&Answer<'_>) -> Result<Verdict, &'static str>,
    /// Shown instead of the requests that show what was observed.
    pub(in crate::lab) instead_of_evidence: &'static str,
}

/// What a learner has typed in, and what it is checked against.
pub(in crate::lab) struct Answer<'a> {
    pub(in crate::lab) text: &'a str,
    /// The keys that begin with it, of those that the log shows or the browser sends.
    pub(in crate::lab) own: &'a [OwnKey],
    /// Whether the key of a row that the log does not show begins with it.
    pub(in crate::lab) is_of_another_row: bool,
}

/// A key that the learner's browser has had.
#[derive(Clone, Copy, Debug)]
pub(in crate::lab) struct OwnKey {
    /// Whether its row is in the table, live or expired.
    pub(in crate::lab) has_row: bool,
}

/// What comes of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) enum Verdict {
    Right,
    /// With the word by which the page's template knows what is wrong.
    Wrong(&'static str),
}

/// Ticks from the first on, and the requests that show them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::lab) struct Observed {
    pub(super) ticks: Vec<bool>,
    pub(super) evidence: Vec<u64>,
}

impl Observed {
    /// The candidate with the most ticks; of several, the newest.
    pub(super) fn best<const N: usize>(candidates: impl Iterator<Item = ([bool; N], Vec<u64>)>) -> Self {
        let count = |ticks: &[bool]| ticks.iter().filter(|tick| **tick).count();
        candidates
            .map(|(ticks, evidence)| Self { ticks: ticks.to_vec(), evidence })
            .max_by_key(|observed| count(&observed.ticks))
            .unwrap_or_default()
    }

    /// As bits, from the first on.
    fn bits(&self) -> u8 {
        self.ticks.iter().enumerate().fold(0, |bits, (at, tick)| bits | (u8::from(*tick) << at))
    }
}

impl Exercise {
    pub(in crate::lab) fn has_choice(&self, choice: &str) -> bool {
        choice.len() == 1 && self.choices.contains(choice)
    }

    pub(in crate::lab) fn is_done(&self, attempt: &Attempt) -> bool {
        attempt.ticks.count_ones() as usize == self.ticks.len()
    }

    /// Brings the ticks of an attempt up to date. Their number never falls: what was observed is not taken back when the
    /// requests that showed it have left the log.
    pub(super) fn tick(&self, attempt: &mut Attempt, scene: &Scene<'_>) {
        if self.is_done(attempt) {
            return;
        }
        let observed = (self.observe)(scene);
        let gained = match self.ticking {
            Ticking::Together => observed.bits(),
            Ticking::OneByOne => observed.bits() | attempt.ticks,
        };
        if gained.count_ones() > attempt.ticks.count_ones() {
            attempt.ticks = gained;
            attempt.evidence = observed.evidence;
            attempt.evidence.truncate(MOST_EVIDENCE);
            scene.boot_id.clone_into(&mut attempt.evidence_of);
            self.note_end(attempt, scene.now);
        }
    }

    /// Notes the session or the rows that the exercise will need later. The newest counts, so that a learner can begin again.
    pub(super) fn note(&self, attempt: &mut Attempt, scene: &Scene<'_>) {
        if self.is_done(attempt) {
            return;
        }
        if let Some(noted) = self.hooks.note.and_then(|note| note(scene)) {
            attempt.noted = Some(noted);
        }
        if let Some(seen) = self.hooks.see.and_then(|see| see(scene)) {
            attempt.seen = Some(seen);
        }
    }

    /// Ticks what only a right answer ticks.
    pub(in crate::lab) fn answered(&self, attempt: &mut Attempt, now: DateTime<Utc>) {
        if self.hooks.question.is_some() {
            attempt.ticks |= 1;
            self.note_end(attempt, now);
        }
    }

    /// Notes when all was observed, once.
    fn note_end(&self, attempt: &mut Attempt, now: DateTime<Utc>) {
        if self.is_done(attempt) && attempt.done_at.is_none() {
            attempt.done_at = Some(now.timestamp());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::scene::testing::Trial;
    use super::*;

    const fn exercise(observe: fn(&Scene<'_>) -> Observed, ticking: Ticking) -> Exercise {
        let hooks = Hooks::NONE;
        let ticks = &[Tick { before: "", seen: "" }; 3];
        Exercise {
            number: 1,
            title: "",
            choices: "abc",
            right: "b",
            ticks,
            finding: "",
            columns: &[],
            observe,
            ticking,
            hooks,
        }
    }

    fn first_two(_: &Scene<'_>) -> Observed {
        Observed { ticks: vec![true, true, false], evidence: vec![1, 2] }
    }

    fn the_last(_: &Scene<'_>) -> Observed {
        Observed { ticks: vec![false, false, true], evidence: vec![3] }
    }

    #[test]
    fn two_halves_make_a_whole_only_where_ticks_come_one_by_one() {
        for (ticking, expected, done) in [(Ticking::Together, 0b011, false), (Ticking::OneByOne, 0b111, true)]
        {
            let trial = Trial::of([]);
            let mut attempt = trial.attempt();
            exercise(first_two, ticking).tick(&mut attempt, &trial.scene());
            assert_eq!((attempt.ticks, attempt.evidence.as_slice()), (0b011, [1, 2].as_slice()));
            let second = exercise(the_last, ticking);
            second.tick(&mut attempt, &trial.scene());
            assert_eq!((attempt.ticks, second.is_done(&attempt)), (expected, done), "{ticking:?}");
        }
    }

    #[test]
    fn the_best_candidate_is_the_newest_of_the_best() {
        let candidates = [([true, false], vec![1]), ([true, true], vec![2]), ([true, true], vec![3])];
        let best = Observed::best(candidates.into_iter());
        assert_eq!(best, Observed { ticks: vec![true, true], evidence: vec![3] });
        assert_eq!(Observed::best(std::iter::empty::<([bool; 2], Vec<u64>)>()), Observed::default());
    }

    #[test]
    fn a_choice_is_one_of_the_letters() {
        let exercise = exercise(first_two, Ticking::Together);
        for (choice, is_one) in
            [("a", true), ("c", true), ("d", false), ("", false), ("ab", false), ("é", false)]
        {
            assert_eq!(exercise.has_choice(choice), is_one, "{choice:?}");
        }
    }
}
