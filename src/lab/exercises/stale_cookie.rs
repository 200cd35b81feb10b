//! A cookie that the browser still has, of a row that has expired.

use super::exercise::{Exercise, Hooks, Observed, Tick, Ticking};
use super::scene::Scene;
use crate::lab::drawing::Column;
use crate::lab::log::{Record, RowState, Rule, Told};

pub(super) static EXERCISE: Exercise = Exercise {
    number: 16,
    title: "The cookie outlives its row",
    choices: "abcd",
    right: "c",
    ticks: &[
        Tick { before: "a view that leaves the session alone", seen: "untouched: the cookie stayed" },
        Tick { before: "a view that reads it", seen: "read: the cookie was deleted" },
        Tick { before: "a view that writes to it", seen: "written: you were given a new key" },
    ],
    finding: "The server notices an expired row only when a view uses the session: a read deletes the cookie, a write starts a new session.",
    columns: &[
        Column::Time,
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

/// An expired row under a sent key: untouched, read, and written, in any order. A read deletes the cookie, so a learner
/// needs another session for the rest: each tick stays.
fn observe(scene: &Scene<'_>) -> Observed {
    let find = |matches: fn(&Record) -> bool| {
        let stale = scene.recent().iter().rev().filter(|record| record.row_state == RowState::Expired);
        stale.map(AsRef::as_ref).find(|record| matches(record)).map(|record| record.n)
    };
    let untouched =
        find(|record| !record.accessed && record.rule == Rule::Leave && record.cookie == Told::None);
    let read = find(|record| record.accessed && record.cookie == Told::Delete);
    let written =
        find(|record| record.saved && record.key_out.is_some() && record.key_out != record.sent_key);
    let found = [untouched, read, written];
    Observed {
        ticks: found.map(|found| found.is_some()).to_vec(),
        evidence: found.into_iter().flatten().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::scene::testing::Trial;
    use super::super::scene::{PLAIN, WORLD, WORLD2};
    use super::*;

    fn stale(path: &str) -> Record {
        Record::visit(path).at(30).sends("a", 30, 1)
    }

    #[test]
    fn each_of_three_things_happens_to_an_expired_row() {
        let live = |path| Record::visit(path).at(29).sends("a", 30, 1);
        for (case, records, ticks) in [
            ("nothing", vec![], "000"),
            ("untouched", vec![stale(PLAIN)], "100"),
            ("read", vec![stale(WORLD2).reads()], "010"),
            ("written", vec![stale(WORLD).saves("b")], "001"),
            (
                "all, in another order",
                vec![stale(WORLD).saves("b"), stale(WORLD2).reads(), stale(PLAIN)],
                "111",
            ),
            ("live", vec![live(PLAIN), live(WORLD2).reads(), live(WORLD).saves("a")], "000"),
            ("accessed, and yet left alone", vec![Record { accessed: true, ..stale(PLAIN) }], "000"),
            ("an unknown key", vec![Record::visit(WORLD2).unknown("a").reads()], "000"),
            ("revived under its own key", vec![stale("/play/clear").saves("a")], "000"),
        ] {
            assert_eq!(Trial::of(records).ticks(&EXERCISE), ticks, "{case}");
        }
    }
}
