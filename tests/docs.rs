//! The pages name tests, settings, files and each other as they are.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

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

/// The settings of `names.rs`, in its order.
fn settings() -> Vec<String> {
    let names = fs::read_to_string(root().join("src/settings/names.rs")).unwrap();
    let (_, list) = names.split_once("SETTINGS: [").unwrap();
    let entries = list.split_once("];").unwrap().0.split("(\"").skip(1);
    entries.map(|entry| entry.split_once('"').unwrap().0.to_owned()).collect()
}

#[test]
fn every_setting_has_its_row() {
    let page = fs::read_to_string(root().join("docs/settings.md")).unwrap();
    let names =
        page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once(" |")).map(|(name, _)| name);
    let rows: Vec<_> = names.flat_map(|name| name.split("`, `")).map(|name| name.trim_matches('`')).collect();
    assert_eq!(rows, settings());
}

/// `[…]` with what follows, from the text of a page outside of code.
fn links(page: &str) -> Vec<(String, String)> {
    let mut code = false;
    let prose = page.lines().filter(|line| {
        code ^= line.starts_with("```");
        !code
    });
    let prose = prose.collect::<Vec<_>>().join("\n");
    let ends = prose
        .match_indices("](")
        .map(|(at, _)| (at, ')'))
        .chain(prose.match_indices("][").map(|(at, _)| (at, ']')));
    let link = |(at, end): (usize, char)| {
        Some((prose[at + 1..=at + 1].to_owned(), prose[at + 2..].split_once(end)?.0.to_owned()))
    };
    ends.filter_map(link).collect()
}

/// The references that a page defines, and what they lead to.
fn definitions(page: &str) -> Vec<(String, String)> {
    let lines = page.lines().filter_map(|line| line.strip_prefix('[')?.split_once("]: "));
    lines.map(|(label, target)| (label.to_owned(), target.to_owned())).collect()
}

/// The pages of `docs/`, and those beside the README.
fn pages() -> Vec<PathBuf> {
    let docs = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let docs = docs.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    docs.chain(["README.md", "SECURITY.md", "CONTRIBUTING.md"].map(|name| root().join(name))).collect()
}

fn leads_somewhere(page: &Path, target: &str) -> bool {
    let file = target.split('#').next().unwrap();
    target.starts_with("http") || page.parent().unwrap().join(file).exists()
}

#[test]
fn every_link_leads_somewhere() {
    for path in pages() {
        let (page, name) = (fs::read_to_string(&path).unwrap(), path.display());
        let defined = definitions(&page);
        for (kind, target) in links(&page) {
            let is_defined = || defined.iter().any(|(label, _)| *label == target);
            // `["name"]` is an index, in inline code.
            let leads = if kind == "[" {
                target.starts_with('"') || is_defined()
            } else {
                leads_somewhere(&path, &target)
            };
            assert!(leads, "{name}: {target} leads nowhere");
        }
        for (label, target) in &defined {
            assert!(leads_somewhere(&path, target), "{name}: {target} leads nowhere");
            assert!(page.contains(&format!("][{label}]")), "{name} does not use [{label}]");
        }
    }
}

/// See `src/guide.rs`.
#[test]
fn every_link_of_the_guide_leads_somewhere_in_rustdoc_too() {
    let in_rustdoc = definitions(&fs::read_to_string(root().join("docs/rustdoc/links.md")).unwrap());
    let guide =
        pages().into_iter().filter(|path| !path.ends_with("README.md") && !path.ends_with("CONTRIBUTING.md"));
    for path in guide {
        let page = fs::read_to_string(&path).unwrap();
        for (label, _) in definitions(&page) {
            assert!(
                in_rustdoc.iter().any(|(known, _)| *known == label),
                "docs/rustdoc/links.md lacks [{label}]"
            );
        }
        for (_, target) in links(&page).into_iter().filter(|(kind, _)| kind == "(") {
            let works = target.starts_with("http") || target.starts_with('#');
            assert!(works, "{}: make {target} a reference", path.display());
        }
    }
}

#[test]
fn every_page_is_one_of_the_guide() {
    let guide = fs::read_to_string(root().join("src/guide.rs")).unwrap();
    for path in pages().iter().filter(|path| path.parent().unwrap().ends_with("docs")) {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(guide.contains(&format!("../docs/{name}\"")), "{name}");
    }
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
