//! A value inside a value that is changed, and not put back.

use super::exercise::{Exercise, Hooks, Observed, Tick, Ticking};
use super::scene::Scene;
use crate::lab::drawing::Column;
use crate::lab::log::{Record, RowState, RowView};

const COPY: &str = "/play/nested_copy";
const PUT_BACK: &str = "/play/nested_put_back";
/// What the list is kept under.
const LIST: &str = "cart";

pub(super) static EXERCISE: Exercise = Exercise {
    number: 11,
    title: "A list inside the session",
    choices: "abcd",
    right: "b",
    ticks: &[
        Tick {
            before: "a view that adds to the list and does nothing else",
            seen: "a list was changed: accessed, not modified, not saved",
        },
        Tick { before: "what the row then holds", seen: "the row still holds the old list" },
        Tick {
            before: "a view that adds to the list and puts it back",
            seen: "put back: modified and saved",
        },
        Tick { before: "what the row holds now", seen: "the row holds the longer list" },
    ],
    finding: "The session notices what is put into it, but not what is changed inside.",
    columns: &[Column::Request, Column::Modified, Column::Saved, Column::Note],
    observe,
    ticking: Ticking::OneByOne,
    hooks: Hooks::NONE,
};

/// A list that was stored before is changed, without and with putting it back. With an empty session there is no stored
/// value that could stay as it is.
fn observe(scene: &Scene<'_>) -> Observed {
    let copies = of(scene, COPY).map(|(record, before, after)| {
        let quiet = record.accessed && !record.modified && !record.saved;
        ([quiet, quiet && before == after], record.n)
    });
    let put_back = of(scene, PUT_BACK).map(|(record, before, after)| {
        let loud = record.modified && record.saved;
        ([loud, loud && after == Some(before.unwrap_or(0) + 1)], record.n)
    });
    let pairs = [best(copies), best(put_back)];
    Observed {
        ticks: pairs.iter().flat_map(|(ticks, _)| *ticks).collect(),
        evidence: pairs.iter().filter_map(|(_, n)| *n).collect(),
    }
}

/// The requests of a path that found a list, with the length of the list in the row before and after.
fn of<'a>(
    scene: &Scene<'a>,
    path: &'static str,
) -> impl Iterator<Item = (&'a Record, Option<usize>, Option<usize>)> {
    let found =
        scene.recent_visits(path).map(AsRef::as_ref).filter(|record| record.row_state == RowState::Live);
    found
        .map(|record: &Record| (record, length(record.before.as_ref()), length(record.after.as_ref())))
        .filter(|(_, before, _)| before.is_some())
}

fn length(row: Option<&RowView>) -> Option<usize> {
    row?.value(LIST)?.as_array().map(Vec::len)
}

fn best(candidates: impl Iterator<Item = ([bool; 2], u64)>) -> ([bool; 2], Option<u64>) {
    let candidates = candidates.filter(|(ticks, _)| ticks[0]).map(|(ticks, n)| (ticks, Some(n)));
    candidates.max_by_key(|(ticks, _)| ticks[1]).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::scene::testing::Trial;
    use super::*;

    const ONE: &str = r#"{"cart":[1]}"#;
    const TWO: &str = r#"{"cart":[1,2]}"#;

    fn visit(path: &str) -> Record {
        Record::visit(path).at(10).sends("a", 30, 1)
    }

    #[test]
    fn a_change_inside_is_not_noticed() {
        let copy = || visit(COPY).reads();
        let put_back = || visit(PUT_BACK).saves("a");
        for (case, records, ticks) in [
            ("nothing", vec![], "0000"),
            ("changed", vec![copy().data(ONE, ONE)], "1100"),
            ("put back", vec![put_back().data(ONE, TWO)], "0011"),
            ("both", vec![copy().data(ONE, ONE), put_back().data(ONE, TWO)], "1111"),
            ("the other way round", vec![put_back().data(ONE, TWO), copy().data(TWO, TWO)], "1111"),
            ("there was no list", vec![copy().data("{}", "{}"), put_back().data("{}", ONE)], "0000"),
            ("a list that is none", vec![copy().data(r#"{"cart":1}"#, r#"{"cart":1}"#)], "0000"),
            ("saved, since every request is", vec![copy().saves("a").data(ONE, ONE)], "0000"),
            ("another request has stored more meanwhile", vec![copy().data(ONE, TWO)], "1000"),
            ("a longer one than that", vec![put_back().data(ONE, r#"{"cart":[1,2,3]}"#)], "0010"),
            ("a good one before a bad one", vec![copy().data(ONE, ONE), copy().data(ONE, TWO)], "1100"),
            ("expired", vec![visit(COPY).at(30).sends("a", 30, 1).reads().data(ONE, ONE)], "0000"),
            ("another operation", vec![visit("/play/read").reads().data(ONE, ONE)], "0000"),
        ] {
            assert_eq!(Trial::of(records).ticks(&EXERCISE), ticks, "{case}");
        }
    }

    #[test]
    fn both_come_after_the_prediction() {
        let records = [visit(COPY).reads().data(ONE, ONE), visit(PUT_BACK).saves("a").data(ONE, TWO)];
        assert_eq!(Trial::of(records).predicted_after(1).ticks(&EXERCISE), "0011");
    }
}
