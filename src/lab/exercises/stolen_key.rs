//! A key in two clients: its owner's, and a thief's.

use super::exercise::{Exercise, Hooks, Observed, Tick, Ticking};
use super::scene::Scene;
use crate::lab::drawing::Column;
use crate::lab::log::{Record, RowState, Rule};

const LOGIN: &str = "/play/login";
const LOGOUT: &str = "/play/logout";

pub(super) static EXERCISE: Exercise = Exercise {
    number: 23,
    title: "A copied cookie",
    choices: "abcd",
    right: "b",
    ticks: &[
        Tick { before: "ada's login", seen: "ada logged in" },
        Tick { before: "the thief's first request", seen: "the thief, another client, was taken for ada" },
        Tick { before: "ada's logout", seen: "ada logged out, and her row was deleted" },
        Tick { before: "the thief's last request", seen: "the same key made the thief nobody" },
    ],
    finding: "Whoever has the key has the session, until the row is gone. Logging out deletes it.",
    columns: &[
        Column::Time,
        Column::Request,
        Column::SentKey,
        Column::RowFound,
        Column::KeyAfter,
        Column::Note,
    ],
    observe,
    ticking: Ticking::Together,
    hooks: Hooks::NONE,
};

/// One key: given at login, used by the thief, flushed, and used once more.
fn observe(scene: &Scene<'_>) -> Observed {
    let logins = scene.recent_visits(LOGIN).filter(|login| login.saved);
    Observed::best(logins.map(|login| {
        let key = login.key_out.as_deref();
        let mut last = login.n;
        let mut found = vec![login.n];
        // Each comes after the one before it.
        for step in [theft as fn(&Record) -> bool, logout, vain_theft] {
            let next = scene
                .recent_of_everything()
                .find(|record| record.n > last && record.sent_key.as_deref() == key && step(record));
            let Some(next) = next else { break };
            last = next.n;
            found.push(last);
        }
        (std::array::from_fn::<_, 4, _>(|tick| tick < found.len()), found)
    }))
}

fn theft(record: &Record) -> bool {
    record.thief && record.is_live_session_of("ada")
}

fn logout(record: &Record) -> bool {
    !record.thief
        && record.path == LOGOUT
        && record.row_state == RowState::Live
        && record.rule == Rule::Delete
}

fn vain_theft(record: &Record) -> bool {
    record.thief && record.row_state == RowState::Absent
}

#[cfg(test)]
mod tests {
    use super::super::scene::testing::Trial;
    use super::*;

    fn login() -> Record {
        Record::visit(LOGIN).saves("a").user("ada")
    }

    fn used() -> Record {
        Record::visit("/play/whoami").sends("a", 30, 1).reads().user("ada").by_thief()
    }

    fn leaves() -> Record {
        Record::visit(LOGOUT).sends("a", 30, 1).user("ada").deletes()
    }

    fn in_vain() -> Record {
        Record::visit("/play/whoami").unknown("a").reads().by_thief()
    }

    #[test]
    fn a_stolen_key_works_until_the_logout() {
        let expired = || Record::visit("/play/whoami").at(30).sends("a", 30, 1).reads().by_thief();
        for (case, records, ticks) in [
            ("nothing", vec![], "0000"),
            ("ada alone", vec![login(), leaves()], "1000"),
            ("stolen", vec![login(), used()], "1100"),
            ("stolen and logged out", vec![login(), used(), leaves()], "1110"),
            ("and used once more", vec![login(), used(), leaves(), in_vain()], "1111"),
            ("in vain before anything was stolen", vec![login(), leaves(), in_vain()], "1000"),
            ("expired, not logged out", vec![login(), used(), expired()], "1100"),
            (
                "another thief's key",
                vec![login(), Record::visit("/play/whoami").sends("b", 30, 1).by_thief()],
                "1000",
            ),
            ("ada herself", vec![login(), Record { thief: false, ..used() }], "1000"),
            ("the thief logs out", vec![login(), used(), leaves().by_thief()], "1100"),
            (
                "flushed otherwise",
                vec![login(), used(), Record { path: "/play/flush".to_owned(), ..leaves() }],
                "1100",
            ),
        ] {
            assert_eq!(Trial::of(records).ticks(&EXERCISE), ticks, "{case}");
        }
    }

    #[test]
    fn the_login_comes_after_the_prediction() {
        let trial = || Trial::of([login(), used(), leaves(), in_vain()]);
        assert_eq!(trial().observe(&EXERCISE).evidence, [1, 2, 3, 4]);
        assert_eq!(trial().predicted_after(1).ticks(&EXERCISE), "0000");
    }
}
