//! A session that is read and not saved.

use super::exercise::{Exercise, Hooks, Observed, Tick, Ticking};
use super::scene::{Scene, WORLD2};
use crate::lab::drawing::Column;
use crate::lab::log::{Record, RowState};

/// Reads that are asked for.
const READS: usize = 3;

pub(super) static EXERCISE: Exercise = Exercise {
    number: 9,
    title: "Three reads",
    choices: "abcd",
    right: "b",
    ticks: &[
        Tick {
            before: "three visits in a row to a view that only reads",
            seen: "three reads in one session, none saved",
        },
        Tick {
            before: "the last of them late in the session's life",
            seen: "the last of them in the second half of its life",
        },
        Tick { before: "what expire_date did", seen: "expire_date did not move" },
    ],
    finding: "Only a save moves the end of a session. Reading does not.",
    columns: &[
        Column::Time,
        Column::Request,
        Column::Accessed,
        Column::Saved,
        Column::ExpireBefore,
        Column::ExpireAfter,
    ],
    observe,
    ticking: Ticking::Together,
    hooks: Hooks::NONE,
};

/// Three reads that save nothing, the last in the second half of the session's life, the expiry unmoved. No other request
/// may come between them: a save, by any view, would move the expiry and hide what reading does.
fn observe(scene: &Scene<'_>) -> Observed {
    Observed::best(scene.recent().windows(READS).map(|run| {
        let last = &run[READS - 1];
        let reads = run.iter().all(|record| is_read(record) && record.key() == last.key());
        let moments = || run.iter().flat_map(|record| [record.expire_before(), record.expire_after()]);
        let unmoved = moments().all(|moment| moment.is_some() && moment == last.expire_after());
        let ticks = [reads, reads && scene.is_past_mid_life(last), reads && unmoved];
        (ticks, run.iter().map(|record| record.n).collect())
    }))
}

fn is_read(record: &Record) -> bool {
    record.path == WORLD2 && record.row_state == RowState::Live && record.accessed && !record.saved
}

#[cfg(test)]
mod tests {
    use super::super::scene::WORLD;
    use super::super::scene::testing::Trial;
    use super::*;

    fn first() -> Record {
        Record::visit(WORLD).saves("a")
    }

    /// A read of session `a`, which ends at second 30.
    fn read(second: i64) -> Record {
        Record::visit(WORLD2).at(second).sends("a", 30, 1).reads()
    }

    #[test]
    fn three_reads_move_nothing() {
        for (case, records, ticks) in [
            ("two", vec![first(), read(20), read(21)], "000"),
            ("three, late", vec![first(), read(1), read(2), read(16)], "111"),
            ("at mid-life, not past it", vec![first(), read(1), read(2), read(15)], "101"),
            ("a save between", vec![first(), read(20), read(21), first().at(22), read(23)], "000"),
            ("the last one too late", vec![first(), read(20), read(21), read(30)], "000"),
            ("three of four", vec![first(), first(), read(20), read(21), read(22)], "111"),
            ("not accessed", vec![Record::visit(WORLD2).at(20).sends("a", 30, 1); 3], "000"),
            (
                "saved, since every request is",
                vec![first(), read(20).saves("a"), read(21).saves("a"), read(22).saves("a")],
                "000",
            ),
            (
                "another session among them",
                vec![read(20), Record::visit(WORLD2).at(21).sends("b", 30, 1).reads(), read(22)],
                "000",
            ),
            (
                "an end that somebody moved meanwhile",
                vec![read(20), read(21), Record::visit(WORLD2).at(22).sends("a", 31, 1).reads()],
                "110",
            ),
        ] {
            assert_eq!(Trial::of(records).ticks(&EXERCISE), ticks, "{case}");
        }
    }

    #[test]
    fn mid_life_is_that_of_the_save() {
        let late = |second| Record::visit(WORLD2).at(second).sends("a", 3600, 1).reads();
        for (case, records, ticks) in [
            (
                "early in its hour",
                vec![Record::visit(WORLD).saves_for("a", 3600), late(1), late(2), late(1800)],
                "101",
            ),
            (
                "late in its hour",
                vec![Record::visit(WORLD).saves_for("a", 3600), late(1), late(2), late(1801)],
                "111",
            ),
            ("whose save is no longer in the log", vec![late(3583), late(3584), late(3585)], "101"),
            ("the same, by the setting", vec![late(3584), late(3585), late(3586)], "111"),
        ] {
            assert_eq!(Trial::of(records).ticks(&EXERCISE), ticks, "{case}");
        }
    }

    #[test]
    fn all_reads_come_after_the_prediction() {
        let records = || [first(), read(20), read(21), read(22)];
        assert_eq!(Trial::of(records()).predicted_after(1).ticks(&EXERCISE), "111");
        assert_eq!(Trial::of(records()).predicted_after(2).ticks(&EXERCISE), "000");
    }
}
