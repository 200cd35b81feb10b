//! A client without its cookie, while the row is live.

use super::exercise::{Exercise, Hooks, Observed, Tick, Ticking};
use super::scene::{NewClient, Scene};
use crate::lab::drawing::Column;
use crate::lab::log::Record;

pub(super) static EXERCISE: Exercise = Exercise {
    number: 6,
    title: "Lose the cookie",
    choices: "abc",
    right: "c",
    ticks: &[
        Tick { before: "a visit after the cookie was lost", seen: "your browser came without its cookie" },
        Tick { before: "what the old row was at that moment", seen: "the old row was still live" },
        Tick { before: "which key you were given", seen: "you were given a new key" },
    ],
    finding: "Without its cookie a browser is a new visitor. The old row stays as it is until it expires.",
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

/// No cookie although the browser was not closed, the old row live, a new key.
fn observe(scene: &Scene<'_>) -> Observed {
    let lost = scene.new_clients().filter(|client| was_open(scene, client.before));
    Observed::best(lost.map(|NewClient { before, record, was_live }| {
        let new = record.key_out.is_some() && record.key() != before.key();
        ([true, was_live, was_live && new], vec![before.n, record.n])
    }))
}

/// Whether the browser stayed open after an answer. Closing it deletes a cookie as well, but that is another exercise.
///
/// A browser that was closed and restored its cookie has not lost it by closing. That is only certain if it was noticed
/// before the next request: the answer to that one may have set another cookie.
fn was_open(scene: &Scene<'_>, before: &Record) -> bool {
    let closed = scene.closed_after(before);
    closed.is_none_or(|closed| !closed.without_sessionid && closed.noticed.n == before.n)
}

#[cfg(test)]
mod tests {
    use super::super::scene::testing::Trial;
    use super::super::scene::{PLAIN, POKE, WORLD, WORLD2};
    use super::*;

    fn first() -> Record {
        Record::visit(WORLD).saves("a")
    }

    #[test]
    fn a_lost_cookie_begins_a_new_session() {
        let again = |second| Record::visit(WORLD).at(second).saves("b");
        for (case, records, ticks) in [
            ("no session to lose", vec![first()], "000"),
            ("lost", vec![first(), again(29)], "111"),
            ("not lost but expired", vec![first(), again(30)], "100"),
            ("a view that writes nothing", vec![first(), Record::visit(WORLD2).reads()], "110"),
            ("not lost", vec![first(), Record::visit(WORLD).sends("a", 30, 1).saves("a")], "000"),
            (
                "flushed, not lost",
                vec![first(), Record::visit("/play/flush").sends("a", 30, 1).deletes(), again(2)],
                "000",
            ),
            ("a plain view between", vec![first(), Record::visit(PLAIN).sends("a", 30, 1), again(2)], "111"),
        ] {
            assert_eq!(Trial::of(records).ticks(&EXERCISE), ticks, "{case}");
        }
    }

    #[test]
    fn a_browser_that_was_closed_has_not_lost_it() {
        let poked = || [Record::visit(POKE).saves("a").until_close(), Record::visit(WORLD).saves("b")];
        for (case, noticed, without_sessionid, ticks) in [
            ("closed after the poke, noticed at once", 1, true, "000"),
            ("closed after the poke, noticed later", 2, true, "000"),
            ("closed before the poke", 0, true, "111"),
            ("came back with its cookie", 1, false, "111"),
            ("noticed later, by another cookie", 2, false, "000"),
        ] {
            let trial = Trial::of(poked()).closed_after(noticed, without_sessionid);
            assert_eq!(trial.ticks(&EXERCISE), ticks, "{case}");
        }
    }
}
