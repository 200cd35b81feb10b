//! At the start, the newest sessions are another program's: its SECRET_KEY is not known here.

use sessionid::clock::Clock;
use sessionid::signing::{TimestampSigner, dumps};

use crate::client::Visitor;
use crate::database::{DatabaseFile, quoted};
use crate::server::{SECRET_KEY, Server, manage, runserver};

const SALT: &str = "django.contrib.sessions.SessionStore";
const WARNING: &str = "newest live sessions is signed by SECRET_KEY";
const FUTURE: &str = "'2999-12-31 00:00:00'";
const PAST: &str = "'2020-01-01 00:00:00'";

/// What a start on these rows logs, each with its key and its end.
fn warnings(rows: &[(&str, &str)], fallbacks: &str, expected: bool) -> Vec<String> {
    let file = DatabaseFile::new();
    manage(&["migrate"], &file.path());
    for (number, (secret, end)) in rows.iter().enumerate() {
        let payload = dumps(&TimestampSigner::new(secret, &[], SALT), b"{}", Clock::System.now());
        file.put(&format!("{number:032}"), &quoted(&payload), end);
    }
    let mut command = runserver(&file.path());
    command.env("SECRET_KEY_FALLBACKS", fallbacks);
    let server = Server::start(command);
    // The rows were asked for before the first visit, which has to wait for a commit.
    Visitor::new(&server).visit();
    if expected {
        server.logs(WARNING);
    }
    server.signal("TERM");
    server.wait().log().lines().filter(|line| line.contains("WARN")).map(str::to_owned).collect()
}

#[test]
fn rows_that_no_known_key_has_signed_are_told_of_in_one_line() {
    let told = warnings(
        &[("a key of another program", FUTURE), ("one more key", FUTURE), (SECRET_KEY, PAST)],
        "",
        true,
    );
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("none of the 2 ") && told[0].contains(WARNING), "{told:?}");
    assert!(told[0].contains("check SECRET_KEY"), "{told:?}");
}

#[test]
fn nothing_is_told_of_an_empty_table_of_known_keys_and_of_sessions_that_have_ended() {
    assert_eq!(warnings(&[], "", false), [""; 0]);
    assert_eq!(warnings(&[("a key of another program", FUTURE), (SECRET_KEY, FUTURE)], "", false), [""; 0]);
    assert_eq!(warnings(&[("a key of another program", FUTURE)], "a key of another program", false), [""; 0]);
    assert_eq!(warnings(&[("a key of another program", PAST)], "", false), [""; 0]);
}
