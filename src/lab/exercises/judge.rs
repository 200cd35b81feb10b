//! Brings all that a learner has begun up to date.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::find;
use super::scene::{Leftover, Scene};
use crate::lab::log::{Record, RowView, Snapshot};
use crate::lab::progress::Progress;

/// Ticks what the log shows, and notes what it will have lost after a restart.
pub(in crate::lab) fn judge(
    progress: &mut Progress,
    log: &Snapshot,
    row: Option<&RowView>,
    leftover: Option<&Leftover>,
    now: DateTime<Utc>,
) {
    let records: Vec<_> = log.records.iter().filter(|record| counts(record)).cloned().collect();
    let Progress { attempts, closed, .. } = progress;
    for (number, attempt) in attempts {
        let Some(exercise) = find(*number) else { continue };
        let since = attempt.since.clone();
        let scene = |noted, seen| Scene {
            records: &records,
            everything: &log.records,
            boot_id: &log.boot_id,
            since: &since,
            closed: closed.as_ref(),
            noted,
            seen,
            leftover,
            row,
            now,
        };
        // What was noted before is compared before it is replaced; and noting may be a tick itself.
        let (noted, seen) = (attempt.noted.clone(), attempt.seen.clone());
        exercise.tick(attempt, &scene(noted.as_ref(), seen.as_ref()));
        exercise.note(attempt, &scene(noted.as_ref(), seen.as_ref()));
        let (noted, seen) = (attempt.noted.clone(), attempt.seen.clone());
        exercise.tick(attempt, &scene(noted.as_ref(), seen.as_ref()));
    }
}

/// The key of the learner's session that expired last, if an exercise asks whether its row is still there. What the log no
/// longer knows may have been seen before.
pub(in crate::lab) fn leftover_key(
    progress: &Progress,
    log: &Snapshot,
    now: DateTime<Utc>,
) -> Option<String> {
    let asking = progress.attempts.iter().find(|(number, attempt)| {
        find(**number).is_some_and(|exercise| exercise.hooks.see.is_some() && !exercise.is_done(attempt))
    });
    let (_, attempt) = asking?;
    let mut newer = BTreeSet::new();
    let ends = log.records.iter().rev().filter(|record| !record.thief);
    let ends = ends.filter_map(|record| Some((record.key()?, record.expire_after()?)));
    let mut ends = ends.filter(|(key, _)| newer.insert(*key));
    let expired = ends.find(|(_, end)| *end <= now).map(|(key, _)| key.to_owned());
    expired.or_else(|| attempt.seen.as_ref().map(|seen| seen.expired.clone()))
}

/// Whether a view inside the session middleware has answered a request without an error. Otherwise a 405 would count as a
/// visit that does not access the session.
fn counts(record: &Arc<Record>) -> bool {
    !record.incidental && !record.thief && record.in_session && record.status < 400
}

#[cfg(test)]
mod tests {
    use super::super::scene::{PLAIN, WORLD};
    use super::*;
    use crate::lab::log::RequestLog;
    use crate::lab::progress::{Attempt, Moment};

    fn judged(number: u8, records: impl IntoIterator<Item = Record>) -> Attempt {
        let log = RequestLog::new();
        let since = Moment::from(&log.snapshot());
        records.into_iter().for_each(|record| log.push(record));
        let mut progress = Progress::default();
        progress.attempts.insert(number, Attempt::new("a", since));
        judge(&mut progress, &log.snapshot(), None, None, Record::moment(0));
        progress.attempts.remove(&number).expect("the attempt")
    }

    #[test]
    fn only_what_a_view_has_answered_counts() {
        let outside = Record { in_session: false, ..Record::visit(PLAIN) };
        let by_itself = Record { incidental: true, ..Record::visit(PLAIN) };
        for (record, ticks) in [
            (Record::visit(PLAIN), 0b111),
            (Record::visit(PLAIN).status(303), 0b111),
            (Record::visit(PLAIN).status(405), 0),
            (Record::visit(PLAIN).status(500), 0),
            (outside, 0),
            (by_itself, 0),
        ] {
            let case = format!("{record:?}");
            assert_eq!(judged(1, [record]).ticks, ticks, "{case}");
        }
    }

    #[test]
    fn what_is_noted_ticks_at_once() {
        let attempt = judged(15, [Record::visit(WORLD).saves("a")]);
        assert_eq!((attempt.ticks, attempt.noted.map(|noted| noted.counter)), (0b0001, Some(1)));
    }

    #[test]
    fn the_session_that_expired_last_is_asked_for_while_an_exercise_needs_it() {
        let log = RequestLog::new();
        let visits = [("a", 0, 2), ("b", 1, 2), ("c", 3, 30), ("a", 4, 2)];
        for (key, second, age) in visits {
            log.push(Record::visit(WORLD).at(second).saves_for(key, age));
        }
        let since = Moment::from(&log.snapshot());
        let mut progress = Progress::default();
        let asked = |progress: &Progress, second| {
            leftover_key(progress, &log.snapshot(), Record::moment(second)).unwrap_or_default()
        };
        assert_eq!(asked(&progress, 60), "", "nobody asks");
        progress.attempts.insert(17, Attempt::new("a", since));
        for (second, key) in [(0, ""), (5, "b"), (6, "a"), (60, "a")] {
            assert_eq!(asked(&progress, second), key, "at {second}");
        }
        progress.attempts.get_mut(&17).expect("the attempt").ticks = 0b111;
        assert_eq!(asked(&progress, 60), "", "it is done");
    }

    #[test]
    fn an_exercise_that_is_not_there_is_left_alone() {
        assert_eq!(judged(250, [Record::visit(PLAIN)]).ticks, 0);
    }
}
