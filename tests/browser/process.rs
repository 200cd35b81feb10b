//! A child process, and what it says.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// For a start or an end on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// For what is on its way when it has ended.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Dropping it kills the process, and shows what it said when the test fails.
pub(crate) struct Process {
    name: &'static str,
    child: Child,
    lines: Receiver<String>,
    said: Vec<String>,
}

impl Process {
    pub(crate) fn spawn(name: &'static str, command: &mut Command) -> Self {
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let (sender, lines) = channel();
        read_lines(child.stdout.take().unwrap(), sender.clone());
        read_lines(child.stderr.take().unwrap(), sender);
        Self { name, child, lines, said: Vec::new() }
    }

    /// Waits until it has said what `look` looks for; standard output and errors are one.
    pub(crate) fn wait_until<T>(&mut self, look: impl Fn(&[String]) -> Option<T>) -> T {
        loop {
            if let Some(found) = look(&self.said) {
                return found;
            }
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => self.said.push(line),
                Err(RecvTimeoutError::Timeout) => panic!("{} is silent", self.name),
                Err(RecvTimeoutError::Disconnected) => panic!("{} ended: {:?}", self.name, self.child.wait()),
            }
        }
    }

    /// Ctrl-C, and the end that comes of it.
    pub(crate) fn interrupt(&mut self) {
        let pid = self.child.id().to_string();
        let sent = Command::new("sh").args(["-c", r#"kill -s INT "$0""#, &pid]).status().unwrap();
        assert!(sent.success(), "{} hears no Ctrl-C", self.name);
        self.listen(PATIENCE);
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{} ended with {status}", self.name);
    }

    /// Takes in what it says until it ends, or says nothing for so long.
    fn listen(&mut self, limit: Duration) {
        while let Ok(line) = self.lines.recv_timeout(limit) {
            self.said.push(line);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended, and then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            self.listen(LAST_WORDS);
            eprintln!("{} said:\n{}", self.name, self.said.join("\n"));
        }
    }
}

fn read_lines(stream: impl Read + Send + 'static, sender: Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            // Nobody listens once the test is over.
            let _ = sender.send(line);
        }
    });
}
