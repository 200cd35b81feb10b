//! The picture in words, for whoever does not see it.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::bars::word;
use super::lives::{Fate, Life, Span};
use super::marks::Shape;
use crate::lab::log::{Record, Snapshot};

pub(super) fn words(shown: &[&Arc<Record>], seen: &[&Life], log: &Snapshot, now: DateTime<Utc>) -> String {
    let mut sentences = vec![requests(shown)];
    sentences.extend(seen.iter().map(|life| {
        let letters = log.tag(&life.key).letters;
        let (cookie, row) = (bar("Cookie", &life.cookie, now), bar("Row", &life.row, now));
        format!("Key {letters}: {cookie}; {row}.")
    }));
    sentences.join(" ")
}

fn requests(shown: &[&Arc<Record>]) -> String {
    let one = |record: &Arc<Record>| format!("{} {}", record.n, Shape::of(record).word());
    let list: Vec<_> = shown.iter().map(|record| one(record)).collect();
    format!("Requests: {}.", list.join(", "))
}

fn bar(name: &str, spans: &[Span], now: DateTime<Utc>) -> String {
    let Some(last) = spans.last() else { return format!("no {}", name.to_lowercase()) };
    let name_in_text = name.to_lowercase();
    let filled = match spans.len() - 1 {
        0 => String::new(),
        1 => ", filled again once".to_owned(),
        times => format!(", filled again {times} times"),
    };
    let time = |at: DateTime<Utc>| at.format("%H:%M:%S").to_string();
    let end = match (word(name, last.fate(now)), last.end) {
        (Some(word), _) => format!("{word} at {}", time(last.to(now))),
        (None, Some(end)) if last.fate(now) == Fate::Running => format!("runs until {}", time(end)),
        _ => "runs".to_owned(),
    };
    format!("{name_in_text} from {}{filled}, {end}", time(spans[0].from))
}
