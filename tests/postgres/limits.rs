//! Each limit is a setting.

use std::time::Duration;

use crate::client::Visitor;
use crate::support::TestDatabase;
use crate::timing::{timed, undisturbed};
use crate::{database, serve_with};

/// A limit of 1 s, and half a second for a busy machine.
const SOON: Duration = Duration::from_millis(1500);

/// A visit is refused for want of the database, and soon.
fn refused_soon(visitor: &mut Visitor) {
    let (response, time) = timed(|| visitor.visit());
    response.assert_unavailable();
    assert!(time < SOON, "{time:?}");
}

#[test]
fn a_lock_is_waited_for_as_long_as_the_setting_says() {
    let _alone = undisturbed();
    let database = database();
    let server = serve_with(&database, &[("DATABASE_LOCK_TIMEOUT", "1")]);
    let mut visitor = Visitor::after_visits(&server, 1);
    let lock = database.lock(visitor.key());
    refused_soon(&mut visitor);
    drop(lock);
    assert_eq!(visitor.visit().counter(), 1);
}

#[test]
fn a_statement_is_waited_for_as_long_as_the_setting_says() {
    let _alone = undisturbed();
    let database = database();
    let server = serve_with(&database, &[("DATABASE_STATEMENT_TIMEOUT", "1")]);
    let mut visitor = Visitor::after_visits(&server, 1);
    database.execute(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS \
         'BEGIN PERFORM pg_sleep(20); RETURN NEW; END'; \
         CREATE TRIGGER slow BEFORE UPDATE ON django_session FOR EACH ROW EXECUTE FUNCTION slow()",
    );
    refused_soon(&mut visitor);
    database.execute("DROP TRIGGER slow ON django_session");
    assert_eq!(visitor.visit().counter(), 1);
}

#[test]
fn a_free_connection_is_waited_for_as_long_as_the_setting_says() {
    let _alone = undisturbed();
    let database = database();
    let server = serve_with(&database, &[("DATABASE_POOL_SIZE", "1"), ("DATABASE_POOL_TIMEOUT", "1")]);
    let (mut holder, mut other) = (Visitor::after_visits(&server, 1), Visitor::after_visits(&server, 1));
    let lock = database.lock(holder.key());
    std::thread::scope(|scope| {
        let held = scope.spawn(|| holder.visit().counter());
        database.wait_for("wait_event_type = 'Lock'", 1);
        refused_soon(&mut other);
        drop(lock);
        assert_eq!(held.join().unwrap(), 1);
    });
    assert_eq!(other.visit().counter(), 1);
}

#[test]
fn there_are_as_many_connections_as_the_setting_says_and_no_more() {
    const SIZE: usize = 3;
    let _alone = undisturbed();
    let database = database();
    let server = serve_with(&database, &[("DATABASE_POOL_SIZE", &SIZE.to_string())]);
    let mut visitors: Vec<_> = (0..12).map(|_| Visitor::after_visits(&server, 1)).collect();
    let locks: Vec<_> = visitors.iter().map(|visitor| database.lock(visitor.key())).collect();
    std::thread::scope(|scope| {
        let visits: Vec<_> =
            visitors.iter_mut().map(|visitor| scope.spawn(|| visitor.visit().counter())).collect();
        database.wait_for("wait_event_type = 'Lock'", SIZE);
        assert_eq!(connections(&database), SIZE);
        drop(locks);
        assert!(visits.into_iter().all(|visit| visit.join().unwrap() == 1));
    });
    assert_eq!(connections(&database), SIZE);
}

/// The connections of the server under test.
fn connections(database: &TestDatabase) -> usize {
    database.activity("application_name = 'sessionid'")
}
