//! The decision of `process_response` as a flow: three questions, four ends, and the way that a request took.

use serde::Serialize;

use crate::lab::log::{Record, Rule};

/// The way through the flow.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(in crate::lab) struct Flow {
    n: Option<u64>,
    /// A cookie was sent, and the session is empty?
    gone: Option<bool>,
    /// Modified, or every request is saved; and not empty?
    worth: Option<bool>,
    /// The status is below 500?
    fine: Option<bool>,
    every: bool,
    /// The way in words.
    text: String,
}

impl Flow {
    /// Of the last request; without one, of none.
    pub(in crate::lab) fn of(record: Option<&Record>) -> Self {
        let (gone, worth, fine) = match record.map(|record| record.rule) {
            Some(Rule::Delete) => (Some(true), None, None),
            Some(Rule::Leave) => (Some(false), Some(false), None),
            Some(Rule::ServerError) => (Some(false), Some(true), Some(false)),
            Some(Rule::Save) => (Some(false), Some(true), Some(true)),
            Some(Rule::Failed | Rule::Outside) | None => (None, None, None),
        };
        let every = record.is_some_and(|record| record.save_every_request);
        Self {
            n: record.map(|record| record.n),
            gone,
            worth,
            fine,
            every,
            text: record.map_or_else(none, told),
        }
    }
}

fn none() -> String {
    "No request has come this way yet.".to_owned()
}

fn told(record: &Record) -> String {
    let why = match (record.modified, record.save_every_request) {
        (true, _) => "the session was modified",
        (false, true) => "SESSION_SAVE_EVERY_REQUEST is on",
        (false, false) => "the session was not modified",
    };
    let way = match record.rule {
        Rule::Delete => "sent a cookie, and its session is empty: the cookie is deleted".to_owned(),
        Rule::Save => format!("is saved, since {why}: the row is written and the cookie set"),
        Rule::ServerError => {
            format!("would be saved, since {why}, but its status is {}: nothing is written", record.status)
        }
        // An empty session is not saved, whatever else is so.
        Rule::Leave if record.empty && (record.modified || record.save_every_request) => {
            "has an empty session: row and cookie stay as they are".to_owned()
        }
        Rule::Leave => format!("is not saved, since {why}: row and cookie stay as they are"),
        Rule::Failed => "failed in the session middleware itself, before the decision".to_owned(),
        Rule::Outside => "had no session middleware on its way".to_owned(),
    };
    format!("Request {} {way}.", record.n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_takes_one_way() {
        let visit = || Record { n: 3, ..Record::visit("/hello/world") };
        let every = |record| Record { save_every_request: true, ..record };
        for (record, way, text) in [
            (
                visit().unknown("a").reads(),
                "y--",
                "Request 3 sent a cookie, and its session is empty: the cookie is deleted.",
            ),
            (
                visit().saves("a"),
                "nyy",
                "Request 3 is saved, since the session was modified: the row is written and the cookie set.",
            ),
            (
                every(Record { modified: false, ..visit().saves("a") }),
                "nyy",
                "Request 3 is saved, since SESSION_SAVE_EVERY_REQUEST is on: the row is written and the cookie set.",
            ),
            (
                Record { rule: Rule::ServerError, modified: true, ..visit().status(500) },
                "nyn",
                "Request 3 would be saved, since the session was modified, but its status is 500: nothing is written.",
            ),
            (
                visit().sends("a", 30, 1).reads(),
                "nn-",
                "Request 3 is not saved, since the session was not modified: row and cookie stay as they are.",
            ),
            (every(visit()), "nn-", "Request 3 has an empty session: row and cookie stay as they are."),
            (
                Record { rule: Rule::Outside, ..visit() },
                "---",
                "Request 3 had no session middleware on its way.",
            ),
            (
                Record { rule: Rule::Failed, ..visit() },
                "---",
                "Request 3 failed in the session middleware itself, before the decision.",
            ),
        ] {
            let flow = Flow::of(Some(&record));
            let letter = |answer: Option<bool>| answer.map_or('-', |yes| if yes { 'y' } else { 'n' });
            let taken: String = [flow.gone, flow.worth, flow.fine].map(letter).into_iter().collect();
            assert_eq!((taken.as_str(), flow.text.as_str()), (way, text));
        }
        assert_eq!(Flow::of(None).gone, None);
    }
}
