//! Another program reads for so long that the log cannot be brought into the file.

use std::time::Duration;

use crate::client::Visitor;
use crate::database::DatabaseFile;
use crate::server::{Server, runserver};
use crate::timing::{eventually, undisturbed};

/// What the log may be without a word.
const QUIET: u64 = 64 << 20;

#[test]
fn a_log_that_a_reader_holds_is_told_of_once_and_truncated_when_the_reader_is_gone() {
    let _alone = undisturbed();
    let file = DatabaseFile::new();
    let server = Server::start(runserver(&file.path()));
    let mut visitor = Visitor::after_visits(&server, 1);
    file.execute("CREATE TABLE ballast (x)");
    let reader = file.lock("BEGIN; SELECT count(*) FROM django_session");
    let log_size = || file.beside("-wal").metadata().unwrap().len();
    while log_size() < QUIET + (4 << 20) {
        file.execute("PRAGMA wal_autocheckpoint = 0; INSERT INTO ballast VALUES (zeroblob(4000000))");
        visitor.visit();
    }
    // Only a checkpoint that was tried tells how far the reader lets it come.
    eventually("a word", Duration::from_secs(10), || {
        visitor.visit();
        server.has_logged("the log beside the database has grown to") > 0
    });
    visitor.visit();
    assert_eq!(server.logs("the log beside the database has grown to"), 1);

    reader.release();
    // Nobody writes any more.
    eventually("truncated", Duration::from_secs(10), || log_size() == 0);
    server.logs("the log beside the database is in the file again, and truncated");
    assert_eq!(server.has_logged("has grown to"), 1);
    let counter = visitor.look().counter();
    assert_eq!(visitor.visit().counter(), counter);
    server.kill();
    file.assert_whole();
}
