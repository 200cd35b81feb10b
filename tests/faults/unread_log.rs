//! A log that nobody reads.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use crate::client::Connection;
use crate::database::DatabaseFile;
use crate::server::{address_in, runserver};

/// More than a pipe and the server's queue hold: 64 KiB and 256 KiB, of lines of about 70 bytes.
const REQUESTS: usize = 8000;

/// Killed at the end of the test, whatever it finds.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_log_that_nobody_reads_holds_nobody_up_and_tells_what_is_missing() {
    let file = DatabaseFile::new();
    let mut command = runserver(&file.path());
    command.env("RUST_LOG", "info").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut server = Killed(command.spawn().unwrap());
    let mut banner = BufReader::new(server.0.stdout.take().unwrap()).lines();
    let address = banner.find_map(|line| address_in(&line.unwrap())).expect("an address in the banner");
    let mut connection = Connection::open(address).unwrap();
    for _ in 0..REQUESTS {
        assert_eq!(connection.plain().status, 200);
    }

    let mut log = BufReader::new(server.0.stderr.take().unwrap());
    let (mut requests, mut line) = (0, String::new());
    let dropped: usize = loop {
        line.clear();
        assert_ne!(log.read_line(&mut line).unwrap(), 0, "the log ends");
        match line.strip_prefix("… ").and_then(|line| line.split_once(" log lines were dropped")) {
            Some((number, _)) => break number.parse().unwrap(),
            None => requests += usize::from(line.contains("GET /hello/plain")),
        }
    };
    assert_eq!(requests + dropped, REQUESTS);
    // And now that there is room again, the next line is written.
    connection.plain();
    while !line.contains("GET /hello/plain") {
        line.clear();
        assert_ne!(log.read_line(&mut line).unwrap(), 0, "the log ends");
    }
}

#[test]
fn the_last_lines_are_written_before_the_program_ends() {
    let file = DatabaseFile::new();
    // With a template that cannot be parsed there is no site.
    fs::write(file.folder().join("settings.toml"), "").unwrap();
    fs::create_dir(file.folder().join("templates")).unwrap();
    fs::write(file.folder().join("templates/plain.html"), "{{").unwrap();
    for _ in 0..5 {
        let mut command = runserver(&file.path());
        command.current_dir(file.folder()).env("RUST_LOG", "info").stdin(Stdio::null());
        let ended = command.output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(said.contains(" INFO ") && said.contains("Error: a template cannot be used"), "{said}");
    }
}
