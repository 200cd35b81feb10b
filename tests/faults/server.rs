//! The shipped program as a child process.

use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::timing::eventually;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_manage");
pub(crate) const SECRET_KEY: &str = "a key for the tests of faults";

const ANY_PORT: &str = "127.0.0.1:0";
const BANNER: &str = "Starting development server at http://";
/// For a start or an end on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// `manage runserver` on a database.
pub(crate) fn runserver(database: &Path) -> Command {
    runserver_at(ANY_PORT, database)
}

/// `manage runserver` on the files of a folder.
pub(crate) fn runserver_on_files(folder: &Path) -> Command {
    let mut command = runserver(&folder.join("none.sqlite3"));
    command.env("SESSION_ENGINE", "file").env("SESSION_FILE_PATH", folder);
    command
}

/// `manage runserver` on a cache, or on a database with copies there.
#[cfg(any(feature = "redis", feature = "memcached"))]
pub(crate) fn runserver_on_cache(engine: &str, caches: &str, database: &Path) -> Command {
    let mut command = runserver(database);
    command.env("SESSION_ENGINE", engine).env("CACHES", caches);
    command
}

/// The same on an address.
pub(crate) fn runserver_at(address: &str, database: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(["runserver", address]);
    configure(&mut command, database);
    command
}

/// The same, unable to make any file longer than `blocks` times 512 bytes, as on a disk that has no
/// more; writing past it is an error instead of a signal.
pub(crate) fn runserver_within(blocks: u32, database: &Path) -> Command {
    let mut command = Command::new("sh");
    let script = format!(r#"trap "" XFSZ; ulimit -f {blocks}; exec "$0" "$@""#);
    command.args(["-c", &script, PROGRAM, "runserver", ANY_PORT]);
    configure(&mut command, database);
    command
}

/// Another command of `manage` on a database, which has to succeed; what it says.
pub(crate) fn manage(arguments: &[&str], database: &Path) -> String {
    let mut command = Command::new(PROGRAM);
    command.args(arguments);
    configure(&mut command, database);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The settings of every test, and nothing else from outside.
pub(crate) fn configure(command: &mut Command, database: &Path) {
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .env("DATABASE_URL", format!("sqlite://{}", database.display()))
        .env("SECRET_KEY", SECRET_KEY)
        .env("SESSION_COOKIE_AGE", "1209600")
        .env("DEBUG", "true")
        .env("RUST_LOG", "warn");
}

/// A server that serves. Dropping it kills it, and shows its log when the test fails.
pub(crate) struct Server {
    process: Process,
    address: SocketAddr,
}

impl Server {
    pub(crate) fn start(command: Command) -> Self {
        Self::launch(command).unwrap_or_else(|ended| panic!("the server does not start: {ended:?}"))
    }

    /// Starts a server, unless it ends before it serves.
    pub(crate) fn launch(mut command: Command) -> Result<Self, Ended> {
        let mut process = Process::spawn(&mut command);
        while let Some(line) = process.next_line(PATIENCE) {
            if let Some(address) = address_in(&line) {
                return Ok(Self { process, address });
            }
        }
        Err(process.ended())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for a line of its log with these words, and tells how many there are.
    pub(crate) fn logs(&self, words: &str) -> usize {
        eventually(&format!("{words:?} in the log"), PATIENCE, || self.has_logged(words) > 0);
        self.has_logged(words)
    }

    /// How many lines of its log have these words by now.
    pub(crate) fn has_logged(&self, words: &str) -> usize {
        self.log().lines().filter(|line| line.contains(words)).count()
    }

    /// What it has said by now.
    pub(crate) fn log(&self) -> String {
        self.process.log_so_far()
    }

    /// What it prints after its address.
    pub(crate) fn next_line(&mut self) -> String {
        self.process.next_line(PATIENCE).expect("a server that runs")
    }

    /// `kill -9`.
    pub(crate) fn kill(self) {
        drop(self);
    }

    /// `INT` is Ctrl-C.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.process.child.id().to_string();
        let sent = Command::new("sh").args(["-c", r#"kill -s "$0" "$1""#, name, &pid]).status();
        assert!(sent.expect("sh").success(), "SIG{name} cannot be sent");
    }

    /// Waits for the end, which has to come by itself.
    pub(crate) fn wait(mut self) -> Ended {
        while self.process.next_line(PATIENCE).is_some() {}
        self.process.ended()
    }
}

/// The address in the banner, if this is its line.
pub(crate) fn address_in(line: &str) -> Option<SocketAddr> {
    let address = line.strip_prefix(BANNER)?;
    Some(address.trim_end_matches('/').parse().expect("an address in the banner"))
}

/// A program that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stderr: String,
}

impl Ended {
    /// All it ever said.
    pub(crate) fn log(&self) -> &str {
        &self.stderr
    }

    /// Exit code 1, and one line for whoever started it, with these words.
    pub(crate) fn assert_refused(&self, words: &[&str]) {
        assert_eq!(self.status.code(), Some(1), "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
        for words in words {
            assert!(self.stderr.contains(words), "{words:?} is not in {self:?}");
        }
    }
}

/// A child, with threads that read what it says so that it never waits for a reader.
struct Process {
    child: Child,
    stdout: Receiver<String>,
    stderr: Arc<Mutex<String>>,
    stderr_reader: Option<JoinHandle<()>>,
}

impl Process {
    fn spawn(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (sender, stdout) = channel();
        for_each_line(child.stdout.take().unwrap(), move |line| drop(sender.send(line)));
        let stderr = Arc::new(Mutex::new(String::new()));
        let log = Arc::clone(&stderr);
        let stderr_reader = for_each_line(child.stderr.take().unwrap(), move |line| {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            log.push_str(&line);
            log.push('\n');
        });
        Self { child, stdout, stderr, stderr_reader: Some(stderr_reader) }
    }

    /// The next line of its output; `None` when it has ended.
    fn next_line(&mut self, limit: Duration) -> Option<String> {
        match self.stdout.recv_timeout(limit) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("nothing from the program within {limit:?}"),
        }
    }

    fn ended(&mut self) -> Ended {
        let status = self.child.wait().unwrap();
        Ended { status, stderr: self.log() }
    }

    /// All it ever said, once it has ended.
    fn log(&mut self) -> String {
        if let Some(reader) = self.stderr_reader.take() {
            let _ = reader.join();
        }
        self.log_so_far()
    }

    fn log_so_far(&self) -> String {
        self.stderr.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended, and then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let log = self.log();
        if thread::panicking() && !log.is_empty() {
            eprintln!("the server's log:\n{log}");
        }
    }
}

fn for_each_line(
    stream: impl Read + Send + 'static,
    mut take: impl FnMut(String) + Send + 'static,
) -> JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            take(line);
        }
    })
}
