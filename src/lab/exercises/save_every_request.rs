//! Sessions that every request saves.

use super::exercise::{Exercise, Hooks, Observed, Tick, Ticking};
use super::scene::{PLAIN, Scene, WORLD2};
use crate::lab::drawing::Column;
use crate::lab::log::{Record, RowState, Told};

pub(super) static EXERCISE: Exercise = Exercise {
    number: 10,
    title: "A read with SESSION_SAVE_EVERY_REQUEST",
    choices: "abcd",
    right: "c",
    ticks: &[
        Tick {
            before: "a read late in the session's life",
            seen: "a read late in the session's life, nothing modified",
        },
        Tick { before: "what the server did with the session", seen: "it was saved all the same" },
        Tick { before: "what expire_date and cookie did", seen: "row and cookie have their full age again" },
        Tick {
            before: "a visit that leaves the session alone",
            seen: "a session that nobody touched was saved as well",
        },
    ],
    finding: "With SESSION_SAVE_EVERY_REQUEST every visit saves the session and resets both clocks.",
    columns: &[
        Column::Time,
        Column::Request,
        Column::Modified,
        Column::Saved,
        Column::ExpireBefore,
        Column::ExpireAfter,
    ],
    observe,
    ticking: Ticking::OneByOne,
    hooks: Hooks::NONE,
};

/// A late read that was saved though it modified nothing, and a visit that did not even read. Each thing asks for those
/// before it, so that reads of different settings do not add up.
fn observe(scene: &Scene<'_>) -> Observed {
    let reads = scene.recent_visits(WORLD2).filter(|record| is_late_read(scene, record)).map(|record| {
        let saved = record.saved;
        let renewed = saved && record.cookie == Told::Set && record.expire_after() > record.expire_before();
        ([true, saved, renewed], vec![record.n])
    });
    let mut observed = Observed::best(reads);
    observed.ticks.resize(3, false);
    let untouched = scene.recent_visits(PLAIN).rev().find(|record| is_saved_untouched(record));
    observed.ticks.push(untouched.is_some());
    observed.evidence.extend(untouched.map(|record| record.n));
    observed
}

fn is_late_read(scene: &Scene<'_>, record: &Record) -> bool {
    let unmodified = record.accessed && !record.modified;
    record.row_state == RowState::Live && unmodified && scene.is_past_mid_life(record)
}

fn is_saved_untouched(record: &Record) -> bool {
    record.row_state == RowState::Live && !record.accessed && !record.modified && record.saved
}

#[cfg(test)]
mod tests {
    use super::super::scene::WORLD;
    use super::super::scene::testing::Trial;
    use super::*;

    /// A visit to session `a`, which ends at second 30.
    fn visit(path: &str, second: i64) -> Record {
        Record::visit(path).at(second).sends("a", 30, 1)
    }

    fn saved(record: Record) -> Record {
        let (accessed, counter) = (record.accessed, record.counter);
        let saved = Record { accessed, modified: false, ..record.saves("a") };
        Record { counter, ..saved }
    }

    #[test]
    fn what_nobody_modified_is_saved() {
        let read = |second| visit(WORLD2, second).reads();
        for (case, records, ticks) in [
            ("nothing", vec![], "0000"),
            ("a late read, the setting off", vec![read(16)], "1000"),
            ("a late read, saved", vec![saved(read(16))], "1110"),
            ("an early one", vec![saved(read(1))], "0000"),
            ("too late", vec![read(30)], "0000"),
            ("a late write", vec![visit(WORLD, 16).saves("a")], "0000"),
            ("modified", vec![Record { modified: true, ..saved(read(16)) }], "0000"),
            ("untouched and left", vec![visit(PLAIN, 16)], "0000"),
            ("untouched and saved", vec![saved(visit(PLAIN, 1))], "0001"),
            ("a plain visit that was read", vec![saved(visit(PLAIN, 1).reads())], "0000"),
            ("all", vec![read(16), saved(read(17)), saved(visit(PLAIN, 18))], "1111"),
            ("in another order", vec![saved(visit(PLAIN, 1)), saved(read(16))], "1111"),
            (
                "saved, and the expiry where it was",
                vec![Record { after: read(16).before, ..saved(read(16)) }],
                "1100",
            ),
            ("no cookie", vec![Record { cookie: Told::None, ..saved(read(16)) }], "1100"),
        ] {
            assert_eq!(Trial::of(records).ticks(&EXERCISE), ticks, "{case}");
        }
    }

    #[test]
    fn both_visits_come_after_the_prediction() {
        let records = [saved(visit(WORLD2, 16).reads()), saved(visit(PLAIN, 17))];
        assert_eq!(Trial::of(records).predicted_after(1).ticks(&EXERCISE), "0001");
    }
}
