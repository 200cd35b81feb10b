//! Many clients at once on one cookie.

use std::thread;

use crate::client::Visitor;
use crate::database::DatabaseFile;
use crate::server::{Server, runserver};
use crate::timing::undisturbed;

const CLIENTS: u64 = 32;
const REQUESTS: u64 = 25;

#[test]
fn the_total_of_32_clients_on_one_cookie_is_exact() {
    let _alone = undisturbed();
    let file = DatabaseFile::new();
    let server = Server::start(runserver(&file.path()));
    let mut visitor = Visitor::after_visits(&server, 1);
    let key = visitor.key().to_owned();
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            let mut client = Visitor::with_key(&server, &key);
            let key = &key;
            scope.spawn(move || {
                for _ in 0..REQUESTS {
                    let response = client.visit();
                    assert_eq!((response.status, response.key()), (200, Some(key.as_str())));
                }
            });
        }
    });
    assert_eq!(visitor.visit().counter(), 1 + CLIENTS * REQUESTS);
    assert_eq!(file.keys(), [key]);
}
