//! The table is dropped under the running server: `DROP TABLE`, Django's `migrate sessions zero`, a dump without it.

use crate::client::{Connection, Visitor};
use crate::database::DatabaseFile;
use crate::server::{Server, manage, runserver};
use crate::timing::undisturbed;

#[test]
fn a_table_that_is_gone_is_a_503_that_says_what_to_do_until_migrate_has_made_another() {
    let _alone = undisturbed();
    let file = DatabaseFile::new();
    let server = Server::start(runserver(&file.path()));
    let mut visitor = Visitor::after_visits(&server, 3);
    visitor.look();
    file.execute("DROP TABLE django_session");
    visitor.look().assert_unavailable();
    visitor.visit().assert_unavailable();
    Visitor::new(&server).visit().assert_unavailable();
    assert_eq!(Connection::to(&server).plain().status, 200);
    server.logs("the table django_session is gone; `manage migrate` makes it again");

    let said = manage(&["migrate"], &file.path());
    assert!(said.contains("Applying sessions.0001_initial... OK"), "{said}");
    assert!(manage(&["migrate"], &file.path()).contains("No migrations to apply"));
    let mut new = Visitor::new(&server);
    assert_eq!((new.visit().counter(), new.visit().counter()), (0, 1));
    assert_eq!(visitor.visit().counter(), 0);
    assert!(manage(&["clearsessions"], &file.path()).contains("Deleted 0 expired"));
}

#[test]
fn a_start_without_the_table_is_as_the_first() {
    let file = DatabaseFile::new();
    manage(&["migrate"], &file.path());
    file.execute("DROP TABLE django_session");
    let server = Server::start(runserver(&file.path()));
    assert_eq!(Visitor::new(&server).visit().counter(), 0);
    assert_eq!(file.keys().len(), 1);
}
