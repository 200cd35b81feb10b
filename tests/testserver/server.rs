//! A test server in a process of its own, and requests to it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;

/// Longer than anything here takes.
const HANGS: Duration = Duration::from_secs(30);

pub(crate) struct Server {
    child: Child,
    pub(crate) stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    /// The one line.
    pub(crate) ready: Value,
}

/// `manage testserver`, in a folder where there is nothing.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_manage"));
    command.current_dir(std::env::temp_dir()).env("RUST_LOG", "off").arg("testserver").args(arguments);
    command
}

impl Server {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::spawn(&mut command(arguments))
    }

    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let stdin = child.stdin.take();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        Self { child, stdin, stdout, ready: serde_json::from_str(&line).unwrap() }
    }

    /// A server whose clock stands at the start of 2030.
    pub(crate) fn in_2030(arguments: &[&str]) -> Self {
        let server = Self::start(arguments);
        let answer = server.clock(r#"{"set": "2030-01-01T00:00:00Z", "freeze": true}"#);
        assert_eq!(answer.status, 200, "{}", answer.body);
        server
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap()
    }

    pub(crate) fn pid(&self) -> String {
        self.child.id().to_string()
    }

    /// The temporary folder.
    pub(crate) fn folder(&self) -> PathBuf {
        let file = self.text("database").strip_prefix("sqlite://").unwrap();
        PathBuf::from(file).parent().unwrap().to_owned()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for the end, and tells what else was on standard output.
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap(), rest)
    }

    pub(crate) fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let host = self.text("url").strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(HANGS)).unwrap();
        let mut head = vec![format!("{method} {path} HTTP/1.1"), "Connection: close".to_owned()];
        if !headers.iter().any(|(name, _)| *name == "Host") {
            head.push(format!("Host: {host}"));
        }
        head.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
        let request = format!("{}\r\nContent-Length: {}\r\n\r\n{body}", head.join("\r\n"), body.len());
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        Answer::parse(&answer)
    }

    pub(crate) fn get(&self, path: &str, sessionid: &str) -> Answer {
        self.request("GET", path, &[("Cookie", &format!("sessionid={sessionid}"))], "")
    }

    /// A `POST` to the clock.
    pub(crate) fn clock(&self, body: &str) -> Answer {
        self.request("POST", &self.clock_path(""), &[], body)
    }

    /// The path of what is below the clock.
    pub(crate) fn clock_path(&self, below: &str) -> String {
        format!("{}{below}", self.text("clock").strip_prefix(self.text("url")).unwrap())
    }

    pub(crate) fn below_clock(&self, method: &str, path: &str, body: &str) -> Answer {
        self.request(method, &self.clock_path(path), &[], body)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(known, _)| *known == name)
            .map(|(_, v)| v)
    }

    /// The new cookie's value.
    pub(crate) fn sessionid(&self) -> String {
        let cookie = self.header("Set-Cookie").unwrap();
        cookie.strip_prefix("sessionid=").unwrap().split(';').next().unwrap().to_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// What a refusal says.
    pub(crate) fn error(&self) -> String {
        self.json()["error"].as_str().unwrap().to_owned()
    }

    pub(crate) fn counter(&self) -> &str {
        self.body.split_once("<b>").unwrap().1.split_once("</b>").unwrap().0
    }
}
