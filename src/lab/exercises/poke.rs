//! `set_expiry(0)`: a cookie that ends with the browser.

use super::exercise::{Exercise, Hooks, Observed, Tick, Ticking};
use super::scene::{POKE, Scene};
use crate::lab::drawing::Column;
use crate::lab::log::Told;

pub(super) static EXERCISE: Exercise = Exercise {
    number: 2,
    title: "Poke the hornet",
    choices: "abcd",
    right: "a",
    ticks: &[
        Tick { before: "what the browser was given", seen: "a cookie was set" },
        Tick { before: "how long the browser keeps it", seen: "it has no Max-Age: it ends with the browser" },
        Tick { before: "which key it has", seen: "its key is new" },
    ],
    finding: "set_expiry(0) is a write, so the session is saved. Its cookie ends with the browser; its row does not.",
    columns: &[
        Column::Request,
        Column::SentKey,
        Column::KeyAfter,
        Column::Saved,
        Column::Cookie,
        Column::ExpireAfter,
    ],
    observe,
    ticking: Ticking::Together,
    hooks: Hooks::NONE,
};

/// A cookie without Max-Age, and a new key.
fn observe(scene: &Scene<'_>) -> Observed {
    Observed::best(scene.recent_visits(POKE).map(|record| {
        let set = record.cookie == Told::Set;
        let new = record.key_out.is_some() && record.key_out != record.sent_key;
        // A cookie that is deleted has no Max-Age to compare, so each tick asks for one that was set.
        ([set, set && record.max_age.is_none(), set && new], vec![record.n])
    }))
}

#[cfg(test)]
mod tests {
    use super::super::scene::WORLD;
    use super::super::scene::testing::Trial;
    use super::*;
    use crate::lab::log::Record;

    #[test]
    fn a_poke_sets_a_new_key_without_an_age() {
        for (case, records, ticks) in [
            ("nothing", vec![], "000"),
            ("a poke", vec![Record::visit(POKE).saves("a").until_close()], "111"),
            (
                "the key that was sent",
                vec![Record::visit(POKE).sends("a", 30, 1).saves("a").until_close()],
                "110",
            ),
            ("a cookie with an age", vec![Record::visit(POKE).saves("a")], "101"),
            ("another view", vec![Record::visit(WORLD).saves("a").until_close()], "000"),
            ("a deleted cookie", vec![Record::visit(POKE).unknown("a").reads()], "000"),
            (
                "a key that the browser is not told",
                vec![Record { key_out: Some("a".to_owned()), ..Record::visit(POKE) }],
                "000",
            ),
            ("an untouched session", vec![Record::visit(POKE).sends("a", 30, 1)], "000"),
        ] {
            assert_eq!(Trial::of(records).ticks(&EXERCISE), ticks, "{case}");
        }
    }
}
