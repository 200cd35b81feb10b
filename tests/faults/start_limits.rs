//! A start under limits of the process, with odd paths, and on an address that others reach.

use std::fs;
use std::process::{Command, Stdio};

use crate::client::Connection;
use crate::database::DatabaseFile;
use crate::server::{PROGRAM, Server, configure, runserver, runserver_at};

#[test]
fn a_limit_of_open_files_is_an_error_in_one_line_and_no_panic() {
    let file = DatabaseFile::new();
    let (mut refused, mut serving) = (0, 0);
    for files in 6..40 {
        let mut command = Command::new("sh");
        command.args([
            "-c",
            r#"ulimit -n "$1"; exec "$0" runserver 127.0.0.1:0"#,
            PROGRAM,
            &files.to_string(),
        ]);
        configure(&mut command, &file.path());
        match Server::launch(command) {
            Ok(_) => serving += 1,
            Err(ended) => {
                refused += 1;
                assert_eq!(ended.status.code(), Some(1), "{files} files: {ended:?}");
                let errors = ended.stderr.lines().filter(|line| line.starts_with("Error: ")).count();
                let logged = ended.stderr.lines().filter(|line| line.contains(" ERROR ")).count();
                assert_eq!(
                    (errors, logged + errors),
                    (1, ended.stderr.lines().count()),
                    "{files}: {ended:?}"
                );
            }
        }
    }
    assert!(refused > 10 && serving > 0, "{refused} starts refused, {serving} serve");
}

#[test]
fn what_would_move_a_terminals_cursor_is_never_printed() {
    let file = DatabaseFile::new();
    let folder = file.folder().join("a\u{1b}[31m\u{202e}b");
    fs::create_dir(&folder).unwrap();
    let settings = folder.join("settings.toml");
    fs::write(&settings, "SECRET_KEY = 'x").unwrap();
    let database = folder.join("db.sqlite3");
    let arguments: [&[&str]; 6] = [
        &["check", "--settings", settings.to_str().unwrap()],
        &["check", "--settings", folder.to_str().unwrap()],
        &["migrate"],
        &["runserver", "\u{1b}[31m"],
        &["\u{1b}[31m"],
        &["--\u{1b}[31m"],
    ];
    for arguments in arguments {
        let mut command = Command::new(PROGRAM);
        configure(&mut command, &database);
        let output = command.args(arguments).stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(said.contains("\\u{1b}[31m"), "{arguments:?}: {said:?}");
        assert!(!said.contains(['\u{1b}', '\u{202e}']), "{arguments:?}: {said:?}");
    }
}

#[test]
fn the_start_says_that_others_can_reach_the_address_while_debug_is_on() {
    let file = DatabaseFile::new();
    for (address, debug, said) in [
        ("0.0.0.0:0", "true", true),
        ("0.0.0.0:0", "false", false),
        ("127.0.0.1:0", "true", false),
        ("[::ffff:127.0.0.1]:0", "true", false),
    ] {
        let mut command = runserver_at(address, &file.path());
        command.env("DEBUG", debug).env("ALLOWED_HOSTS", "127.0.0.1");
        let mut server = Server::start(command);
        let line = server.next_line();
        assert_eq!(line.contains("Others can reach"), said, "{address}: {line}");
        if said {
            assert_eq!(server.next_line(), "Quit the server with CONTROL-C.");
        }
    }
}

/// Linux takes any bytes for a name.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_whose_name_is_not_utf_8_is_as_good_as_any() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let file = DatabaseFile::new();
    let folder = file.folder().join(OsStr::from_bytes(b"caf\xe9"));
    fs::create_dir(&folder).unwrap();
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["templates", "static", "settings.toml"] {
        std::os::unix::fs::symlink(source.join(name), folder.join(name)).unwrap();
    }
    let mut command = runserver(&file.path());
    command.arg("--settings").arg(folder.join("settings.toml")).env_remove("DATABASE_URL");
    let server = Server::start(command);
    assert_eq!(Connection::to(&server).plain().status, 200);
    let names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.contains(&"db.sqlite3".into()), "{names:?}");
    assert_eq!(fs::read_dir(file.folder()).unwrap().count(), 1, "and nothing beside it");
}
