//! What keeps a server from starting is one line.

use std::fs;
use std::path::Path;

use crate::client::Connection;
use crate::database::DatabaseFile;
use crate::server::{Ended, Server, runserver, runserver_at};

fn refused(database: &Path) -> Ended {
    match Server::launch(runserver(database)) {
        Ok(_) => panic!("the server starts on {}", database.display()),
        Err(ended) => ended,
    }
}

#[test]
fn a_port_in_use_is_named_as_such() {
    let file = DatabaseFile::new();
    let first = Server::start(runserver(&file.path()));
    let second = Server::launch(runserver_at(&first.address().to_string(), &file.path()));
    let ended = second.err().expect("no second server on one port");
    ended.assert_refused(&[&first.address().to_string(), "port is already in use"]);
    assert_eq!(Connection::to(&first).plain().status, 200);
}

#[test]
fn a_database_in_a_folder_that_is_not_there_is_named() {
    let file = DatabaseFile::new();
    let path = file.folder().join("nowhere").join("db.sqlite3");
    refused(&path).assert_refused(&[path.to_str().unwrap()]);
    assert!(!path.parent().unwrap().exists());
}

#[test]
fn a_database_that_is_a_folder_is_named() {
    let file = DatabaseFile::new();
    refused(file.folder()).assert_refused(&[file.folder().to_str().unwrap()]);
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let file = DatabaseFile::new();
    let path = file.path();
    for content in ["short", "# A page of text, and no database.\n".repeat(200).as_str()] {
        fs::write(&path, content).unwrap();
        let ended = refused(&path);
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
        ended.assert_refused(&[path.to_str().unwrap(), "not a database"]);
    }
}
