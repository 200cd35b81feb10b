//! A key that an attacker has fixed before the login.

use super::exercise::{Exercise, Hooks, Observed, Tick, Ticking};
use super::scene::Scene;
use crate::lab::drawing::Column;
use crate::lab::log::{Record, RowState};

const LOGIN: &str = "/play/login";
const LOGIN_WITH_OLD_KEY: &str = "/play/login_without_cycle_key";

pub(super) static EXERCISE: Exercise = Exercise {
    number: 22,
    title: "Plant a key before login",
    choices: "abcd",
    right: "c",
    ticks: &[
        Tick {
            before: "a login with a key that the attacker made up",
            seen: "the made-up key was dropped, ada got a fresh one",
        },
        Tick {
            before: "a login with a live key of the attacker's",
            seen: "the attacker's live key was changed at login",
        },
        Tick { before: "the attacker's key after that", seen: "the attacker's key led nowhere after that" },
        Tick {
            before: "the attacker's key after a login without cycle_key",
            seen: "without cycle_key the attacker's key was ada's, and so was the attacker",
        },
    ],
    finding: "A login must change the key: otherwise whoever planted it is logged in too.",
    columns: &[
        Column::Time,
        Column::Request,
        Column::SentKey,
        Column::RowFound,
        Column::KeyAfter,
        Column::Note,
    ],
    observe,
    ticking: Ticking::OneByOne,
    hooks: Hooks::NONE,
};

/// Three logins, each under a key that the attacker has chosen, and what the attacker's key is good for afterwards.
fn observe(scene: &Scene<'_>) -> Observed {
    let logins = |path: &'static str| scene.recent_visits(path).rev().map(AsRef::as_ref);
    let fixed = |login: &&Record| login.row_state == RowState::Live && is_the_attackers(scene, login);
    let dropped = logins(LOGIN).find(|login| scene.sends_made_up_key(login) && has_changed(login));
    let cycled = logins(LOGIN).filter(fixed).find(|login| has_changed(login));
    let useless =
        used_after(scene, logins(LOGIN).filter(fixed).filter(|login| has_changed(login)), |theft| {
            theft.row_state == RowState::Absent
        });
    let kept = logins(LOGIN_WITH_OLD_KEY).filter(fixed).filter(|login| login.saved && !has_changed(login));
    let is_ada = used_after(scene, kept, |theft| theft.is_live_session_of("ada"));
    let one = |found: Option<&Record>| found.map(|record| vec![record.n]);
    let found = [one(dropped), one(cycled), useless, is_ada];
    Observed {
        ticks: found.each_ref().map(Option::is_some).to_vec(),
        evidence: found.into_iter().flatten().flatten().collect(),
    }
}

fn has_changed(login: &Record) -> bool {
    login.saved && login.key_out != login.sent_key
}

/// Whether the attacker was given the key that a login sends, in a session of its own.
fn is_the_attackers(scene: &Scene<'_>, login: &Record) -> bool {
    let given = |record: &Record| record.thief && record.saved && record.key_out == login.sent_key;
    scene.everything.iter().any(|record| record.n < login.n && given(record))
}

/// A login, and the attacker's use of its old key after it.
fn used_after<'a>(
    scene: &Scene<'a>,
    mut logins: impl Iterator<Item = &'a Record>,
    matches: fn(&Record) -> bool,
) -> Option<Vec<u64>> {
    logins.find_map(|login| {
        let theft = scene.recent_of_everything().find(|record| {
            record.thief && record.n > login.n && record.sent_key == login.sent_key && matches(record)
        })?;
        Some(vec![login.n, theft.n])
    })
}

#[cfg(test)]
mod tests {
    use super::super::scene::WORLD;
    use super::super::scene::testing::Trial;
    use super::*;

    /// The attacker gets a session of its own.
    fn attacker() -> Record {
        Record::visit(WORLD).saves("evil").by_thief()
    }

    fn login(path: &str, key_out: &str) -> Record {
        Record::visit(path).sends("evil", 30, 1).saves(key_out)
    }

    /// The attacker uses the key, whose row is of nobody or of a user, or gone.
    fn use_of(user: Option<&str>) -> Record {
        let used = Record::visit("/play/whoami").sends("evil", 30, 1).reads().by_thief();
        user.map_or(used.clone(), |user| used.user(user))
    }

    fn vain_use() -> Record {
        Record::visit("/play/whoami").unknown("evil").reads().by_thief()
    }

    #[test]
    fn a_login_changes_a_fixed_key_unless_cycle_key_is_left_out() {
        let made_up = |path| Record::visit(path).unknown("madeup00").saves("fresh");
        for (case, records, ticks) in [
            ("nothing", vec![], "0000"),
            ("a login without a key", vec![Record::visit(LOGIN).saves("a")], "0000"),
            ("a made-up key", vec![made_up(LOGIN)], "1000"),
            ("the same without cycle_key", vec![made_up(LOGIN_WITH_OLD_KEY)], "0000"),
            ("a live key of somebody else", vec![login(LOGIN, "b"), vain_use()], "0000"),
            ("the attacker's", vec![attacker(), login(LOGIN, "b")], "0100"),
            ("and used", vec![attacker(), login(LOGIN, "b"), vain_use()], "0110"),
            ("used before the login alone", vec![attacker(), use_of(None), login(LOGIN, "b")], "0100"),
            ("logged in already", vec![attacker(), login(LOGIN, "evil")], "0000"),
            ("without cycle_key", vec![attacker(), login(LOGIN_WITH_OLD_KEY, "evil")], "0000"),
            ("and used", vec![attacker(), login(LOGIN_WITH_OLD_KEY, "evil"), use_of(Some("ada"))], "0001"),
            ("but not ada's", vec![attacker(), login(LOGIN_WITH_OLD_KEY, "evil"), use_of(None)], "0000"),
            (
                "used by ada's browser itself",
                vec![
                    attacker(),
                    login(LOGIN_WITH_OLD_KEY, "evil"),
                    Record { thief: false, ..use_of(Some("ada")) },
                ],
                "0000",
            ),
        ] {
            assert_eq!(Trial::of(records).ticks(&EXERCISE), ticks, "{case}");
        }
    }

    #[test]
    fn the_attacker_may_have_come_before_the_prediction_but_nothing_else() {
        let trial = || Trial::of([attacker(), login(LOGIN, "b"), vain_use()]);
        assert_eq!(trial().predicted_after(1).ticks(&EXERCISE), "0110");
        assert_eq!(trial().predicted_after(2).ticks(&EXERCISE), "0000");
        assert_eq!(trial().observe(&EXERCISE).evidence, [2, 2, 3]);
    }
}
