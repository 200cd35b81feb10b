//! A view that writes to the session, and then fails.

use super::exercise::{Exercise, Hooks, Observed, Tick, Ticking};
use super::scene::Scene;
use crate::lab::drawing::Column;
use crate::lab::log::{Record, RowState, RowView, Told};

const FAIL: &str = "/play/fail";

pub(super) static EXERCISE: Exercise = Exercise {
    number: 18,
    title: "An error after a write",
    choices: "abcd",
    right: "b",
    ticks: &[
        Tick { before: "a view that adds one and then fails", seen: "500, though the session was modified" },
        Tick {
            before: "what the row then holds",
            seen: "it was not saved: counter and expire_date are unchanged",
        },
        Tick { before: "what the browser was told of its cookie", seen: "no cookie was set" },
        Tick {
            before: "what the next view finds",
            seen: "the next view found the old counter, under the same key",
        },
    ],
    finding: "After a 500 nothing is saved and no cookie is set. The session is as it was before the request.",
    columns: &[
        Column::Request,
        Column::Status,
        Column::Modified,
        Column::Saved,
        Column::Cookie,
        Column::ExpireBefore,
        Column::ExpireAfter,
    ],
    observe,
    ticking: Ticking::Together,
    hooks: Hooks::NONE,
};

/// A failed write to a live session, and the next request that looked into that. Requests that were answered with an error
/// count for no other exercise, so this one looks for them among everything.
fn observe(scene: &Scene<'_>) -> Observed {
    let failures = scene.recent_of_everything().filter(|record| is_failed_write(record));
    Observed::best(failures.map(|failed| {
        let next = scene.recent().iter().find(|next| looks_after(next, failed));
        let unsaved = !failed.saved && seen(failed.before.as_ref()) == seen(failed.after.as_ref());
        let found =
            next.is_some_and(|next| next.row_state == RowState::Live && next.counter == failed.counter);
        let evidence = std::iter::once(failed.n).chain(next.map(|next| next.n));
        ([true, unsaved, failed.cookie == Told::None, unsaved && found], evidence.collect())
    }))
}

fn is_failed_write(record: &Record) -> bool {
    let chosen = record.path == FAIL && !record.thief && record.row_state == RowState::Live;
    chosen && record.in_session && record.status >= 500 && record.modified
}

/// Whether a request is one with the same key that came later and looked into the session.
fn looks_after(next: &Record, failed: &Record) -> bool {
    next.n > failed.n && next.accessed && next.sent_key == failed.sent_key
}

/// What a learner compares of a row.
fn seen(row: Option<&RowView>) -> Option<impl PartialEq> {
    row.map(|row| (row.counter, row.data.clone(), row.expire_date))
}

#[cfg(test)]
mod tests {
    use super::super::scene::testing::Trial;
    use super::super::scene::{PLAIN, WORLD, WORLD2};
    use super::*;

    fn visit(path: &str) -> Record {
        Record::visit(path).at(10).sends("a", 30, 1)
    }

    fn failed() -> Record {
        Record { modified: true, ..visit(FAIL).reads().status(500) }
    }

    #[test]
    fn nothing_of_a_failed_write_is_kept() {
        let read = || visit(WORLD2).reads();
        for (case, records, ticks) in [
            ("nothing", vec![], "0000"),
            ("failed", vec![failed()], "1110"),
            ("and looked at", vec![failed(), read()], "1111"),
            ("and written to", vec![failed(), visit(WORLD).saves("a")], "1111"),
            ("not looked at", vec![failed(), visit(PLAIN)], "1110"),
            ("looked at before", vec![read(), failed()], "1110"),
            (
                "another session",
                vec![failed(), Record::visit(WORLD2).at(10).sends("b", 30, 1).reads()],
                "1110",
            ),
            ("too late", vec![failed(), Record::visit(WORLD2).at(30).sends("a", 30, 1).reads()], "1110"),
            ("another counter", vec![failed(), visit(WORLD2).sends("a", 30, 2).reads()], "1110"),
            (
                "without a session",
                vec![Record { modified: true, ..Record::visit(FAIL).reads().status(500) }],
                "0000",
            ),
            ("not modified", vec![visit(FAIL).reads().status(500), read()], "0000"),
            ("no error", vec![failed().status(303), read()], "0000"),
            ("an error of the client", vec![failed().status(400), read()], "0000"),
            ("another view's", vec![Record { path: WORLD.to_owned(), ..failed() }, read()], "0000"),
            ("saved", vec![failed().saves("a"), read()], "1000"),
            ("somebody else's", vec![Record { thief: true, ..failed() }], "0000"),
            ("a failure after a good one", vec![failed(), read(), failed()], "1111"),
        ] {
            assert_eq!(Trial::of(records).ticks(&EXERCISE), ticks, "{case}");
        }
    }

    #[test]
    fn the_failure_comes_after_the_prediction() {
        let records = [failed(), visit(WORLD2).reads()];
        assert_eq!(Trial::of(records).predicted_after(1).ticks(&EXERCISE), "0000");
    }
}
