//! When a session ends: the rules of `set_expiry` and the `get_expiry_…` family, without I/O.

use std::time::Duration;

use chrono::{DateTime, Datelike as _, FixedOffset, NaiveDateTime, TimeDelta, Timelike as _, Utc};

use super::json::RawJson;
use super::policy::SessionPolicy;

/// Where a session keeps its own expiry among its data (`_session_expiry`).
pub(crate) const EXPIRY_KEY: &str = "_session_expiry";

/// The argument of `set_expiry`, as Django distinguishes it.
///
/// ```
/// use sessionid::sessions::Expiry;
/// use chrono::TimeDelta;
///
/// assert_eq!(Expiry::from(0), Expiry::Seconds(0));
/// assert_eq!(Expiry::from(TimeDelta::hours(1)), Expiry::After(TimeDelta::hours(1)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expiry {
    /// Django's `None`: back to the global policy.
    Policy,
    /// So many seconds after the last save; it slides. With 0 the cookie ends with the browser,
    /// while the row lives for `SESSION_COOKIE_AGE`.
    Seconds(i64),
    /// At this moment (Django's aware `datetime`); it stays fixed.
    At(DateTime<FixedOffset>),
    /// So long after now (Django's `timedelta`); it stays fixed.
    After(TimeDelta),
}

impl Expiry {
    /// The JSON text that Django stores; `None` where it removes what is stored.
    pub(crate) fn to_stored(self, now: DateTime<Utc>) -> Result<Option<RawJson>, ExpiryError> {
        let moment = match self {
            Self::Policy => return Ok(None),
            Self::Seconds(seconds) => {
                // Refused here, where its caller can handle it, and not when the session is saved.
                let delta = TimeDelta::try_seconds(seconds).ok_or(ExpiryError::OutOfRange)?;
                let end = now.checked_add_signed(delta).ok_or(ExpiryError::OutOfRange)?;
                if !is_writable(&end) {
                    return Err(ExpiryError::OutOfRange);
                }
                return Ok(Some(RawJson::from_integer(seconds)));
            }
            Self::At(moment) => moment,
            Self::After(delta) => {
                now.checked_add_signed(delta).ok_or(ExpiryError::OutOfRange)?.fixed_offset()
            }
        };
        if !is_writable(&moment.to_utc()) {
            return Err(ExpiryError::OutOfRange);
        }
        Ok(Some(RawJson::from_plain_text(&isoformat(moment))))
    }
}

impl From<i64> for Expiry {
    fn from(seconds: i64) -> Self {
        Self::Seconds(seconds)
    }
}

impl From<i32> for Expiry {
    fn from(seconds: i32) -> Self {
        Self::Seconds(seconds.into())
    }
}

impl From<u32> for Expiry {
    fn from(seconds: u32) -> Self {
        Self::Seconds(seconds.into())
    }
}

/// A span that `set_expiry` refuses, where it is longer than any date is away.
impl From<Duration> for Expiry {
    fn from(duration: Duration) -> Self {
        Self::After(TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX))
    }
}

impl From<TimeDelta> for Expiry {
    fn from(delta: TimeDelta) -> Self {
        Self::After(delta)
    }
}

impl From<DateTime<Utc>> for Expiry {
    fn from(moment: DateTime<Utc>) -> Self {
        Self::At(moment.fixed_offset())
    }
}

impl From<DateTime<FixedOffset>> for Expiry {
    fn from(moment: DateTime<FixedOffset>) -> Self {
        Self::At(moment)
    }
}

/// Why a stored `_session_expiry` is not valid. Django raises on these as well.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExpiryError {
    /// Neither a number nor a date with its offset from UTC.
    #[error("`_session_expiry` holds {0}, which is neither seconds nor an ISO date with a UTC offset")]
    Unreadable(RawJson),
    /// Past the dates that can be written.
    #[error("the expiry lies outside the dates that can be stored")]
    OutOfRange,
}

/// What `_session_expiry` says, read once.
#[derive(Clone, Copy, Debug, PartialEq)]
enum OwnExpiry {
    /// Nothing, or `null`.
    Policy,
    /// What Python calls false. Only a zero of a number also ends the cookie with the browser.
    Falsy {
        zero: bool,
    },
    /// The empty text, which is false to `get_expiry_age` and no date to `get_expiry_date`.
    EmptyText,
    Seconds(f64),
    At(DateTime<FixedOffset>),
}

/// When a session with the given data ends, seen from one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Lifetime {
    own: OwnExpiry,
    cookie_age: i64,
    browser_close_by_policy: bool,
}

impl Lifetime {
    pub(crate) fn new(stored: Option<&RawJson>, policy: &SessionPolicy) -> Result<Self, ExpiryError> {
        Ok(Self {
            own: stored.map_or(Ok(OwnExpiry::Policy), OwnExpiry::parse)?,
            cookie_age: policy.cookie_age,
            browser_close_by_policy: policy.expire_at_browser_close,
        })
    }

    /// Whole seconds until the end (`get_expiry_age`).
    pub(crate) fn age(&self, now: DateTime<Utc>) -> i64 {
        match self.own {
            OwnExpiry::Policy | OwnExpiry::Falsy { .. } | OwnExpiry::EmptyText => self.cookie_age,
            #[expect(clippy::cast_possible_truncation, reason = "Python's int(), within a date's range")]
            OwnExpiry::Seconds(seconds) => seconds as i64,
            // `delta.days * 86400 + delta.seconds`: rounded down, below zero as well.
            OwnExpiry::At(moment) => {
                let delta = moment.to_utc() - now;
                delta.num_seconds() - i64::from(delta.subsec_nanos() < 0)
            }
        }
    }

    /// The end as a cookie has it: now and the age, in whole seconds.
    pub(crate) fn cookie_expires(&self, now: DateTime<Utc>) -> Result<DateTime<Utc>, ExpiryError> {
        TimeDelta::try_seconds(self.age(now))
            .and_then(|age| now.checked_add_signed(age))
            .filter(is_writable)
            .ok_or(ExpiryError::OutOfRange)
    }

    /// The end itself (`get_expiry_date`); a fixed one in the offset that it was given in.
    pub(crate) fn date(&self, now: DateTime<Utc>) -> Result<DateTime<FixedOffset>, ExpiryError> {
        let delta = match self.own {
            OwnExpiry::At(moment) if is_writable(&moment.to_utc()) => return Ok(moment),
            OwnExpiry::At(_) => return Err(ExpiryError::OutOfRange),
            OwnExpiry::EmptyText => return Err(ExpiryError::Unreadable(RawJson::from_plain_text(""))),
            OwnExpiry::Policy | OwnExpiry::Falsy { .. } => TimeDelta::try_seconds(self.cookie_age),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a float beyond i64 saturates, and is refused"
            )]
            OwnExpiry::Seconds(seconds) => Some(TimeDelta::microseconds((seconds * 1e6).round() as i64)),
        };
        delta
            .and_then(|delta| now.checked_add_signed(delta))
            .filter(is_writable)
            .map(|date| date.fixed_offset())
            .ok_or(ExpiryError::OutOfRange)
    }

    /// Whether a session of the `file` engine that was last saved at `modified` is over, by Django's rule (`file.py`,
    /// `load`): seconds of its own are never over while they are above zero, whenever they were saved, and everything else
    /// is over in its last second.
    pub(crate) fn is_over_in_file(
        &self,
        modified: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<bool, ExpiryError> {
        match (self.own, self.end_in_file(modified)?) {
            (OwnExpiry::Seconds(seconds), _) => Ok(seconds <= 0.0),
            // `expiry_age <= 0`, where `delta.seconds` is rounded down.
            (_, end) => Ok(end.is_some_and(|end| end - now < TimeDelta::seconds(1))),
        }
    }

    /// When it is over, give or take that second; `None` where it never is.
    pub(crate) fn end_in_file(&self, modified: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, ExpiryError> {
        match self.own {
            OwnExpiry::Seconds(seconds) => Ok((seconds <= 0.0).then_some(modified)),
            OwnExpiry::At(moment) => Ok(Some(moment.to_utc())),
            OwnExpiry::Policy | OwnExpiry::Falsy { .. } | OwnExpiry::EmptyText => {
                TimeDelta::try_seconds(self.cookie_age)
                    .and_then(|age| modified.checked_add_signed(age))
                    .map(Some)
                    .ok_or(ExpiryError::OutOfRange)
            }
        }
    }

    /// Whether the cookie ends with the browser (`get_expire_at_browser_close`).
    pub(crate) fn at_browser_close(&self) -> bool {
        match self.own {
            OwnExpiry::Policy => self.browser_close_by_policy,
            OwnExpiry::Falsy { zero } => zero,
            OwnExpiry::EmptyText | OwnExpiry::Seconds(_) | OwnExpiry::At(_) => false,
        }
    }
}

/// Python's `datetime` knows the years 1 to 9999, and so does a cookie's date.
fn is_writable(date: &DateTime<Utc>) -> bool {
    (1..=9999).contains(&date.year())
}

impl OwnExpiry {
    fn parse(json: &RawJson) -> Result<Self, ExpiryError> {
        let unreadable = || ExpiryError::Unreadable(json.clone());
        match json.as_str() {
            "null" => Ok(Self::Policy),
            "false" => Ok(Self::Falsy { zero: true }),
            "true" => Ok(Self::Seconds(1.0)),
            "[]" | "{}" => Ok(Self::Falsy { zero: false }),
            r#""""# => Ok(Self::EmptyText),
            text if text.starts_with('"') => {
                let text: String = json.get().map_err(|_| unreadable())?;
                Ok(Self::At(parse_isoformat(&text).ok_or_else(unreadable)?))
            }
            _ => match json.get::<f64>() {
                Ok(0.0) => Ok(Self::Falsy { zero: true }),
                Ok(seconds) => Ok(Self::Seconds(seconds)),
                Err(_) => Err(unreadable()),
            },
        }
    }
}

/// A date with its offset from UTC, as [`isoformat`] writes it, or with `Z`; second 60 is none in Python.
fn parse_isoformat(text: &str) -> Option<DateTime<FixedOffset>> {
    let (local, offset) = if let Some(local) = text.strip_suffix('Z') {
        (local, FixedOffset::east_opt(0)?)
    } else {
        let sign = text.rfind(['+', '-']).filter(|at| *at > 10)?;
        (&text[..sign], parse_offset(&text[sign..])?)
    };
    let digits = local.bytes().filter(u8::is_ascii_digit).count();
    let local = NaiveDateTime::parse_from_str(local, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
    // chrono takes `1-2-3T4:5:6` for a date as well, and a leap second for second 59 with a longer fraction.
    let padded = digits >= 14 && local.nanosecond() < 1_000_000_000;
    if padded { local.and_local_timezone(offset).single() } else { None }
}

/// `+HH:MM`, in Python also `+HH:MM:SS`, less than a day.
fn parse_offset(text: &str) -> Option<FixedOffset> {
    let (sign, rest) = (text.chars().next()?, text.get(1..)?);
    let mut seconds = 0;
    let mut parts = rest.split(':');
    for (unit, limit) in [(3600, 24), (60, 60), (1, 60)] {
        let Some(part) = parts.next() else { break };
        let number: i32 = part.parse().ok().filter(|number| part.len() == 2 && *number < limit)?;
        seconds += number * unit;
    }
    let complete = parts.next().is_none() && rest.len() >= 5;
    FixedOffset::east_opt(if sign == '-' { -seconds } else { seconds }).filter(|_| complete)
}

/// Python's `datetime.isoformat()`: microseconds where there are any, and an offset's seconds where it has some.
fn isoformat(moment: DateTime<FixedOffset>) -> String {
    let fraction = if moment.timestamp_subsec_micros() == 0 { "" } else { "%.6f" };
    let offset = if moment.offset().local_minus_utc() % 60 == 0 { "%:z" } else { "%::z" };
    moment.format(&format!("%Y-%m-%dT%H:%M:%S{fraction}{offset}")).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-22T18:24:10.25Z".parse().expect("a date")
    }

    fn lifetime(stored: Option<&str>) -> Lifetime {
        let stored = stored.map(|json| RawJson::parse(json).expect("JSON"));
        Lifetime::new(stored.as_ref(), &SessionPolicy::default()).expect("readable")
    }

    #[test]
    fn without_an_expiry_of_its_own_a_session_follows_the_policy() {
        for stored in [None, Some("null")] {
            assert_eq!(lifetime(stored).age(now()), 1_209_600);
            assert!(!lifetime(stored).at_browser_close());
        }
        let policy = SessionPolicy { expire_at_browser_close: true, ..SessionPolicy::default() };
        assert!(Lifetime::new(None, &policy).expect("readable").at_browser_close());
    }

    #[test]
    fn zero_ends_with_the_browser_while_the_row_lives_on() {
        for stored in ["0", "0.0", "-0.0", "false"] {
            assert!(lifetime(Some(stored)).at_browser_close(), "{stored}");
            assert_eq!(lifetime(Some(stored)).age(now()), 1_209_600, "{stored}");
        }
    }

    #[test]
    fn seconds_slide_and_dates_stay() {
        let later = now() + TimeDelta::seconds(5);
        let seconds = lifetime(Some("10"));
        assert_eq!(seconds.date(later).expect("a date"), later + TimeDelta::seconds(10));
        let fixed = lifetime(Some(r#""2026-11-22T19:24:20+01:00""#));
        assert_eq!((fixed.age(now()), fixed.age(later)), (9, 4));
        assert_eq!(fixed.date(now()).expect("a date"), fixed.date(later).expect("a date"));
    }

    #[test]
    fn an_age_is_rounded_down_as_python_does() {
        let past = lifetime(Some(r#""2026-11-22T18:24:10+00:00""#));
        assert_eq!(past.age(now()), -1);
        assert_eq!(lifetime(Some("-10")).age(now()), -10);
    }

    #[test]
    fn dates_are_written_as_python_writes_them() {
        let stored =
            |expiry: Expiry| expiry.to_stored(now()).expect("in range").expect("stored").as_str().to_owned();
        assert_eq!(stored(TimeDelta::seconds(1).into()), r#""2026-11-22T18:24:11.250000+00:00""#);
        assert_eq!(stored(TimeDelta::milliseconds(750).into()), r#""2026-11-22T18:24:11+00:00""#);
        assert_eq!(stored(30.into()), "30");
    }

    #[test]
    fn an_end_that_cannot_be_stored_is_refused_at_the_call() {
        let day = TimeDelta::days(1);
        for expiry in [
            Expiry::from(1_000_000_000_000_i64),
            Expiry::from(-1_000_000_000_000_i64),
            Expiry::from(i64::MAX),
            Expiry::from(i64::MIN),
            Expiry::from(TimeDelta::MAX),
            Expiry::from(TimeDelta::MIN),
            Expiry::from(DateTime::<Utc>::MAX_UTC),
            Expiry::from(DateTime::<Utc>::MIN_UTC),
            Expiry::from(is_last() + day),
        ] {
            assert!(matches!(expiry.to_stored(now()), Err(ExpiryError::OutOfRange)), "{expiry:?}");
        }
        assert!(Expiry::from(is_last()).to_stored(now()).is_ok());
        assert!(Expiry::from(-10).to_stored(now()).is_ok());
    }

    fn is_last() -> DateTime<Utc> {
        "9999-12-31T23:59:59Z".parse().expect("a date")
    }

    /// `datetime(…, tzinfo=timezone(timedelta(seconds=…))).isoformat()`, by Python 3.11.
    #[test]
    fn offsets_are_written_and_read_as_python_does() {
        for (seconds, python) in [
            (3630, "2026-11-22T18:24:10+01:00:30"),
            (-3630, "2026-11-22T18:24:10-01:00:30"),
            (86_399, "2026-11-22T18:24:10+23:59:59"),
            (-86_399, "2026-11-22T18:24:10-23:59:59"),
            (-1, "2026-11-22T18:24:10-00:00:01"),
            (20_700, "2026-11-22T18:24:10+05:45"),
        ] {
            let offset = FixedOffset::east_opt(seconds).expect("less than a day");
            let local = "2026-11-22T18:24:10".parse::<NaiveDateTime>().expect("a date");
            let moment = local.and_local_timezone(offset).single().expect("a moment");
            let stored = Expiry::from(moment).to_stored(now()).expect("in range").expect("stored");
            assert_eq!(stored.as_str(), format!("{python:?}"));
            assert_eq!(parse_isoformat(python), Some(moment), "{python}");
        }
        for none in [
            "2026-11-22T18:24:60+00:00",
            "2026-11-22T18:24:10+24:00",
            "2026-11-22T18:24:10+01:60",
            "2026-11-22T18:24:10+01:00:60",
            "2026-11-22T18:24:10+1:00",
            "2026-11-22T18:24:10+01",
            "2026-11-22T18:24:10+01:00:00:00",
            "2026-11-22T18:24:10",
            "2026-11-22",
            "2026-1-2T3:4:5+00:00",
            "+01:00",
            "",
        ] {
            assert_eq!(parse_isoformat(none), None, "{none}");
        }
    }

    #[test]
    fn what_is_no_expiry_is_an_error() {
        for stored in [r#""tomorrow""#, r#""2026-11-22T18:24:10""#, "[1]", "NaN"] {
            let stored = RawJson::parse(stored).expect("Python's JSON");
            assert!(Lifetime::new(Some(&stored), &SessionPolicy::default()).is_err(), "{stored}");
        }
        assert!(lifetime(Some("1e300")).date(now()).is_err());
        assert!(lifetime(Some("999999999999")).date(now()).is_err());
    }
}
