//! When a session ends: the rules of `set_expiry` and the `get_expiry_…` family, without I/O.

use chrono::{DateTime, Datelike as _, FixedOffset, TimeDelta, Utc};

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
            Self::Seconds(seconds) => return Ok(Some(RawJson::from_integer(seconds))),
            Self::At(moment) => moment,
            Self::After(delta) => {
                now.checked_add_signed(delta).ok_or(ExpiryError::OutOfRange)?.fixed_offset()
            }
        };
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

/// Why a stored `_session_expiry` tells no expiry. Django raises on these as well.
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
enum Stored {
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
    stored: Stored,
    cookie_age: i64,
    browser_close_by_policy: bool,
}

impl Lifetime {
    pub(crate) fn new(stored: Option<&RawJson>, policy: &SessionPolicy) -> Result<Self, ExpiryError> {
        Ok(Self {
            stored: stored.map_or(Ok(Stored::Policy), Stored::parse)?,
            cookie_age: policy.cookie_age,
            browser_close_by_policy: policy.expire_at_browser_close,
        })
    }

    /// Whole seconds until the end (`get_expiry_age`).
    pub(crate) fn age(&self, now: DateTime<Utc>) -> i64 {
        match self.stored {
            Stored::Policy | Stored::Falsy { .. } | Stored::EmptyText => self.cookie_age,
            #[expect(clippy::cast_possible_truncation, reason = "Python's int(), within a date's range")]
            Stored::Seconds(seconds) => seconds as i64,
            // `delta.days * 86400 + delta.seconds`: rounded down, below zero as well.
            Stored::At(moment) => {
                let delta = moment.to_utc() - now;
                delta.num_seconds() - i64::from(delta.subsec_nanos() < 0)
            }
        }
    }

    /// The end as a cookie tells it: now and the age, in whole seconds.
    pub(crate) fn cookie_expires(&self, now: DateTime<Utc>) -> Result<DateTime<Utc>, ExpiryError> {
        TimeDelta::try_seconds(self.age(now))
            .and_then(|age| now.checked_add_signed(age))
            .filter(is_writable)
            .ok_or(ExpiryError::OutOfRange)
    }

    /// The end itself (`get_expiry_date`); a fixed one in the offset that it was given in.
    pub(crate) fn date(&self, now: DateTime<Utc>) -> Result<DateTime<FixedOffset>, ExpiryError> {
        let delta = match self.stored {
            Stored::At(moment) if is_writable(&moment.to_utc()) => return Ok(moment),
            Stored::At(_) => return Err(ExpiryError::OutOfRange),
            Stored::EmptyText => return Err(ExpiryError::Unreadable(RawJson::from_plain_text(""))),
            Stored::Policy | Stored::Falsy { .. } => TimeDelta::try_seconds(self.cookie_age),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a float beyond i64 saturates, and is refused"
            )]
            Stored::Seconds(seconds) => Some(TimeDelta::microseconds((seconds * 1e6).round() as i64)),
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
        match (self.stored, self.end_in_file(modified)?) {
            (Stored::Seconds(seconds), _) => Ok(seconds <= 0.0),
            // `expiry_age <= 0`, where `delta.seconds` is rounded down.
            (_, end) => Ok(end.is_some_and(|end| end - now < TimeDelta::seconds(1))),
        }
    }

    /// When it is over, give or take that second; `None` where it never is.
    pub(crate) fn end_in_file(&self, modified: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, ExpiryError> {
        match self.stored {
            Stored::Seconds(seconds) => Ok((seconds <= 0.0).then_some(modified)),
            Stored::At(moment) => Ok(Some(moment.to_utc())),
            Stored::Policy | Stored::Falsy { .. } | Stored::EmptyText => {
                TimeDelta::try_seconds(self.cookie_age)
                    .and_then(|age| modified.checked_add_signed(age))
                    .map(Some)
                    .ok_or(ExpiryError::OutOfRange)
            }
        }
    }

    /// Whether the cookie ends with the browser (`get_expire_at_browser_close`).
    pub(crate) fn at_browser_close(&self) -> bool {
        match self.stored {
            Stored::Policy => self.browser_close_by_policy,
            Stored::Falsy { zero } => zero,
            Stored::EmptyText | Stored::Seconds(_) | Stored::At(_) => false,
        }
    }
}

/// Python's `datetime` knows the years 1 to 9999, and so does a cookie's date.
fn is_writable(date: &DateTime<Utc>) -> bool {
    (1..=9999).contains(&date.year())
}

impl Stored {
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

/// A date with its offset from UTC, which may have seconds in Python.
fn parse_isoformat(text: &str) -> Option<DateTime<FixedOffset>> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(moment);
    }
    let (minutes, seconds) = text.rsplit_once(':').filter(|(_, s)| s.len() == 2)?;
    let moment = DateTime::parse_from_rfc3339(minutes).ok()?;
    let seconds = TimeDelta::seconds(seconds.parse::<u8>().ok()?.into());
    Some(if minutes.as_bytes()[minutes.len() - 6] == b'-' { moment + seconds } else { moment - seconds })
}

/// Python's `datetime.isoformat()`: microseconds where there are any.
fn isoformat(moment: DateTime<FixedOffset>) -> String {
    let format = if moment.timestamp_subsec_micros() == 0 {
        "%Y-%m-%dT%H:%M:%S%:z"
    } else {
        "%Y-%m-%dT%H:%M:%S%.6f%:z"
    };
    moment.format(format).to_string()
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
    fn what_tells_no_expiry_is_an_error() {
        for stored in [r#""tomorrow""#, r#""2026-11-22T18:24:10""#, "[1]", "NaN"] {
            let stored = RawJson::parse(stored).expect("Python's JSON");
            assert!(Lifetime::new(Some(&stored), &SessionPolicy::default()).is_err(), "{stored}");
        }
        assert!(lifetime(Some("1e300")).date(now()).is_err());
        assert!(lifetime(Some("999999999999")).date(now()).is_err());
    }
}
