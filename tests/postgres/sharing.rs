//! Servers that share one database.

use std::thread;

use crate::client::Visitor;
use crate::timing::undisturbed;
use crate::{database, manage, serve};

const CLIENTS: usize = 64;
const REQUESTS: usize = 25;

#[test]
fn a_session_walks_between_two_servers() {
    let database = database();
    let servers = [serve(&database), serve(&database)];
    let key = Visitor::after_visits(&servers[0], 1).key().to_owned();
    for visit in 1..20 {
        let server = &servers[visit % 2];
        assert_eq!(Visitor::with_key(server, &key).visit().counter(), u64::try_from(visit).unwrap());
    }
    assert_eq!(database.rows().len(), 1);
}

#[test]
fn the_total_of_64_clients_on_one_cookie_over_two_servers_is_exact() {
    let _alone = undisturbed();
    let database = database();
    let servers = [serve(&database), serve(&database)];
    let mut visitor = Visitor::after_visits(&servers[0], 1);
    let key = visitor.key().to_owned();
    thread::scope(|scope| {
        for (_, server) in (0..CLIENTS).zip(servers.iter().cycle()) {
            let mut client = Visitor::with_key(server, &key);
            let key = &key;
            scope.spawn(move || {
                for _ in 0..REQUESTS {
                    let response = client.visit();
                    assert_eq!((response.status, response.key()), (200, Some(key.as_str())));
                }
            });
        }
    });
    assert_eq!(visitor.visit().counter(), u64::try_from(1 + CLIENTS * REQUESTS).unwrap());
    assert_eq!(database.rows().len(), 1);
}

#[test]
fn a_deleted_session_stays_deleted_on_every_server() {
    let database = database();
    let servers = [serve(&database), serve(&database)];
    let mut visitor = Visitor::after_visits(&servers[0], 3);
    let key = visitor.key().to_owned();
    assert!(manage(&database, &["sessions", "delete", &key]).output().unwrap().status.success());
    assert_eq!(visitor.visit().counter(), 0);
    assert_ne!(visitor.key(), key);
    assert_eq!(Visitor::with_key(&servers[1], &key).visit().counter(), 0);
}

#[test]
fn servers_that_start_together_on_an_empty_database_do_not_collide() {
    let database = database();
    thread::scope(|scope| {
        let servers: Vec<_> = (0..6).map(|_| scope.spawn(|| serve(&database))).collect();
        for server in servers {
            Visitor::after_visits(&server.join().unwrap(), 2);
        }
    });
    let output = manage(&database, &["migrate"]).output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().contains("No migrations to apply."));
}

#[test]
fn expired_sessions_are_cleared_beside_live_traffic() {
    let _alone = undisturbed();
    let database = database();
    let server = serve(&database);
    let key = Visitor::after_visits(&server, 1).key().to_owned();
    database.execute(
        "INSERT INTO django_session SELECT 'expired-' || i, 'x', '2020-01-01 00:00:00+00' FROM generate_series(1, 5000) i",
    );
    let mut clearing =
        manage(&database, &["clearsessions"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut visitor = Visitor::with_key(&server, &key);
    let mut visits = 1;
    while clearing.try_wait().unwrap().is_none() {
        assert_eq!(visitor.visit().counter(), visits);
        visits += 1;
    }
    let output = clearing.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "Deleted 5000 expired sessions.\n");
    assert_eq!(database.rows().len(), 1);
    assert!(visits > 10, "there was traffic: {visits}");
}

#[test]
fn an_url_with_a_password_is_shown_without_it() {
    let database = database();
    let mut command = manage(&database, &["sessions", "list"]);
    command.env("DATABASE_URL", "postgres://site:not-to-be-seen@127.0.0.1:1/site");
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("cannot open the database postgres://site:***@127.0.0.1:1/site"), "{said}");
    assert!(!said.contains("not-to-be-seen"), "{said}");
}
