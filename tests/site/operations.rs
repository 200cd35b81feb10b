//! `clearsessions`, `sessions` and `check`, as they are typed.

use std::process::Output;
use std::sync::Arc;

use assert_cmd::Command;
use chrono::TimeDelta;
use diesel::prelude::*;
use sessionid::clock::Clock;
use sessionid::db::{Database, DatabaseOptions};
use sessionid::sessions::{DbBackend, SessionCodec, SessionData, SessionStore, Storage};

use crate::support::TestDatabase;

const KEY: &str = "abcdefghijklmnopqrstuvwxyz012345";
const SECRET_KEY: &str = "a key for the tests";

/// A folder with a database, and `manage` on it.
struct Site(TestDatabase);

impl Site {
    fn new() -> Self {
        let site = Self(TestDatabase::new());
        assert!(site.run(&["migrate"]).status.success());
        site
    }

    fn manage(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_manage"));
        command
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("DATABASE_URL", self.0.url())
            .env("SECRET_KEY", SECRET_KEY)
            .env("RUST_LOG", "error")
            .timeout(std::time::Duration::from_secs(60));
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.manage().args(arguments).output().unwrap()
    }

    /// What a command prints when all goes well.
    fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// Leaves the database's file to its owner.
    fn close(&self) {
        use std::os::unix::fs::PermissionsExt as _;

        if let Some(file) = self.0.file() {
            std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    fn execute(&self, sql: &str) {
        self.0.execute(sql);
    }

    /// A row that ends so many days from now.
    fn row(&self, key: &str, payload: &str, days: i64) {
        let end = Clock::System.now() + TimeDelta::days(days);
        self.0.write(key, payload, &end.format("%Y-%m-%d %H:%M:%S%.6f").to_string());
    }
}

fn payload(secret_key: &str, json: &str) -> String {
    let data = SessionData::from_json(json.as_bytes()).unwrap();
    SessionCodec::new(secret_key, &[]).encode(&data, "2026-11-22T18:24:10Z".parse().unwrap())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// One line on standard error and a failing exit code.
fn refused(output: &Output, part: &str) {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    assert!(said.contains(part), "{part:?} in {said:?}");
}

#[test]
fn list_shows_the_latest_expiry_first_and_plainly_in_a_pipe() {
    let site = Site::new();
    assert_eq!(site.says(&["sessions", "list"]), "0 of 0 sessions\n");
    site.row("live-one", "x", 1);
    site.row("expired-one", "xy", -1);
    site.row("live-longer", "xyz", 2);
    let shown = site.says(&["sessions", "list"]);
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines.len(), 5, "{shown}");
    let first_words: Vec<_> = lines.iter().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(first_words, ["session_key", "live-longer", "live-one", "expired-one", "3"]);
    assert!(
        lines[1].contains("1 d 23 h") && lines[1].contains("3 B") && lines[1].contains("live"),
        "{shown}"
    );
    assert!(lines[3].contains("1 d ago") && lines[3].ends_with("expired"), "{shown}");
    assert!(shown.is_ascii(), "no frames in a pipe: {shown}");
}

#[test]
fn list_has_pages_and_json() {
    let site = Site::new();
    for day in 1..=5 {
        site.row(&format!("session-{day}"), "x", day);
    }
    let page = site.says(&["sessions", "list", "--limit", "2", "--page", "2"]);
    assert!(
        page.contains("session-3") && page.contains("session-2") && !page.contains("session-1"),
        "{page}"
    );
    assert!(page.ends_with("2 of 5 sessions; see --page 3 or a larger --limit\n"), "{page}");
    let json: serde_json::Value =
        serde_json::from_str(&site.says(&["sessions", "list", "--json", "--limit", "1"])).unwrap();
    assert_eq!(json[0]["session_key"], "session-5");
    assert_eq!((&json[0]["live"], &json[0]["size"]), (&true.into(), &1.into()));
    assert!(json[0]["seconds_left"].as_i64().unwrap() > 4 * 86_400);
}

#[test]
fn show_tells_data_expiry_and_who_signed_it() {
    let site = Site::new();
    site.row(KEY, &payload(SECRET_KEY, r#"{"counter":3,"name":"J\u00fcrgen"}"#), 1);
    let shown = site.says(&["sessions", "show", KEY]);
    for part in [
        KEY,
        "live",
        "valid, made by SECRET_KEY at 2026-11-22 18:24:10 UTC",
        r#"{"counter":3,"name":"J\u00fcrgen"}"#,
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
}

/// Django's "Using sessions out of views": saved here, read by its key in another process.
#[actix_web::test]
async fn a_session_saved_out_of_views_is_read_by_another_process() {
    let site = Site::new();
    let url = site.0.url().parse().unwrap();
    let database = Database::open_existing(&url, DatabaseOptions::default()).unwrap();
    let storage = Storage::new(DbBackend::new(database), SessionCodec::new(SECRET_KEY, &[]));
    let mut session = SessionStore::new(None, storage, Arc::default(), Clock::System);
    session.insert("last_login", &1_376_587_691).unwrap();
    session.create().await.unwrap();
    let key = session.session_key().unwrap().to_string();
    assert!(site.says(&["sessions", "show", &key]).contains(r#"{"last_login":1376587691}"#));
    site.says(&["sessions", "delete", &key]);
    assert!(!session.exists(session.session_key().unwrap()).await.unwrap());
}

#[test]
fn show_names_the_fallback_key_and_a_forged_or_unreadable_payload() {
    let site = Site::new();
    site.row("signed-by-the-older-key", &payload("older", "{}"), 1);
    site.row("forged-forged", &payload("another's", "{}"), -1);
    let output = site
        .manage()
        .env("SECRET_KEY_FALLBACKS", "old,older")
        .args(["sessions", "show", "signed-by-the-older-key"])
        .output()
        .unwrap();
    assert!(
        text(&output.stdout).contains("valid, made by SECRET_KEY_FALLBACKS[1]"),
        "{}",
        text(&output.stdout)
    );
    let forged = site.says(&["sessions", "show", "forged-forged"]);
    assert!(
        forged.contains("not valid: the signature does not match") && forged.contains("ago, expired"),
        "{forged}"
    );
}

#[test]
fn delete_deletes_once() {
    let site = Site::new();
    site.row(KEY, "x", 1);
    assert_eq!(site.says(&["sessions", "delete", KEY]), format!("Deleted session {KEY}.\n"));
    refused(&site.run(&["sessions", "delete", KEY]), "no session has the key");
}

#[test]
fn a_strange_key_is_a_key_that_nobody_has() {
    let site = Site::new();
    site.row(KEY, "x", 1);
    for key in ["x'; DROP TABLE django_session; --", "\u{1b}[2J\n", "%", "", "ключ\u{202e}"] {
        for verb in ["show", "delete"] {
            let output = site.run(&["sessions", verb, "--", key]);
            refused(&output, "no session has the key");
            assert!(!text(&output.stderr).contains(['\u{1b}', '\u{202e}']));
        }
    }
    assert!(site.says(&["sessions", "list"]).contains(KEY));
}

#[test]
fn clearsessions_deletes_what_has_expired_and_counts_it() {
    let site = Site::new();
    site.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1234) INSERT INTO django_session SELECT 'expired-' || i, 'x', '2020-01-01 00:00:00' FROM n");
    site.row(KEY, "x", 1);
    assert_eq!(site.says(&["clearsessions"]), "Deleted 1234 expired sessions.\n");
    assert_eq!(site.says(&["clearsessions"]), "Deleted 0 expired sessions.\n");
    assert!(site.says(&["sessions", "list"]).contains(KEY));
}

#[test]
fn a_closed_pipe_is_no_error() {
    let site = Site::new();
    site.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO django_session SELECT 'session-' || i, 'x', '2050-01-01 00:00:00' FROM n");
    let script = r#"{ "$0" sessions list --limit 20000; echo "exit code $?" >&2; } | head -n 1"#;
    let output = std::process::Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_manage")])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("DATABASE_URL", site.0.url())
        .output()
        .unwrap();
    assert_eq!(text(&output.stderr), "exit code 0\n");
    assert!(text(&output.stdout).starts_with("session_key"));
}

#[test]
fn ctrl_c_in_the_middle_of_clearing_leaves_nothing_half_done() {
    let site = Site::new();
    site.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400000) INSERT INTO django_session SELECT 'expired-' || i, 'x', '2020-01-01 00:00:00' FROM n");
    // The signal is sent once the first batches are gone.
    let script = r#""$0" clearsessions & pid=$!
        while "$0" sessions list --limit 1 | grep -q "of 400000 sessions"; do :; done
        kill -INT $pid; wait $pid; echo "exit code $?""#;
    let output = std::process::Command::new("bash")
        .args(["-c", script, env!("CARGO_BIN_EXE_manage")])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("DATABASE_URL", site.0.url())
        .output()
        .unwrap();
    let said = text(&output.stderr);
    assert_eq!(text(&output.stdout), "exit code 130\n", "{said}");
    assert!(said.contains("Error: interrupted; ") && said.trim_end().lines().count() == 1, "{said}");
    assert!(site.says(&["clearsessions"]).starts_with("Deleted "));
    assert_eq!(site.says(&["sessions", "list"]), "0 of 0 sessions\n");
}

#[test]
fn a_database_that_cannot_be_used_is_said_in_one_line() {
    let commands: [&[&str]; 4] =
        [&["clearsessions"], &["sessions", "list"], &["sessions", "show", KEY], &["sessions", "delete", KEY]];
    for arguments in commands {
        let missing = Site(TestDatabase::file_of_its_own());
        refused(&missing.run(arguments), "there is no database");
        assert!(!missing.0.file().unwrap().exists(), "nothing was created");
        let empty = Site(TestDatabase::new());
        empty.execute("CREATE TABLE something_else (x integer)");
        refused(&empty.run(arguments), "has no table django_session");
        let other = Site(TestDatabase::new());
        other.execute("CREATE TABLE django_session (id integer, value integer)");
        refused(&other.run(arguments), "has no table django_session");
        let newer = Site::new();
        newer.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')");
        refused(&newer.run(arguments), "was migrated by a newer version of this program (9999)");
    }
    let newer = Site::new();
    newer.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')");
    refused(&newer.run(&["runserver", "0"]), "newer version");
    refused(&newer.run(&["migrate"]), "newer version");
}

#[test]
fn a_locked_database_is_said_in_one_line_and_can_still_be_read() {
    let site = Site(TestDatabase::file_of_its_own());
    site.says(&["migrate"]);
    site.row(KEY, "x", -1);
    let mut lock = SqliteConnection::establish(site.0.file().unwrap().to_str().unwrap()).unwrap();
    diesel::sql_query("BEGIN IMMEDIATE").execute(&mut lock).unwrap();
    refused(&site.run(&["clearsessions"]), "database is locked");
    refused(&site.run(&["sessions", "delete", KEY]), "database is locked");
    assert!(site.says(&["sessions", "list"]).contains(KEY));
}

#[test]
fn check_finds_nothing_where_nothing_is_wrong() {
    let site = Site::new();
    site.close();
    let mut command = site.manage();
    command
        .env("DEBUG", "false")
        .env("ALLOWED_HOSTS", "a.example")
        .env("SESSION_COOKIE_SECURE", "true")
        .env("SESSION_COOKIE_NAME", "__Host-sessionid")
        .env("SECRET_KEY", "k9$Lq-0z!mW7xP2v_RtY8bNc4HdSf6GjKuEoAiQw1XyZ3TrVe5");
    let output = command.args(["check", "--deploy", "--fail-level", "WARNING"]).output().unwrap();
    let shown = text(&output.stdout);
    assert!(
        shown.contains("\nINFOS:\n?: (sessionid.I003) HSTS"),
        "what a proxy does cannot be seen: {shown}"
    );
    assert!(shown.ends_with("\nSystem check identified 1 issue (0 silenced).\n"), "{shown}");
    assert_eq!(output.status.code(), Some(0));
    let output =
        site.manage().args(["check", "--fail-level", "WARNING"]).env("SESSION_COOKIE_NAME", "id").output();
    assert_eq!(text(&output.unwrap().stdout), "System check identified no issues (0 silenced).\n");
}

#[test]
fn check_deploy_advises_a_prefix_where_the_cookie_can_have_one() {
    let site = Site::new();
    for (domain, path, advised) in
        [("", "/", "'__Host-'"), ("a.example", "/", "'__Secure-'"), ("", "/hello", "'__Secure-'")]
    {
        let mut command = site.manage();
        command.env("SESSION_COOKIE_SECURE", "true").env("SESSION_COOKIE_DOMAIN", domain);
        let output = command.env("SESSION_COOKIE_PATH", path).args(["check", "--deploy"]).output().unwrap();
        let shown = text(&output.stdout);
        assert!(
            shown.contains(&format!("(sessionid.I002) SESSION_COOKIE_NAME could begin with {advised}")),
            "{shown}"
        );
    }
}

#[test]
fn check_deploy_warns_of_files_that_every_user_can_open() {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    let (site, folder) = (Site(TestDatabase::file_of_its_own()), tempfile::tempdir().unwrap());
    site.says(&["migrate"]);
    let database = site.0.file().unwrap();
    let settings = folder.path().join("settings.toml");
    let dotenv = folder.path().join(".env");
    fs::write(&dotenv, "SECRET_KEY=anything").unwrap();
    for (content, holds_a_secret) in [("DEBUG = true", false), ("DEBUG = true\n SECRET_KEY = 'mine'", true)] {
        fs::write(&settings, content).unwrap();
        for (mode, open) in [(0o600, false), (0o640, false), (0o604, true), (0o602, true), (0o644, true)] {
            for file in [&dotenv, &settings, &database] {
                fs::set_permissions(file, Permissions::from_mode(mode)).unwrap();
            }
            let shown = site.says(&["check", "--deploy", "--settings", settings.to_str().unwrap()]);
            let named = |file: &std::path::Path| {
                shown.contains(&format!("(sessionid.W006) {} is open", file.display()))
            };
            assert_eq!(
                (named(&dotenv), named(&settings), named(&database)),
                (open, open && holds_a_secret, open),
                "{mode:o} {shown}"
            );
        }
    }
}

#[test]
fn check_deploy_warns_under_djangos_ids() {
    let site = Site::new();
    site.close();
    let mut command = site.manage();
    command
        .env("SESSION_COOKIE_HTTPONLY", "0")
        .env("SECRET_KEY_FALLBACKS", "short")
        .env("SESSION_COOKIE_SAMESITE", "false");
    let output = command.args(["check", "--deploy"]).output().unwrap();
    let shown = text(&output.stdout);
    for id in [
        "security.W009",
        "security.W025",
        "security.W012",
        "security.W015",
        "security.W018",
        "security.W020",
        "sessionid.W005",
        "sessionid.I001",
    ] {
        assert!(shown.contains(&format!("?: ({id}) ")), "{id} in {shown}");
    }
    assert!(shown.contains("SECRET_KEY_FALLBACKS[0]") && shown.contains("identified 9 issues"), "{shown}");
    assert!(!shown.contains(SECRET_KEY), "keys are secret");
    assert_eq!(output.status.code(), Some(0), "warnings fail only with --fail-level WARNING, as in Django");
    refused(&site.run(&["check", "--deploy", "--fail-level", "WARNING"]), "count as failures");
}

#[test]
fn check_warns_of_cookies_that_a_browser_refuses() {
    let site = Site::new();
    for (environment, id) in [
        (vec![("SESSION_COOKIE_SECURE", "true")], "sessionid.W001"),
        (vec![("SESSION_COOKIE_SAMESITE", "None")], "sessionid.W002"),
        (vec![("SESSION_COOKIE_NAME", "__Host-id")], "sessionid.W003"),
        (vec![("SESSION_COOKIE_NAME", "__Secure-id")], "sessionid.W004"),
        (vec![("SESSION_COOKIE_NAME", "__HOST-id")], "sessionid.W003"),
        (vec![("SESSION_COOKIE_NAME", "__secure-id")], "sessionid.W004"),
    ] {
        let output =
            site.manage().envs(environment).args(["check", "--fail-level", "WARNING"]).output().unwrap();
        assert!(text(&output.stdout).contains(id), "{id}");
        assert_eq!(output.status.code(), Some(1), "{id}");
    }
}
