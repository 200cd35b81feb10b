//! A cookie's or a row's bar: for each life a shape that is full at its beginning and drains to nothing at its end.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::lives::{Fate, Span, Stop};
use super::scale::{Scale, rounded};

/// All lives of a cookie or a row.
#[derive(Debug, Default, Serialize)]
pub(super) struct Bar {
    /// Pixels from the top.
    pub(super) y: u32,
    pieces: Vec<Piece>,
    pub(super) ends: Vec<End>,
}

impl Bar {
    /// Pixels.
    pub(super) const HEIGHT: u32 = 24;
}

/// One life, as far as it has come or as it will go on if nothing happens.
#[derive(Debug, Serialize)]
struct Piece {
    x: f64,
    width: f64,
    /// The corners, from 0 to 100 to the right and downwards.
    points: String,
    to_come: bool,
    /// Whether it begins full where another one was: the jump that a save makes.
    jump: bool,
}

/// Where a bar ends for good.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct End {
    pub(super) x: f64,
    pub(super) word: &'static str,
    /// Whether the word has room beside it.
    room: bool,
    title: String,
}

/// `name` is what the words call it; one at its end needs `room`.
pub(super) fn bar(spans: &[Span], name: &str, scale: &Scale, room: f64, now: DateTime<Utc>) -> Bar {
    let mut bar = Bar::default();
    for (at, span) in spans.iter().enumerate() {
        let jump =
            at.checked_sub(1).is_some_and(|before| spans[before].fate(now) == Fate::Stopped(Stop::Saved));
        bar.pieces.extend(piece(span, span.from, span.to(now), scale).map(|piece| Piece { jump, ..piece }));
        if span.fate(now) == Fate::Running {
            // One whose end nobody knows goes on to the edge.
            let end = span.end.unwrap_or(DateTime::<Utc>::MAX_UTC);
            bar.pieces.extend(piece(span, now, end, scale).map(|piece| Piece { to_come: true, ..piece }));
        }
        if let Some(word) = word(name, span.fate(now)) {
            let to = span.to(now);
            let x = scale.x(to);
            let next = spans.get(at + 1).map_or(100.0, |next| scale.x(next.from));
            let title = format!("{name} {word} at {}", to.format("%H:%M:%S"));
            bar.ends.push(End { x, word, room: next.min(cut(scale, to)) - x >= room, title });
        }
    }
    bar
}

/// Where the next silence is cut out.
fn cut(scale: &Scale, after: DateTime<Utc>) -> f64 {
    let cut = scale.breaks().find(|cut| cut.to > after);
    cut.map_or(100.0, |cut| f64::midpoint(scale.x(cut.from), scale.x(cut.to)))
}

/// What ended a bar; `None` where it goes on, or jumps.
pub(super) fn word(name: &str, fate: Fate) -> Option<&'static str> {
    match fate {
        Fate::Running | Fate::Stopped(Stop::Saved) => None,
        Fate::Expired if name == "Cookie" => Some("forgotten"),
        Fate::Expired => Some("expired"),
        Fate::Stopped(Stop::Deleted) => Some("deleted"),
        Fate::Stopped(Stop::Replaced) => Some("replaced"),
        Fate::Stopped(Stop::Lost) => Some("lost"),
    }
}

/// The shape of a span between two moments; `None` where it has no width.
fn piece(span: &Span, from: DateTime<Utc>, to: DateTime<Utc>, scale: &Scale) -> Option<Piece> {
    let endless = to == DateTime::<Utc>::MAX_UTC;
    let (x, right) = (scale.x(from), if endless { 100.0 } else { scale.x(to) });
    let width = rounded(right - x);
    if width <= 0.0 {
        return None;
    }
    let mut points = "0,100".to_owned();
    let corners = [from].into_iter().chain(scale.between(from, to)).chain([to]);
    for at in corners {
        let across = if at == to { 100.0 } else { (scale.x(at) - x) / width * 100.0 };
        // Writing to a `String` cannot fail.
        let _ = write!(points, " {},{}", rounded(across), rounded((1.0 - span.left(at)) * 100.0));
    }
    points.push_str(" 100,100");
    Some(Piece { x, width, points, to_come: false, jump: false })
}
