//! The process: its one line, its settings, its end.

use std::process::{Command, Stdio};

use crate::server::{Server, command};

#[test]
fn one_line_says_what_a_test_needs_and_nothing_follows_it() {
    let mut server = Server::start(&[]);
    assert!(server.text("url").starts_with("http://127.0.0.1:"));
    assert!(server.text("clock").starts_with(server.text("url")));
    assert_eq!(server.ready["pid"].to_string(), server.pid());
    assert!(server.folder().join("db.sqlite3").is_file());
    assert_eq!(server.ready.as_object().unwrap().len(), 4);
    server.get("/hello/world", "");
    server.clock("no JSON");
    drop(server.stdin.take());
    assert_eq!(server.ended().1, "");
}

#[test]
fn the_end_of_its_parent_is_its_own_and_leaves_no_folder() {
    let mut server = Server::start(&[]);
    let folder = server.folder();
    drop(server.stdin.take());
    assert!(server.ended().0.success());
    assert!(!folder.exists(), "{folder:?}");
}

#[test]
fn what_a_parent_writes_is_ignored() {
    use std::io::Write as _;

    let mut server = Server::start(&[]);
    server.stdin.as_mut().unwrap().write_all(b"quit\n\0").unwrap();
    assert_eq!(server.get("/hello/plain", "").status, 200);
}

#[test]
fn it_stays_without_its_parent_when_told_to() {
    let mut server = Server::start(&["--stay"]);
    drop(server.stdin.take());
    for _ in 0..20 {
        assert_eq!(server.get("/hello/plain", "").status, 200);
    }
    assert!(server.is_running());
    assert_eq!(server.below_clock("DELETE", "", "").status, 202);
    assert!(server.ended().0.success());
}

#[test]
fn sigterm_ends_it_and_leaves_no_folder() {
    let server = Server::start(&["--stay"]);
    let folder = server.folder();
    assert!(Command::new("kill").arg(server.pid()).status().unwrap().success());
    assert!(server.ended().0.success());
    assert!(!folder.exists(), "{folder:?}");
}

#[test]
fn deleting_its_clock_ends_it_and_leaves_no_folder() {
    let server = Server::start(&[]);
    let folder = server.folder();
    assert_eq!(server.below_clock("DELETE", "", "").body, r#"{"stopping":true}"#);
    assert!(server.ended().0.success());
    assert!(!folder.exists(), "{folder:?}");
}

#[test]
fn two_servers_know_nothing_of_each_other() {
    let (one, other) = (Server::in_2030(&[]), Server::in_2030(&[]));
    one.clock(r#"{"advance": 60}"#);
    let key = one.get("/hello/world", "").sessionid();
    assert_eq!(other.below_clock("GET", "", "").json()["now"], "2030-01-01T00:00:00.000000Z");
    assert_eq!(other.below_clock("GET", &format!("/sessions/{key}"), "").status, 404);
}

#[test]
fn settings_are_those_of_the_command_line_and_of_a_file_that_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("settings.toml"), "SESSION_COOKIE_NAME = 'by_file'").unwrap();
    std::fs::write(folder.path().join(".env"), "SESSION_COOKIE_AGE=7").unwrap();
    let cookie = |command: &mut Command| {
        let server = Server::spawn(command.current_dir(folder.path()).env("SESSION_COOKIE_AGE", "9"));
        server.get("/hello/world", "").header("Set-Cookie").unwrap().to_owned()
    };
    let bare = cookie(&mut command(&[]));
    assert!(bare.starts_with("sessionid=") && bare.contains("Max-Age=1209600"), "{bare}");
    let named = cookie(&mut command(&["--settings", "settings.toml", "--set", "SESSION_COOKIE_PATH=/hello"]));
    assert!(named.starts_with("by_file=") && named.contains("Max-Age=7; Path=/hello"), "{named}");
}

#[test]
fn a_command_line_that_cannot_be_is_refused_in_one_line() {
    let occupied = Server::start(&[]);
    let taken = occupied.text("url").strip_prefix("http://").unwrap().to_owned();
    for (arguments, reason) in [
        (&[taken.as_str()] as &[_], "that port is already in use"),
        (&["0.0.0.0:0"], "a test server listens to nobody else"),
        (&["[2001:db8::1]:0"], "a test server listens to nobody else"),
        (&["--engine", "redis"], "allowed is db"),
        (&["--age=-1"], "whole seconds from 0"),
        (&["--set", "SESSION_COKIE_AGE=1"], "did you mean SESSION_COOKIE_AGE?"),
        (&["--set", "DATABASE_URL=sqlite:///tmp/x"], "--database URL"),
        (&["--database", "sqlite:///no/such/db.sqlite3", "--set", "SECRET_KEY=x"], "there is no database"),
        (&["--database", "sqlite:///no/such/db.sqlite3"], "--set SECRET_KEY=KEY"),
        (&["--database", "mysql://x/y", "--set", "SECRET_KEY=x"], "DATABASE_URL"),
    ] {
        let output = command(arguments).stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.starts_with("Error: ") && said.contains(reason), "{arguments:?}: {said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
        assert!(output.stdout.is_empty());
    }
}
