//! A key that nobody was given.

use super::exercise::{Exercise, Hooks, Observed, Tick, Ticking};
use super::scene::Scene;
use crate::lab::drawing::Column;
use crate::lab::log::{Record, Told};

pub(super) static EXERCISE: Exercise = Exercise {
    number: 19,
    title: "Forge a key",
    choices: "abcd",
    right: "c",
    ticks: &[
        Tick {
            before: "a view that reads, asked with your key",
            seen: "read: the cookie with your key was deleted",
        },
        Tick {
            before: "a view that writes, asked with your key",
            seen: "written: you were given another key, a fresh one",
        },
        Tick {
            before: "your key once more, after the write",
            seen: "your key led to no row, even after the write",
        },
    ],
    finding: "A session never adopts a key that the server has not made itself.",
    columns: &[
        Column::Request,
        Column::SentKey,
        Column::RowFound,
        Column::Session,
        Column::Cookie,
        Column::KeyAfter,
    ],
    observe,
    ticking: Ticking::OneByOne,
    hooks: Hooks::NONE,
};

/// A made-up key, read and written, and sent again after the write.
fn observe(scene: &Scene<'_>) -> Observed {
    let forged = || scene.recent().iter().map(AsRef::as_ref).filter(|record| scene.sends_made_up_key(record));
    let written = |record: &Record| {
        record.modified && record.saved && record.key_out.is_some() && record.key_out != record.sent_key
    };
    let read = forged().rev().find(|record| record.accessed && record.cookie == Told::Delete);
    let first_write = forged().find(|record| written(record));
    let again = forged().rev().find(|record| {
        forged().any(|before| before.n < record.n && written(before) && before.sent_key == record.sent_key)
    });
    let found = [read, first_write, again];
    Observed {
        ticks: found.map(|found| found.is_some()).to_vec(),
        evidence: found.into_iter().flatten().map(|record| record.n).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::scene::testing::Trial;
    use super::super::scene::{PLAIN, WORLD, WORLD2};
    use super::*;

    fn forged(path: &str) -> Record {
        Record::visit(path).unknown("madeup00")
    }

    #[test]
    fn a_made_up_key_is_never_adopted() {
        let flushed = || Record::visit("/play/flush").sends("a", 30, 1).deletes();
        for (case, records, ticks) in [
            ("nothing", vec![], "000"),
            ("untouched", vec![forged(PLAIN)], "000"),
            ("read", vec![forged(WORLD2).reads()], "100"),
            ("written", vec![forged(WORLD).saves("b")], "010"),
            ("read, written", vec![forged(WORLD2).reads(), forged(WORLD).saves("b")], "110"),
            ("written, again", vec![forged(WORLD).saves("b"), forged(PLAIN)], "011"),
            ("written, read again", vec![forged(WORLD).saves("b"), forged(WORLD2).reads()], "111"),
            (
                "written, another key again",
                vec![forged(WORLD).saves("b"), Record::visit(PLAIN).unknown("another0")],
                "010",
            ),
            ("no key at all", vec![Record::visit(WORLD).saves("b"), Record::visit(PLAIN)], "000"),
            ("a live key", vec![Record::visit(WORLD2).sends("a", 30, 1).reads()], "000"),
            ("an expired one", vec![Record::visit(WORLD2).at(30).sends("a", 30, 1).reads()], "000"),
            (
                "one that was flushed",
                vec![
                    Record::visit(WORLD).saves("a"),
                    flushed(),
                    Record::visit(WORLD2).unknown("a").reads(),
                    Record::visit(WORLD).unknown("a").saves("b"),
                ],
                "000",
            ),
            (
                "saved though the view only read",
                vec![Record { modified: false, ..forged(WORLD2).saves("b") }],
                "000",
            ),
        ] {
            assert_eq!(Trial::of(records).ticks(&EXERCISE), ticks, "{case}");
        }
    }

    #[test]
    fn what_came_before_the_prediction_does_not_count() {
        let trial = || Trial::of([forged(WORLD2).reads(), forged(WORLD).saves("b"), forged(PLAIN)]);
        assert_eq!(trial().ticks(&EXERCISE), "111");
        assert_eq!(trial().predicted_after(2).ticks(&EXERCISE), "000", "the write came before it");
        assert_eq!(trial().observe(&EXERCISE).evidence, [1, 2, 3]);
    }
}
