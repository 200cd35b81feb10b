//! The folder of the `file` engine, and what stops a start on it.

use std::path::Path;
use std::process::Command;

use crate::server::{Server, runserver_on_files};

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
