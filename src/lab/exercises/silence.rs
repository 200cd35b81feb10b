//! Nothing for longer than SESSION_COOKIE_AGE.

use super::exercise::{Exercise, Hooks, Observed, Tick, Ticking};
use super::scene::{NewClient, Scene, WORLD};
use crate::lab::drawing::Column;

pub(super) static EXERCISE: Exercise = Exercise {
    number: 8,
    title: "Fall silent",
    choices: "abcd",
    right: "a",
    ticks: &[
        Tick { before: "what the browser sent after the silence", seen: "the browser sent no cookie" },
        Tick { before: "what the old row was by then", seen: "the old row had expired" },
        Tick { before: "which key you were given", seen: "you were given a new key" },
        Tick { before: "where the counter stood", seen: "the counter was 0" },
    ],
    finding: "After SESSION_COOKIE_AGE without a save the browser drops the cookie and the row has expired. The row stays in the table.",
    columns: &[
        Column::Time,
        Column::Request,
        Column::SentKey,
        Column::Counter,
        Column::KeyAfter,
        Column::ExpireAfter,
    ],
    observe,
    ticking: Ticking::Together,
    hooks: Hooks::NONE,
};

/// No cookie, the old row expired, a new key, the counter at 0. While the old row was live the cookie was lost, not
/// forgotten, and a new key proves nothing.
fn observe(scene: &Scene<'_>) -> Observed {
    Observed::best(scene.new_clients().map(|NewClient { before, record, was_live }| {
        let new = !was_live && record.key_out.is_some() && record.key() != before.key();
        let zero = new && record.path == WORLD && record.counter == Some(0);
        ([true, !was_live, new, zero], vec![before.n, record.n])
    }))
}

#[cfg(test)]
mod tests {
    use super::super::scene::WORLD2;
    use super::super::scene::testing::Trial;
    use super::*;
    use crate::lab::log::Record;

    #[test]
    fn silence_ends_a_session() {
        let first = || Record::visit(WORLD).saves("a");
        let again = |second| Record::visit(WORLD).at(second).saves("b");
        for (case, records, ticks) in [
            ("no session before", vec![again(40)], "0000"),
            ("silence", vec![first(), again(31)], "1111"),
            ("at the very end", vec![first(), again(30)], "1111"),
            ("too short", vec![first(), Record::visit(WORLD).at(29).sends("a", 30, 1).saves("a")], "0000"),
            ("a lost cookie", vec![first(), again(29)], "1000"),
            (
                "the dead key is sent",
                vec![first(), Record::visit(WORLD).at(31).sends("a", 30, 1).saves("b")],
                "0000",
            ),
            ("a view that only reads", vec![first(), Record::visit(WORLD2).at(31).reads()], "1100"),
            (
                "a view that does not count",
                vec![first(), Record::visit("/play/set").at(31).saves("b")],
                "1110",
            ),
            ("a counter that goes on", vec![first(), Record { counter: Some(1), ..again(31) }], "1110"),
            (
                "flushed before",
                vec![first(), Record::visit("/play/flush").sends("a", 30, 1).deletes(), again(31)],
                "0000",
            ),
        ] {
            assert_eq!(Trial::of(records).ticks(&EXERCISE), ticks, "{case}");
        }
    }

    #[test]
    fn the_session_may_be_older_than_the_prediction() {
        let records = || [Record::visit(WORLD).saves("a"), Record::visit(WORLD).at(31).saves("b")];
        assert_eq!(Trial::of(records()).predicted_after(1).ticks(&EXERCISE), "1111");
        assert_eq!(Trial::of(records()).predicted_after(2).ticks(&EXERCISE), "0000");
    }
}
