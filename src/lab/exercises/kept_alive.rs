//! A session that is saved again and again.

use super::exercise::{Exercise, Hooks, Observed, Tick, Ticking};
use super::scene::{Scene, WORLD};
use crate::lab::drawing::Column;

/// Saves that are asked for.
const VISITS: usize = 4;

pub(super) static EXERCISE: Exercise = Exercise {
    number: 7,
    title: "Four visits",
    choices: "abcd",
    right: "b",
    ticks: &[
        Tick { before: "four visits in one session", seen: "four saves in one session" },
        Tick { before: "what the counter did", seen: "the counter rose by one each time" },
        Tick { before: "what expire_date did", seen: "expire_date rose each time" },
    ],
    finding: "Every save gives the cookie and the row their full age again.",
    columns: &[
        Column::Time,
        Column::Counter,
        Column::Saved,
        Column::KeyAfter,
        Column::ExpireBefore,
        Column::ExpireAfter,
    ],
    observe,
    ticking: Ticking::Together,
    hooks: Hooks::NONE,
};

/// Four saves of one session, the counter and the expiry rising. Both rise in fewer saves as well, so they count only
/// with the fourth.
fn observe(scene: &Scene<'_>) -> Observed {
    let saves: Vec<_> = scene.recent_visits(WORLD).filter(|record| record.saved).collect();
    Observed::best((1..=saves.len()).map(|end| {
        let run = &saves[end.saturating_sub(VISITS)..end];
        let pairs = || run.iter().zip(&run[1..]);
        let whole = run.len() == VISITS && pairs().all(|(one, next)| one.key() == next.key());
        let counted = pairs().all(|(one, next)| next.counter == one.counter.map(|counter| counter + 1));
        let rising = pairs().all(|(one, next)| next.expire_after() > one.expire_after());
        ([whole, whole && counted, whole && rising], run.iter().map(|record| record.n).collect())
    }))
}

#[cfg(test)]
mod tests {
    use super::super::scene::WORLD2;
    use super::super::scene::testing::Trial;
    use super::*;
    use crate::lab::log::Record;

    /// A visit of session `a` that finds a counter.
    fn save(second: i64, counter: i64) -> Record {
        Record::visit(WORLD).at(second).sends("a", second + 25, counter).saves("a")
    }

    #[test]
    fn four_saves_keep_a_session_alive() {
        let first = || Record::visit(WORLD).saves("a");
        let other = |second| Record::visit(WORLD).at(second).saves("b");
        for (case, records, ticks) in [
            ("three", vec![first(), save(5, 1), save(10, 2)], "000"),
            ("four", vec![first(), save(5, 1), save(10, 2), save(15, 3)], "111"),
            ("all at once", vec![first(), save(0, 1), save(0, 2), save(0, 3)], "110"),
            ("a counter that was set", vec![first(), save(5, 1), save(10, 7), save(15, 8)], "101"),
            ("two sessions", vec![first(), save(5, 1), save(10, 2), other(45)], "000"),
            (
                "the last four of five",
                vec![other(0), save(5, 1), save(10, 2), save(15, 3), save(20, 4)],
                "111",
            ),
            (
                "reads between do not matter",
                vec![
                    first(),
                    save(5, 1),
                    Record::visit(WORLD2).at(6).sends("a", 35, 2).reads(),
                    save(10, 2),
                    save(15, 3),
                ],
                "111",
            ),
            (
                "a failed save",
                vec![first(), save(5, 1), save(10, 2), Record::visit(WORLD).at(15).sends("a", 40, 3).reads()],
                "000",
            ),
        ] {
            assert_eq!(Trial::of(records).ticks(&EXERCISE), ticks, "{case}");
        }
    }

    #[test]
    fn all_four_come_after_the_prediction() {
        let saves = [Record::visit(WORLD).saves("a"), save(5, 1), save(10, 2), save(15, 3)];
        assert_eq!(Trial::of(saves).predicted_after(1).ticks(&EXERCISE), "000");
    }
}
