//! Many clients at once on one cookie.

use std::thread;

use crate::client::Visitor;
use crate::database::DatabaseFile;
use crate::server::{Server, runserver};
use crate::timing::undisturbed;

const CLIENTS: usize = 64;
const REQUESTS: usize = 25;

#[test]
fn the_total_of_64_clients_on_one_cookie_is_exact() {
    let file = DatabaseFile::new();
    let server = Server::start(runserver(&file.path()));
    assert_exact(&file, &[server]);
}

#[test]
fn the_total_over_two_processes_is_exact() {
    let file = DatabaseFile::new();
    let servers = [Server::start(runserver(&file.path())), Server::start(runserver(&file.path()))];
    assert_exact(&file, &servers);
}

fn assert_exact(file: &DatabaseFile, servers: &[Server]) {
    let _alone = undisturbed();
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
    let total = u64::try_from(1 + CLIENTS * REQUESTS).unwrap();
    assert_eq!(visitor.visit().counter(), total);
    assert_eq!(file.keys(), [key]);
}
