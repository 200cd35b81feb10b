//! A database whose defaults are not what one expects.

use std::path::Path;
use std::process::Stdio;

use sessionid::clock::Clock;

use crate::client::Visitor;
use crate::server::{Server, runserver};
use crate::{database, manage, serve, serve_with};

const AGE: i64 = 1_209_600;

/// Everything that a connection of ours would otherwise take over from the database.
const STRANGE: &str = "DO $$ BEGIN \
    EXECUTE format('ALTER DATABASE %I SET TimeZone = ''Asia/Kolkata''', current_database()); \
    EXECUTE format('ALTER DATABASE %I SET DateStyle = ''German''', current_database()); \
    EXECUTE format('ALTER DATABASE %I SET IntervalStyle = ''sql_standard''', current_database()); \
    EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = ''serializable''', current_database()); \
    EXECUTE format('ALTER DATABASE %I SET client_encoding = ''LATIN1''', current_database()); \
    END $$";

#[test]
fn a_time_zone_and_a_date_style_of_the_servers_change_no_expiry() {
    let database = database();
    database.execute(STRANGE);
    let server = serve(&database);
    let before = Clock::System.now().timestamp();
    let mut visitor = Visitor::after_visits(&server, 3);
    let after = Clock::System.now().timestamp();
    // Seconds since 1970 are nobody's time zone.
    let ends =
        database.number("SELECT extract(epoch FROM expire_date)::bigint AS number FROM django_session");
    assert!((before + AGE..=after + AGE + 1).contains(&ends), "{ends} is not {AGE} s from {before}");
    let key = visitor.key().to_owned();
    let shown = manage(&database, &["sessions", "list"]).output().unwrap();
    assert!(String::from_utf8(shown.stdout).unwrap().contains("13 d 23 h"), "by our own clock, too");
    database.execute("UPDATE django_session SET expire_date = now() - interval '1 second'");
    assert_eq!(visitor.visit().counter(), 0, "a second ago is past in any zone");
    assert_ne!(visitor.key(), key);
    database
        .execute("UPDATE django_session SET expire_date = now() + interval '1 hour' - interval '1 second'");
    assert_eq!(visitor.visit().counter(), 1, "an hour from now is not");
}

#[test]
fn a_role_that_may_only_change_rows_serves_what_another_has_migrated() {
    let database = database();
    database.execute(
        "DO $$ BEGIN CREATE ROLE rows_only LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
    );
    let url = database.url().replacen("test@", "rows_only@", 1);
    let mut refused = runserver(Path::new("none"));
    refused.env("DATABASE_URL", &url);
    let Err(ended) = Server::launch(refused) else { panic!("it created a table") };
    assert!(format!("{ended:?}").contains("permission denied"), "{ended:?}");
    assert!(manage(&database, &["migrate"]).stdout(Stdio::null()).status().unwrap().success());
    database.execute(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON django_session TO rows_only; \
         GRANT SELECT ON __diesel_schema_migrations TO rows_only",
    );
    Visitor::after_visits(&serve_with(&database, &[("DATABASE_URL", &url)]), 2);
    database.execute("DROP OWNED BY rows_only");
}

#[test]
fn clearsessions_goes_by_utc_as_well() {
    let database = database();
    database.execute(STRANGE);
    assert!(manage(&database, &["migrate"]).stdout(Stdio::null()).status().unwrap().success());
    database.execute(
        "INSERT INTO django_session VALUES ('ended', 'x', now() - interval '1 minute'), \
         ('lives', 'x', now() + interval '1 minute')",
    );
    let output = manage(&database, &["clearsessions"]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "Deleted 1 expired session.\n");
    assert_eq!(database.rows()[0].session_key, "lives");
}
