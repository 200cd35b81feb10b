//! The only reader of the time.
//!
//! Everything that depends on the time takes a [`Clock`] or a `now`, so that a test moves the clock
//! instead of sleeping.
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

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

/// Where the time comes from: the system, or a [`ManualClock`].
///
/// ```
/// use sessionid::clock::{Clock, ManualClock};
/// use chrono::TimeDelta;
///
/// let manual = ManualClock::default();
/// let clock = Clock::from(manual.clone());
/// let before = clock.now();
/// manual.advance(TimeDelta::seconds(30));
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

/// A clock that goes as it is told; clones share one time. It stands still until it is [started](Self::start).
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
    hands: Arc<Mutex<Hands>>,
}

#[derive(Debug)]
struct Hands {
    /// The time, or what it was when the clock was started.
    set_to: DateTime<Utc>,
    running: Option<Stopwatch>,
}

impl Hands {
    fn now(&self) -> DateTime<Utc> {
        let Some(running) = self.running else { return self.set_to };
        let elapsed = TimeDelta::from_std(running.elapsed()).unwrap_or(TimeDelta::MAX);
        self.set_to.checked_add_signed(elapsed).unwrap_or(DateTime::<Utc>::MAX_UTC).trunc_subsecs(6)
    }

    fn set(&mut self, now: DateTime<Utc>) {
        self.set_to = now.trunc_subsecs(6);
        self.running = self.running.map(|_| Stopwatch::start());
    }
}

impl ManualClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub fn new(now: DateTime<Utc>) -> Self {
        Self { hands: Arc::new(Mutex::new(Hands { set_to: now.trunc_subsecs(6), running: None })) }
    }

    /// The time that the clock shows.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.hands().now()
    }

    /// Moves the clock forward, or back when `by` is negative; as far as there are dates.
    ///
    /// ```
    /// # use sessionid::clock::ManualClock;
    /// let clock = ManualClock::default();
    /// let before = clock.now();
    /// clock.advance(chrono::TimeDelta::hours(-1));
    /// assert!(clock.now() < before);
    /// ```
    pub fn advance(&self, by: TimeDelta) {
        let mut hands = self.hands();
        let last = if by < TimeDelta::zero() { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC };
        let moved = hands.now().checked_add_signed(by).unwrap_or(last);
        hands.set(moved);
    }

    /// Sets the clock, forward or back.
    pub fn set(&self, now: DateTime<Utc>) {
        self.hands().set(now);
    }

    /// Lets the clock go on by itself, as fast as real time does.
    ///
    /// ```
    /// # use sessionid::clock::ManualClock;
    /// let clock = ManualClock::default();
    /// clock.start();
    /// assert!(clock.is_running());
    /// clock.stop();
    /// assert_eq!(clock.now(), clock.now()); // it stands again
    /// ```
    pub fn start(&self) {
        let mut hands = self.hands();
        if hands.running.is_none() {
            hands.running = Some(Stopwatch::start());
        }
    }

    /// Stops the clock where it is.
    pub fn stop(&self) {
        let mut hands = self.hands();
        hands.set_to = hands.now();
        hands.running = None;
    }

    /// Reads the clock and moves it in one step, so that of two who move it at once neither is lost. Tells the time and whether
    /// the clock runs.
    #[cfg_attr(
        not(any(feature = "site", test)),
        expect(dead_code, reason = "the test server moves a clock like this")
    )]
    pub(crate) fn turn<E>(
        &self,
        motion: impl FnOnce(DateTime<Utc>) -> Result<Turn, E>,
    ) -> Result<(DateTime<Utc>, bool), E> {
        let mut hands = self.hands();
        let now = hands.now();
        let turn = motion(now)?;
        if turn.now != now {
            hands.set(turn.now);
        }
        match turn.run {
            Some(true) if hands.running.is_none() => hands.running = Some(Stopwatch::start()),
            Some(false) => {
                hands.set_to = hands.now();
                hands.running = None;
            }
            _ => {}
        }
        Ok((hands.now(), hands.running.is_some()))
    }

    /// Whether it goes on by itself.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.hands().running.is_some()
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.hands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a clock is moved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    pub(crate) now: DateTime<Utc>,
    /// Whether it is to run from then on; as before where this is `None`.
    pub(crate) run: Option<bool>,
}

impl Default for ManualClock {
    /// A clock that stands at the present time.
    fn default() -> Self {
        Self::new(Clock::System.now())
    }
}

/// How long something takes in real time.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> DateTime<Utc> {
        text.parse().expect("a date")
    }

    #[test]
    fn a_clock_that_runs_goes_on_from_where_it_was_set() {
        let clock = ManualClock::new(date("2026-11-22T18:24:10Z"));
        assert_eq!((clock.now(), clock.is_running()), (date("2026-11-22T18:24:10Z"), false));
        clock.start();
        clock.set(date("2030-01-01T00:00:00Z"));
        assert!(clock.now() >= date("2030-01-01T00:00:00Z"));
        clock.advance(TimeDelta::weeks(2));
        assert!(clock.now() >= date("2030-01-15T00:00:00Z"));
        clock.stop();
        assert_eq!(clock.now(), clock.now());
        assert!(clock.now() < date("2030-01-15T01:00:00Z"));
    }

    #[test]
    fn of_two_who_advance_a_clock_at_once_neither_is_lost() {
        let clock = ManualClock::new(date("2026-11-22T18:24:10Z"));
        let advance = |now: DateTime<Utc>| -> Result<Turn, ()> {
            std::thread::yield_now();
            Ok(Turn { now: now + TimeDelta::seconds(1), run: None })
        };
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| (0..300).for_each(|_| assert!(clock.turn(advance).is_ok())));
            }
        });
        assert_eq!(clock.now(), date("2026-11-22T18:34:10Z"));
    }

    #[test]
    fn a_turn_that_fails_moves_nothing() {
        let clock = ManualClock::new(date("2026-11-22T18:24:10Z"));
        assert_eq!(clock.turn(|_| Err("refused")), Err("refused"));
        assert_eq!((clock.now(), clock.is_running()), (date("2026-11-22T18:24:10Z"), false));
    }

    #[test]
    fn beyond_all_dates_a_clock_stays_at_the_last() {
        let clock = ManualClock::new(date("2026-11-22T18:24:10Z"));
        clock.advance(TimeDelta::MAX);
        clock.start();
        assert!(clock.now() <= DateTime::<Utc>::MAX_UTC);
        clock.advance(TimeDelta::MIN);
        clock.advance(TimeDelta::MIN);
        clock.stop();
        assert_eq!(clock.now(), DateTime::<Utc>::MIN_UTC);
    }
}
