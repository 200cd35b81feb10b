//! The timeline as a picture: each key's cookie and row as two bars that drain, and the requests as marks.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::bars::{Bar, bar};
use super::lives::{Life, lives};
use super::marks::Shape;
use super::scale::{Measure, Scale, Stop, rounded};
use super::words::words;
use crate::lab::log::{KeyTag, Record, Snapshot};

/// Pixels from the top to the first lane: the word "now".
const TOP: u32 = 22;
/// Pixels of the marks above the bars.
const MARKS: u32 = 38;
/// Pixels of a lane with bars, and of one without.
const LANE: u32 = 110;
const PLAIN_LANE: u32 = 46;
/// Pixels of the axis.
const AXIS: u32 = 26;

/// How much is drawn.
#[derive(Clone, Copy, Debug)]
pub(in crate::lab) struct Size {
    /// The newest requests.
    pub(in crate::lab) requests: usize,
    /// The newest keys.
    pub(in crate::lab) keys: usize,
    /// Percent of the width for a mark.
    pub(in crate::lab) room: f64,
    /// Percent of the width between two times on the axis.
    pub(in crate::lab) ticks: f64,
    /// Percent of the width for a word at a bar's end.
    pub(in crate::lab) word: f64,
}

/// Beside an exercise.
pub(in crate::lab) const COMPACT: Size = Size { requests: 12, keys: 3, room: 5.0, ticks: 22.0, word: 16.0 };
/// On a page of its own.
pub(in crate::lab) const WHOLE: Size = Size { requests: 40, keys: 8, room: 2.2, ticks: 11.0, word: 9.0 };

/// What the template draws: pixels downwards, percent to the right.
#[derive(Debug, Serialize)]
pub(in crate::lab) struct Picture {
    pub(super) lanes: Vec<Lane>,
    height: u32,
    /// Where the lanes end.
    floor: u32,
    now: f64,
    ticks: Vec<Tick>,
    breaks: Vec<Cut>,
    /// Keys that are in the log and not in the picture.
    pub(super) left_out: usize,
    /// The same in words.
    pub(super) text: String,
}

/// A key's part of the picture; without a key that of requests which had none.
#[derive(Debug, Serialize)]
pub(super) struct Lane {
    #[serde(skip)]
    pub(super) key: Option<String>,
    pub(super) tag: Option<KeyTag>,
    y: u32,
    marks: Vec<Mark>,
    pub(super) cookie: Bar,
    pub(super) row: Bar,
}

#[derive(Debug, Serialize)]
struct Mark {
    n: u64,
    x: f64,
    shape: Shape,
    title: String,
    /// Whether there is room for its number.
    numbered: bool,
    /// Where the lane of another key is which it sent.
    from_y: Option<u32>,
}

#[derive(Debug, Serialize)]
struct Tick {
    x: f64,
    text: String,
}

/// A silence that is drawn shorter than it was.
#[derive(Debug, Serialize)]
struct Cut {
    x: f64,
    text: String,
}

impl Picture {
    /// `None` where there is nothing to draw. `sends` is the key that the browser sends at `now`.
    pub(in crate::lab) fn new(
        log: &Snapshot,
        sends: Option<&str>,
        now: DateTime<Utc>,
        size: Size,
    ) -> Option<Self> {
        let drawn: Vec<_> = log.records.iter().filter(|record| is_drawn(record)).collect();
        let newest = &drawn[drawn.len().saturating_sub(size.requests)..];
        let all = lives(log.records.iter().map(AsRef::as_ref), sends, now);
        let start = newest.iter().map(|record| record.at).min()?;
        let mut seen: Vec<_> = all.iter().filter(|life| is_seen(life, newest, start, now)).collect();
        seen.drain(..seen.len().saturating_sub(size.keys));
        // Of the keys that are drawn, and of none.
        let has_lane = |key: Option<&str>| key.is_none_or(|key| seen.iter().any(|life| life.key == key));
        let shown: Vec<_> = newest.iter().copied().filter(|record| has_lane(key_of(record))).collect();
        let (shown, start) = (&shown[..], shown.iter().map(|record| record.at).min().unwrap_or(start));
        let scale = scale(shown, &seen, start, now, size);
        let mut lanes = lanes(log, shown, &seen, &scale, size, now);
        let floor = place(&mut lanes);
        add_marks(&mut lanes, shown, &scale, size);
        let text = words(shown, &seen, log, now);
        Some(Self {
            lanes,
            height: floor + AXIS,
            floor,
            now: scale.x(now),
            ticks: ticks(&scale, start, now, size),
            breaks: scale.breaks().map(|gap| Cut::of(gap.from, gap.to, &scale)).collect(),
            left_out: all.len() - seen.len(),
            text,
        })
    }
}

/// Whether a request has to do with a session of the browser: not `/favicon.ico`, no page that is not there.
fn is_drawn(record: &Record) -> bool {
    record.in_session && record.is_a_visit()
}

fn key_of(record: &Record) -> Option<&str> {
    record.key().or(record.sent_key.as_deref())
}

fn is_seen(life: &Life, shown: &[&Arc<Record>], start: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    let bars = || life.cookie.iter().chain(&life.row);
    bars().any(|span| span.to(now) > start)
        || shown
            .iter()
            .any(|record| key_of(record) == Some(&life.key) || record.sent_key.as_deref() == Some(&life.key))
}

fn scale(
    shown: &[&Arc<Record>],
    seen: &[&Life],
    start: DateTime<Utc>,
    now: DateTime<Utc>,
    size: Size,
) -> Scale {
    let age = shown.last().map_or(0, |record| record.age);
    let spans = || seen.iter().flat_map(|life| life.cookie.iter().chain(&life.row));
    let plain = |at| Stop { at, marked: false };
    let mut stops: Vec<_> = shown.iter().map(|record| Stop { at: record.at, marked: true }).collect();
    stops.extend(spans().map(|span| span.to(now)).filter(|at| *at > start).map(plain));
    stops.push(plain(now.max(start)));
    let running = spans().filter(|span| span.to(now) == now).filter_map(|span| span.end);
    stops.extend(running.filter(|end| *end > now).max().map(plain));
    let longest = TimeDelta::seconds((age + age / 5).clamp(20, 180));
    let shortest = TimeDelta::seconds(age.clamp(10, 60));
    Scale::new(stops, &Measure { longest, shortest, room: size.room })
}

fn lanes(
    log: &Snapshot,
    shown: &[&Arc<Record>],
    seen: &[&Life],
    scale: &Scale,
    size: Size,
    now: DateTime<Utc>,
) -> Vec<Lane> {
    let mut lanes: Vec<_> = seen
        .iter()
        .map(|life| Lane {
            key: Some(life.key.clone()),
            tag: Some(log.tag(&life.key)),
            y: 0,
            marks: Vec::new(),
            cookie: bar(&life.cookie, "Cookie", scale, size.word, now),
            row: bar(&life.row, "Row", scale, size.word, now),
        })
        .collect();
    if shown.iter().any(|record| key_of(record).is_none()) {
        let (cookie, row) = (Bar::default(), Bar::default());
        lanes.insert(0, Lane { key: None, tag: None, y: 0, marks: Vec::new(), cookie, row });
    }
    lanes
}

/// One below the other; gives the end of the last.
fn place(lanes: &mut [Lane]) -> u32 {
    let mut y = TOP;
    for lane in lanes {
        lane.y = y;
        y += if lane.key.is_some() { LANE } else { PLAIN_LANE };
        lane.cookie.y = lane.y + MARKS;
        lane.row.y = lane.cookie.y + Bar::HEIGHT + 8;
    }
    y
}

fn add_marks(lanes: &mut [Lane], shown: &[&Arc<Record>], scale: &Scale, size: Size) {
    for record in shown {
        let y_of =
            |key: Option<&str>| lanes.iter().find(|lane| lane.key.as_deref() == key).map(|lane| lane.y);
        let sent = record.sent_key.as_deref().filter(|key| Some(*key) != key_of(record));
        let from_y = sent.and_then(|key| y_of(Some(key)));
        let Some(lane) = lanes.iter_mut().find(|lane| lane.key.as_deref() == key_of(record)) else {
            continue;
        };
        let x = scale.x(record.at);
        let last = lane.marks.iter().rev().find(|mark| mark.numbered).map(|mark| mark.x);
        lane.marks.push(Mark {
            n: record.n,
            x,
            shape: Shape::of(record),
            title: title(record),
            numbered: last.is_none_or(|last| x - last >= size.room * 1.3),
            from_y,
        });
    }
}

fn title(record: &Record) -> String {
    let who = if record.thief { ", sent by the thief" } else { "" };
    let time = record.at.format("%H:%M:%S");
    let word = Shape::of(record).word();
    format!("Request {}, {time}: {} {}: {word}{who}", record.n, record.method, record.path)
}

/// Round times, as far apart as they need.
fn ticks(scale: &Scale, start: DateTime<Utc>, now: DateTime<Utc>, size: Size) -> Vec<Tick> {
    const STEPS: [i64; 14] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 21_600, 86_400];
    let whole = (now - start).num_seconds().max(1);
    let step = STEPS.into_iter().find(|step| whole / step <= 60).unwrap_or(86_400);
    let cuts: Vec<_> =
        scale.breaks().map(|cut| (cut.from, cut.to, Cut::of(cut.from, cut.to, scale).x)).collect();
    let first = start.timestamp().div_euclid(step) + 1;
    let last = now.timestamp().div_euclid(step).min(first + 400);
    let mut ticks: Vec<Tick> = Vec::new();
    let mut add = |at: DateTime<Utc>| {
        let x = scale.x(at);
        let is_cut = |(from, to, cut): &(DateTime<Utc>, DateTime<Utc>, f64)| {
            (*from < at && at < *to) || (-size.ticks * 0.4..size.ticks).contains(&(cut - x))
        };
        let fits = x < 100.0 - size.ticks * 0.75 && !cuts.iter().any(is_cut);
        if fits && ticks.last().is_none_or(|tick| x - tick.x >= size.ticks) {
            ticks.push(Tick { x, text: at.format("%H:%M:%S").to_string() });
        }
    };
    (first..=last).filter_map(|n| DateTime::from_timestamp(n * step, 0)).for_each(&mut add);
    ticks
}

impl Cut {
    fn of(from: DateTime<Utc>, to: DateTime<Utc>, scale: &Scale) -> Self {
        let x = rounded(f64::midpoint(scale.x(from), scale.x(to)));
        Self { x, text: duration(to - from) }
    }
}

/// `45 s`, `10 min`, `3 h`, `14 d`.
fn duration(span: TimeDelta) -> String {
    match span.num_seconds() {
        seconds @ ..120 => format!("{seconds} s"),
        seconds @ ..7200 => format!("{} min", seconds / 60),
        seconds @ ..172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::lab::log::RequestLog;

    const WORLD: &str = "/hello/world";

    fn picture(records: Vec<Record>, sends: Option<&str>, now: i64, size: Size) -> Option<Value> {
        let log = RequestLog::new();
        for record in records {
            log.push(record);
        }
        let picture = Picture::new(&log.snapshot(), sends, Record::moment(now), size)?;
        Some(serde_json::to_value(picture).expect("JSON"))
    }

    /// The lanes as `a: 1 saved, 2 read`, with the words at the ends of both bars.
    fn lanes(picture: &Value) -> Vec<String> {
        let list = |value: &Value| value.as_array().expect("a list").clone();
        let text = |value: &Value| value.as_str().unwrap_or("none").to_owned();
        let lane = |lane: &Value| {
            let marks = list(&lane["marks"]);
            let marks = marks.iter().map(|mark| format!("{} {}", mark["n"], text(&mark["shape"])));
            let bars = [&lane["cookie"], &lane["row"]].map(|bar| list(&bar["ends"]));
            let ends = bars.iter().flatten().map(|end| text(&end["word"]));
            let tag = text(&lane["tag"]["letters"]);
            format!(
                "{tag}: {}; {}",
                marks.collect::<Vec<_>>().join(", "),
                ends.collect::<Vec<_>>().join(", ")
            )
        };
        list(&picture["lanes"]).iter().map(lane).collect()
    }

    fn save(second: i64, key: &str) -> Record {
        Record::visit(WORLD).at(second).saves(key)
    }

    fn sends(second: i64, key: &str, end: i64) -> Record {
        Record::visit(WORLD).at(second).sends(key, end, 1)
    }

    #[test]
    fn each_key_has_a_lane_with_its_requests() {
        let plain = || Record::visit("/hello/plain");
        for (case, records, sent, now, expected) in [
            ("a visit without a session", vec![plain()], None, 5, vec!["none: 1 untouched; "]),
            ("a save", vec![save(0, "a")], Some("a"), 5, vec!["a: 1 saved; "]),
            (
                "a save, a read, silence",
                vec![save(0, "a"), sends(5, "a", 30).reads()],
                None,
                40,
                vec!["a: 1 saved, 2 read; forgotten, expired"],
            ),
            (
                "a lost cookie",
                vec![plain(), save(1, "a"), save(9, "b")],
                Some("b"),
                12,
                vec!["none: 1 untouched; ", "a: 2 saved; lost", "b: 3 saved; "],
            ),
            (
                "flush",
                vec![save(0, "a"), Record { after: None, ..sends(5, "a", 30).deletes() }],
                None,
                12,
                vec!["a: 1 saved, 2 deleted; deleted, deleted"],
            ),
            (
                "what the browser asks by itself, and a page that is not there",
                vec![
                    save(0, "a"),
                    Record { incidental: true, ..sends(1, "a", 30) },
                    sends(2, "a", 30).status(404),
                ],
                Some("a"),
                5,
                vec!["a: 1 saved; "],
            ),
        ] {
            let picture = picture(records, sent, now, WHOLE).expect(case);
            assert_eq!(lanes(&picture), expected, "{case}");
        }
        assert!(picture(vec![], None, 5, WHOLE).is_none(), "nothing");
        assert!(picture(vec![plain().status(404)], None, 5, WHOLE).is_none(), "nothing but an error page");
    }

    #[test]
    fn a_small_picture_has_the_newest_requests_and_keys() {
        let records = (0..40).map(|n| save(n, &format!("k{n}"))).collect();
        let small = picture(records, Some("k39"), 40, COMPACT).expect("a picture");
        assert_eq!(lanes(&small), ["k3: 38 saved; lost", "k3: 39 saved; lost", "k3: 40 saved; "]);
        assert_eq!(small["left_out"], 37);
        assert_eq!(small["lanes"][0]["marks"][0]["x"], 2.0, "no room is lost to what is left out");
    }

    #[test]
    fn a_new_key_comes_from_the_lane_of_the_old_one() {
        let whole = picture(vec![save(0, "a"), sends(5, "a", 30).saves("b")], Some("b"), 6, WHOLE);
        let whole = whole.expect("a picture");
        let mark = &whole["lanes"][1]["marks"][0];
        assert_eq!((&mark["n"], &mark["from_y"]), (&Value::from(2), &whole["lanes"][0]["y"]));
    }

    #[test]
    fn the_picture_is_told_in_words() {
        let records = vec![save(0, "a8"), sends(10, "a8", 30).saves("a8"), sends(12, "a8", 40).reads()];
        let told = |sent, now| {
            let whole = picture(records.clone(), sent, now, WHOLE).expect("a picture");
            whole["text"].as_str().expect("a text").to_owned()
        };
        assert_eq!(
            told(Some("a8"), 20),
            "Requests: 1 saved, 2 saved, 3 only read. Key a8: cookie from 00:00:00, filled again once, runs until \
             00:00:40; row from 00:00:00, filled again once, runs until 00:00:40."
        );
        assert!(
            told(None, 50).contains("forgotten at 00:00:40; row from 00:00:00, filled again once, expired")
        );
    }

    #[test]
    fn everything_stays_within_the_width() {
        let long = |second, key: &str| Record::visit(WORLD).at(second).saves_for(key, 1_209_600);
        for (case, records, now) in [
            ("at the first moment", vec![save(0, "a")], 0),
            ("a clock that was turned back", vec![save(10, "a")], 0),
            ("two weeks", vec![long(0, "a"), long(86_400, "b")], 90_000),
            ("a hundred at once", (0..100).map(|_| save(0, "a")).collect(), 3),
            ("a day of silence", vec![save(0, "a"), save(86_400, "b")], 86_401),
        ] {
            let whole = picture(records, Some("a"), now, WHOLE).expect(case);
            let mut all = Vec::new();
            places(&whole, &mut all);
            assert!(all.iter().all(|x| (0.0..=100.01).contains(x)), "{case}: {all:?}");
        }
    }

    fn places(value: &Value, all: &mut Vec<f64>) {
        match value {
            Value::Object(map) => {
                all.extend(map.get("x").and_then(Value::as_f64));
                map.values().for_each(|value| places(value, all));
            }
            Value::Array(list) => list.iter().for_each(|value| places(value, all)),
            _ => {}
        }
    }
}
