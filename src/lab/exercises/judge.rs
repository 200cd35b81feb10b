//! Brings all that a learner has begun up to date.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::find;
use super::scene::Scene;
use crate::lab::log::{Record, RowView, Snapshot};
use crate::lab::progress::Progress;

/// Ticks what the log shows, and notes what it will have lost after a restart.
pub(in crate::lab) fn judge(
    progress: &mut Progress,
    log: &Snapshot,
    row: Option<&RowView>,
    now: DateTime<Utc>,
) {
    let records: Vec<_> = log.records.iter().filter(|record| counts(record)).cloned().collect();
    let Progress { attempts, closed, .. } = progress;
    for (number, attempt) in attempts {
        let Some(exercise) = find(*number) else { continue };
        let since = attempt.since.clone();
        let scene = |noted| Scene {
            records: &records,
            everything: &log.records,
            boot_id: &log.boot_id,
            since: &since,
            closed: closed.as_ref(),
            noted,
            row,
            now,
        };
        // What was noted before is compared before it is replaced; and noting may be a tick itself.
        let noted = attempt.noted.clone();
        exercise.tick(attempt, &scene(noted.as_ref()));
        exercise.note(attempt, &scene(noted.as_ref()));
        let noted = attempt.noted.clone();
        exercise.tick(attempt, &scene(noted.as_ref()));
    }
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
        judge(&mut progress, &log.snapshot(), None, Record::moment(0));
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
    fn an_exercise_that_is_not_there_is_left_alone() {
        assert_eq!(judged(250, [Record::visit(PLAIN)]).ticks, 0);
    }
}
