//! The end, when it is asked for.

use std::net::TcpStream;
use std::time::Duration;

use crate::client::{Connection, Visitor};
use crate::database::DatabaseFile;
use crate::server::{Server, runserver};
use crate::timing::{eventually, timed, undisturbed};

/// The longest that the end may take once nothing is under way.
const PROMPTLY: Duration = Duration::from_secs(2);

#[test]
fn ctrl_c_lets_the_request_under_way_finish() {
    finishes_the_request_under_way("INT");
}

#[test]
fn sigterm_lets_the_request_under_way_finish() {
    finishes_the_request_under_way("TERM");
}

fn finishes_the_request_under_way(signal: &str) {
    let _alone = undisturbed();
    let file = DatabaseFile::new();
    let server = Server::start(runserver(&file.path()));
    let address = server.address();
    let mut visitor = Visitor::after_visits(&server, 2);

    let lock = file.lock("BEGIN IMMEDIATE");
    visitor.begin_visit();
    server.signal(signal);
    let refuses = || TcpStream::connect(address).is_err();
    eventually("the server takes no more connections", Duration::from_secs(3), refuses);
    lock.release();
    let response = visitor.end_visit();
    assert_eq!((response.counter(), response.key()), (2, Some(visitor.key())));
    let (ended, took) = timed(|| server.wait());
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(took < PROMPTLY, "ended after {took:?}");

    let again = Server::start(runserver(&file.path()));
    assert_eq!(Visitor::with_key(&again, visitor.key()).visit().counter(), 3);
}

#[test]
fn a_server_that_has_just_said_that_it_serves_ends_as_well_as_any_other() {
    let file = DatabaseFile::new();
    for signal in ["INT", "TERM"].repeat(5) {
        let server = Server::start(runserver(&file.path()));
        server.signal(signal);
        let ended = server.wait();
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    }
}

#[test]
fn an_idle_connection_does_not_hold_up_the_end() {
    let _alone = undisturbed();
    let file = DatabaseFile::new();
    for signal in ["INT", "TERM"] {
        let server = Server::start(runserver(&file.path()));
        let mut idle = Connection::to(&server);
        assert_eq!(idle.plain().status, 200);
        let (ended, took) = timed(|| {
            server.signal(signal);
            server.wait()
        });
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        assert!(took < PROMPTLY, "ended after {took:?}");
        drop(idle);
    }
}
