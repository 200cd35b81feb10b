//! Requests as a table: the columns are chosen, the cells are made here.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::lab::log::{KeyTag, Record, RowState, Told};

/// What a table may show of a request, beside its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) enum Column {
    Time,
    Request,
    Status,
    /// The key that the browser sent.
    SentKey,
    RowFound,
    /// Accessed, modified and saved in one.
    Session,
    Accessed,
    Modified,
    Saved,
    /// What the browser was told of its cookie.
    Cookie,
    KeyAfter,
    ExpireBefore,
    ExpireAfter,
    /// The counter that was found.
    Counter,
    /// What the view tells.
    Note,
}

use Column::{
    Accessed, Cookie, Counter, ExpireAfter, ExpireBefore, KeyAfter, Modified, Note, Request, RowFound, Saved,
    SentKey, Session, Status, Time,
};

/// Every request, on a page of its own.
pub(in crate::lab) const EVERYTHING: &[Column] = &[
    Time,
    Request,
    Status,
    SentKey,
    RowFound,
    Session,
    Counter,
    Cookie,
    KeyAfter,
    ExpireBefore,
    ExpireAfter,
];
/// The last requests, beside an exercise.
pub(in crate::lab) const SHORT: &[Column] =
    &[Time, Request, SentKey, Session, Counter, KeyAfter, ExpireAfter];

#[derive(Debug, Serialize)]
pub(in crate::lab) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    n: u64,
    /// Who has sent it, if it was not the learner.
    by: Option<&'static str>,
    cells: Vec<Cell>,
}

#[derive(Debug, Default, PartialEq, Serialize)]
struct Cell {
    text: String,
    tag: Option<KeyTag>,
    code: bool,
    /// What has become different, in a word.
    changed: Option<&'static str>,
}

impl Table {
    /// The records in their order. No table without records.
    pub(in crate::lab) fn new<'a>(
        records: impl Iterator<Item = &'a Arc<Record>>,
        columns: &[Column],
    ) -> Option<Self> {
        let rows: Vec<_> = records
            .map(|record| Row {
                n: record.n,
                by: sender(record),
                cells: columns.iter().map(|column| column.cell(record)).collect(),
            })
            .collect();
        let headings = columns.iter().map(|column| column.heading()).collect();
        (!rows.is_empty()).then_some(Self { headings, rows })
    }
}

fn sender(record: &Record) -> Option<&'static str> {
    if record.thief { Some("the thief") } else { record.incidental.then_some("the browser on its own") }
}

impl Column {
    fn heading(self) -> &'static str {
        match self {
            Time => "time (UTC)",
            Request => "request",
            Status => "status",
            SentKey => "key sent",
            RowFound => "row found",
            Session => "session",
            Accessed => "accessed",
            Modified => "modified",
            Saved => "saved",
            Cookie => "cookie",
            KeyAfter => "key after",
            ExpireBefore => "row’s end before",
            ExpireAfter => "row’s end after",
            Counter => "counter found",
            Note => "the view says",
        }
    }

    fn cell(self, record: &Record) -> Cell {
        match self {
            Time => Cell::text(record.at.format("%H:%M:%S").to_string()),
            Request => Cell { code: true, ..Cell::text(format!("{} {}", record.method, record.path)) },
            Status => Cell::text(record.status.to_string()),
            SentKey => Cell { tag: record.sent_tag.clone(), ..Cell::text(sent(record)) },
            RowFound => Cell::text(row_found(record)),
            Session => Cell::text(session(record)),
            Accessed => yes(record.accessed),
            Modified => yes(record.modified),
            Saved => yes(record.saved),
            Cookie => Cell::text(cookie(record)),
            KeyAfter => key_after(record),
            ExpireBefore => Cell::text(end(record.expire_before(), record.at)),
            ExpireAfter => expire_after(record),
            Counter => {
                Cell::text(record.counter.map_or_else(|| "–".to_owned(), |counter| counter.to_string()))
            }
            Note => Cell::text(record.note.clone().unwrap_or_else(|| "–".to_owned())),
        }
    }
}

impl Cell {
    fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

fn yes(is: bool) -> Cell {
    Cell::text(if is { "yes" } else { "no" })
}

fn sent(record: &Record) -> &'static str {
    if record.sent_key.is_none() { "none" } else { "" }
}

fn row_found(record: &Record) -> &'static str {
    match record.row_state {
        _ if record.sent_key.is_none() => "–",
        RowState::Absent => "none",
        RowState::Live => "live",
        RowState::Expired => "expired",
    }
}

fn session(record: &Record) -> String {
    let words = [("accessed", record.accessed), ("modified", record.modified), ("saved", record.saved)];
    let words: Vec<_> = words.iter().filter(|(_, is)| *is).map(|(word, _)| *word).collect();
    match words.as_slice() {
        _ if !record.in_session => "none on this path".to_owned(),
        [] => "untouched".to_owned(),
        _ => words.join(", "),
    }
}

fn cookie(record: &Record) -> String {
    match (record.cookie, record.max_age) {
        (Told::None, _) => "–".to_owned(),
        (Told::Set, Some(seconds)) => format!("set for {seconds} s"),
        (Told::Set, None) => "set until the browser closes".to_owned(),
        (Told::Delete, _) => "deleted".to_owned(),
    }
}

fn key_after(record: &Record) -> Cell {
    let Some(key) = record.key() else { return Cell::text("none") };
    let is_new = record.sent_key.as_deref() != Some(key);
    Cell { tag: record.tag.clone(), changed: is_new.then_some("new"), ..Cell::default() }
}

fn expire_after(record: &Record) -> Cell {
    let (before, after) = (record.expire_before(), record.expire_after());
    let changed = match (before, after) {
        (_, None) => None,
        (Some(before), Some(after)) if before == after => None,
        (Some(before), Some(after)) if record.saved && record.key() == record.sent_key.as_deref() => {
            Some(if after > before { "later" } else { "earlier" })
        }
        _ => Some("new"),
    };
    Cell { changed, ..Cell::text(end(after, record.at)) }
}

/// The time of day, with the date where it is another one.
fn end(end: Option<DateTime<Utc>>, at: DateTime<Utc>) -> String {
    match end {
        None => "–".to_owned(),
        Some(end) if end.date_naive() == at.date_naive() => end.format("%H:%M:%S").to_string(),
        Some(end) => end.format("%Y-%m-%d %H:%M:%S").to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::log::RequestLog;

    /// The cells of a request as `text|text`, what changed in parentheses.
    fn cells(record: Record, columns: &[Column]) -> String {
        let log = RequestLog::new();
        log.push(record);
        let table = Table::new(log.snapshot().records.iter(), columns).expect("a row");
        let one = |cell: &Cell| {
            let tag = cell.tag.as_ref().map(|tag| tag.letters.clone()).unwrap_or_default();
            let changed = cell.changed.map(|word| format!(" ({word})")).unwrap_or_default();
            format!("{tag}{}{changed}", cell.text)
        };
        table.rows[0].cells.iter().map(one).collect::<Vec<_>>().join("|")
    }

    fn visit() -> Record {
        Record::visit("/hello/world")
    }

    #[test]
    fn a_request_is_told_in_words() {
        for (record, expected) in [
            (visit(), "00:00:00|GET /hello/world|200|none|–|untouched|0|–|none|–|–"),
            (
                visit().saves("abc"),
                "00:00:00|GET /hello/world|200|none|–|accessed, modified, saved|0|set for 30 s|ab (new)|–|00:00:30 (new)",
            ),
            (
                visit().at(20).sends("abc", 30, 3).saves("abc"),
                "00:00:20|GET /hello/world|200|ab|live|accessed, modified, saved|3|set for 30 s|ab|00:00:30|00:00:50 (later)",
            ),
            (
                visit().at(20).sends("abc", 30, 3).reads(),
                "00:00:20|GET /hello/world|200|ab|live|accessed|3|–|ab|00:00:30|00:00:30",
            ),
            (
                visit().at(40).sends("abc", 30, 3).saves("xyz"),
                "00:00:40|GET /hello/world|200|ab|expired|accessed, modified, saved|0|set for 30 s|xy (new)|00:00:30|00:01:10 (new)",
            ),
            (
                visit().unknown("zz").reads(),
                "00:00:00|GET /hello/world|200|zz|none|accessed|0|deleted|none|–|–",
            ),
            (
                Record { in_session: false, counter: None, ..visit().status(404) },
                "00:00:00|GET /hello/world|404|none|–|none on this path|–|–|none|–|–",
            ),
        ] {
            assert_eq!(cells(record, EVERYTHING), expected);
        }
    }

    #[test]
    fn each_flag_can_stand_alone() {
        let columns = &[Accessed, Modified, Saved, Cookie, Note];
        let poke = Record { note: Some("set".to_owned()), ..visit().saves("a").until_close() };
        assert_eq!(cells(poke, columns), "yes|yes|yes|set until the browser closes|set");
        assert_eq!(cells(visit(), columns), "no|no|no|–|–");
    }

    #[test]
    fn an_end_on_another_day_has_its_date() {
        let record = visit().saves_for("a", 1_209_600);
        assert_eq!(cells(record, &[ExpireAfter]), "1970-01-15 00:00:00 (new)");
        assert!(Table::new([].iter(), EVERYTHING).is_none());
    }
}
