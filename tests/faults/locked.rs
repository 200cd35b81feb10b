//! Another program holds the database's lock, and does not let go.

use std::thread;

use crate::client::{Connection, Response, Visitor};
use crate::database::DatabaseFile;
use crate::server::{Server, runserver};
use crate::timing::{AT_ONCE, STUCK, timed, undisturbed};

const STUCK_AT_ONCE: usize = 64;
const VISITS: u64 = 3;

#[test]
fn behind_a_writer_of_another_program_the_counter_is_a_503_and_the_rest_of_the_site_works() {
    behind("BEGIN IMMEDIATE");
}

#[test]
fn behind_an_exclusive_transaction_the_counter_is_a_503_and_the_rest_of_the_site_works() {
    behind("BEGIN EXCLUSIVE");
}

fn behind(begin: &str) {
    let _alone = undisturbed();
    let file = DatabaseFile::new();
    let server = Server::start(runserver(&file.path()));
    let mut visitor = Visitor::after_visits(&server, VISITS);
    let key = visitor.key().to_owned();
    let lock = file.lock(begin);
    thread::scope(|scope| {
        let same_session = (1..STUCK_AT_ONCE).map(|_| Visitor::with_key(&server, &key));
        let stuck = same_session.chain([Visitor::new(&server)]);
        let visits: Vec<_> =
            stuck.map(|mut visitor| scope.spawn(move || timed(|| visitor.visit()))).collect();
        while !visits.iter().all(thread::ScopedJoinHandle::is_finished) {
            assert_the_rest_works(&server, &mut visitor);
        }
        for visit in visits {
            let (response, took) = visit.join().unwrap();
            response.assert_unavailable();
            assert!(took < STUCK, "answered after {took:?}");
        }
    });
    lock.release();
    let response = visitor.visit();
    assert_eq!((response.counter(), response.key()), (VISITS, Some(key.as_str())));
    assert_eq!(file.keys(), [key]);
}

/// A page without a session on a connection of its own, and a page that only reads one.
fn assert_the_rest_works(server: &Server, visitor: &mut Visitor) {
    assert_at_once(|| Connection::to(server).plain());
    assert_eq!(assert_at_once(|| visitor.look()).counter(), VISITS);
}

fn assert_at_once(request: impl FnOnce() -> Response) -> Response {
    let (response, took) = timed(request);
    assert_eq!(response.status, 200, "{response:?}");
    assert!(took < AT_ONCE, "answered after {took:?}");
    response
}
