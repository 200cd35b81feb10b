//! A WAL that cannot be checkpointed, because a reader still needs the state before it.

use std::time::Duration;

use super::wal_index::Log;
use crate::clock::Stopwatch;

/// What nobody needs to be told of.
const LIMIT: u64 = 64 << 20;
/// What may be checkpointed while everybody waits.
const LITTLE: u32 = 200;
/// A mark is set each time that the WAL has grown by as many pages.
const STEP: u32 = 500;

/// What there is to do about the WAL.
#[derive(Debug)]
pub(super) enum Growth {
    Nothing,
    /// It has passed the limit, held up by a reader for so long.
    Warn(Duration),
    /// The reader is gone, and the WAL takes room that it does not need.
    Truncate,
}

#[derive(Debug, Default)]
pub(super) struct LogGrowth {
    /// When the WAL had how many pages.
    marks: Vec<(u32, Stopwatch)>,
    warned: bool,
}

impl LogGrowth {
    /// After a transaction, and now and then without one.
    pub(super) fn seen(&mut self, log: Log) -> Growth {
        if self.marks.last().is_some_and(|&(pages, _)| pages > log.pages) {
            self.marks.clear();
        }
        if self.marks.last().is_none_or(|&(pages, _)| log.pages >= pages.saturating_add(STEP)) {
            self.marks.push((log.pages, Stopwatch::start()));
        }
        // The page after the last one in the file was written after the reader had begun.
        let past = self.marks.iter().take_while(|&&(pages, _)| pages <= log.in_file).count();
        self.marks.drain(..past.saturating_sub(1));
        if self.warned {
            return if log.left() <= LITTLE { Growth::Truncate } else { Growth::Nothing };
        }
        if log.bytes() <= LIMIT || log.left() <= LITTLE {
            return Growth::Nothing;
        }
        self.warned = true;
        Growth::Warn(self.marks.first().map(|(_, then)| then.elapsed()).unwrap_or_default())
    }

    /// Whether it was warned of, and is not truncated yet.
    pub(super) fn is_large(&self) -> bool {
        self.warned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(pages: u32, in_file: u32) -> Log {
        Log { pages, in_file, page_size: 4096 }
    }

    #[test]
    fn a_log_past_the_limit_is_warned_of_once_and_truncated_when_all_of_it_is_in_the_file() {
        let mut growth = LogGrowth::default();
        for pages in (0..=16_384).step_by(64) {
            assert!(matches!(growth.seen(log(pages, 200)), Growth::Nothing), "{pages}");
        }
        assert!(matches!(growth.seen(log(16_385, 200)), Growth::Warn(_)));
        assert!(matches!(growth.seen(log(100_000, 200)), Growth::Nothing));
        assert!(matches!(growth.seen(log(100_000, 100_000)), Growth::Truncate));
        assert!(matches!(growth.seen(log(50, 50)), Growth::Truncate), "the file is as long as it was");
    }

    #[test]
    fn a_log_that_nobody_holds_up_is_not_warned_of() {
        let mut growth = LogGrowth::default();
        assert!(matches!(growth.seen(log(20_000, 19_900)), Growth::Nothing));
        assert!(!growth.is_large());
    }

    #[test]
    fn the_age_is_that_of_the_oldest_page_that_is_held_up() {
        let mut growth = LogGrowth::default();
        for pages in (0..16_000).step_by(100) {
            growth.seen(log(pages, 0));
        }
        growth.seen(log(16_000, 12_345));
        assert_eq!(growth.marks.first().map(|(pages, _)| *pages), Some(12_000));
    }
}
