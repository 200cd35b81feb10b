//! `.env` holds the text as it is written, or is refused: never another value.

use proptest::prelude::*;

use super::load;

/// The alphabet of Django's `get_random_secret_key`.
const DJANGO: &str = "[abcdefghijklmnopqrstuvwxyz0123456789!@#$%^&*(\\-_=+)]{1,50}";
/// The characters that mean something to a parser of `.env`, among others.
const TRICKY: &str = "[a-c $#'\"\\\\={}\t.é]{1,12}";

fn key(toml: &str, dotenv: &str, environment: &[(&str, &str)]) -> Result<String, String> {
    load(&format!("DEBUG = true\n{toml}"), dotenv, environment).map(|settings| settings.secret_key)
}

/// The same text in all three places, and in every way to quote it.
fn means_the_same(text: &str) -> Result<(), TestCaseError> {
    prop_assert_eq!(key("", "", &[("SECRET_KEY", text)]), Ok(text.to_owned()));
    // A JSON string is a TOML string, too.
    let quoted = serde_json::to_string(text).unwrap();
    prop_assert_eq!(key(&format!("SECRET_KEY = {quoted}"), "", &[]), Ok(text.to_owned()));
    for quote in ["", "'", "\""] {
        // Nobody can tell quotes that belong to a text from those around it, or spaces.
        if quote.is_empty() && (text.starts_with(['\'', '"']) || text.trim_matches([' ', '\t']) != text) {
            continue;
        }
        match key("", &format!("# ours\n\nSECRET_KEY={quote}{text}{quote}\nDEBUG=true\n"), &[]) {
            Ok(read) => prop_assert_eq!(&read, text, "in {:?}", quote),
            Err(refused) => prop_assert!(refused.starts_with("FOLDER/.env: line 3"), "{}", refused),
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_key_of_djangos_means_the_same_everywhere_or_is_refused(text in DJANGO) {
        means_the_same(&text)?;
        let single = key("", &format!("SECRET_KEY='{text}'"), &[]);
        prop_assert_eq!(single, Ok(text), "single quotes always work");
    }

    #[test]
    fn so_does_any_printable_text(text in prop_oneof!["\\PC{1,40}", TRICKY]) {
        prop_assume!(!text.trim().is_empty());
        means_the_same(&text)?;
    }
}

#[test]
fn a_value_that_would_be_changed_is_refused_with_its_line_and_the_way_to_quote_it() {
    for line in [
        "SECRET_KEY=ab$cd-ef",
        "SECRET_KEY=\"ab$cd-ef\"",
        "SECRET_KEY=ab${PATH}",
        "SECRET_KEY=$PATH",
        "SECRET_KEY=ab\\ cd",
        "SECRET_KEY=abcd\\",
        "SECRET_KEY=ab'cd'",
        "SECRET_KEY=#abcd",
        "SECRET_KEY=abcd # the key",
        "SECRET_KEY='abcd'ef",
        "SECRET_KEY='abcd' # don't",
        "SECRET_KEY=abcd\u{a0}",
        "SECRET_KEY=ab\rDEBUG=true",
        "DATABASE_URL=postgres://site:pa$word@db.example/site",
        "SESSION_COOKIE_NAME=a$b",
        "SESSION_COOKIE_AGE=3${SESSION_COOKIE_NAME}0",
        "ALLOWED_HOSTS=a.example #,b.example",
        "export SECRET_KEY=ab$cd",
    ] {
        let name = line.trim_start_matches("export ").split('=').next().unwrap();
        let refused = load(super::MINIMAL, &format!("OTHER='1'\n{line}\n"), &[]).err().unwrap();
        assert!(refused.starts_with("FOLDER/.env: line 2"), "{line}: {refused}");
        assert!(refused.contains(name) && refused.contains("single quotes"), "{line}: {refused}");
        assert!(!refused.contains('\n'), "{line}: {refused}");
    }
}

#[test]
fn what_is_written_plainly_is_read() {
    for (line, read) in [
        ("SECRET_KEY=ab#cd=%ef", "ab#cd=%ef"),
        ("SECRET_KEY = abcd  ", "abcd"),
        ("SECRET_KEY='ab $cd\\e'  # single quotes", "ab $cd\\e"),
        ("SECRET_KEY=\"it's\"", "it's"),
        ("  export   SECRET_KEY=abcd", "abcd"),
        ("\u{feff}SECRET_KEY=abcd", "abcd"),
        ("SECRET_KEY=abcd\r", "abcd"),
        ("#SECRET_KEY=no\nSECRET_KEY=abcd", "abcd"),
        ("OTHER=\"two\nlines\"\nSECRET_KEY=abcd", "abcd"),
        ("OTHER=$PATH\nSECRET_KEY=abcd", "abcd"),
    ] {
        assert_eq!(key("", line, &[]).as_deref(), Ok(read), "{line:?}");
        assert_eq!(key("", &format!("{line}\n"), &[]).as_deref(), Ok(read), "{line:?} and its end");
    }
    let settings = load(super::MINIMAL, "SESSION_COOKIE_AGE=7 # seconds\nDEBUG=true # for now", &[]).unwrap();
    assert_eq!(settings.session.cookie_age, 7, "a comment cannot be part of a number");
}

#[test]
fn a_quotation_mark_that_does_not_close_swallows_no_setting() {
    for (dotenv, line) in [
        ("OTHER=don't\nSECRET_KEY=abc'd\n", 1),
        ("A=1\nOTHER=\"\nSECRET_KEY=abcd\n\"", 2),
        ("SECRET_KEY='abcd\nefgh'", 1),
        ("A=1\nSECRET_KEY='abcd\\'\nOTHER='x'", 2),
        ("A=1\n\nSECRET_KEY='abcd", 3),
    ] {
        let refused = load(super::MINIMAL, dotenv, &[]).err().unwrap();
        assert!(refused.starts_with(&format!("FOLDER/.env: line {line}")), "{dotenv:?}: {refused}");
    }
}

#[test]
fn a_setting_stands_once() {
    let refused = key("", "SECRET_KEY=abcd\nOTHER=1\nexport SECRET_KEY=efgh", &[]).unwrap_err();
    assert!(refused.contains("line 3") && refused.contains("line 1"), "{refused}");
    assert!(load(super::MINIMAL, "OTHER=1\nOTHER=2", &[]).is_ok(), "other programs may do as they like");
}

#[test]
fn bytes_that_are_no_text_are_refused_with_their_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("settings.toml"), super::MINIMAL).unwrap();
    std::fs::write(folder.path().join(".env"), b"OTHER=1\nSECRET_KEY=ab\xff\n").unwrap();
    let none = std::iter::empty::<(&str, &str)>();
    let file = folder.path().join("settings.toml");
    let refused = sessionid::settings::Settings::load(&file, none.clone()).err().unwrap().to_string();
    assert!(refused.contains("line 2 is not UTF-8"), "{refused}");
    std::fs::remove_file(folder.path().join(".env")).unwrap();
    std::fs::create_dir(folder.path().join(".env")).unwrap();
    let refused = sessionid::settings::Settings::load(&file, none).err().unwrap().to_string();
    assert!(refused.contains(".env: cannot be read"), "a folder, as Docker makes one: {refused}");
}
