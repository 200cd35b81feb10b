//! Limits in real time: the server is another process, and keeps its own.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The longest wait for a server that stands behind somebody else's lock: 5 s, and half a second for
/// a busy machine.
pub(crate) const STUCK: Duration = Duration::from_millis(5500);
/// What is well under for a page that waits for nobody.
pub(crate) const AT_ONCE: Duration = Duration::from_secs(1);

#[expect(clippy::disallowed_methods, reason = "a limit on another process is measured by the real time")]
fn now() -> Instant {
    Instant::now()
}

/// What `work` gave, and how long it took.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = now();
    let result = work();
    (result, start.elapsed())
}

/// Waits for something that another process does and tells nobody.
pub(crate) fn eventually(what: &str, limit: Duration, mut condition: impl FnMut() -> bool) {
    let start = now();
    while !condition() {
        assert!(start.elapsed() < limit, "not within {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Keeps the tests apart that put the machine under load or hold the server to a time limit.
pub(crate) fn undisturbed() -> MutexGuard<'static, ()> {
    static MACHINE: Mutex<()> = Mutex::new(());
    MACHINE.lock().unwrap_or_else(PoisonError::into_inner)
}
