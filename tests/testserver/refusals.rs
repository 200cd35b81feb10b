//! What cannot be done is a 4xx in JSON that says what is allowed, and the server goes on.

use std::process::Stdio;

use crate::server::{Answer, Server};

/// The clock stands where it stood.
fn goes_on(server: &Server) {
    let shown = server.below_clock("GET", "", "").json();
    assert_eq!(shown["now"], "2030-01-01T00:00:00.000000Z");
}

fn assert_refused(answer: &Answer, status: u16, allowed: &str) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(answer.header("Content-Type"), Some("application/json"), "{}", answer.body);
    assert!(answer.error().contains(allowed), "{:?} has no {allowed:?}", answer.error());
}

#[test]
fn a_clock_request_that_is_none_moves_nothing() {
    let server = Server::in_2030(&[]);
    for (body, allowed) in [
        ("", "allowed is one or more of"),
        ("x", "allowed is one or more of"),
        ("null", "allowed is one or more of"),
        ("{}", "allowed is one or more of"),
        ("[null, null, 5, null]", "allowed is one or more of"),
        (r#"{"advance": "5"}"#, "allowed is one or more of"),
        (r#"{"advance": 1e400}"#, "allowed is one or more of"),
        (r#"{"reset": false}"#, r#"{"reset": true}"#),
        (r#"{"forward": 5}"#, "unknown field `forward`"),
        (r#"{"advance": 5, "sideways": 1}"#, "unknown field `sideways`"),
        (r#"{"advance": -1}"#, r#"to go back, "set" the time"#),
        (r#"{"advance": 1000000000000}"#, "as far as the year 9899"),
        (r#"{"advance": 1e300}"#, "as far as the year 9899"),
        (r#"{"set": "2030-01-01"}"#, "such as 2030-01-01T00:00:00Z"),
        (r#"{"set": "2030-01-01T00:00:00"}"#, "such as 2030-01-01T00:00:00Z"),
        (r#"{"set": "2016-12-31T23:59:60Z"}"#, "such as 2030-01-01T00:00:00Z"),
        (r#"{"set": "1969-12-31T23:59:59Z"}"#, "from the year 1970 to 9899"),
        (r#"{"set": "9999-01-01T00:00:00Z"}"#, "from the year 1970 to 9899"),
        (r#"{"set": "9899-12-31T23:59:59Z", "advance": 1}"#, "as far as the year 9899"),
    ] {
        assert_refused(&server.clock(body), 400, allowed);
        goes_on(&server);
    }
}

#[test]
fn a_session_that_is_none_is_not_put() {
    let server = Server::in_2030(&[]);
    let long = "x".repeat(41);
    for (key, body, allowed) in [
        ("short", r#"{"data": {}}"#, "8 to 40 characters"),
        (&long, r#"{"data": {}}"#, "8 to 40 characters"),
        ("a-good-key", "", r#"allowed is {"data": {"#),
        ("a-good-key", "{}", r#"allowed is {"data": {"#),
        ("a-good-key", r#"{"data": [1]}"#, "a JSON object"),
        ("a-good-key", r#"{"data": {}, "ends": 5}"#, "unknown field `ends`"),
        ("a-good-key", r#"{"data": {}, "expire_in": 1000000000000}"#, "in the years 1 to 9999"),
        ("a-good-key", r#"{"data": {}, "expire_date": "tomorrow"}"#, "such as 2030-01-01T00:00:00Z"),
        ("a-good-key", r#"{"data": {}, "expire_in": 5, "expire_date": "2030-01-01T00:00:00Z"}"#, "either"),
    ] {
        assert_refused(&server.below_clock("PUT", &format!("/sessions/{key}"), body), 400, allowed);
    }
    assert_eq!(server.below_clock("GET", "/sessions", "").body, "[]");
    assert_refused(&server.below_clock("GET", "/sessions/a-good-key", ""), 404, "no session has this key");
    assert_refused(&server.below_clock("GET", "/sessions?offset=x", ""), 400, "invalid digit");
}

#[test]
fn other_hosts_and_origins_are_refused() {
    let server = Server::in_2030(&[]);
    let advance = r#"{"advance": 5}"#;
    let foreign = server.request("POST", &server.clock_path(""), &[("Host", "evil.example")], advance);
    assert_eq!(foreign.status, 400);
    assert!(foreign.body.contains("ALLOWED_HOSTS"), "{}", foreign.body);
    goes_on(&server);
    for header in [("Origin", "http://evil.example"), ("Origin", "null"), ("Sec-Fetch-Site", "cross-site")] {
        for (method, path) in
            [("POST", ""), ("DELETE", ""), ("DELETE", "/sessions"), ("PUT", "/sessions/a-good-key")]
        {
            let answer = server.request(method, &server.clock_path(path), &[header], advance);
            assert_refused(&answer, 403, "another origin");
        }
        assert_eq!(server.request("POST", "/script", &[header], "[]").status, 403);
        goes_on(&server);
    }
}

#[test]
fn other_methods_and_addresses_are_refused() {
    let server = Server::in_2030(&[]);
    for (method, path, allowed) in [
        ("PATCH", "", "GET, HEAD, POST, DELETE"),
        ("PUT", "/sessions", "GET, DELETE"),
        ("POST", "/sessions/a-good-key", "GET, PUT, DELETE"),
        ("GET", "/clearsessions", "POST"),
    ] {
        let answer = server.below_clock(method, path, "");
        assert_refused(&answer, 405, allowed);
        assert_eq!(answer.header("Allow"), Some(allowed));
    }
    assert_refused(&server.below_clock("GET", "/nothing", ""), 404, "PUT of /sessions/KEY");
}

#[test]
fn a_script_that_is_none_says_why() {
    let server = Server::in_2030(&[]);
    for script in ["", "{}", r#"[["fly"]]"#, r#"[["get"]]"#, "[[]]"] {
        assert_refused(&server.request("POST", "/script", &[], script), 400, "");
    }
    assert_eq!(server.request("POST", "/script", &[], r#"[["get", "a"]]"#).status, 200);
}

#[test]
fn a_body_without_end_is_refused() {
    let server = Server::in_2030(&[]);
    let answer = server.request("POST", &server.clock_path(""), &[], &" ".repeat(9 << 20 | 1));
    assert_eq!(answer.status, 413);
    goes_on(&server);
}

#[test]
fn without_testserver_none_of_these_urls_exist() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}", folder.path().join("db.sqlite3").display());
    for (debug, hosts) in [("true", ""), ("false", "127.0.0.1")] {
        let site = Runserver::start(&database, debug, hosts);
        for (method, path) in [
            ("GET", "/_testserver/clock"),
            ("POST", "/_testserver/clock"),
            ("DELETE", "/_testserver/clock"),
            ("GET", "/_testserver/clock/sessions"),
            ("DELETE", "/_testserver/clock/sessions"),
            ("POST", "/_testserver/clock/clearsessions"),
            ("PUT", "/_testserver/clock/sessions/a-good-key"),
            ("POST", "/script"),
        ] {
            assert_eq!(site.status(method, path), 404, "{method} {path} with DEBUG={debug}");
        }
    }
}

/// `manage runserver`, until it is dropped.
struct Runserver(std::process::Child, String);

impl Runserver {
    fn start(database: &str, debug: &str, hosts: &str) -> Self {
        use std::io::BufRead as _;

        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_manage"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["runserver", "127.0.0.1:0"])
            .envs([("DATABASE_URL", database), ("DEBUG", debug), ("ALLOWED_HOSTS", hosts)])
            .envs([("SECRET_KEY", "a key of the tests' own"), ("RUST_LOG", "off")])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
        // All of its banner, since a server that cannot print it ends.
        let banner: Vec<_> = lines.map(Result::unwrap).take_while(|line| !line.starts_with("Quit")).collect();
        let line = banner.iter().find(|line| line.contains("http://")).unwrap();
        let url = line.split_once("http://").unwrap().1.trim_end_matches('/').to_owned();
        Self(child, url)
    }

    fn status(&self, method: &str, path: &str) -> u16 {
        use std::io::{Read as _, Write as _};

        let mut stream = std::net::TcpStream::connect(&self.1).unwrap();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close", self.1);
        stream.write_all(format!("{head}\r\nContent-Length: 0\r\n\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Runserver {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
