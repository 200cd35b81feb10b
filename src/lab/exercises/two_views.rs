//! One session in two views.

use super::exercise::{Exercise, Hooks, Observed, Tick, Ticking};
use super::scene::{Scene, WORLD, WORLD2};
use crate::lab::drawing::Column;
use crate::lab::log::RowState;

pub(super) static EXERCISE: Exercise = Exercise {
    number: 5,
    title: "Another view",
    choices: "abc",
    right: "a",
    ticks: &[
        Tick { before: "/hello/world was visited", seen: "/hello/world was visited" },
        Tick { before: "/hello/world2 was visited", seen: "/hello/world2 was visited" },
        Tick { before: "which key each of them had", seen: "both had the same key" },
    ],
    finding: "A session belongs to a browser and a site, not to a view.",
    columns: &[Column::Request, Column::SentKey, Column::KeyAfter, Column::RowFound, Column::Counter],
    observe,
    ticking: Ticking::Together,
    hooks: Hooks::NONE,
};

/// `/hello/world` and `/hello/world2` with one key, in any order. The same key is not enough: when the session has
/// expired between the visits, the second view is sent the key and finds no session.
fn observe(scene: &Scene<'_>) -> Observed {
    let pairs = scene
        .recent_visits(WORLD)
        .flat_map(|one| scene.recent_visits(WORLD2).map(move |other| (Some(one), Some(other))));
    let alone =
        [(scene.recent_visits(WORLD).next_back(), None), (None, scene.recent_visits(WORLD2).next_back())];
    Observed::best(alone.into_iter().chain(pairs).map(|(one, other)| {
        let same = one.zip(other).is_some_and(|(one, other)| {
            one.saved && other.row_state == RowState::Live && one.key_out == other.key_out
        });
        let evidence = one.iter().chain(&other).map(|record| record.n).collect();
        ([one.is_some(), other.is_some(), same], evidence)
    }))
}

#[cfg(test)]
mod tests {
    use super::super::scene::testing::Trial;
    use super::*;
    use crate::lab::log::Record;

    #[test]
    fn both_views_see_one_session() {
        let one = || Record::visit(WORLD).saves("a");
        let other = || Record::visit(WORLD2).sends("a", 30, 1).reads();
        for (case, records, ticks) in [
            ("nothing", vec![], "000"),
            ("the one", vec![one()], "100"),
            ("the other", vec![other()], "010"),
            ("both", vec![one(), other()], "111"),
            (
                "both the other way round",
                vec![other(), Record::visit(WORLD).sends("a", 30, 1).saves("a")],
                "111",
            ),
            ("two sessions", vec![one(), Record::visit(WORLD2).sends("b", 30, 1).reads()], "110"),
            ("no session in the second", vec![one(), Record::visit(WORLD2).reads()], "110"),
            (
                "a first view that stored nothing",
                vec![Record::visit(WORLD).sends("a", 30, 1).reads(), other()],
                "110",
            ),
            ("an expired one", vec![one(), Record::visit(WORLD2).at(30).sends("a", 30, 1)], "110"),
            ("a good pair among others", vec![one(), other(), Record::visit(WORLD2)], "111"),
        ] {
            assert_eq!(Trial::of(records).ticks(&EXERCISE), ticks, "{case}");
        }
    }

    #[test]
    fn both_visits_come_after_the_prediction() {
        let records = [Record::visit(WORLD).saves("a"), Record::visit(WORLD2).sends("a", 30, 1).reads()];
        assert_eq!(Trial::of(records).predicted_after(1).ticks(&EXERCISE), "010");
    }
}
