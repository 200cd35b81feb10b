//! The only reader of the time.
//!
//! Everything that depends on the time takes a [`Clock`] or a `now`, so that a test turns the
//! clock by hand instead of sleeping.

use std::sync::{Arc, Mutex, PoisonError};

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
#[derive(Clone, Debug)]
pub struct ManualClock {
    now: Arc<Mutex<DateTime<Utc>>>,
}

impl ManualClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub fn new(now: DateTime<Utc>) -> Self {
        Self { now: Arc::new(Mutex::new(now.trunc_subsecs(6))) }
    }

    /// The time that the clock shows.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves the clock forward, or back when `by` is negative.
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
