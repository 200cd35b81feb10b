//! A script that looks for the session's cookie.

use super::exercise::{Exercise, Hooks, Observed, Tick, Ticking};
use super::scene::Scene;
use crate::lab::drawing::Column;
use crate::lab::log::{Record, Told};

const SAW: &str = "/play/script_saw";
const SAW_NOTHING: &str = "/play/script_saw_nothing";

pub(super) static EXERCISE: Exercise = Exercise {
    number: 24,
    title: "Read the cookie from a script",
    choices: "abcd",
    right: "c",
    ticks: &[
        Tick {
            before: "what the script found of a cookie as Django sets it",
            seen: "with HttpOnly the script saw nothing, though the browser sent the cookie",
        },
        Tick { before: "what it found after the switch", seen: "without HttpOnly the script saw the key" },
    ],
    finding: "HttpOnly hides the cookie from scripts. The browser sends it all the same.",
    columns: &[Column::Time, Column::Request, Column::SentKey, Column::Cookie, Column::Note],
    observe,
    ticking: Ticking::OneByOne,
    hooks: Hooks::NONE,
};

/// What the page's script has reported, of a cookie that was set with HttpOnly and of one that was set without.
fn observe(scene: &Scene<'_>) -> Observed {
    let report = |path: &'static str, httponly: bool| {
        let reports = scene.recent_visits(path).rev().map(AsRef::as_ref);
        let found = reports.filter_map(|record| Some((setter(scene, record)?, record)));
        found.into_iter().find(|(setter, _)| setter.httponly == httponly)
    };
    let found = [report(SAW_NOTHING, true), report(SAW, false)];
    let numbers = |(setter, record): (&Record, &Record)| [setter.n, record.n];
    Observed {
        ticks: found.map(|found| found.is_some()).to_vec(),
        evidence: found.into_iter().flatten().flat_map(numbers).collect(),
    }
}

/// The answer that set the cookie which came with a request. The script may only report of a cookie that is there.
fn setter<'a>(scene: &Scene<'a>, report: &Record) -> Option<&'a Record> {
    let sent = report.sent_key.as_ref()?;
    let before = scene.everything.iter().rev().map(AsRef::as_ref);
    before
        .filter(|record| record.n < report.n && !record.thief && record.cookie == Told::Set)
        .find(|record| record.key_out.as_ref() == Some(sent))
}

#[cfg(test)]
mod tests {
    use super::super::scene::WORLD;
    use super::super::scene::testing::Trial;
    use super::*;

    fn set(httponly: bool) -> Record {
        Record { httponly, ..Record::visit(WORLD).saves("a") }
    }

    fn report(path: &str) -> Record {
        Record::visit(path).sends("a", 30, 1)
    }

    #[test]
    fn a_script_sees_what_is_not_httponly() {
        for (case, records, ticks) in [
            ("nothing", vec![], "00"),
            ("hidden", vec![set(true), report(SAW_NOTHING)], "10"),
            ("shown", vec![set(false), report(SAW)], "01"),
            ("both", vec![set(true), report(SAW_NOTHING), set(false), report(SAW)], "11"),
            ("no cookie to see", vec![set(true), Record::visit(SAW_NOTHING)], "00"),
            ("nobody knows how it was set", vec![report(SAW_NOTHING), report(SAW)], "00"),
            (
                "switched, not set anew",
                vec![set(true), Record { httponly: false, ..report(SAW_NOTHING) }],
                "10",
            ),
            ("a report that cannot be", vec![set(true), report(SAW)], "00"),
            ("nor can this", vec![set(false), report(SAW_NOTHING)], "00"),
            ("set by the thief", vec![set(true).by_thief(), report(SAW_NOTHING)], "00"),
        ] {
            assert_eq!(Trial::of(records).ticks(&EXERCISE), ticks, "{case}");
        }
    }

    #[test]
    fn the_report_comes_after_the_prediction() {
        let trial = || Trial::of([set(true), report(SAW_NOTHING)]);
        assert_eq!(trial().predicted_after(1).observe(&EXERCISE).evidence, [1, 2]);
        assert_eq!(trial().predicted_after(2).ticks(&EXERCISE), "00");
    }
}
