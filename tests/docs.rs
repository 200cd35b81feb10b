//! SECURITY.md names tests and settings that are there.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of all Rust files of a folder.
fn rust(folder: &Path) -> String {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let text = |path: std::path::PathBuf| match path.extension() {
        _ if path.is_dir() => rust(&path),
        Some(extension) if extension == "rs" => fs::read_to_string(path).unwrap(),
        _ => String::new(),
    };
    entries.map(text).collect::<Vec<_>>().join("\n")
}

/// What stands between backticks, up to the first blank.
fn quoted(page: &str) -> BTreeSet<&str> {
    let quoted = page.split('`').skip(1).step_by(2);
    quoted.map(|text| text.split_once(' ').map_or(text, |(first, _)| first)).collect()
}

#[test]
fn every_test_and_setting_that_security_md_names_is_there() {
    let page = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let code = rust(&root().join("tests")) + &rust(&root().join("src"));
    let names = fs::read_to_string(root().join("src/settings/names.rs")).unwrap();
    let (mut tests, mut settings) = (0, 0);
    for name in quoted(&page) {
        let made_of =
            |letter: fn(char) -> bool| name.contains('_') && name.chars().all(|c| letter(c) || c == '_');
        if made_of(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit()) {
            let test = ["()", "("].iter().any(|end| code.contains(&format!("fn {name}{end}")));
            assert!(test || code.contains(&format!("{name}: \"")), "there is no {name}");
            tests += 1;
        } else if made_of(|letter| letter.is_ascii_uppercase()) {
            assert!(names.contains(&format!("(\"{name}\"")), "there is no setting {name}");
            settings += 1;
        }
    }
    assert!(tests > 30 && settings > 4, "the page names {tests} tests and {settings} settings");
}

#[test]
fn the_chapter_on_sessions_is_complete() {
    let page = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let rows: Vec<_> = page.lines().filter_map(|line| line.strip_prefix("| 7.")?.split_once(' ')).collect();
    let requirements: Vec<_> = [3, 4, 2, 5, 3, 2]
        .iter()
        .zip(1..)
        .flat_map(|(count, section)| (1..=*count).map(move |number| format!("{section}.{number}")))
        .collect();
    assert_eq!(rows.iter().map(|(number, _)| *number).collect::<Vec<_>>(), requirements);
    for (number, row) in rows {
        let verdict = row.split('|').nth(2).unwrap().trim();
        assert!(["met", "setting", "application"].contains(&verdict), "7.{number}: {verdict}");
    }
}
