//! One line a second for what goes wrong ten thousand times a second.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Stopwatch;

/// How often one cause is written down.
const INTERVAL: Duration = Duration::from_secs(1);
/// Causes that are told apart; the others share a line.
const CAUSES: usize = 64;
const OTHERS: &str = "other errors";

static ERRORS: LazyLock<Throttle> = LazyLock::new(Throttle::default);

/// Writes an error down, unless its cause was written down less than a second ago: then it is counted, and the count
/// follows when the second is over. `context` stands before the cause and is no part of it; `target` is the log's.
pub(crate) fn error(target: &'static str, context: &str, cause: &str) {
    match ERRORS.happened(cause) {
        Verdict::Write => log::error!(target: target, "{context}{cause}"),
        Verdict::WriteAndCount(name) => {
            log::error!(target: target, "{context}{cause}");
            count_later(target, name);
        }
        Verdict::Counted => {}
    }
}

/// Tells how often it happened again, second by second, until it does not.
fn count_later(target: &'static str, cause: String) {
    let counting = move || loop {
        std::thread::sleep(INTERVAL);
        match ERRORS.take(&cause) {
            0 => return,
            1 => log::error!(target: target, "{cause} (once more within 1 s)"),
            times => log::error!(target: target, "{cause} ({times} more times within 1 s)"),
        }
    };
    // Without a thread the count is told when it happens the next time.
    let _ = std::thread::Builder::new().name("sessionid-log".to_owned()).spawn(counting);
}

/// What to do about an error.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Write,
    /// The first of a cause: somebody has to tell how many follow.
    WriteAndCount(String),
    Counted,
}

#[derive(Debug, Default)]
struct Throttle {
    /// For each cause, since when it is counted and how often it has happened.
    counted: Mutex<HashMap<String, (Stopwatch, u64)>>,
}

impl Throttle {
    fn happened(&self, cause: &str) -> Verdict {
        let mut counted = self.counted();
        let name = if counted.len() < CAUSES || counted.contains_key(cause) { cause } else { OTHERS };
        match counted.entry(name.to_owned()) {
            Entry::Vacant(new) => {
                new.insert((Stopwatch::start(), 0));
                Verdict::WriteAndCount(name.to_owned())
            }
            // Nobody has come to tell.
            Entry::Occupied(mut old) if old.get().0.elapsed() > INTERVAL * 3 => {
                old.insert((Stopwatch::start(), 0));
                Verdict::Write
            }
            Entry::Occupied(mut old) => {
                old.get_mut().1 += 1;
                Verdict::Counted
            }
        }
    }

    /// How often it has happened since; after none it is forgotten.
    fn take(&self, cause: &str) -> u64 {
        let mut counted = self.counted();
        let times = counted.get(cause).map_or(0, |(_, times)| *times);
        if times == 0 {
            counted.remove(cause);
        } else {
            counted.insert(cause.to_owned(), (Stopwatch::start(), 0));
        }
        times
    }

    fn counted(&self) -> MutexGuard<'_, HashMap<String, (Stopwatch, u64)>> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_written_once_and_counted_until_it_stops() {
        let errors = Throttle::default();
        assert_eq!(errors.happened("full"), Verdict::WriteAndCount("full".to_owned()));
        for _ in 0..23_000 {
            assert_eq!(errors.happened("full"), Verdict::Counted);
        }
        assert_eq!(errors.happened("locked"), Verdict::WriteAndCount("locked".to_owned()));
        assert_eq!(errors.take("full"), 23_000);
        assert_eq!(errors.happened("full"), Verdict::Counted);
        assert_eq!((errors.take("full"), errors.take("full")), (1, 0));
        assert_eq!(errors.happened("full"), Verdict::WriteAndCount("full".to_owned()));
    }

    #[test]
    fn causes_without_end_share_a_line() {
        let errors = Throttle::default();
        let written = (0..10_000).filter(|number| errors.happened(&number.to_string()) != Verdict::Counted);
        assert_eq!(written.count(), CAUSES + 1);
        assert_eq!(errors.take(OTHERS), 10_000 - CAUSES as u64 - 1);
    }
}
