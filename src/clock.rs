//! The only reader of the time.
//!
//! Everything that depends on the time takes a [`Clock`] or a `now`, so that a test turns the
//! clock by hand instead of sleeping.
//!
//! ```
//! use chrono::{DateTime, Utc};
//! use sessionid::clock::{Clock, ManualClock};
//!
//! fn is_over(end: DateTime<Utc>, clock: &Clock) -> bool {
//!     end <= clock.now()
//! }
//!
//! let clock = Clock::from(ManualClock::new("2026-11-22T18:24:10Z".parse()?));
//! assert!(is_over("2026-11-22T18:24:10Z".parse()?, &clock));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

/// Where the time comes from: the system, or a hand on a [`ManualClock`].
///
/// ```
/// use sessionid::clock::{Clock, ManualClock};
/// use chrono::TimeDelta;
///
/// let hand = ManualClock::default();
/// let clock = Clock::from(hand.clone());
/// let before = clock.now();
/// hand.advance(TimeDelta::seconds(30));
/// assert_eq!(clock.now() - before, TimeDelta::seconds(30));
/// ```
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The time of the operating system.
    #[default]
    System,
    /// A time that moves only when told to.
    Manual(ManualClock),
}

impl Clock {
    /// The time now, in UTC, to the microsecond (the resolution of Python's `datetime`, and so of
    /// every date that Django stores).
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the time")]
            Self::System => Utc::now().trunc_subsecs(6),
            Self::Manual(clock) => clock.now(),
        }
    }
}

impl From<ManualClock> for Clock {
    fn from(clock: ManualClock) -> Self {
        Self::Manual(clock)
    }
}

/// A clock that is turned by hand; clones share one time.
///
/// ```
/// use chrono::TimeDelta;
/// use sessionid::clock::ManualClock;
///
/// let clock = ManualClock::new("2026-11-22T18:24:10Z".parse()?);
/// clock.clone().advance(TimeDelta::weeks(2));
/// assert_eq!(clock.now().to_rfc3339(), "2026-12-06T18:24:10+00:00");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock {
    now: Arc<Mutex<DateTime<Utc>>>,
}

impl ManualClock {
    /// A clock that stands at `now`.
    ///
    /// ```
    /// # use sessionid::clock::ManualClock;
    /// let clock = ManualClock::new("2026-11-22T18:24:10Z".parse()?);
    /// assert_eq!(clock.now().timestamp(), 1_795_371_850);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new(now: DateTime<Utc>) -> Self {
        Self { now: Arc::new(Mutex::new(now.trunc_subsecs(6))) }
    }

    /// The time that the clock shows.
    ///
    /// ```
    /// # use sessionid::clock::ManualClock;
    /// let clock = ManualClock::default();
    /// assert_eq!(clock.now(), clock.now()); // nobody has turned it
    /// ```
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves the clock forward, or back when `by` is negative.
    ///
    /// ```
    /// # use sessionid::clock::ManualClock;
    /// let clock = ManualClock::default();
    /// let before = clock.now();
    /// clock.advance(chrono::TimeDelta::hours(-1));
    /// assert!(clock.now() < before);
    /// ```
    pub fn advance(&self, by: TimeDelta) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Default for ManualClock {
    /// A clock that starts at the present time.
    fn default() -> Self {
        Self::new(Clock::System.now())
    }
}

/// How long something takes, which no hand can turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "the one place")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
