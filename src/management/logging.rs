//! The log: lines go to standard error by a thread of their own, since whoever reads them may be slow or gone, and the
//! site must not wait.

use std::collections::VecDeque;
use std::io::{self, IsTerminal as _, Write, stderr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{mem, panic, thread};

use env_logger::{Builder, Env, Target, WriteStyle};

/// Bytes of lines that may wait: some thousands.
const CAPACITY: usize = 256 << 10;
/// How long the end waits for a reader.
const LAST_WAIT: Duration = Duration::from_secs(1);
const DEFAULT_FILTER: &str = "info,actix_server=warn";

/// Keeps the log going; dropped at the end of the program, it waits a second for the lines that are still to be read.
#[derive(Debug)]
pub struct Log(Option<Arc<Queue>>);

/// Starts the log as `RUST_LOG` wants it.
///
/// Lines that nobody reads are dropped and counted, and a panic of any thread but the first is a line like any other.
/// (The first thread's is the error that [`execute_from_command_line`](super::execute_from_command_line) tells of.)
#[must_use]
pub fn start_logging() -> Log {
    let queue = Arc::new(Queue::default());
    let mut builder = Builder::from_env(Env::default().default_filter_or(DEFAULT_FILTER));
    let threaded = Arc::clone(&queue);
    let started = thread::Builder::new().name("log".to_owned()).spawn(move || threaded.write_to(stderr()));
    // Without a thread the lines are written where they arise.
    if started.is_ok() {
        // env_logger asks for colours only where it knows that there is a terminal.
        if wants_colours() {
            builder.write_style(WriteStyle::Always);
        }
        builder.target(Target::Pipe(Box::new(Lines(Arc::clone(&queue)))));
    }
    builder.init();
    panic::set_hook(Box::new(|panic| {
        if thread::current().name() != Some("main") {
            let place = panic.location().map(|place| format!(" at {place}")).unwrap_or_default();
            let (text, string) =
                (panic.payload().downcast_ref::<&str>(), panic.payload().downcast_ref::<String>());
            let message = text.copied().or(string.map(String::as_str)).unwrap_or("no message");
            log::error!("a thread has failed{place}: {}", message.replace('\n', " "));
        }
    }));
    Log(started.is_ok().then_some(queue))
}

impl Drop for Log {
    fn drop(&mut self) {
        if let Some(queue) = &self.0 {
            queue.wait_until_written(LAST_WAIT);
        }
    }
}

/// As env_logger decides it for standard error.
fn wants_colours() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_none_or(|terminal| terminal == "dumb");
    !set("RUST_LOG_STYLE") && !set("NO_COLOR") && !dumb && stderr().is_terminal()
}

/// Lines between those who log and the thread that writes.
#[derive(Debug, Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<Vec<u8>>,
    bytes: usize,
    /// Lines that found no room since the last one that did.
    dropped: u64,
    writing: bool,
}

impl Queue {
    fn push(&self, line: &[u8]) {
        let mut state = self.state();
        if state.bytes + line.len() > CAPACITY {
            state.dropped += 1;
        } else {
            state.bytes += line.len();
            state.lines.push_back(line.to_owned());
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Writes for as long as the program runs.
    fn write_to(&self, mut out: impl Write) {
        loop {
            let (lines, dropped) = self.take();
            // What cannot be written is lost: there is no other place to say so.
            for line in lines {
                let _ = out.write_all(&line);
            }
            if dropped > 0 {
                let lines = if dropped == 1 { "log line was" } else { "log lines were" };
                let _ = writeln!(out, "… {dropped} {lines} dropped, since nobody read them …");
            }
            self.state().writing = false;
            self.changed.notify_all();
        }
    }

    /// Waits for lines, and takes all that there are.
    fn take(&self) -> (VecDeque<Vec<u8>>, u64) {
        let mut state = self.state();
        while state.is_empty() {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.writing = true;
        state.bytes = 0;
        (mem::take(&mut state.lines), mem::take(&mut state.dropped))
    }

    fn wait_until_written(&self, limit: Duration) {
        let waits = |state: &mut State| state.writing || !state.is_empty();
        drop(self.changed.wait_timeout_while(self.state(), limit, waits));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.dropped == 0
    }
}

/// What env_logger writes to, a whole line at a time.
struct Lines(Arc<Queue>);

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
