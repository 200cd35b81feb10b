//! A session that outlives the server.

use super::exercise::{Exercise, Hooks, Observed, Tick, Ticking};
use super::scene::Scene;
use crate::lab::drawing::Column;
use crate::lab::log::RowState;
use crate::lab::progress::NotedSession;

pub(super) static EXERCISE: Exercise = Exercise {
    number: 15,
    title: "Restart the server",
    choices: "abcd",
    right: "b",
    ticks: &[
        Tick { before: "a session to compare with", seen: "key and counter were noted" },
        Tick { before: "another run of the server", seen: "the server was started again" },
        Tick { before: "what your key led to after it", seen: "the same key led to the same row" },
        Tick { before: "what the counter did", seen: "the counter went on from there" },
    ],
    finding: "A session outlives the server process, because it is in the database.",
    columns: &[
        Column::Time,
        Column::Request,
        Column::SentKey,
        Column::KeyAfter,
        Column::RowFound,
        Column::Counter,
    ],
    observe,
    ticking: Ticking::OneByOne,
    hooks: Hooks { note: Some(note), ..Hooks::NONE },
};

/// The noted session again, in another run of the server. Its counter must be the one that was noted: an empty session
/// under the same key has not survived.
fn observe(scene: &Scene<'_>) -> Observed {
    let Some(noted) = scene.noted else { return Observed::default() };
    if noted.boot_id == scene.boot_id {
        return Observed { ticks: vec![true], evidence: Vec::new() };
    }
    let nobody_yet = std::iter::once(([true, true, false, false], Vec::new()));
    Observed::best(nobody_yet.chain(scene.recent().iter().map(|record| {
        let same =
            record.sent_key.as_deref() == Some(noted.key.as_str()) && record.row_state == RowState::Live;
        ([true, true, same, same && record.counter == Some(noted.counter)], vec![record.n])
    })))
}

/// The newest session of this run with a counter in it.
fn note(scene: &Scene<'_>) -> Option<NotedSession> {
    let record = scene.recent().last()?;
    let key = record.key()?.to_owned();
    Some(NotedSession { boot_id: scene.boot_id.to_owned(), key, counter: record.after.as_ref()?.counter? })
}

#[cfg(test)]
mod tests {
    use super::super::scene::testing::Trial;
    use super::super::scene::{PLAIN, WORLD, WORLD2};
    use super::*;
    use crate::lab::log::Record;

    fn back(key: &str, counter: i64) -> Record {
        Record::visit(WORLD).at(10).sends(key, 30, counter).saves(key)
    }

    #[test]
    fn the_session_goes_on_in_another_run() {
        for (case, trial, ticks) in [
            ("nothing noted", Trial::of([back("a", 1)]), "0000"),
            ("nothing noted, restarted", Trial::of([back("a", 1)]).restarted(), "0000"),
            ("noted", Trial::of([back("a", 1)]).noted("a", 1), "1000"),
            ("nobody is back yet", Trial::of([]).noted("a", 1).restarted(), "1100"),
            ("back", Trial::of([back("a", 1)]).noted("a", 1).restarted(), "1111"),
            ("another session", Trial::of([back("b", 1)]).noted("a", 1).restarted(), "1100"),
            ("another counter", Trial::of([back("a", 2)]).noted("a", 1).restarted(), "1110"),
            (
                "too late",
                Trial::of([Record::visit(WORLD).at(30).sends("a", 30, 1).saves("b")])
                    .noted("a", 1)
                    .restarted(),
                "1100",
            ),
            (
                "the row is gone",
                Trial::of([Record::visit(WORLD2).unknown("a").reads()]).noted("a", 1).restarted(),
                "1100",
            ),
        ] {
            assert_eq!(trial.ticks(&EXERCISE), ticks, "{case}");
        }
    }

    #[test]
    fn the_newest_session_is_noted() {
        let noted =
            |records: Vec<Record>| note(&Trial::of(records).scene()).map(|noted| (noted.key, noted.counter));
        assert_eq!(noted(vec![back("a", 1), back("b", 6)]), Some(("b".to_owned(), 7)));
        assert_eq!(noted(vec![]), None);
        assert_eq!(noted(vec![Record::visit(PLAIN)]), None, "a visit without a session");
        let before = Trial::of([back("a", 1)]).predicted_after(1);
        assert_eq!(note(&before.scene()), None);
    }
}
