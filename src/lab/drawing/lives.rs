//! How long each session's cookie and row lived, as the log shows it.

use chrono::{DateTime, TimeDelta, Utc};

use crate::lab::log::{Record, Rule, Told};

/// Two ends are one where they differ by less: a save writes the row a little after the request came.
const SAME: TimeDelta = TimeDelta::seconds(1);

/// The two bars of a key.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) key: String,
    pub(super) cookie: Vec<Span>,
    pub(super) row: Vec<Span>,
}

/// From one save to the next, or to the end.
#[derive(Clone, Debug)]
pub(super) struct Span {
    pub(super) from: DateTime<Utc>,
    /// When it ends by itself. `None`: with the browser, or nobody knows.
    pub(super) end: Option<DateTime<Utc>>,
    /// How long it lasts when it is full.
    full: TimeDelta,
    /// What ended it before.
    stop: Option<(DateTime<Utc>, Stop)>,
}

/// What ends a span before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// It begins again, full.
    Saved,
    /// The server has deleted it.
    Deleted,
    /// The browser was given another key.
    Replaced,
    /// The browser sends it no more.
    Lost,
}

/// How a span stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Running,
    Expired,
    Stopped(Stop),
}

impl Span {
    fn new(from: DateTime<Utc>, end: Option<DateTime<Utc>>, full: TimeDelta) -> Self {
        Self { from, end, full: full.max(TimeDelta::milliseconds(1)), stop: None }
    }

    /// Where it ends, as far as is known at `now`.
    pub(super) fn to(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let stop = self.stop.map(|(at, _)| at);
        let end = self.end.filter(|end| *end <= now);
        stop.or(end).unwrap_or(now).max(self.from)
    }

    pub(super) fn fate(&self, now: DateTime<Utc>) -> Fate {
        match self.stop {
            Some((_, stop)) => Fate::Stopped(stop),
            None if self.end.is_some_and(|end| end <= now) => Fate::Expired,
            None => Fate::Running,
        }
    }

    /// What is left of it at a moment, from 1 down to 0.
    pub(super) fn left(&self, at: DateTime<Utc>) -> f64 {
        let Some(end) = self.end else { return 1.0 };
        ratio(end - at, self.full).clamp(0.0, 1.0)
    }

    fn runs(&self, at: DateTime<Utc>) -> bool {
        self.fate(at) == Fate::Running
    }
}

#[expect(clippy::cast_precision_loss, reason = "a drawing")]
fn ratio(part: TimeDelta, whole: TimeDelta) -> f64 {
    part.num_milliseconds() as f64 / whole.num_milliseconds() as f64
}

/// The lives of all keys in the log, in the order in which they appear. `sends` is what the browser sends at `now`.
pub(super) fn lives<'a>(
    records: impl Iterator<Item = &'a Record>,
    sends: Option<&str>,
    now: DateTime<Utc>,
) -> Vec<Life> {
    let mut story = Story::default();
    for record in records.filter(|record| record.in_session) {
        // A thief has a cookie of its own.
        if !record.thief {
            story.the_browser_sent(record.sent_key.as_deref(), record.at);
        }
        story.the_table_had(record);
        story.the_table_has(record);
        if !record.thief {
            story.the_browser_was_told(record);
        }
    }
    // What it sends now is known of no key but its own, so another one is no news of this one.
    if sends.is_none() {
        story.the_browser_sent(None, now);
    }
    story.lives
}

#[derive(Default)]
struct Story {
    lives: Vec<Life>,
    /// The key of the cookie in the browser.
    kept: Option<String>,
}

impl Story {
    fn life(&mut self, key: &str) -> &mut Life {
        let at = self.lives.iter().position(|life| life.key == key).unwrap_or_else(|| {
            self.lives.push(Life { key: key.to_owned(), cookie: Vec::new(), row: Vec::new() });
            self.lives.len() - 1
        });
        &mut self.lives[at]
    }

    fn the_browser_sent(&mut self, sent: Option<&str>, at: DateTime<Utc>) {
        if self.kept.as_deref() != sent {
            self.cookie_stops(at, if sent.is_some() { Stop::Replaced } else { Stop::Lost });
        }
        let Some(key) = sent else { return };
        self.kept = Some(key.to_owned());
        let cookie = &mut self.life(key).cookie;
        if !cookie.last().is_some_and(|span| span.runs(at)) {
            cookie.push(Span::new(at, None, TimeDelta::zero()));
        }
    }

    fn the_browser_was_told(&mut self, record: &Record) {
        match record.cookie {
            Told::None => {}
            Told::Delete => self.cookie_stops(record.at, Stop::Deleted),
            Told::Set => {
                let Some(key) = record.key_out.as_deref() else { return };
                let again = self.kept.as_deref() == Some(key);
                self.cookie_stops(record.at, if again { Stop::Saved } else { Stop::Replaced });
                self.kept = Some(key.to_owned());
                let end =
                    record.max_age.and_then(|age| record.at.checked_add_signed(TimeDelta::try_seconds(age)?));
                begin(&mut self.life(key).cookie, record.at, end);
            }
        }
    }

    fn cookie_stops(&mut self, at: DateTime<Utc>, stop: Stop) {
        if let Some(key) = self.kept.take() {
            end(&mut self.life(&key).cookie, at, stop);
        }
    }

    /// What the request found.
    fn the_table_had(&mut self, record: &Record) {
        let Some(key) = record.sent_key.as_deref() else { return };
        let row = &mut self.life(key).row;
        match record.expire_before() {
            // A database that is away answers nothing as well.
            None if record.status < 500 => end(row, record.at, Stop::Deleted),
            Some(found) if found > record.at => {
                let known = row.last().filter(|span| span.runs(record.at)).and_then(|span| span.end);
                if known != Some(found) {
                    end(row, record.at, Stop::Saved);
                    let full = TimeDelta::try_seconds(record.age).unwrap_or_default();
                    row.push(Span::new(record.at, Some(found), full.max(found - record.at)));
                }
            }
            _ => {}
        }
    }

    /// What it left behind.
    fn the_table_has(&mut self, record: &Record) {
        let sent = record.sent_key.as_deref();
        // A new key for a live session: `cycle_key`, or `flush` and something new. An expired row is left where it is.
        let left = record.saved && sent != record.key_out.as_deref();
        let deleted = record.rule == Rule::Delete && record.after.is_none();
        if let Some(key) = sent.filter(|_| left || deleted) {
            end(&mut self.life(key).row, record.at, Stop::Deleted);
        }
        if let Some(key) = record.key_out.as_deref().filter(|_| record.saved) {
            let row = &mut self.life(key).row;
            end(row, record.at, Stop::Saved);
            begin(row, record.at, record.expire_after());
        }
    }
}

/// Ends what still runs.
fn end(spans: &mut [Span], at: DateTime<Utc>, stop: Stop) {
    if let Some(span) = spans.last_mut().filter(|span| span.runs(at)) {
        span.stop = Some((at, stop));
    }
}

/// Begins anew: full, unless the end is a fixed one that has stayed where it was.
fn begin(spans: &mut Vec<Span>, at: DateTime<Utc>, end: Option<DateTime<Utc>>) {
    let full = match (spans.last(), end) {
        (Some(Span { from, end: Some(before), full, .. }), Some(end))
            if (end - *before).abs() < SAME && at - *from > SAME =>
        {
            *full
        }
        (_, end) => end.map_or(TimeDelta::zero(), |end| end - at),
    };
    spans.push(Span::new(at, end, full));
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORLD: &str = "/hello/world";

    /// The bars of all keys as text: `a cookie 0-10 saved, 10-40 runs; row …`.
    fn told(records: &[Record], sends: Option<&str>, now: i64) -> String {
        let now = Record::moment(now);
        let all = lives(records.iter(), sends, now);
        let second = |at: DateTime<Utc>| (at - Record::moment(0)).num_seconds();
        let span = |span: &Span| {
            let fate = match span.fate(now) {
                Fate::Running => "runs".to_owned(),
                Fate::Expired => "expired".to_owned(),
                Fate::Stopped(stop) => format!("{stop:?}").to_lowercase(),
            };
            format!("{}-{} {fate}", second(span.from), second(span.to(now)))
        };
        let bar = |spans: &[Span]| spans.iter().map(span).collect::<Vec<_>>().join(", ");
        let life = |life: &Life| format!("{}: {}; {}", life.key, bar(&life.cookie), bar(&life.row));
        all.iter().map(life).collect::<Vec<_>>().join(" | ")
    }

    fn save(second: i64) -> Record {
        Record::visit(WORLD).at(second).saves("a")
    }

    /// A visit that sends `a`, whose row ends at another second.
    fn sends(second: i64, end: i64) -> Record {
        Record::visit(WORLD).at(second).sends("a", end, 1)
    }

    #[test]
    fn bars_begin_and_end_as_the_log_says() {
        for (case, records, sent, now, expected) in [
            ("nothing", vec![], None, 5, ""),
            ("a view that touches nothing", vec![Record::visit("/hello/plain")], None, 5, ""),
            ("a save", vec![save(0)], Some("a"), 5, "a: 0-5 runs; 0-5 runs"),
            ("silence", vec![save(0)], None, 40, "a: 0-30 expired; 0-30 expired"),
            (
                "a second save",
                vec![save(0), sends(10, 30).saves("a")],
                Some("a"),
                15,
                "a: 0-10 saved, 10-15 runs; 0-10 saved, 10-15 runs",
            ),
            (
                "a read moves nothing",
                vec![save(0), sends(10, 30).reads()],
                Some("a"),
                15,
                "a: 0-15 runs; 0-15 runs",
            ),
            (
                "until the browser closes",
                vec![save(0).until_close()],
                Some("a"),
                40,
                "a: 0-40 runs; 0-30 expired",
            ),
            (
                "a lost cookie leaves an orphan row",
                vec![save(0), Record::visit(WORLD).at(10).saves("b")],
                Some("b"),
                20,
                "a: 0-10 lost; 0-20 runs | b: 10-20 runs; 10-20 runs",
            ),
            ("and is missed by a page", vec![save(0)], None, 20, "a: 0-20 lost; 0-20 runs"),
            (
                "flush",
                vec![save(0), Record { after: None, ..sends(10, 30).deletes() }],
                None,
                20,
                "a: 0-10 deleted; 0-10 deleted",
            ),
            (
                "cycle_key",
                vec![save(0), sends(10, 30).saves("b")],
                Some("b"),
                20,
                "a: 0-10 replaced; 0-10 deleted | b: 10-20 runs; 10-20 runs",
            ),
            (
                "a live cookie of an expired row, read",
                vec![save(0).until_close(), sends(35, 30).reads()],
                None,
                40,
                "a: 0-35 deleted; 0-30 expired",
            ),
            (
                "the same, written",
                vec![save(0).until_close(), sends(35, 30).saves("b")],
                Some("b"),
                40,
                "a: 0-35 replaced; 0-30 expired | b: 35-40 runs; 35-40 runs",
            ),
        ] {
            assert_eq!(told(&records, sent, now), expected, "{case}");
        }
    }

    #[test]
    fn bars_that_nobody_saw_begin_and_what_is_no_news_of_them() {
        for (case, records, sent, now, expected) in [
            (
                "a key that nobody knows",
                vec![Record::visit(WORLD).at(3).unknown("zz")],
                Some("zz"),
                5,
                "zz: 3-5 runs; ",
            ),
            (
                "a session from before the start",
                vec![sends(3, 20).reads()],
                Some("a"),
                25,
                "a: 3-25 runs; 3-20 expired",
            ),
            (
                "a row that somebody else deleted",
                vec![save(0), Record::visit(WORLD).at(10).unknown("a")],
                Some("a"),
                15,
                "a: 0-15 runs; 0-10 deleted",
            ),
            (
                "a database that is away",
                vec![save(0), Record::visit(WORLD).at(10).unknown("a").status(503)],
                Some("a"),
                15,
                "a: 0-15 runs; 0-15 runs",
            ),
            (
                "a thief's visit is a save and no cookie of the browser",
                vec![save(0), Record { thief: true, ..sends(10, 30).saves("a") }],
                Some("a"),
                15,
                "a: 0-15 runs; 0-10 saved, 10-15 runs",
            ),
            (
                "what is outside the session middleware",
                vec![save(0), Record { in_session: false, ..Record::visit("/favicon.ico").at(10) }],
                Some("a"),
                15,
                "a: 0-15 runs; 0-15 runs",
            ),
        ] {
            assert_eq!(told(&records, sent, now), expected, "{case}");
        }
    }

    #[test]
    fn a_bar_drains_and_a_save_fills_it_again() {
        let records = [save(0), sends(10, 30).saves("a")];
        let all = lives(records.iter(), Some("a"), Record::moment(12));
        let left = |span: &Span, second| format!("{:.0}", span.left(Record::moment(second)) * 100.0);
        for bar in [&all[0].cookie, &all[0].row] {
            assert_eq!([left(&bar[0], 0), left(&bar[0], 10), left(&bar[1], 10)], ["100", "67", "100"]);
            assert_eq!([left(&bar[1], 25), left(&bar[1], 40), left(&bar[1], 50)], ["50", "0", "0"]);
        }
    }

    #[test]
    fn a_fixed_end_is_not_filled_again() {
        // set_expiry(timedelta): each save leaves the end where it was.
        let records = [save(0), sends(10, 30).saves_for("a", 20), sends(11, 30).saves_for("a", 30)];
        let all = lives(records.iter(), Some("a"), Record::moment(12));
        let at_begin: Vec<_> =
            all[0].row.iter().map(|span| format!("{:.0}", span.left(span.from) * 100.0)).collect();
        assert_eq!(at_begin, ["100", "67", "100"]);
    }
}
