//! A view that never touches the session.

use super::exercise::{Exercise, Hooks, Observed, Tick, Ticking};
use super::scene::{PLAIN, Scene};
use crate::lab::drawing::Column;
use crate::lab::log::Told;

pub(super) static EXERCISE: Exercise = Exercise {
    number: 1,
    title: "The first visit",
    choices: "abc",
    right: "b",
    ticks: &[
        Tick { before: "what the browser sent", seen: "no cookie was sent" },
        Tick { before: "what the view did with the session", seen: "the session was not accessed" },
        Tick { before: "what the browser was given", seen: "no cookie was set" },
    ],
    finding: "A view that never touches the session starts none: no cookie, no row.",
    columns: &[Column::Request, Column::SentKey, Column::Accessed, Column::Cookie, Column::KeyAfter],
    observe,
    ticking: Ticking::Together,
    hooks: Hooks::NONE,
};

/// No cookie sent, not accessed, none set.
fn observe(scene: &Scene<'_>) -> Observed {
    Observed::best(scene.recent_visits(PLAIN).map(|record| {
        let ticks = [record.sent_key.is_none(), !record.accessed, record.cookie == Told::None];
        (ticks, vec![record.n])
    }))
}

#[cfg(test)]
mod tests {
    use super::super::scene::WORLD2;
    use super::super::scene::testing::Trial;
    use super::*;
    use crate::lab::log::Record;

    #[test]
    fn one_visit_has_all_three() {
        for (case, records, ticks) in [
            ("nothing", vec![], "000"),
            ("the visit", vec![Record::visit(PLAIN)], "111"),
            ("with a cookie", vec![Record::visit(PLAIN).sends("a", 30, 1)], "011"),
            ("another view that does not set one", vec![Record::visit(WORLD2).reads()], "000"),
            ("a plain view that reads", vec![Record::visit(PLAIN).reads()], "101"),
            ("one that writes", vec![Record::visit(PLAIN).saves("a")], "100"),
            ("the best of two", vec![Record::visit(PLAIN), Record::visit(PLAIN).sends("a", 30, 1)], "111"),
        ] {
            assert_eq!(Trial::of(records).ticks(&EXERCISE), ticks, "{case}");
        }
    }

    #[test]
    fn a_visit_before_the_prediction_does_not_count() {
        let visits = || [Record::visit(PLAIN), Record::visit(PLAIN).sends("a", 30, 1)];
        assert_eq!(Trial::of(visits()).predicted_after(1).ticks(&EXERCISE), "011");
        assert_eq!(Trial::of(visits()).predicted_after(2).ticks(&EXERCISE), "000");
    }
}
