//! A link and a form on another site.

use super::exercise::{Exercise, Hooks, Observed, Tick, Ticking};
use super::scene::Scene;
use crate::lab::drawing::Column;
use crate::lab::log::{Record, RowState, Told};

/// What another site's page may send to.
const TRANSFER: &str = "/transfer";

pub(super) static EXERCISE: Exercise = Exercise {
    number: 25,
    title: "A form on another site",
    choices: "abcd",
    right: "c",
    ticks: &[
        Tick { before: "the form of our own page", seen: "our own form: the cookie came along" },
        Tick { before: "the link of the other site", seen: "the foreign link, a GET: the cookie came along" },
        Tick {
            before: "the form of the other site",
            seen: "the foreign form, a POST: the browser held the cookie back",
        },
    ],
    finding: "SameSite=Lax lets the cookie come along with a link from another site, but not with its form.",
    columns: &[Column::Time, Column::Request, Column::SentKey, Column::Status, Column::Cookie],
    observe,
    ticking: Ticking::OneByOne,
    hooks: Hooks::NONE,
};

/// A POST of our own page, and a GET and a POST of another site's, the last without the cookie that the browser has.
fn observe(scene: &Scene<'_>) -> Observed {
    let sent = |method: &'static str, site: &'static str| {
        scene.recent_of_everything().rev().filter(move |record| {
            record.path == TRANSFER
                && record.method == method
                && record.site.as_deref() == Some(site)
                && record.status < 400
        })
    };
    let with_cookie = |record: &&Record| record.row_state == RowState::Live;
    let own = sent("POST", "same-origin").find(with_cookie);
    let link = sent("GET", "cross-site").find(with_cookie);
    let form =
        sent("POST", "cross-site").find(|record| record.sent_key.is_none() && has_cookie(scene, record));
    let found = [own, link, form];
    Observed {
        ticks: found.map(|found| found.is_some()).to_vec(),
        evidence: found.into_iter().flatten().map(|record| record.n).collect(),
    }
}

/// Whether the browser had the cookie of a live session when it sent a request without one.
fn has_cookie(scene: &Scene<'_>, record: &Record) -> bool {
    let before = scene.everything.iter().rev().filter(|before| before.n < record.n && !before.thief);
    let told = before.into_iter().find(|before| before.cookie != Told::None);
    told.is_some_and(|told| {
        told.cookie == Told::Set && told.expire_after().is_some_and(|end| end > record.at)
    })
}

#[cfg(test)]
mod tests {
    use super::super::scene::WORLD;
    use super::super::scene::testing::Trial;
    use super::*;

    fn first() -> Record {
        Record::visit(WORLD).saves("a")
    }

    fn to_transfer(method: &str, site: &str) -> Record {
        let visit = Record::visit(TRANSFER);
        Record { method: method.to_owned(), site: Some(site.to_owned()), in_session: false, ..visit }
    }

    fn with_cookie(method: &str, site: &str) -> Record {
        let sends = Record::visit(TRANSFER).sends("a", 30, 1);
        Record { row_state: sends.row_state, sent_key: sends.sent_key, ..to_transfer(method, site) }
    }

    #[test]
    fn a_foreign_link_has_the_cookie_and_a_foreign_form_has_not() {
        let late = |record: Record| record.at(30);
        for (case, records, ticks) in [
            ("nothing", vec![], "000"),
            ("our own form", vec![with_cookie("POST", "same-origin")], "100"),
            ("without a session", vec![to_transfer("POST", "same-origin")], "000"),
            ("the foreign link", vec![with_cookie("GET", "cross-site")], "010"),
            ("our own link", vec![with_cookie("GET", "same-origin")], "000"),
            ("typed in", vec![with_cookie("GET", "none")], "000"),
            ("the foreign form", vec![first(), to_transfer("POST", "cross-site")], "001"),
            ("without a cookie to keep back", vec![to_transfer("POST", "cross-site")], "000"),
            ("its cookie over", vec![first(), late(to_transfer("POST", "cross-site"))], "000"),
            (
                "its cookie deleted",
                vec![
                    first(),
                    Record::visit("/play/flush").sends("a", 30, 1).deletes(),
                    to_transfer("POST", "cross-site"),
                ],
                "000",
            ),
            ("the thief's cookie", vec![first().by_thief(), to_transfer("POST", "cross-site")], "000"),
            (
                "with the cookie, as SameSite=None has it",
                vec![first(), with_cookie("POST", "cross-site")],
                "000",
            ),
            ("another subdomain", vec![first(), to_transfer("POST", "same-site")], "000"),
            ("refused", vec![first(), to_transfer("POST", "cross-site").status(405)], "000"),
        ] {
            assert_eq!(Trial::of(records).ticks(&EXERCISE), ticks, "{case}");
        }
    }

    #[test]
    fn all_come_after_the_prediction() {
        let trial =
            || Trial::of([first(), with_cookie("GET", "cross-site"), to_transfer("POST", "cross-site")]);
        assert_eq!(trial().observe(&EXERCISE).evidence, [2, 3]);
        assert_eq!(trial().predicted_after(2).ticks(&EXERCISE), "001");
        assert_eq!(trial().predicted_after(3).ticks(&EXERCISE), "000");
    }
}
