//! The walls between the rooms: a file imports only what stands above it, and every file is named.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms from the ground up; each may use those before it.
const ROOMS: [&str; 14] = [
    "error",
    "clock",
    "crypto",
    "signing",
    "db",
    "cache",
    "sessions",
    "settings",
    "testing",
    "site",
    "lab",
    "application",
    "management",
    "main",
];

/// The files of a room from the ground up, where their order matters.
const FILES: [(&str, &[&str]); 3] = [
    (
        "db",
        &[
            "error",
            "schema",
            "postgres_url",
            "url",
            "options",
            "sqlite",
            "postgres",
            "connection",
            "datetime",
            "bytes",
            "rows",
            "wal_index",
            "row_cache",
            "checkpoints",
            "turns",
            "writer",
            "pooled",
            "migrations",
            "database",
        ],
    ),
    (
        "sessions",
        &[
            "key",
            "policy",
            "json",
            "expiry",
            "payload",
            "pickle",
            "serializers",
            "pickle_codec",
            "error",
            "write_set",
            "backends",
            "saving",
            "storage",
            "base",
            "store",
            "actix",
        ],
    ),
    ("site", &["templates", "headers", "hosts", "views", "error_pages", "urls"]),
];

/// Words that only the named files may say.
const RESERVED: [(&str, &[&str]); 6] = [
    ("clap::", &["management/mod.rs"]),
    ("std::env::", &["management/mod.rs", "main.rs"]),
    ("figment::", &["settings/sources.rs", "settings/caches.rs"]),
    ("dotenvy::", &["settings/dotenv.rs"]),
    ("Utc::now()", &["clock.rs"]),
    ("actix_session::", &["sessions/actix/stock.rs"]),
];

struct File {
    /// Below `src`, such as `sessions/base.rs`.
    name: String,
    /// The module path, such as `["sessions", "base"]`.
    module: Vec<String>,
    /// The code without comments and tests.
    code: String,
}

fn files() -> Vec<File> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    collect(&src, &mut paths);
    paths.iter().map(|path| read(&src, path)).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { collect(&path, paths) } else { paths.push(path) }
    }
}

fn read(src: &Path, path: &Path) -> File {
    let name = path.strip_prefix(src).unwrap().to_str().unwrap().to_owned();
    let mut module: Vec<_> = name.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|last| last == "mod" || last == "lib") {
        module.pop();
    }
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]").next().unwrap();
    let code =
        code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    File { name, module, code }
}

/// The modules that a file names with `crate::` and `super::`, as paths from the crate.
fn imports(file: &File) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let depth_of_super =
        if file.name.ends_with("mod.rs") { file.module.len() } else { file.module.len().saturating_sub(1) };
    for (start, _) in file.code.match_indices("crate::") {
        found.push(path_at(&file.code[start + "crate::".len()..], &[]));
    }
    for (start, _) in file.code.match_indices("super::") {
        let visibility = file.code[..start].ends_with("in ");
        let repeated = file.code[..start].ends_with("super::");
        if !visibility && !repeated {
            let parent = if file.name.ends_with("mod.rs") { depth_of_super - 1 } else { depth_of_super };
            found.push(path_at(&file.code[start + "super::".len()..], &file.module[..parent]));
        }
    }
    found
}

fn path_at(text: &str, parent: &[String]) -> Vec<String> {
    let name = |text: &str| {
        text.chars()
            .take_while(|character| character.is_alphanumeric() || *character == '_')
            .collect::<String>()
    };
    let first = name(text);
    let second = text.strip_prefix(&first).and_then(|rest| rest.strip_prefix("::")).map(name);
    parent.iter().cloned().chain([first]).chain(second).collect()
}

fn rank(order: &[&str], name: &str) -> Option<usize> {
    order.iter().position(|known| *known == name)
}

#[test]
fn a_room_imports_only_rooms_above_it() {
    for file in files() {
        let Some(own) = file.module.first() else { continue };
        let own_rank =
            rank(&ROOMS, own).unwrap_or_else(|| panic!("{}: this room has no place in ROOMS", file.name));
        for import in imports(&file) {
            if let Some(other) = rank(&ROOMS, &import[0]) {
                assert!(other <= own_rank, "{} imports {}", file.name, import.join("::"));
            }
        }
    }
}

#[test]
fn a_file_imports_only_files_above_it() {
    for file in files() {
        let [room, own, ..] = file.module.as_slice() else { continue };
        let Some((_, order)) = FILES.iter().find(|(name, _)| name == room) else { continue };
        let own_rank =
            rank(order, own).unwrap_or_else(|| panic!("{}: this file has no place in FILES", file.name));
        for import in imports(&file) {
            if import[0] == *room
                && let Some(other) = import.get(1).and_then(|other| rank(order, other))
            {
                assert!(other <= own_rank, "{} imports {}", file.name, import.join("::"));
            }
        }
    }
}

#[test]
fn some_words_are_said_in_one_place_only() {
    for file in files() {
        for (word, allowed) in RESERVED {
            assert!(
                !file.code.contains(word) || allowed.contains(&file.name.as_str()),
                "{} says {word}",
                file.name
            );
        }
    }
}

/// But for one room, the session layer is any framework's.
#[test]
fn only_one_room_of_the_sessions_knows_actix() {
    for file in files() {
        let [room, own, ..] = file.module.as_slice() else { continue };
        let outside = room == "sessions" && own != "actix";
        assert!(!outside || !file.code.contains("actix_web"), "{} knows Actix", file.name);
    }
}

#[test]
fn every_file_is_named_by_a_mod() {
    let files = files();
    let mut named = BTreeSet::from(["main".to_owned(), String::new()]);
    for file in &files {
        for line in file.code.lines() {
            let line = line.trim();
            let Some(name) =
                line.strip_suffix(';').and_then(|line| line.rsplit_once("mod ")).map(|(_, name)| name)
            else {
                continue;
            };
            named.insert(file.module.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join("/"));
        }
    }
    for file in &files {
        assert!(named.contains(&file.module.join("/")), "no `mod` names {}", file.name);
    }
}

#[test]
fn no_file_grows_beyond_400_lines_before_its_tests() {
    for file in files() {
        let lines = file.code.lines().count();
        assert!(lines <= 400, "{} has {lines} lines", file.name);
    }
}
