//! Many clients at once on one cookie.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::client::Visitor;
use crate::database::DatabaseFile;
use crate::files::files;
use crate::server::{Server, runserver, runserver_on_files};
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

#[test]
fn the_total_over_two_processes_on_files_is_exact() {
    let folder = tempfile::tempdir().unwrap();
    let servers = [(); 2].map(|()| Server::start(runserver_on_files(folder.path())));
    let key = assert_exact_on(&servers);
    assert_eq!(files(folder.path()), [format!("sessionid{key}")]);
}

/// On each cache that `tests/with-caches` has started, and in a database with copies there.
#[cfg(any(feature = "redis", feature = "memcached"))]
#[test]
fn the_total_over_two_processes_on_a_cache_is_exact() {
    use crate::server::runserver_on_cache;

    let place = |variable| std::env::var(variable).expect("run under tests/with-caches");
    let caches = [
        #[cfg(feature = "redis")]
        place("TEST_REDIS_URL"),
        #[cfg(feature = "memcached")]
        format!("memcached://{}", place("TEST_MEMCACHED")),
    ];
    for caches in &caches {
        for engine in ["cache", "cached_db"] {
            let file = DatabaseFile::new();
            let servers = [(); 2].map(|()| Server::start(runserver_on_cache(engine, caches, &file.path())));
            assert_exact_on(&servers);
        }
    }
}

/// Stops the clients, and after a failure as well.
struct StopAtEnd<'a>(&'a AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// SQLite keeps no queue for its lock: a server that always has work must leave it to others.
#[test]
fn another_program_has_its_turn_beside_a_busy_server() {
    let _alone = undisturbed();
    let file = DatabaseFile::new();
    let server = Server::start(runserver(&file.path()));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..32 {
            let (mut client, done) = (Visitor::after_visits(&server, 1), &done);
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    assert_eq!(client.visit().status, 200);
                }
            });
        }
        let done = StopAtEnd(&done);
        for number in 0..20 {
            // With SQLite's own busy handler, which sleeps up to 100 ms between two looks.
            file.put(&format!("another-{number:02}"), "'x'", "'2100-01-01 00:00:00'");
        }
        drop(done);
    });
    assert_eq!(file.keys().iter().filter(|key| key.starts_with("another-")).count(), 20);
}

fn assert_exact(file: &DatabaseFile, servers: &[Server]) {
    let key = assert_exact_on(servers);
    assert_eq!(file.keys(), [key]);
}

/// The key of the session.
fn assert_exact_on(servers: &[Server]) -> String {
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
    key
}
