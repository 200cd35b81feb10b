//! The commands as they are typed.

use std::path::Path;

use assert_cmd::Command;

use crate::support::TestDatabase;

/// `manage` in the package's folder, on a database of its own.
fn manage(database: &TestDatabase) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_manage"));
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("DATABASE_URL", database.url())
        .env("RUST_LOG", "error")
        .timeout(std::time::Duration::from_secs(60));
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn the_walkthrough_performs_the_whole_document_with_a_real_age() {
    let database = TestDatabase::new();
    let output = manage(&database).env("SESSION_COOKIE_AGE", "2").arg("walkthrough").output().unwrap();
    let shown = text(&output.stdout);
    assert!(output.status.success(), "{shown}{}", text(&output.stderr));
    assert!(shown.contains("9 steps, 30 of 30 checks as the document says."), "{shown}");
    assert!(!shown.contains('✘'), "{shown}");
    for evidence in ["> GET /hello/poke HTTP/1.1", "< Set-Cookie: sessionid=", "row ", "Counter : 4"] {
        assert!(shown.contains(evidence), "{evidence} in {shown}");
    }
}

/// What an engine cannot tell, such as its keys or a row that has expired, is not asked of it.
#[test]
fn the_walkthrough_performs_it_on_every_engine() {
    let mut engines = vec![("file", "locmem://".to_owned()), ("signed_cookies", "locmem://".to_owned())];
    for engine in ["cache", "cached_db"] {
        engines.push((engine, "locmem://".to_owned()));
        #[cfg(feature = "redis")]
        engines.push((engine, std::env::var("TEST_REDIS_URL").expect("run under tests/with-caches")));
        #[cfg(feature = "memcached")]
        engines.push((engine, format!("memcached://{}", std::env::var("TEST_MEMCACHED").unwrap())));
    }
    std::thread::scope(|scope| {
        for (engine, caches) in &engines {
            scope.spawn(move || {
                let (database, folder) = (TestDatabase::new(), tempfile::tempdir().unwrap());
                let mut command = manage(&database);
                command.env("SESSION_ENGINE", engine).env("CACHES", caches);
                command.env("SESSION_FILE_PATH", folder.path()).env("SESSION_COOKIE_AGE", "2");
                let output = command.arg("walkthrough").output().unwrap();
                let shown = text(&output.stdout);
                assert!(output.status.success(), "{engine} {caches}: {shown}{}", text(&output.stderr));
                assert!(shown.contains("9 steps") && !shown.contains('✘'), "{engine} {caches}: {shown}");
            });
        }
    });
}

#[test]
fn a_walkthrough_that_finds_another_behaviour_fails() {
    let database = TestDatabase::new();
    let site = tempfile::tempdir().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("templates"), &site.path().join("templates"));
    std::fs::write(site.path().join("templates/helloworld.html"), "Counter : <b>7</b>").unwrap();
    std::fs::write(site.path().join("settings.toml"), "SECRET_KEY = 'x'\nDEBUG = true").unwrap();
    let output = manage(&database).current_dir(site.path()).arg("walkthrough").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("✘ the counter starts at 0"));
    assert!(text(&output.stderr).contains("did not behave as the document says"));
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn migrate_creates_djangos_table_once() {
    let database = TestDatabase::new();
    let first = manage(&database).arg("migrate").output().unwrap();
    assert!(first.status.success(), "{}", text(&first.stderr));
    assert!(text(&first.stdout).contains("Applying sessions.0001_initial... OK"));
    let second = manage(&database).arg("migrate").output().unwrap();
    assert!(second.status.success());
    assert!(text(&second.stdout).contains("No migrations to apply."));
}

#[test]
fn migrate_makes_the_table_again_where_it_was_dropped() {
    let database = TestDatabase::new();
    assert!(manage(&database).arg("migrate").output().unwrap().status.success());
    database.execute("DROP TABLE django_session");
    let said = refused(manage(&database).arg("clearsessions"));
    assert!(said.contains("`manage migrate` creates it"), "{said}");
    let again = manage(&database).arg("migrate").output().unwrap();
    assert!(text(&again.stdout).contains("Applying sessions.0001_initial... OK"), "{again:?}");
    assert!(manage(&database).arg("clearsessions").output().unwrap().status.success());
    assert_eq!(database.rows(), []);
}

#[test]
fn help_names_every_command_and_exits_with_0() {
    let database = TestDatabase::new();
    let output = manage(&database).arg("--help").output().unwrap();
    assert!(output.status.success());
    for command in ["runserver", "migrate", "walkthrough", "--settings"] {
        assert!(text(&output.stdout).contains(command), "{command}");
    }
    for command in ["runserver", "migrate", "walkthrough"] {
        assert!(manage(&database).args([command, "--help"]).output().unwrap().status.success(), "{command}");
    }
}

#[test]
fn a_wrong_command_line_exits_with_2() {
    let database = TestDatabase::new();
    for arguments in [&["nonsense"][..], &["migrate", "now"], &["walkthrough", "--age", "0"]] {
        assert_eq!(
            manage(&database).args(arguments).output().unwrap().status.code(),
            Some(2),
            "{arguments:?}"
        );
    }
}

/// One line on standard error, and the exit code 1.
fn refused(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    assert!(said.starts_with("Error: "), "{said}");
    said
}

#[test]
fn what_cannot_start_says_why_in_one_line() {
    let database = TestDatabase::new();
    let said = refused(manage(&database).args(["runserver", "nowhere"]));
    assert!(said.contains("PORT or ADDR:PORT"), "{said}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let said = refused(manage(&database).args(["runserver", &taken.local_addr().unwrap().to_string()]));
    assert!(said.contains("that port is already in use"), "{said}");
    let said = refused(
        manage(&database).env("DATABASE_URL", "sqlite:///nowhere/at/all/db.sqlite3").args(["runserver", "0"]),
    );
    assert!(said.contains("cannot open the database sqlite:///nowhere/at/all/db.sqlite3"), "{said}");
    let said = refused(manage(&database).env("SESSION_COOKIE_AGE", "soon").arg("migrate"));
    assert!(said.contains("SESSION_COOKIE_AGE in the environment"), "{said}");
    let said = refused(manage(&database).args(["runserver", "0", "--settings", "/nowhere/settings.toml"]));
    assert!(said.contains("/nowhere/settings.toml"), "{said}");
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let database = TestDatabase::file_of_its_own();
    let file = database.file().unwrap();
    std::fs::write(&file, "dear diary, ".repeat(200)).unwrap();
    let said = refused(manage(&database).arg("migrate"));
    assert!(said.contains("not a database"), "{said}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "dear diary, ".repeat(200));
}

/// What `manage check` logs, with these variables in the environment.
fn warnings(environment: &[(&str, &str)]) -> String {
    let database = TestDatabase::new();
    let folder = tempfile::tempdir().unwrap();
    let output = manage(&database)
        .current_dir(folder.path())
        .env("RUST_LOG", "warn")
        .env("DEBUG", "true")
        .env("SECRET_KEY", "a key of sixteen")
        .envs(environment.iter().copied())
        .arg("check")
        .output()
        .unwrap();
    text(&output.stderr)
}

#[test]
fn a_mistyped_variable_is_named_once_with_the_nearest_setting() {
    let said = warnings(&[
        ("SESSION_COOKIE_SECUER", "hunter2"),
        ("SESSION_MANAGER", "local"),
        ("DEBUG_COLORS", "1"),
    ]);
    assert_eq!(said.trim().lines().count(), 1, "{said}");
    assert!(said.contains("WARN"), "{said}");
    assert!(said.contains("SESSION_COOKIE_SECUER in the environment"), "{said}");
    assert!(said.contains("did you mean SESSION_COOKIE_SECURE?"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    // It explains what is missing then.
    let said = warnings(&[("SECRET_KEY", ""), ("SECRETKEY", "hunter2")]);
    assert!(said.contains("did you mean SECRET_KEY?") && said.contains("Error: SECRET_KEY"), "{said}");
    assert_eq!(warnings(&[]), "");
}

#[test]
fn a_short_key_is_warned_of_and_not_shown() {
    for (environment, name) in [
        (&[("SECRET_KEY", "short-and-secret")][..], None),
        (&[("SECRET_KEY", "short-and-secre")][..], Some("SECRET_KEY has")),
        (
            &[("SECRET_KEY_FALLBACKS", "a key of sixteen,short-and-secre")][..],
            Some("SECRET_KEY_FALLBACKS[1] has"),
        ),
        (&[("SECRET_KEY", "ключ из 16 букв!")][..], None),
    ] {
        let said = warnings(environment);
        assert_eq!(said.lines().count(), usize::from(name.is_some()), "{said}");
        assert!(said.contains(name.unwrap_or_default()) && !said.contains("short-and"), "{said}");
    }
}
