//! The three methods that begin anew: another key, no data, neither.

use super::exercise::{Exercise, Hooks, Observed, Tick, Ticking};
use super::scene::Scene;
use crate::lab::drawing::Column;
use crate::lab::log::{Record, RowState, RowView, Told};

const CYCLE_KEY: &str = "/play/cycle_key";
const CLEAR: &str = "/play/clear";
const FLUSH: &str = "/play/flush";
/// The data of a session without any.
const NOTHING: &str = "{}";

pub(super) static EXERCISE: Exercise = Exercise {
    number: 14,
    title: "cycle_key, clear, flush",
    choices: "abcd",
    right: "c",
    ticks: &[
        Tick { before: "what cycle_key does to key and data", seen: "cycle_key: a new key, the same data" },
        Tick { before: "what clear does to key and data", seen: "clear: the same key and row, no data" },
        Tick {
            before: "what flush does to row and cookie",
            seen: "flush: the row is gone, the cookie deleted",
        },
    ],
    finding: "cycle_key changes the key, clear empties the data, and flush ends the session.",
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

/// Each method on a live session; the first two on one that holds data, since nobody sees what becomes of none.
fn observe(scene: &Scene<'_>) -> Observed {
    let find = |path, matches: fn(&Record) -> bool| {
        let mut visits = scene.recent_visits(path).rev().map(AsRef::as_ref);
        visits.find(|record| record.row_state == RowState::Live && matches(record)).map(|record| record.n)
    };
    let found = [find(CYCLE_KEY, has_moved), find(CLEAR, is_emptied), find(FLUSH, has_ended)];
    Observed {
        ticks: found.map(|found| found.is_some()).to_vec(),
        evidence: found.into_iter().flatten().collect(),
    }
}

fn data(row: Option<&RowView>) -> Option<&str> {
    row?.data.as_deref().filter(|data| *data != NOTHING)
}

fn has_moved(record: &Record) -> bool {
    let before = data(record.before.as_ref());
    record.saved
        && record.key_out != record.sent_key
        && before.is_some()
        && before == data(record.after.as_ref())
}

fn is_emptied(record: &Record) -> bool {
    let emptied = record.after.as_ref().is_some_and(|row| row.data.as_deref() == Some(NOTHING));
    record.saved && record.key_out == record.sent_key && data(record.before.as_ref()).is_some() && emptied
}

fn has_ended(record: &Record) -> bool {
    record.cookie == Told::Delete && record.after.is_none()
}

#[cfg(test)]
mod tests {
    use super::super::scene::testing::Trial;
    use super::*;

    const FULL: &str = r#"{"counter":1}"#;

    fn visit(path: &str) -> Record {
        Record::visit(path).at(10).sends("a", 30, 1)
    }

    #[test]
    fn each_method_leaves_something_else() {
        let cycled = |key| visit(CYCLE_KEY).saves(key);
        let cleared = || visit(CLEAR).saves("a");
        let flushed = || Record { after: None, ..visit(FLUSH).deletes() };
        for (case, records, ticks) in [
            ("nothing", vec![], "000"),
            ("cycle_key", vec![cycled("b").data(FULL, FULL)], "100"),
            ("cycle_key without data", vec![cycled("b").data(NOTHING, NOTHING)], "000"),
            ("cycle_key, and other data", vec![cycled("b").data(FULL, r#"{"counter":2}"#)], "000"),
            ("a key that stays", vec![cycled("a").data(FULL, FULL)], "000"),
            ("clear", vec![cleared().data(FULL, NOTHING)], "010"),
            ("clear without data", vec![cleared().data(NOTHING, NOTHING)], "000"),
            ("clear under a new key", vec![visit(CLEAR).saves("b").data(FULL, NOTHING)], "000"),
            ("clear, and something set", vec![cleared().data(FULL, FULL)], "000"),
            ("flush", vec![flushed()], "001"),
            ("flush, and the row still there", vec![visit(FLUSH).deletes()], "000"),
            ("flush without a session", vec![Record::visit(FLUSH)], "000"),
            ("flush of an expired one", vec![Record::visit(FLUSH).at(30).sends("a", 30, 1).deletes()], "000"),
            (
                "another view that deletes the cookie",
                vec![Record::visit("/play/read").unknown("a").reads()],
                "000",
            ),
            (
                "all, in another order",
                vec![flushed(), cleared().data(FULL, NOTHING), cycled("b").data(FULL, FULL)],
                "111",
            ),
        ] {
            assert_eq!(Trial::of(records).ticks(&EXERCISE), ticks, "{case}");
        }
    }
}
