//! Rows that have expired, and the command that deletes them.

use super::exercise::{Exercise, Hooks, Observed, Tick, Ticking};
use super::scene::Scene;
use crate::lab::drawing::Column;
use crate::lab::progress::SeenRows;

pub(super) static EXERCISE: Exercise = Exercise {
    number: 17,
    title: "clearsessions",
    choices: "abcd",
    right: "c",
    ticks: &[
        Tick {
            before: "an expired session and a live one, at the same time",
            seen: "an expired row of yours was still in the table, beside a live one",
        },
        Tick { before: "what became of the expired row", seen: "clearsessions deleted the expired row" },
        Tick { before: "what became of the live row", seen: "the live row stayed" },
    ],
    finding: "clearsessions deletes the rows that have expired, and no others. Until it runs they stay.",
    columns: &[Column::Time, Column::Request, Column::SentKey, Column::KeyAfter, Column::ExpireAfter],
    observe,
    ticking: Ticking::OneByOne,
    hooks: Hooks { see: Some(see), ..Hooks::NONE },
};

/// The expired row that was seen is gone, by the button or by the command, and the live one beside it is there. A row that
/// went since somebody sent its key, as `flush` makes it go, was not cleared.
fn observe(scene: &Scene<'_>) -> Observed {
    let Some(seen) = scene.seen else { return Observed::default() };
    let gone = scene.leftover.is_some_and(|leftover| leftover.key == seen.expired && !leftover.is_there);
    let cleared = gone && !was_sent_when_expired(scene, &seen.expired);
    let live = scene.row.is_some_and(|row| row.key == seen.live && row.is_live(scene.now));
    let last = scene.everything.iter().rev().find(|record| record.key() == Some(&seen.expired));
    let first = scene.everything.iter().find(|record| record.key() == Some(&seen.live));
    Observed {
        ticks: vec![true, cleared, cleared && live],
        evidence: last.into_iter().chain(first).map(|record| record.n).collect(),
    }
}

fn was_sent_when_expired(scene: &Scene<'_>, key: &str) -> bool {
    let sent = scene.everything.iter().filter(|record| record.sent_key.as_deref() == Some(key));
    sent.into_iter().any(|record| record.expire_before().is_none_or(|end| end <= record.at))
}

/// An expired row in the table, and the browser's own live one.
fn see(scene: &Scene<'_>) -> Option<SeenRows> {
    let expired = scene.leftover.filter(|leftover| leftover.is_there)?;
    let live = scene.row.filter(|row| row.is_live(scene.now) && row.key != expired.key)?;
    Some(SeenRows { expired: expired.key.clone(), live: live.key.clone() })
}

#[cfg(test)]
mod tests {
    use super::super::scene::testing::Trial;
    use super::super::scene::{WORLD, WORLD2};
    use super::*;
    use crate::lab::log::Record;

    /// Session `a` ends at second 2, session `b` at 40; it is second 10.
    fn log() -> Vec<Record> {
        vec![Record::visit(WORLD).saves_for("a", 2), Record::visit(WORLD).at(10).saves("b")]
    }

    #[test]
    fn an_expired_row_goes_and_a_live_one_stays() {
        let trial = |records: Vec<Record>| Trial::of(records).row_at(10, "b", 40);
        for (case, trial, ticks) in [
            ("nothing seen", trial(log()).leftover("a", false), "000"),
            ("seen, and still there", trial(log()).seen("a", "b").leftover("a", true), "100"),
            ("cleared", trial(log()).seen("a", "b").leftover("a", false), "111"),
            ("another one is gone", trial(log()).seen("a", "b").leftover("c", false), "100"),
            ("the table does not answer", trial(log()).seen("a", "b"), "100"),
            ("the live one went, too", Trial::of(log()).seen("a", "b").leftover("a", false), "110"),
            (
                "or has expired",
                Trial::of(log()).row_at(40, "b", 40).seen("a", "b").leftover("a", false),
                "110",
            ),
            ("or is another", trial(log()).seen("a", "c").leftover("a", false), "110"),
            (
                "somebody sent the expired key",
                trial([log(), vec![Record::visit("/play/flush").at(11).sends("a", 2, 1)]].concat())
                    .seen("a", "b")
                    .leftover("a", false),
                "100",
            ),
            (
                "somebody sent it while it was live",
                trial([vec![Record::visit(WORLD2).sends("a", 2, 1).reads()], log()].concat())
                    .seen("a", "b")
                    .leftover("a", false),
                "111",
            ),
        ] {
            assert_eq!(trial.ticks(&EXERCISE), ticks, "{case}");
        }
    }

    #[test]
    fn both_rows_are_seen_together() {
        let seen = |trial: Trial| see(&trial.scene()).map(|seen| (seen.expired, seen.live));
        let both = Some(("a".to_owned(), "b".to_owned()));
        assert_eq!(seen(Trial::of(log()).row_at(10, "b", 40).leftover("a", true)), both);
        assert_eq!(seen(Trial::of(log()).row_at(10, "b", 40).leftover("a", false)), None, "it is gone");
        assert_eq!(seen(Trial::of(log()).row_at(10, "b", 40)), None, "nothing has expired");
        assert_eq!(seen(Trial::of(log()).leftover("a", true)), None, "nothing is live");
        assert_eq!(seen(Trial::of(log()).row_at(40, "b", 40).leftover("a", true)), None, "no more");
        assert_eq!(seen(Trial::of(log()).row_at(1, "a", 2).leftover("a", true)), None, "it is the same");
    }
}
