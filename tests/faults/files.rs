//! The folder of the `file` engine, and what stops a start on it.

use std::path::Path;
use std::process::Command;

use crate::client::Visitor;
use crate::server::{Server, runserver_on_files, runserver_within};

/// The names of the sessions' files, temporary ones too.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let names = folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("sessionid")).collect()
}

fn assert_refused(command: Command, words: &[&str]) {
    match Server::launch(command) {
        Err(ended) => ended.assert_refused(words),
        Ok(_) => panic!("it starts"),
    }
}

#[test]
fn a_path_that_is_no_folder_stops_the_start_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a-file");
    std::fs::write(&file, "").unwrap();
    for path in [file, folder.path().join("none")] {
        let shown = path.display().to_string();
        assert_refused(runserver_on_files(&path), &["SESSION_FILE_PATH", &shown, "no folder"]);
    }
}

/// Whoever runs the tests may write everywhere but there.
#[test]
fn a_folder_that_cannot_be_written_to_stops_the_start_in_one_line() {
    let path = Path::new("/proc/self");
    assert_refused(runserver_on_files(path), &["SESSION_FILE_PATH", "/proc/self", "cannot be written to"]);
}

#[test]
fn a_disk_without_room_is_a_503_and_leaves_neither_a_session_nor_a_part_of_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = runserver_within(0, &folder.path().join("none.sqlite3"));
    command.env("SESSION_ENGINE", "file").env("SESSION_FILE_PATH", folder.path());
    let server = Server::start(command);
    Visitor::new(&server).visit().assert_unavailable();
    assert!(files(folder.path()).is_empty(), "{:?}", files(folder.path()));
}
