//! A secret stands in no error, no log line, no banner and no `Debug`.

use assert_cmd::Command;
use proptest::prelude::*;

use self::leaks::{Place, SHAPES, assert_not_shown};

#[path = "../../support/secrets.rs"]
mod leaks;

proptest! {
    #[test]
    fn nothing_that_is_said_of_a_setting_shows_a_secret(
        secret in prop_oneof!["[a-z0-9!@#$%^&*(\\-_=+)]{4,50}", "[q-z7-9/?#@:%&=$' \"\\\\,\\[\\].\n]{4,20}", "\\PC{4,20}"],
    ) {
        let folder = tempfile::tempdir().unwrap();
        for shape in SHAPES {
            assert_not_shown(folder.path(), shape, &secret);
        }
    }
}

/// Passwords that some parser would take apart in the wrong place.
#[test]
fn nor_does_it_when_the_secret_looks_like_something_else() {
    let folder = tempfile::tempdir().unwrap();
    for secret in [
        "hunter2secret",
        "p%wxyz",
        "p?wxyz",
        "p/wxyz",
        "p@wxyz",
        "p#wxyz",
        "p:wxyz",
        "wx yz",
        "[::wxyz",
        "5432/wxyz?a=",
        "1,wxyz",
        "wxyz\nSECRET_KEY=",
        "wxyz'''",
        "p%77xyz%00",
        "?sslmode=wxyz",
        "wxyz|wxyz",
    ] {
        for shape in SHAPES {
            assert_not_shown(folder.path(), shape, secret);
        }
    }
}

/// The program itself, with all that it logs.
#[test]
fn the_program_shows_none_either() {
    let folder = tempfile::tempdir().unwrap();
    for (place, shape) in SHAPES {
        let text = shape.replace("{}", "hunter2wxyz");
        let (mut toml, mut dotenv) = (String::new(), String::new());
        let mut command = Command::new(env!("CARGO_BIN_EXE_manage"));
        command.current_dir(folder.path()).env("RUST_LOG", "trace").env("DEBUG", "true");
        match place {
            Place::Toml => toml = text,
            Place::Dotenv => dotenv = text,
            Place::Variable(name) => drop(command.env(name, text)),
        }
        std::fs::write(folder.path().join("settings.toml"), toml).unwrap();
        std::fs::write(folder.path().join(".env"), dotenv).unwrap();
        let output = command.arg("check").timeout(std::time::Duration::from_secs(60)).output().unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(!said.contains("hunter2") && !said.contains("wxyz"), "{place:?} {shape:?}: {said}");
    }
}
