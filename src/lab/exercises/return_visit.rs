//! A client that comes back with the key it was given.

use std::sync::Arc;

use super::exercise::{Exercise, Hooks, Observed, Tick, Ticking};
use super::scene::Scene;
use crate::lab::drawing::Column;
use crate::lab::log::{Record, RowState, Told};

pub(super) static EXERCISE: Exercise = Exercise {
    number: 4,
    title: "Come back",
    choices: "abcd",
    right: "b",
    ticks: &[
        Tick { before: "what the browser sent", seen: "a cookie was sent" },
        Tick { before: "where its value came from", seen: "an earlier response had set its key" },
        Tick { before: "what the table had for it", seen: "the key's row was live" },
    ],
    finding: "You are recognised by the key that your browser sends, and by nothing else.",
    columns: &[Column::Request, Column::SentKey, Column::RowFound, Column::KeyAfter, Column::Counter],
    observe,
    ticking: Ticking::Together,
    hooks: Hooks::NONE,
};

/// The sent key is that of an earlier answer, and its row is live. The answer may be older than the prediction: coming
/// back is what counts. A live key that no answer here has given is somebody else's.
fn observe(scene: &Scene<'_>) -> Observed {
    Observed::best(scene.records.iter().enumerate().skip(scene.start()).map(|(at, record)| {
        let sent = record.sent_key.is_some();
        let was_given =
            |earlier: &&Arc<Record>| earlier.cookie == Told::Set && earlier.key_out == record.sent_key;
        let earlier = scene.records[..at].iter().rev().find(was_given);
        let ticks = [sent, earlier.is_some(), sent && record.row_state == RowState::Live];
        (ticks, earlier.iter().map(|earlier| earlier.n).chain([record.n]).collect())
    }))
}

#[cfg(test)]
mod tests {
    use super::super::scene::testing::Trial;
    use super::super::scene::{PLAIN, WORLD, WORLD2};
    use super::*;

    fn first() -> Record {
        Record::visit(WORLD).saves("a")
    }

    #[test]
    fn the_key_of_an_earlier_answer_comes_back() {
        for (case, records, ticks) in [
            ("only the first visit", vec![first()], "000"),
            ("back on any view", vec![first(), Record::visit(PLAIN).sends("a", 30, 1)], "111"),
            ("a key that nobody was given", vec![first(), Record::visit(WORLD2).unknown("b")], "100"),
            ("the live key of another client", vec![first(), Record::visit(WORLD2).sends("b", 30, 1)], "101"),
            ("the same twice", vec![Record::visit(PLAIN).sends("b", 30, 1); 2], "101"),
            ("too late", vec![first(), Record::visit(PLAIN).at(30).sends("a", 30, 1)], "110"),
            ("the wrong order", vec![Record::visit(PLAIN).sends("a", 30, 1), first()], "101"),
            ("without the cookie", vec![first(), Record::visit(WORLD2).reads()], "000"),
        ] {
            assert_eq!(Trial::of(records).ticks(&EXERCISE), ticks, "{case}");
        }
    }

    #[test]
    fn the_first_visit_may_be_older_than_the_prediction_but_not_the_return() {
        let records = || [first(), Record::visit(WORLD2).sends("a", 30, 1).reads()];
        let trial = Trial::of(records()).predicted_after(1);
        assert_eq!(trial.observe(&EXERCISE).evidence, [1, 2]);
        assert_eq!(trial.ticks(&EXERCISE), "111");
        assert_eq!(Trial::of(records()).predicted_after(2).ticks(&EXERCISE), "000");
    }
}
