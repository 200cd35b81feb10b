//! A browser that is closed and opened again.

use super::exercise::{Exercise, Hooks, Observed, Tick, Ticking};
use super::scene::Scene;
use crate::lab::drawing::Column;
use crate::lab::log::Told;

pub(in crate::lab) static EXERCISE: Exercise = Exercise {
    number: 12,
    title: "Close the browser",
    choices: "abc",
    right: "c",
    ticks: &[
        Tick { before: "a cookie from /hello/poke", seen: "a cookie without Max-Age was set" },
        Tick {
            before: "what the browser sent after it was closed",
            seen: "the browser was closed, and came back without a sessionid",
        },
        Tick { before: "what became of the row", seen: "the row of that cookie was live all the same" },
    ],
    finding: "Closing the browser ends the cookie. The row lives on, until SESSION_COOKIE_AGE after its last save.",
    columns: &[
        Column::Time,
        Column::Request,
        Column::SentKey,
        Column::Cookie,
        Column::KeyAfter,
        Column::ExpireAfter,
    ],
    observe,
    ticking: Ticking::OneByOne,
    hooks: Hooks::NONE,
};

/// A cookie for as long as the browser is open; the browser closed; the row live. A browser that restores its tabs was
/// closed as well, but it still sends the cookie.
fn observe(scene: &Scene<'_>) -> Observed {
    let until_close = scene.recent().iter().rev();
    let Some(set) = until_close.clone().find(|record| record.cookie == Told::Set && record.max_age.is_none())
    else {
        return Observed::default();
    };
    let closed = scene.closed_after(set).is_some_and(|closed| closed.without_sessionid);
    let live = scene.row.is_some_and(|row| Some(row.key.as_str()) == set.key() && row.is_live(scene.now));
    Observed { ticks: vec![true, closed, closed && live], evidence: vec![set.n] }
}

#[cfg(test)]
mod tests {
    use super::super::scene::testing::Trial;
    use super::super::scene::{POKE, WORLD};
    use super::*;
    use crate::lab::log::Record;

    fn poked() -> Trial {
        Trial::of([Record::visit(POKE).saves("a").until_close()])
    }

    #[test]
    fn the_row_outlives_the_browser() {
        for (case, trial, ticks) in [
            ("nothing", Trial::of([]), "000"),
            (
                "a cookie with an age",
                Trial::of([Record::visit(WORLD).saves("a")]).closed_after(1, true),
                "000",
            ),
            ("the browser is open", poked().row_at(1, "a", 30), "100"),
            ("closed", poked().closed_after(1, true).row_at(1, "a", 30), "111"),
            ("closed before the poke", poked().closed_after(0, true).row_at(1, "a", 30), "100"),
            ("its tabs restored", poked().closed_after(1, false).row_at(1, "a", 30), "100"),
            ("the row expired", poked().closed_after(1, true).row_at(30, "a", 30), "110"),
            ("the row deleted", poked().closed_after(1, true), "110"),
            ("another row", poked().closed_after(1, true).row_at(1, "b", 30), "110"),
            ("poked before the prediction", poked().predicted_after(1).closed_after(1, true), "000"),
        ] {
            assert_eq!(trial.ticks(&EXERCISE), ticks, "{case}");
        }
    }
}
