//! `manage backup` beside a server that is at work.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::client::Visitor;
use crate::database::DatabaseFile;
use crate::server::{PROGRAM, Server, configure, manage, runserver};
use crate::timing::undisturbed;

fn refused(target: &str, file: &DatabaseFile) -> String {
    let mut command = Command::new(PROGRAM);
    command.args(["backup", target]);
    configure(&mut command, &file.path());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_backup_beside_a_running_server_is_whole_and_private() {
    let _alone = undisturbed();
    let (file, copy) = (DatabaseFile::new(), DatabaseFile::new());
    let server = Server::start(runserver(&file.path()));
    let key = Visitor::after_visits(&server, 3).key().to_owned();
    // Several megabytes.
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO django_session \
                SELECT printf('%032d', i), hex(zeroblob(100)), '2999-12-31 00:00:00' FROM n";
    file.execute(many);
    let (stop, target) = (AtomicBool::new(false), copy.path());
    let before = Visitor::with_key(&server, &key).look().counter();
    let said = thread::scope(|scope| {
        let mut visitor = Visitor::with_key(&server, &key);
        let stop = &stop;
        let visits = scope.spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                assert_eq!(visitor.visit().status, 200);
            }
        });
        let said = scope.spawn(|| manage(&["backup", target.to_str().unwrap()], &file.path())).join();
        stop.store(true, Ordering::Relaxed);
        visits.join().unwrap();
        said.unwrap()
    });
    assert!(said.starts_with("Copied sqlite://"), "{said}");
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(copy.folder()).unwrap().count(), 1, "nothing beside it");
    copy.assert_whole();
    assert_eq!(copy.keys().len(), 20_001);
    server.kill();
    let restored = Server::start(runserver(&target));
    let counter = Visitor::with_key(&restored, &key).look().counter();
    assert!((before..=Visitor::with_key(&restored, &key).visit().counter()).contains(&counter));
}

#[test]
fn a_backup_overwrites_nothing_and_leaves_nothing_where_it_fails() {
    let (file, copy) = (DatabaseFile::new(), DatabaseFile::new());
    let target = copy.path();
    let target = target.to_str().unwrap();
    let said = refused(target, &file);
    assert!(said.contains("there is no database"), "{said}");
    assert!(!copy.path().exists() && !file.path().exists());

    manage(&["migrate"], &file.path());
    fs::write(copy.path(), "mine").unwrap();
    let said = refused(target, &file);
    assert!(said.contains("is there already"), "{said}");
    assert_eq!(fs::read_to_string(copy.path()).unwrap(), "mine");
    let said = refused(file.path().to_str().unwrap(), &file);
    assert!(said.contains("is there already"), "{said}");
    assert!(refused("/nowhere/at/all", &file).contains("cannot write /nowhere/at/all"));

    let garbled = DatabaseFile::new();
    fs::write(garbled.path(), "no database, ".repeat(1000)).unwrap();
    let elsewhere = copy.folder().join("elsewhere");
    let said = refused(elsewhere.to_str().unwrap(), &garbled);
    assert!(said.contains("not a database"), "{said}");
    assert_eq!(fs::read_dir(copy.folder()).unwrap().count(), 1);
}

#[test]
fn an_odd_name_is_a_name() {
    let (file, copy) = (DatabaseFile::new(), DatabaseFile::new());
    manage(&["migrate"], &file.path());
    for name in ["file:a?mode=memory#b", "100%25.sqlite3", "it's.sqlite3", ":memory:"] {
        let target = copy.folder().join(name);
        manage(&["backup", target.to_str().unwrap()], &file.path());
        assert!(target.metadata().unwrap().len() > 0, "{name}");
        // A database may be called so as well.
        assert!(manage(&["sessions", "list"], &target).contains("0 of 0 sessions"), "{name}");
    }
}

#[test]
fn the_files_of_a_new_database_are_private_and_those_of_an_old_one_stay_as_they_are() {
    let file = DatabaseFile::new();
    let server = Server::start(runserver(&file.path()));
    Visitor::new(&server).visit();
    let modes = || {
        ["", "-wal", "-shm"]
            .map(|suffix| fs::metadata(file.beside(suffix)).unwrap().permissions().mode() & 0o777)
    };
    assert_eq!(modes(), [0o600; 3]);
    server.signal("TERM");
    server.wait();
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o640)).unwrap();
    let server = Server::start(runserver(&file.path()));
    Visitor::new(&server).visit();
    assert_eq!(modes(), [0o640; 3]);
}
