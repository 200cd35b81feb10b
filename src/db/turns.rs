//! When the writer leaves SQLite's lock to other processes although it has work.
//!
//! Who waits for that lock looks whether it is free from time to time: nobody is in a queue, and a writer that
//! begins again at once after each COMMIT can keep a Django or a `clearsessions` out until they give up.

use std::time::Duration;

use crate::clock::Stopwatch;

/// Long enough for whoever looks every millisecond.
const PAUSE: Duration = Duration::from_micros(1500);
/// How much work there may be between two pauses while nobody else is known to write.
const ALONE: Duration = Duration::from_millis(200);
/// How long somebody who has written is expected to write again.
const COMPANY: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Turns {
    worked: Duration,
    others: Option<Stopwatch>,
}

impl Turns {
    /// Somebody else has written, or was writing.
    pub(super) fn others_write(&mut self) {
        self.others = Some(Stopwatch::start());
    }

    /// How long to leave the lock after a transaction that took so long.
    pub(super) fn after(&mut self, transaction: Duration) -> Option<Duration> {
        self.worked += transaction;
        self.others = self.others.filter(|seen| seen.elapsed() < COMPANY);
        if self.others.is_none() && self.worked < ALONE {
            return None;
        }
        self.worked = Duration::ZERO;
        Some(PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_get_a_turn_now_and_then_and_each_time_once_they_are_known() {
        let mut turns = Turns::default();
        let millisecond = Duration::from_millis(1);
        let pauses = (0..2000).filter(|_| turns.after(millisecond).is_some()).count();
        assert_eq!(pauses, 10);
        turns.others_write();
        assert_eq!((turns.after(millisecond), turns.after(millisecond)), (Some(PAUSE), Some(PAUSE)));
    }
}
