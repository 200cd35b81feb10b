//! An end of a session's own, in three kinds.

use std::sync::Arc;

use chrono::TimeDelta;

use super::exercise::{Exercise, Hooks, Observed, Tick, Ticking};
use super::scene::Scene;
use crate::lab::drawing::Column;
use crate::lab::log::Record;

const INTEGER: &str = "/play/expire_in";
const TIMEDELTA: &str = "/play/expire_at";
const NONE: &str = "/play/expire_by_policy";

/// What lies between two requests at least, so that an end that moves is told from one that stays.
const PAUSE: TimeDelta = TimeDelta::seconds(2);
/// How much dates may differ that are meant to be the same: some stores keep whole seconds.
const TOLERANCE: TimeDelta = TimeDelta::seconds(1);

pub(super) static EXERCISE: Exercise = Exercise {
    number: 20,
    title: "Sessions with an expiry of their own",
    choices: "abcd",
    right: "c",
    ticks: &[
        Tick {
            before: "a save some seconds after the integer",
            seen: "the integer: the end moved with the save",
        },
        Tick {
            before: "a save some seconds after the timedelta",
            seen: "the timedelta: the end stayed where it was",
        },
        Tick { before: "what None did to the end", seen: "None: SESSION_COOKIE_AGE from now on" },
    ],
    finding: "An integer counts from every save, a timedelta is one fixed moment, and None goes back to the setting.",
    columns: &[
        Column::Time,
        Column::Request,
        Column::Cookie,
        Column::ExpireBefore,
        Column::ExpireAfter,
        Column::Note,
    ],
    observe,
    ticking: Ticking::OneByOne,
    hooks: Hooks::NONE,
};

/// For each kind the request that set it and the save that shows what it means.
fn observe(scene: &Scene<'_>) -> Observed {
    let recent = scene.recent();
    let saves = || recent.iter().enumerate().rev().filter(|(_, record)| record.saved);
    let shown_by = |shows: fn(&Record, &Record) -> bool| {
        saves().find_map(|(at, save)| {
            let set = setting_before(recent, at)?;
            shows(set, save).then_some([set.n, save.n])
        })
    };
    let found = [shown_by(integer_slides), shown_by(timedelta_stays), shown_by(none_returns)];
    Observed {
        ticks: found.map(|found| found.is_some()).to_vec(),
        evidence: found.into_iter().flatten().flatten().collect(),
    }
}

/// The request that last set the end of the session which a request saves.
fn setting_before(recent: &[Arc<Record>], at: usize) -> Option<&Record> {
    let sets =
        |record: &&Arc<Record>| record.saved && [INTEGER, TIMEDELTA, NONE].contains(&record.path.as_str());
    let before = recent[..at].iter().rev().filter(sets);
    before.map(AsRef::as_ref).find(|record| record.key() == recent[at].key())
}

fn integer_slides(set: &Record, save: &Record) -> bool {
    set.path == INTEGER && has_own_life(set) && is_plain_save(set, save) && moved(set, save, save.at - set.at)
}

fn timedelta_stays(set: &Record, save: &Record) -> bool {
    set.path == TIMEDELTA && is_plain_save(set, save) && moved(set, save, TimeDelta::zero())
}

/// The setting counts again, after an end that was not the setting's.
fn none_returns(set: &Record, save: &Record) -> bool {
    save.path == NONE && set.path != NONE && has_own_life(set) && !has_own_life(save)
}

/// Whether a view saved the session some seconds later and left its end alone.
fn is_plain_save(set: &Record, save: &Record) -> bool {
    ![INTEGER, TIMEDELTA, NONE].contains(&save.path.as_str()) && save.at - set.at >= PAUSE
}

/// Whether the end is by so much later than the one that was set.
fn moved(set: &Record, save: &Record, by: TimeDelta) -> bool {
    let (Some(before), Some(after)) = (set.expire_after(), save.expire_after()) else { return false };
    (after - before - by).abs() < TOLERANCE
}

/// Whether the end is another than SESSION_COOKIE_AGE would give.
fn has_own_life(record: &Record) -> bool {
    let life = record.expire_after().map(|end| end - record.at);
    life.is_some_and(|life| (life - TimeDelta::seconds(record.age)).abs() > TOLERANCE)
}

#[cfg(test)]
mod tests {
    use super::super::scene::testing::Trial;
    use super::super::scene::{WORLD, WORLD2};
    use super::*;

    /// A save of session `a` at a second, after which it lives so long.
    fn save(path: &str, second: i64, life: i64) -> Record {
        Record::visit(path).at(second).sends("a", second + 1, 1).saves_for("a", life)
    }

    #[test]
    fn three_kinds_of_end_mean_three_things() {
        for (case, records, ticks) in [
            ("an integer alone", vec![save(INTEGER, 0, 90)], "000"),
            ("it slides", vec![save(INTEGER, 0, 90), save(WORLD, 5, 90)], "100"),
            ("too soon to tell", vec![save(INTEGER, 0, 90), save(WORLD, 1, 90)], "000"),
            ("as long as the age", vec![save(INTEGER, 0, 30), save(WORLD, 5, 30)], "000"),
            (
                "a read between",
                vec![save(INTEGER, 0, 90), Record::visit(WORLD2).at(5).sends("a", 90, 1).reads()],
                "000",
            ),
            ("a timedelta stays", vec![save(TIMEDELTA, 0, 90), save(WORLD, 5, 85)], "010"),
            ("too soon to tell", vec![save(TIMEDELTA, 0, 90), save(WORLD, 1, 89)], "000"),
            (
                "set once more, not saved by a view",
                vec![save(TIMEDELTA, 0, 90), save(TIMEDELTA, 5, 90)],
                "000",
            ),
            (
                "another session",
                vec![save(TIMEDELTA, 0, 90), Record::visit(WORLD).at(5).sends("b", 90, 1).saves_for("b", 85)],
                "000",
            ),
            ("None after an integer", vec![save(INTEGER, 0, 90), save(NONE, 5, 30)], "001"),
            ("None after a timedelta", vec![save(TIMEDELTA, 0, 90), save(NONE, 5, 30)], "001"),
            ("None where nothing was set", vec![save(WORLD, 0, 30), save(NONE, 5, 30)], "000"),
            ("None twice", vec![save(NONE, 0, 30), save(NONE, 5, 30)], "000"),
            (
                "all three",
                vec![
                    save(INTEGER, 0, 90),
                    save(WORLD, 3, 90),
                    save(TIMEDELTA, 5, 90),
                    save(WORLD, 9, 86),
                    save(NONE, 10, 30),
                ],
                "111",
            ),
        ] {
            assert_eq!(Trial::of(records).ticks(&EXERCISE), ticks, "{case}");
        }
    }

    #[test]
    fn the_end_is_set_after_the_prediction() {
        let trial = Trial::of([save(INTEGER, 0, 90), save(WORLD, 5, 90)]);
        assert_eq!(trial.observe(&EXERCISE).evidence, [1, 2]);
        assert_eq!(trial.predicted_after(1).ticks(&EXERCISE), "000");
    }
}
