//! `settings.toml`, `.env` and the environment.

use std::path::Path;

use sessionid::settings::{Settings, SettingsError};

use super::{choice, in_folder};

const NOBODY: [(String, String); 0] = [];

/// The first byte says where the rest is written.
///
/// # Panics
///
/// If what is wrong is said in more than a line, or a value of `.env` or of the environment is read as another.
pub(super) fn run(data: &[u8]) {
    let (place, text) = choice(data);
    in_folder(|folder| match place % 3 {
        0 => drop(load(folder, text, b"", NOBODY)),
        1 => dotenv(folder, text),
        _ => environment(folder, &String::from_utf8_lossy(text)),
    });
}

fn dotenv(folder: &Path, text: &[u8]) {
    let Ok(settings) = load(folder, b"DEBUG = true\nSECRET_KEY = 'of the file'", text, NOBODY) else {
        return;
    };
    let text = String::from_utf8_lossy(text);
    let own = settings.secret_key != "of the file";
    let texts = own.then_some(&settings.secret_key).into_iter();
    for value in texts.chain(&settings.secret_key_fallbacks).chain(&settings.allowed_hosts) {
        assert!(text.contains(value.as_str()), "{value:?} does not stand in {text:?}");
    }
}

/// A variable on each line.
fn environment(folder: &Path, text: &str) {
    let variables = text.lines().filter_map(|line| line.split_once('='));
    let variables: Vec<_> = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    if let Ok(settings) = load(folder, b"DEBUG = true\nSECRET_KEY = 'of the file'", b"", variables.clone()) {
        let mut keys =
            variables.iter().rev().filter(|(name, _)| name == "SECRET_KEY").map(|(_, value)| value);
        assert_eq!(&settings.secret_key, keys.next().unwrap_or(&"of the file".to_owned()));
    }
}

fn load(
    folder: &Path,
    toml: &[u8],
    dotenv: &[u8],
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Settings, SettingsError> {
    let file = folder.join("settings.toml");
    std::fs::write(&file, toml).unwrap();
    std::fs::write(folder.join(".env"), dotenv).unwrap();
    let loaded = Settings::load(&file, environment);
    let said = loaded.as_ref().map_or_else(ToString::to_string, |settings| format!("{settings:?}"));
    assert!(!said.contains(char::is_control), "{said:?}");
    loaded
}
