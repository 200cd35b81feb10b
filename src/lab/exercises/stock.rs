//! The session of actix-session's own middleware beside Django's.

use super::exercise::{Exercise, Hooks, Observed, Tick, Ticking};
use super::scene::{Scene, WORLD};
use crate::lab::drawing::Column;
use crate::lab::log::{Record, StockVisit};

const STOCK: &str = "/actix/hello/world";

pub(super) static EXERCISE: Exercise = Exercise {
    number: 21,
    title: "The stock counter beside Django's",
    choices: "abcd",
    right: "b",
    ticks: &[
        Tick {
            before: "a visit to each of the two counters",
            seen: "two cookies, and two rows of one table",
        },
        Tick {
            before: "what the value of the stock cookie leads to",
            seen: "no row has the stock cookie's value as its key: the key is sealed inside",
        },
        Tick {
            before: "how long each cookie lasts, after Django's session got an end of its own",
            seen: "Django's session has its own end, the stock session the age that all stock sessions share",
        },
    ],
    finding: "Django's cookie is the row's key itself; the stock cookie is encrypted, and all stock sessions share one age.",
    columns: &[Column::Time, Column::Request, Column::SentKey, Column::KeyAfter, Column::Cookie],
    observe,
    ticking: Ticking::OneByOne,
    hooks: Hooks::NONE,
};

/// Both counters; the stock cookie and its row; and both ends, Django's after `set_expiry`.
fn observe(scene: &Scene<'_>) -> Observed {
    let stock = || scene.recent_of_everything().rev().filter_map(stock_visit);
    let django = || scene.recent_visits(WORLD).rev().map(AsRef::as_ref).filter(|record| record.saved);
    let both = stock().next().zip(django().next());
    let both = both.map(|((stock, _), django)| vec![django.n, stock.n]);
    let sealed = stock().find(|(_, visit)| !visit.value_is_a_key && visit.row.is_some());
    let sealed = sealed.map(|(record, _)| vec![record.n]);
    // The stock session is saved after that: else nobody knows what it would have got.
    let ends = stock().find_map(|(record, visit)| {
        let own_end = |django: &&Record| django.max_age.is_some_and(|age| age != django.age);
        let django = django().filter(own_end).find(|django| django.n < record.n)?;
        (visit.max_age.is_some() && visit.max_age != django.max_age).then(|| vec![django.n, record.n])
    });
    let found = [both, sealed, ends];
    Observed {
        ticks: found.each_ref().map(Option::is_some).to_vec(),
        evidence: found.into_iter().flatten().flatten().collect(),
    }
}

/// A visit to the stock counter that was answered without an error, with its session.
fn stock_visit(record: &Record) -> Option<(&Record, &StockVisit)> {
    let visit = record.stock.as_ref()?;
    (record.path == STOCK && record.status < 400 && !record.thief).then_some((record, visit))
}

#[cfg(test)]
mod tests {
    use super::super::scene::WORLD2;
    use super::super::scene::testing::Trial;
    use super::*;
    use crate::lab::log::RowView;

    fn stock() -> Record {
        let visit = StockVisit {
            was_sent: false,
            value: "sealed".to_owned(),
            key: Some("s".to_owned()),
            max_age: Some(30),
            row: Some(RowView::fake("s", Record::moment(30), Some(1))),
            value_is_a_key: false,
        };
        Record { in_session: false, stock: Some(visit), ..Record::visit(STOCK) }
    }

    fn stock_with(change: fn(&mut StockVisit)) -> Record {
        let mut record = stock();
        record.stock.iter_mut().for_each(change);
        record
    }

    fn django() -> Record {
        Record::visit(WORLD).saves("a")
    }

    fn with_own_end() -> Record {
        Record::visit(WORLD).saves_for("a", 90)
    }

    #[test]
    fn two_middlewares_have_two_sessions() {
        for (case, records, ticks) in [
            ("nothing", vec![], "000"),
            ("Django's alone", vec![django()], "000"),
            ("the stock one alone", vec![stock()], "010"),
            ("both", vec![django(), stock()], "110"),
            (
                "a read of Django's is no visit to its counter",
                vec![Record::visit(WORLD2).reads(), stock()],
                "010",
            ),
            ("without a row behind it", vec![django(), stock_with(|visit| visit.row = None)], "100"),
            ("were its value a key", vec![stock_with(|visit| visit.value_is_a_key = true)], "000"),
            ("an error", vec![django(), stock().status(500)], "000"),
            ("another end, then the stock one", vec![with_own_end(), stock()], "111"),
            ("the stock one first", vec![stock(), with_own_end()], "110"),
            ("and Django's once more", vec![with_own_end(), stock(), with_own_end()], "111"),
            ("both as long", vec![with_own_end(), stock_with(|visit| visit.max_age = Some(90))], "110"),
            ("the stock one not set", vec![with_own_end(), stock_with(|visit| visit.max_age = None)], "110"),
        ] {
            assert_eq!(Trial::of(records).ticks(&EXERCISE), ticks, "{case}");
        }
    }

    #[test]
    fn both_come_after_the_prediction() {
        let trial = || Trial::of([with_own_end(), stock()]);
        assert_eq!(trial().predicted_after(1).ticks(&EXERCISE), "010");
        assert_eq!(trial().predicted_after(2).ticks(&EXERCISE), "000");
    }
}
