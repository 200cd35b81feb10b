//! One session in two tabs, and in two requests at once.

use std::sync::Arc;

use super::exercise::{Exercise, Hooks, Observed, Tick, Ticking};
use super::scene::{Scene, WORLD};
use crate::lab::drawing::Column;
use crate::lab::log::{Record, RowState};

const GET_THEN_SET: &str = "/play/get_then_set_at_once";
const FETCH_UPDATE: &str = "/play/fetch_update_at_once";

pub(super) static EXERCISE: Exercise = Exercise {
    number: 13,
    title: "Two tabs, two requests at once",
    choices: "abcd",
    right: "c",
    ticks: &[
        Tick {
            before: "two visits of /hello/world, one in each tab",
            seen: "two tabs, one key: the counter goes on from tab to tab",
        },
        Tick {
            before: "two requests at once that get the counter and set it",
            seen: "get, then set: both found the same counter",
        },
        Tick { before: "the counter after that", seen: "it rose by one: one of two updates was lost" },
        Tick {
            before: "two requests at once with fetch_update",
            seen: "fetch_update: both found the same counter",
        },
        Tick { before: "what the counter is now", seen: "it rose by two: no update was lost" },
    ],
    finding: "Two tabs share one session. When two requests get and set a value at the same time, one update is lost.",
    columns: &[Column::Request, Column::SentKey, Column::Counter, Column::Saved, Column::Note],
    observe,
    ticking: Ticking::OneByOne,
    hooks: Hooks::NONE,
};

/// Two visits one after the other, then two pairs that overlapped: both found the same counter, and no request of the
/// session was answered between them.
fn observe(scene: &Scene<'_>) -> Observed {
    let tabs = pairs(scene).filter(|pair| pair.is_of(WORLD) && pair.follow_each_other()).last();
    let overlapping = |path: &'static str, rise: i64| {
        let found = pairs(scene).filter(move |pair| pair.is_of(path) && pair.overlapped());
        found.max_by_key(|pair| pair.rise() == Some(rise))
    };
    let (lost, kept) = (overlapping(GET_THEN_SET, 1), overlapping(FETCH_UPDATE, 2));
    let rose = |pair: &Option<Pair<'_>>, by| pair.as_ref().is_some_and(|pair| pair.rise() == Some(by));
    Observed {
        ticks: vec![tabs.is_some(), lost.is_some(), rose(&lost, 1), kept.is_some(), rose(&kept, 2)],
        evidence: [tabs, lost, kept]
            .into_iter()
            .flatten()
            .flat_map(|pair| [pair.one.n, pair.other.n])
            .collect(),
    }
}

/// Two requests of one live session of which the second was answered next after the first.
struct Pair<'a> {
    one: &'a Record,
    other: &'a Record,
}

fn pairs<'a>(scene: &Scene<'a>) -> impl Iterator<Item = Pair<'a>> {
    let recent = scene.recent();
    recent.iter().enumerate().filter_map(move |(at, one)| {
        let next = recent[at + 1..].iter().find(|other| is_of_one_session(one, other))?;
        Some(Pair { one, other: next })
    })
}

fn is_of_one_session(one: &Arc<Record>, other: &Arc<Record>) -> bool {
    other.sent_key.is_some() && one.key() == other.sent_key.as_deref()
}

impl Pair<'_> {
    fn is_of(&self, path: &str) -> bool {
        [self.one, self.other].iter().all(|record| record.path == path && record.saved)
    }

    fn follow_each_other(&self) -> bool {
        let found = |record: &Record| record.counter;
        self.other.row_state == RowState::Live
            && found(self.other) == found(self.one).map(|counter| counter + 1)
    }

    fn overlapped(&self) -> bool {
        let live = [self.one, self.other].iter().all(|record| record.row_state == RowState::Live);
        live && self.one.sent_key == self.other.sent_key && self.one.counter == self.other.counter
    }

    /// By how much the counter rose.
    fn rise(&self) -> Option<i64> {
        let after = |record: &Record| record.after.as_ref().and_then(|row| row.counter);
        Some(after(self.one).max(after(self.other))? - self.one.counter?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::scene::testing::Trial;
    use super::*;
    use crate::lab::log::RowView;

    /// A request that finds a counter in session `a` and leaves another there.
    fn counts(path: &str, found: i64, left: i64) -> Record {
        let record = Record::visit(path).at(10).sends("a", 30, found).saves("a");
        Record { after: Some(RowView::fake("a", Record::moment(40), Some(left))), ..record }
    }

    #[test]
    fn one_update_of_two_is_lost_or_none() {
        let get = |found, left| counts(GET_THEN_SET, found, left);
        let fetch = |found, left| counts(FETCH_UPDATE, found, left);
        let tab = |found| counts(WORLD, found, found + 1);
        let of_b = |path, found| Record::visit(path).at(10).sends("b", 30, found).saves("b");
        for (case, records, ticks) in [
            ("nothing", vec![], "00000"),
            ("two tabs", vec![tab(1), tab(2)], "10000"),
            ("the first of them begins the session", vec![Record::visit(WORLD).saves("a"), tab(1)], "10000"),
            ("two sessions", vec![tab(1), of_b(WORLD, 2)], "00000"),
            ("one tab", vec![tab(1)], "00000"),
            ("something between", vec![tab(1), counts("/play/set", 2, 2), tab(2)], "00000"),
            ("a request of another session between", vec![tab(1), of_b(WORLD, 7), tab(2)], "10000"),
            ("get, then set, at once", vec![get(3, 4), get(3, 4)], "01100"),
            ("one after the other", vec![get(3, 4), get(4, 5)], "00000"),
            ("alone", vec![get(3, 4)], "00000"),
            ("put back between", vec![get(3, 4), counts("/play/set", 4, 3), get(3, 4)], "00000"),
            ("at once, in two sessions", vec![get(3, 4), of_b(GET_THEN_SET, 3)], "00000"),
            ("two, and none lost", vec![get(3, 4), get(3, 5)], "01000"),
            ("of two kinds", vec![get(3, 4), fetch(3, 5)], "00000"),
            ("fetch_update at once", vec![fetch(3, 4), fetch(3, 5)], "00011"),
            ("written together", vec![fetch(3, 5), fetch(3, 5)], "00011"),
            ("one lost", vec![fetch(3, 4), fetch(3, 4)], "00010"),
            ("not saved", vec![Record { saved: false, ..get(3, 4) }, get(3, 4)], "00000"),
            ("all", vec![fetch(3, 4), fetch(3, 5), get(5, 6), get(5, 6), tab(6), tab(7)], "11111"),
        ] {
            assert_eq!(Trial::of(records).ticks(&EXERCISE), ticks, "{case}");
        }
    }

    #[test]
    fn both_of_a_pair_come_after_the_prediction() {
        let pair = || [counts(GET_THEN_SET, 3, 4), counts(GET_THEN_SET, 3, 4)];
        assert_eq!(Trial::of(pair()).predicted_after(1).ticks(&EXERCISE), "00000");
        assert_eq!(Trial::of(pair()).observe(&EXERCISE).evidence, [1, 2]);
    }
}
