//! Somebody else's database: looked into, and changed only with `--write`.

use std::path::PathBuf;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use tempfile::TempDir;

use crate::server::Server;

const KEY: &str = "abcdefghijklmnopqrstuvwxyz012345";
const SECRET: &str = "SECRET_KEY=the application's own key";

/// A file as a Django has left it: no WAL, one session that was signed elsewhere.
struct Application(TempDir);

impl Application {
    fn new() -> Self {
        let application = Self(tempfile::tempdir().unwrap());
        let mut conn = SqliteConnection::establish(application.file().to_str().unwrap()).unwrap();
        conn.batch_execute(&format!(
            "CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, session_data text NOT NULL, \
             expire_date datetime NOT NULL); \
             CREATE INDEX django_session_expire_date_a5c62663 ON django_session (expire_date); \
             INSERT INTO django_session VALUES ('{KEY}', 'of-another-key:1:x', '2040-01-01 00:00:00');"
        ))
        .unwrap();
        application
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("app.sqlite3")
    }

    fn url(&self) -> String {
        format!("sqlite://{}", self.file().display())
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.file()).unwrap()
    }

    /// Neither the file nor one beside it is another.
    fn is_untouched(&self, before: &[u8]) -> bool {
        self.bytes() == before && std::fs::read_dir(self.0.path()).unwrap().count() == 1
    }
}

#[test]
fn a_database_that_is_looked_into_stays_as_it_is_to_the_byte() {
    let application = Application::new();
    let before = application.bytes();
    let mut server = Server::in_2030(&["--database", &application.url(), "--set", SECRET]);
    let row = server.below_clock("GET", &format!("/sessions/{KEY}"), "").json();
    assert_eq!(row["expire_date"], "2040-01-01T00:00:00.000000Z");
    assert_eq!((&row["live"], row["data"].is_null()), (&true.into(), true));
    assert!(row["problem"].as_str().unwrap().contains("signature"), "{row}");
    for (method, path) in [
        ("PUT", format!("/sessions/{KEY}")),
        ("DELETE", format!("/sessions/{KEY}")),
        ("DELETE", "/sessions".to_owned()),
        ("POST", "/clearsessions".to_owned()),
    ] {
        let answer = server.below_clock(method, &path, r#"{"data": {}}"#);
        assert_eq!(answer.status, 403, "{method} {path}");
        assert!(answer.error().contains("start it with --write"), "{}", answer.body);
    }
    let saving = server.get("/hello/world", "");
    assert_eq!((saving.status, saving.header("Set-Cookie")), (503, None));
    assert_eq!(server.get("/hello/world2", "").counter(), "0", "reading needs no --write");
    assert!(application.is_untouched(&before));
    drop(server.stdin.take());
    assert!(server.ended().0.success());
    assert!(application.is_untouched(&before));
}

#[test]
fn with_write_it_is_changed() {
    let application = Application::new();
    let server = Server::in_2030(&["--database", &application.url(), "--write", "--set", SECRET]);
    let put = server.below_clock("PUT", &format!("/sessions/{KEY}"), r#"{"data": {"counter": 3}}"#);
    assert_eq!(put.json()["data"]["counter"], 3);
    assert_eq!(server.get("/hello/world", KEY).counter(), "3");
    drop(server);
    let reader = Server::in_2030(&["--database", &application.url(), "--set", SECRET]);
    assert_eq!(reader.below_clock("GET", "/sessions", "").json()[0]["data"]["counter"], 4);
}

#[test]
fn what_others_store_meanwhile_is_seen() {
    let application = Application::new();
    let writer = Server::in_2030(&["--database", &application.url(), "--write", "--set", SECRET]);
    let reader = Server::in_2030(&["--database", &application.url(), "--set", SECRET]);
    for counter in ["0", "1", "2"] {
        assert_eq!(reader.get("/hello/world2", KEY).counter(), counter);
        let next = counter.parse::<u8>().unwrap() + 1;
        let body = format!(r#"{{"data": {{"counter": {next}}}}}"#);
        assert_eq!(writer.below_clock("PUT", &format!("/sessions/{KEY}"), &body).status, 200);
    }
}

#[test]
fn a_relative_path_is_the_shells() {
    let application = Application::new();
    let mut command = crate::server::command(&["--database", "sqlite://app.sqlite3", "--set", SECRET]);
    let server = Server::spawn(command.current_dir(application.0.path()));
    assert!(server.text("database").ends_with("/app.sqlite3"));
    assert_eq!(server.below_clock("GET", "/sessions", "").json().as_array().unwrap().len(), 1);
}

#[test]
fn a_database_without_the_table_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("empty.sqlite3");
    std::fs::write(&file, "").unwrap();
    let url = format!("sqlite://{}", file.display());
    let output = crate::server::command(&["--database", &url, "--set", SECRET]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(1) && said.starts_with("Error: ") && said.contains("migrate"),
        "{said}"
    );
    assert_eq!(std::fs::read(&file).unwrap(), b"");
}
