//! A database that may be read, and no longer written.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use sessionid::db::{DatabaseUrl, migrate};
use tempfile::TempDir;

use crate::client::{Connection, Visitor};
use crate::database::DatabaseFile;
use crate::server::{PROGRAM, Server, configure};
use crate::timing::undisturbed;

/// Root may write whatever the mode says, so root's tests run the server as nobody.
const NOBODY: u32 = 65534;

/// The program and its files where any user can reach them.
struct PublicSite(TempDir);

impl PublicSite {
    fn new() -> Self {
        let site = Self(tempfile::tempdir().unwrap());
        let source = Path::new(env!("CARGO_MANIFEST_DIR"));
        copy(Path::new(PROGRAM), &site.program());
        for name in ["settings.toml", "templates", "static"] {
            copy(&source.join(name), &site.0.path().join(name));
        }
        set_mode(site.0.path(), 0o755);
        site
    }

    fn program(&self) -> PathBuf {
        self.0.path().join("manage")
    }

    /// `manage runserver` by somebody whom a file's mode binds.
    fn runserver(&self, database: &Path) -> Command {
        let mut command = Command::new(self.program());
        command.args(["runserver", "127.0.0.1:0"]);
        configure(&mut command, database);
        command.current_dir(self.0.path());
        if runs_as_root(self.0.path()) {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }
}

/// Whether what this process has made belongs to root.
fn runs_as_root(made: &Path) -> bool {
    fs::metadata(made).unwrap().uid() == 0
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::copy(from, to).unwrap();
    }
    set_mode(to, 0o755);
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A folder of nobody's, when this process is root, that everybody may look into.
fn hand_over(folder: &Path) {
    if runs_as_root(folder) {
        chown(folder, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    set_mode(folder, 0o755);
}

/// A folder that nobody may write to, nor to the files in it, until this is dropped.
struct ReadOnly<'a>(&'a Path);

impl<'a> ReadOnly<'a> {
    fn new(folder: &'a Path) -> Self {
        set_modes(folder, 0o444, 0o555);
        Self(folder)
    }
}

impl Drop for ReadOnly<'_> {
    fn drop(&mut self) {
        set_modes(self.0, 0o644, 0o755);
    }
}

fn set_modes(folder: &Path, file_mode: u32, folder_mode: u32) {
    for entry in fs::read_dir(folder).unwrap() {
        set_mode(&entry.unwrap().path(), file_mode);
    }
    set_mode(folder, folder_mode);
}

/// A database that has its tables, and nobody on it.
fn migrated() -> DatabaseFile {
    let file = DatabaseFile::new();
    migrate(&DatabaseUrl::Sqlite(file.path())).unwrap();
    hand_over(file.folder());
    file
}

fn assert_no_start(site: &PublicSite, file: &DatabaseFile) {
    match Server::launch(site.runserver(&file.path())) {
        Ok(_) => panic!("the server starts"),
        Err(ended) => ended.assert_refused(&[file.path().to_str().unwrap()]),
    }
}

#[test]
fn a_server_does_not_start_on_a_file_that_it_may_not_write() {
    let file = migrated();
    set_modes(file.folder(), 0o444, 0o755);
    assert_no_start(&PublicSite::new(), &file);
}

#[test]
fn a_server_does_not_start_where_it_may_write_neither_the_file_nor_the_folder() {
    let file = migrated();
    let _read_only = ReadOnly::new(file.folder());
    assert_no_start(&PublicSite::new(), &file);
}

#[test]
fn a_server_does_not_start_in_a_folder_where_it_may_not_create_its_database() {
    let file = DatabaseFile::new();
    hand_over(file.folder());
    let _read_only = ReadOnly::new(file.folder());
    assert_no_start(&PublicSite::new(), &file);
}

/// A mode binds whoever opens a file, and not who has it open. So the server first loses its
/// connection, to a lock that outlasts its patience, and opens another one to a read-only file.
#[test]
fn a_server_whose_database_becomes_read_only_goes_on_reading_and_recovers() {
    let _alone = undisturbed();
    let site = PublicSite::new();
    let file = DatabaseFile::new();
    hand_over(file.folder());
    let server = Server::start(site.runserver(&file.path()));
    let mut visitor = Visitor::after_visits(&server, 2);
    let key = visitor.key().to_owned();
    visitor.look();

    let lock = file.lock("BEGIN IMMEDIATE");
    let read_only = ReadOnly::new(file.folder());
    visitor.visit().assert_unavailable();
    // Its turn comes when the one before has failed.
    visitor.visit().assert_unavailable();
    lock.release();

    visitor.visit().assert_unavailable();
    Visitor::new(&server).visit().assert_unavailable();
    assert_eq!(visitor.look().counter(), 2);
    assert_eq!(Connection::to(&server).plain().status, 200);

    drop(read_only);
    let response = visitor.visit();
    assert_eq!((response.counter(), response.key()), (2, Some(key.as_str())));
}
