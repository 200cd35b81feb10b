//! The database's files are removed, moved or replaced under the running server.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use crate::client::{Connection, Visitor};
use crate::database::DatabaseFile;
use crate::server::{Server, manage, runserver};
use crate::timing::{eventually, undisturbed};

/// What the loss of a file is noticed within, and half a second for a busy machine.
const NOTICED: Duration = Duration::from_millis(1500);
/// What a file that is back is opened within.
const BACK: Duration = Duration::from_secs(10);
/// Where the losses are told of; that requests are refused is another matter.
const TOLD: &str = "ERROR sessionid::db::local_file";
const IN_USE: &str = "is in use again";

/// Nothing but a look, until it is refused: nobody writes, so nobody asks for the file.
fn assert_noticed(visitor: &mut Visitor, server: &Server, words: &str) {
    eventually("503", NOTICED, || visitor.look().status == 503);
    visitor.look().assert_unavailable();
    visitor.visit().assert_unavailable();
    Visitor::new(server).visit().assert_unavailable();
    assert_eq!(Connection::to(server).plain().status, 200);
    server.logs(words);
    assert_eq!(server.has_logged(TOLD), 1, "one line");
}

fn assert_back(visitor: &mut Visitor, server: &Server, counter: u64) {
    server.logs(IN_USE);
    eventually("an answer", BACK, || visitor.look().status == 200);
    assert_eq!(visitor.look().counter(), counter);
    assert_eq!(visitor.visit().counter(), counter);
}

/// A server, and a visitor with three visits that are in its log and not yet in its file.
fn visited(database: &Path) -> (Server, Visitor) {
    let server = Server::start(runserver(database));
    let visitor = Visitor::after_visits(&server, 3);
    (server, visitor)
}

#[test]
fn a_file_that_is_removed_is_a_503_until_there_is_another() {
    let _alone = undisturbed();
    let file = DatabaseFile::new();
    let (server, mut visitor) = visited(&file.path());
    fs::remove_file(file.path()).unwrap();
    assert_noticed(&mut visitor, &server, "was removed or moved away while in use");
    assert!(!file.path().exists(), "nobody has asked for a new one");

    manage(&["migrate"], &file.path());
    server.logs(IN_USE);
    eventually("an answer", BACK, || visitor.look().status == 200);
    let mut new = Visitor::new(&server);
    assert_eq!((new.visit().counter(), new.visit().counter()), (0, 1));
    assert_eq!(visitor.visit().counter(), 0, "a copy of a row that is gone");
    server.kill();
    file.assert_whole();
}

#[test]
fn a_new_file_may_be_made_before_the_loss_of_the_old_one_is_noticed() {
    let _alone = undisturbed();
    for suffixes in [&[""][..], &["", "-wal"], &["", "-shm"], &["", "-wal", "-shm"]] {
        let file = DatabaseFile::new();
        let (server, _) = visited(&file.path());
        for suffix in suffixes {
            fs::remove_file(file.beside(suffix)).unwrap();
        }
        manage(&["migrate"], &file.path());
        assert_back_anew(&server);
        server.kill();
        file.assert_whole();
        assert_eq!(file.keys().len(), 1, "{suffixes:?}");
    }
}

#[test]
fn a_write_is_not_answered_from_a_file_that_nobody_finds() {
    let _alone = undisturbed();
    let file = DatabaseFile::new();
    let (server, mut visitor) = visited(&file.path());
    fs::remove_file(file.path()).unwrap();
    visitor.visit().assert_unavailable();
    drop(server);
}

#[test]
fn all_files_removed_or_the_whole_folder_are_a_503() {
    let _alone = undisturbed();
    for folder in [false, true] {
        let file = DatabaseFile::new();
        let (server, mut visitor) = visited(&file.path());
        if folder {
            fs::remove_dir_all(file.folder()).unwrap();
        } else {
            for suffix in ["", "-wal", "-shm"] {
                fs::remove_file(file.beside(suffix)).unwrap();
            }
        }
        assert_noticed(&mut visitor, &server, "was removed or moved away while in use");
        let _ = fs::create_dir(file.folder());
        manage(&["migrate"], &file.path());
        assert_back_anew(&server);
        server.kill();
        file.assert_whole();
    }
}

fn assert_back_anew(server: &Server) {
    server.logs(IN_USE);
    let mut new = Visitor::new(server);
    assert_eq!((new.visit().counter(), new.visit().counter()), (0, 1));
}

#[test]
fn what_was_answered_is_in_a_file_that_was_moved_away_and_back() {
    let _alone = undisturbed();
    let file = DatabaseFile::new();
    let (server, mut visitor) = visited(&file.path());
    let away = file.folder().join("away");
    fs::rename(file.path(), &away).unwrap();
    assert_noticed(&mut visitor, &server, "was removed or moved away while in use");
    // Alone, without its log, it has it all.
    let copy = DatabaseFile::new();
    eventually("the log in the file", BACK, || {
        fs::copy(&away, copy.path()).unwrap();
        copy.keys() == [visitor.key()]
    });
    fs::rename(&away, file.path()).unwrap();
    assert_back(&mut visitor, &server, 3);
    server.kill();
    file.assert_whole();
}

#[test]
fn a_folder_that_was_moved_away_and_back_is_opened_again() {
    let _alone = undisturbed();
    let home = tempfile::tempdir().unwrap();
    let (here, away) = (home.path().join("here"), home.path().join("away"));
    fs::create_dir(&here).unwrap();
    let (server, mut visitor) = visited(&here.join("db.sqlite3"));
    fs::rename(&here, &away).unwrap();
    assert_noticed(&mut visitor, &server, "was removed or moved away while in use");
    fs::rename(&away, &here).unwrap();
    assert_back(&mut visitor, &server, 3);
}

#[test]
fn another_file_moved_over_it_is_used_from_then_on() {
    let _alone = undisturbed();
    let (file, other) = (DatabaseFile::new(), DatabaseFile::new());
    let known = {
        let (server, visitor) = visited(&other.path());
        server.signal("TERM");
        assert!(server.wait().status.success());
        visitor.key().to_owned()
    };
    let (server, mut visitor) = visited(&file.path());
    fs::rename(other.path(), file.path()).unwrap();
    eventually("503", NOTICED, || visitor.look().status == 503);
    server.logs("was replaced while in use");
    assert_back(&mut Visitor::with_key(&server, &known), &server, 3);
    assert_eq!(visitor.look().counter(), 0, "a row of the file before");
    assert_eq!(file.keys(), [known]);
    server.kill();
    file.assert_whole();
}

#[test]
fn a_link_that_is_pointed_at_another_file_is_followed() {
    let _alone = undisturbed();
    let (one, other, links) = (DatabaseFile::new(), DatabaseFile::new(), DatabaseFile::new());
    manage(&["migrate"], &other.path());
    let point_at = |target: &DatabaseFile| {
        let new = links.folder().join("new");
        symlink(target.path(), &new).unwrap();
        fs::rename(&new, links.path()).unwrap();
    };
    point_at(&one);
    let (server, visitor) = visited(&links.path());
    for (file, key, counter) in [(&other, None, 0), (&one, Some(visitor.key()), 3)] {
        point_at(file);
        // Somebody with a cookie, so that there is something to read.
        let refused = || Visitor::with_key(&server, visitor.key()).look().status == 503;
        eventually("503", NOTICED, refused);
        eventually("an answer", BACK, || !refused());
        let mut visitor = key.map_or_else(|| Visitor::new(&server), |key| Visitor::with_key(&server, key));
        assert_eq!(visitor.visit().counter(), counter);
        assert_eq!(file.keys(), [visitor.key()]);
    }
}

#[test]
fn a_log_that_is_removed_alone_costs_nothing_that_was_answered() {
    let _alone = undisturbed();
    for suffixes in [&["-wal"][..], &["-shm"], &["-wal", "-shm"]] {
        let file = DatabaseFile::new();
        let (server, mut visitor) = visited(&file.path());
        for suffix in suffixes {
            fs::remove_file(file.beside(suffix)).unwrap();
        }
        server.logs("was removed or replaced while in use");
        assert_back(&mut visitor, &server, 3);
        // Whoever else is there sees the same.
        file.put("another", "''", "'2999-12-31 00:00:00'");
        assert_eq!(visitor.visit().counter(), 4);
        server.kill();
        file.assert_whole();
        assert_eq!(file.keys().len(), 2);
    }
}

#[test]
fn a_file_that_cannot_be_used_is_not_and_why_is_told_once() {
    let _alone = undisturbed();
    let file = DatabaseFile::new();
    let (server, mut visitor) = visited(&file.path());
    let away = file.folder().join("away");
    fs::rename(file.path(), &away).unwrap();
    fs::write(file.path(), "no database, ".repeat(1000)).unwrap();
    assert_eq!(server.logs("the new one cannot be used"), 1);
    visitor.visit().assert_unavailable();
    assert_eq!(fs::read_to_string(file.path()).unwrap(), "no database, ".repeat(1000));
    fs::remove_file(file.path()).unwrap();
    fs::write(file.path(), "").unwrap();
    server.logs("has no table django_session");
    fs::rename(&away, file.path()).unwrap();
    assert_back(&mut visitor, &server, 3);
    assert_eq!(server.has_logged(TOLD), 3, "replaced, no database, no table");
}
