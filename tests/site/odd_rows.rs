//! Rows of another program, with a date that is not in Django's form or a key that is not UTF-8: told as they are, and none
//! in the way of the others. Only SQLite holds most of them.

use assert_cmd::Command;
use serde_json::Value;

use crate::support::TestDatabase;
use crate::world::World;

/// Dates as an SQL expression, what is shown, and whether Django's comparison of texts takes the session for one that has expired.
const DATES: [(&str, &str, bool); 12] = [
    ("'2030-01-01T00:00:00'", "2030-01-01T00:00:00", false),
    ("'2030-01-01 00:00:00Z'", "2030-01-01 00:00:00Z", false),
    ("'2030-01-01 00:00:00+02:00'", "2030-01-01 00:00:00+02:00", false),
    ("'2030-01-01 00:00'", "2030-01-01 00:00", false),
    ("'2030-01-01'", "2030-01-01", false),
    ("'2020-01-01T00:00:00Z'", "2020-01-01T00:00:00Z", true),
    ("'infinity'", "infinity", false),
    ("''", "", true),
    ("1893456000", "1893456000", true),
    ("2461041.5", "2461041.5", true),
    ("x'fffe'", "\u{fffd}\u{fffd}", false),
    ("NULL", "NULL", false),
];
const KEYS: [&str; 4] = ["CAST(x'6162ff6364' AS TEXT)", "x'ff00fe'", "NULL", "''"];
const PAST: &str = "'2020-01-01 00:00:00'";
const FUTURE: &str = "'2999-12-31 00:00:00'";

fn manage(database: &TestDatabase, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_manage"));
    let command = command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("DATABASE_URL", database.url())
        .env("RUST_LOG", "error")
        .timeout(std::time::Duration::from_secs(60));
    let output = command.args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A table that allows everything, as one that Django has not made.
fn loose_table(database: &TestDatabase) {
    manage(database, &["migrate"]);
    database.execute(
        "DROP TABLE django_session; \
         CREATE TABLE django_session (session_key varchar(40) PRIMARY KEY, session_data text, expire_date datetime)",
    );
}

fn put(database: &TestDatabase, key: &str, date: &str) {
    database.execute(&format!("INSERT INTO django_session VALUES ({key}, 'data', {date})"));
}

fn key(case: usize) -> String {
    format!("{case:032}")
}

#[test]
fn a_date_that_is_not_in_djangos_form_is_shown_as_it_is() {
    let database = TestDatabase::file_of_its_own();
    loose_table(&database);
    for (case, (date, ..)) in DATES.into_iter().enumerate() {
        put(&database, &quoted(&key(case)), date);
    }
    put(&database, "'a good one'", FUTURE);
    let listed = manage(&database, &["sessions", "list"]);
    let json: Vec<Value> = serde_json::from_str(&manage(&database, &["sessions", "list", "--json"])).unwrap();
    assert_eq!(json.len(), DATES.len() + 1);
    for (case, (date, shown, _)) in DATES.into_iter().enumerate() {
        let line = listed.lines().find(|line| line.starts_with(&key(case))).expect("a line");
        assert!(line.contains(shown) && line.ends_with("odd"), "{date}: {line}");
        let row = json.iter().find(|row| row["session_key"] == key(case)).expect("an object");
        assert_eq!((&row["odd_expire_date"], &row["live"]), (&Value::from(shown), &Value::Null), "{row}");
        assert!(row["expire_date"].is_null() && row["seconds_left"].is_null(), "{row}");
        let one = manage(&database, &["sessions", "show", &key(case)]);
        assert!(one.contains(&format!("{shown} (no date in Django's form)")), "{one}");
    }
    let good = listed.lines().find(|line| line.starts_with("a good one")).expect("a line");
    assert!(good.contains("2999-12-31 00:00:00") && good.ends_with("live"), "{good}");
}

#[test]
fn clearsessions_deletes_what_djangos_comparison_takes_for_expired_and_leaves_the_rest() {
    let database = TestDatabase::file_of_its_own();
    loose_table(&database);
    // More than one batch of them, so that whoever is not deleted would come again.
    for case in 0..60 {
        put(&database, &format!("CAST(x'ff{case:02x}' AS TEXT)"), PAST);
        put(&database, &format!("x'fe{case:02x}'"), PAST);
        put(&database, "NULL", PAST);
    }
    for (case, (date, ..)) in DATES.into_iter().enumerate() {
        put(&database, &quoted(&key(case)), date);
    }
    for key in KEYS {
        put(&database, key, FUTURE);
    }
    let expired = 180 + DATES.iter().filter(|(.., expired)| *expired).count();
    assert_eq!(manage(&database, &["clearsessions"]), format!("Deleted {expired} expired sessions.\n"));
    assert_eq!(manage(&database, &["clearsessions"]), "Deleted 0 expired sessions.\n");
    let left = DATES.len() + KEYS.len() + 180 - expired;
    let listed = manage(&database, &["sessions", "list"]);
    assert!(listed.contains(&format!("{left} of {left} sessions")), "{listed}");
}

#[test]
fn a_key_that_is_not_utf_8_is_listed_as_such() {
    let database = TestDatabase::file_of_its_own();
    loose_table(&database);
    for key in KEYS {
        put(&database, key, FUTURE);
    }
    put(&database, "'a good one'", FUTURE);
    let listed = manage(&database, &["sessions", "list"]);
    assert!(listed.contains("ab\u{fffd}cd"), "{listed}");
    assert!(listed.contains("5 of 5 sessions"), "{listed}");
    let json: Vec<Value> = serde_json::from_str(&manage(&database, &["sessions", "list", "--json"])).unwrap();
    let odd = |key: &str| {
        let row = json.iter().find(|row| row["session_key"] == key).expect("an object");
        row["odd_session_key"].clone()
    };
    assert_eq!(odd("ab\u{fffd}cd"), "not UTF-8");
    assert_eq!(odd("\u{fffd}\0\u{fffd}"), "not UTF-8");
    assert_eq!(odd(""), "empty or NULL");
    assert_eq!(odd("a good one"), Value::Null);
    let one = manage(&database, &["sessions", "show", "ab\u{fffd}cd"]);
    assert!(one.contains("ab\u{fffd}cd (not UTF-8)") && one.contains("2999-12-31"), "{one}");
}

/// PostgreSQL has an end of all days; in SQLite it is a text.
#[test]
fn infinity_is_listed_and_stays() {
    let database = TestDatabase::new();
    manage(&database, &["migrate"]);
    put(&database, "'endless'", "'infinity'");
    put(&database, "'ended'", PAST);
    assert_eq!(manage(&database, &["clearsessions"]), "Deleted 1 expired session.\n");
    let listed = manage(&database, &["sessions", "list"]);
    assert!(listed.contains("endless") && listed.contains("infinity"), "{listed}");
    let shown = manage(&database, &["sessions", "show", "endless"]);
    assert!(shown.contains("infinity (no date in Django's form)"), "{shown}");
}

#[actix_web::test]
async fn the_lab_lists_odd_rows_beside_the_others() {
    let mut world = World::start_with_a_file();
    world.get("/hello/world").await;
    world.execute("INSERT INTO django_session VALUES (CAST(x'6162ff' AS TEXT), '', '2999-12-31T00:00:00')");
    let page = world.get("/lab/rows").await;
    assert_eq!(page.status, 200);
    let page = page.body;
    for shown in ["ab\u{fffd}", "2999-12-31T00:00:00", "no date in Django’s form", "● live"] {
        assert!(page.contains(shown), "{shown} in {page}");
    }
}

fn quoted(text: &str) -> String {
    format!("'{text}'")
}
