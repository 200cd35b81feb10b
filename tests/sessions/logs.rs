//! What a test's own thread has logged, which is where a request or a script of an Actix test runs.

use std::cell::RefCell;
use std::sync::Once;

use log::{Level, LevelFilter, Log, Metadata, Record};

/// A line of the log.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) level: Level,
    pub(crate) target: String,
    pub(crate) message: String,
}

thread_local! {
    static LINES: RefCell<Vec<Line>> = const { RefCell::new(Vec::new()) };
}

struct ByThread;

impl Log for ByThread {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let (level, target) = (record.level(), record.target().to_owned());
        let line = Line { level, target, message: record.args().to_string() };
        LINES.with_borrow_mut(|lines| lines.push(line));
    }

    fn flush(&self) {}
}

/// Listens from now on.
pub(crate) fn listen() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        log::set_logger(&ByThread).unwrap();
        log::set_max_level(LevelFilter::Warn);
    });
    drop(take());
}

/// The lines since then, or since the last call.
pub(crate) fn take() -> Vec<Line> {
    LINES.take()
}
