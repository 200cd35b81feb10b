//! A row before and after a request, with what has become different.

use serde::Serialize;

use crate::lab::log::{Record, RowView};

#[derive(Debug, PartialEq, Eq, Serialize)]
pub(in crate::lab) struct Difference {
    n: u64,
    /// What became of it, in a word or three.
    word: &'static str,
    lines: Vec<Line>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Line {
    name: &'static str,
    before: String,
    after: String,
    changed: bool,
}

impl Difference {
    pub(in crate::lab) fn of(record: &Record) -> Self {
        let (before, after) = (record.before.as_ref(), record.after.as_ref());
        let lines: Vec<_> = [
            Line::new("session_key", before, after, |row| row.key.clone()),
            Line::new("expires", before, after, |row| row.expires.clone()),
            Line::new("data", before, after, |row| {
                row.data.clone().unwrap_or_else(|| "not readable".to_owned())
            }),
        ]
        .into_iter()
        .filter(|_| before.is_some() || after.is_some())
        .collect();
        let word = match (before, after) {
            (None, None) => "no row",
            (None, Some(_)) => "a new row",
            (Some(_), None) => "the row is gone",
            (Some(before), Some(after)) if before.key != after.key => "another row",
            // The same data may be written again, within the same second.
            _ if record.saved => "written",
            _ => "not touched",
        };
        Self { n: record.n, word, lines }
    }
}

impl Line {
    fn new(
        name: &'static str,
        before: Option<&RowView>,
        after: Option<&RowView>,
        text: fn(&RowView) -> String,
    ) -> Self {
        let text = |row: Option<&RowView>| row.map_or_else(|| "–".to_owned(), text);
        let (before, after) = (text(before), text(after));
        Self { name, changed: before != after, before, after }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_changed_is_marked_and_said() {
        let visit = || Record::visit("/hello/world");
        for (record, word, changed) in [
            (visit(), "no row", vec![]),
            (visit().saves("a"), "a new row", vec![true, true, true]),
            (visit().at(5).sends("a", 30, 1).saves("a"), "written", vec![false, true, false]),
            (visit().at(5).sends("a", 30, 1).reads(), "not touched", vec![false, false, false]),
            (
                Record { after: None, ..visit().at(5).sends("a", 30, 1).deletes() },
                "the row is gone",
                vec![true, true, true],
            ),
            (visit().at(40).sends("a", 30, 1).saves("b"), "another row", vec![true, true, false]),
        ] {
            let difference = Difference::of(&record);
            let marks: Vec<_> = difference.lines.iter().map(|line| line.changed).collect();
            assert_eq!((difference.word, marks), (word, changed));
        }
    }
}
