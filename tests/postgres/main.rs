//! Several servers on one PostgreSQL, and what they do when it is gone: `tests/with-postgresql cargo test
//! --features postgres --test postgres -- --test-threads=1`.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "../faults/client.rs"]
#[allow(dead_code, reason = "shared with the faults of SQLite")]
mod client;
#[path = "../faults/server.rs"]
#[allow(dead_code, reason = "shared with the faults of SQLite")]
mod server;
#[path = "../support/mod.rs"]
mod support;
#[path = "../faults/timing.rs"]
mod timing;

mod limits;
mod outages;
mod sharing;
mod strange;
mod tls;

use std::path::Path;
use std::process::Command;

use self::server::{PROGRAM, Server, configure, runserver};
use self::support::TestDatabase;

/// A database of the server that this run has started.
fn database() -> TestDatabase {
    assert!(
        std::env::var_os("TEST_POSTGRES_URL").is_some(),
        "there is no PostgreSQL; run tests/with-postgresql cargo test --features postgres"
    );
    TestDatabase::new()
}

fn serve(database: &TestDatabase) -> Server {
    serve_with(database, &[])
}

/// A server with settings of its own.
fn serve_with(database: &TestDatabase, settings: &[(&str, &str)]) -> Server {
    let mut command = runserver(Path::new("none"));
    command.env("DATABASE_URL", database.url()).envs(settings.iter().copied());
    Server::start(command)
}

fn manage(database: &TestDatabase, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(arguments);
    configure(&mut command, Path::new("none"));
    command.env("DATABASE_URL", database.url());
    command
}
