//! The program alone, in a folder without its templates and static files.

use std::fs;
use std::path::Path;

use crate::client::Connection;
use crate::database::DatabaseFile;
use crate::server::{Server, runserver};

/// `manage runserver` in a folder; the environment has all the settings.
fn start_in(folder: &Path, database: &DatabaseFile) -> Server {
    let mut command = runserver(&database.path());
    command.current_dir(folder);
    Server::start(command)
}

#[test]
fn the_whole_site_is_served_from_an_empty_folder() {
    let (folder, database) = (tempfile::tempdir().unwrap(), DatabaseFile::new());
    let server = start_in(folder.path(), &database);
    let mut connection = Connection::to(&server);
    for path in ["/", "/hello/world", "/hello/plain", "/lab", "/lab/exercise/1", "/nothing"] {
        let status = if path == "/nothing" { 404 } else { 200 };
        let page = connection.get(path, None).unwrap();
        assert_eq!(page.status, status, "{path}: {page:?}");
        assert_eq!(page.header("Content-Type"), Some("text/html; charset=utf-8"), "{path}");
    }
    assert!(server.has_logged("static") == 0, "a folder that is not there is nothing to warn of");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is written there");
}

#[test]
fn static_files_that_are_built_in_have_a_type_and_a_validator() {
    let (folder, database) = (tempfile::tempdir().unwrap(), DatabaseFile::new());
    let server = start_in(folder.path(), &database);
    let mut connection = Connection::to(&server);
    for (path, kind) in [
        ("/static/lab.css", "text/css; charset=utf-8"),
        ("/static/lab.js", "text/javascript; charset=utf-8"),
        ("/static/icon.svg", "image/svg+xml"),
    ] {
        let file = connection.get(path, None).unwrap();
        assert_eq!((file.status, file.header("Content-Type")), (200, Some(kind)), "{path}");
        let tag = file.header("ETag").unwrap().to_owned();
        let again = connection.get_with(path, &format!("If-None-Match: {tag}\r\n")).unwrap();
        assert_eq!((again.status, again.header("ETag")), (304, Some(tag.as_str())), "{path}");
        let changed = connection.get_with(path, "If-None-Match: \"another\"\r\n").unwrap();
        assert_eq!(changed.status, 200, "{path}");
    }
    for path in ["/static/", "/static/nothing.css", "/static/../Cargo.toml"] {
        assert_eq!(connection.get(path, None).unwrap().status, 404, "{path}");
    }
}

#[test]
fn a_file_of_the_folder_wins_and_the_others_are_built_in() {
    let (folder, database) = (tempfile::tempdir().unwrap(), DatabaseFile::new());
    for (name, text) in [("templates/plain.html", "My page"), ("static/lab.css", "/* mine */")] {
        let file = folder.path().join(name);
        fs::create_dir(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    let server = start_in(folder.path(), &database);
    let mut connection = Connection::to(&server);
    assert_eq!(connection.plain().body(), "My page");
    assert_eq!(connection.get("/static/lab.css", None).unwrap().body(), "/* mine */");
    assert_eq!(connection.get("/hello/world", None).unwrap().counter(), 0);
    assert_eq!(connection.get("/static/lab.js", None).unwrap().status, 200);
}
