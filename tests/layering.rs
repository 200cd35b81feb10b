//! The walls between the rooms: a file imports only what stands above it, and every file is named.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "layering/graph.rs"]
mod graph;
#[path = "layering/source.rs"]
mod source;

use std::collections::BTreeSet;

use self::graph::Graph;
use self::source::{File, files};

/// The rooms from the ground up; each may use those before it.
const ROOMS: [&str; 17] = [
    "error",
    "clock",
    "throttle",
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
    "testserver",
    "management",
    "guide",
    "main",
];

/// The files of a room from the ground up, where their order matters.
const FILES: [(&str, &[&str]); 10] = [
    (
        "db",
        &[
            "error",
            "schema",
            "file",
            "filesystem",
            "postgres_url",
            "url",
            "options",
            "sqlite",
            "postgres",
            "connection",
            "backup",
            "datetime",
            "bytes",
            "rows",
            "wal_index",
            "row_cache",
            "migrations",
            "log_growth",
            "checkpoints",
            "readers",
            "local_file",
            "turns",
            "writer",
            "pooled",
            "database",
        ],
    ),
    (
        "cache",
        &[
            "error",
            "contract",
            "keys",
            "connections",
            "rendezvous",
            "locmem",
            "memcached",
            "redis",
            "options",
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
            "heavy",
            "backends",
            "saving",
            "storage",
            "clean_up",
            "base",
            "store",
            "actix",
        ],
    ),
    (
        "settings",
        &["error", "names", "rules", "dotenv", "warnings", "sources", "caches", "server", "redacted"],
    ),
    (
        "site",
        &[
            "built_in",
            "templates",
            "headers",
            "client_address",
            "cross_origin",
            "hosts",
            "body_timeout",
            "cross_origin",
            "static_files",
            "views",
            "error_pages",
            "urls",
        ],
    ),
    (
        "lab",
        &[
            "limits",
            "error",
            "log",
            "rooms",
            "drawing",
            "progress",
            "exercises",
            "at_once",
            "state",
            "loopback",
            "entrance",
            "recorder",
            "learner",
            "foreign",
            "visit",
            "rows",
            "panels",
            "redirects",
            "thief",
            "pages",
            "code",
            "views",
            "transfer",
            "report",
            "feed",
            "lead",
            "actions",
            "demo_user",
            "play",
            "cross_origin",
            "urls",
        ],
    ),
    ("testing", &["cookie_date", "set_cookie", "cookies", "jar", "redirect", "client"]),
    ("application", &["storage", "signals"]),
    ("testserver", &["error", "script", "read_only", "control", "clock", "fixtures", "refusals", "server"]),
    ("management", &["commands", "logging"]),
];

/// Rooms whose circles are still to be opened.
const ROOMS_WITH_CIRCLES: [&str; 0] = [];

/// Words that only the named files may say.
const RESERVED: [(&str, &[&str]); 6] = [
    ("clap::", &["management/mod.rs"]),
    ("std::env::", &["management/mod.rs", "management/logging.rs", "main.rs"]),
    ("figment::", &["settings/sources.rs", "settings/caches.rs"]),
    ("dotenvy::", &["settings/dotenv.rs"]),
    ("Utc::now()", &["clock.rs"]),
    ("actix_session::", &["sessions/actix/stock.rs"]),
];

fn rank(order: &[&str], name: &str) -> Option<usize> {
    order.iter().position(|known| *known == name)
}

#[test]
fn a_room_imports_only_rooms_above_it() {
    for file in files() {
        let Some(own) = file.module.first() else { continue };
        let own_rank =
            rank(&ROOMS, own).unwrap_or_else(|| panic!("{}: this room has no place in ROOMS", file.name));
        for import in file.imports() {
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
        for import in file.imports() {
            if import[0] == *room
                && let Some(other) = import.get(1).and_then(|other| rank(order, other))
            {
                assert!(other <= own_rank, "{} imports {}", file.name, import.join("::"));
            }
        }
    }
}

#[test]
fn every_room_of_several_files_has_its_order() {
    let rooms = files().into_iter().filter(|file| file.module.len() > 1).map(|file| file.module[0].clone());
    let ordered = FILES.map(|(room, _)| room.to_owned());
    assert_eq!(rooms.collect::<BTreeSet<_>>(), BTreeSet::from(ordered));
}

/// Every file counts. A re-export does not, so that a `mod.rs` which only declares its children and hands on what they have
/// depends on none of them; who imports through it depends on the file that has the thing.
#[test]
fn no_files_import_each_other_in_a_circle() {
    let files = files();
    let is_exempt = |circle: &[&str]| {
        let room = circle[0].split('/').next();
        room.is_some_and(|room| ROOMS_WITH_CIRCLES.contains(&room))
    };
    for circle in Graph::of(&files).circles() {
        assert!(is_exempt(&circle), "{}", circle.join(" imports "));
    }
}

#[test]
fn imports_are_read_from_every_form_of_a_path() {
    let file = File::new(
        "a/b/mod.rs",
        "mod c;\nmod d;\npub(crate) use self::c::{C, Deep as Shallow};\npub(in crate::a) use self::d::D;\n\
         use super::e::{self, f::{F, G}, H};\nuse crate::{i::*, super_::no};\n// use crate::comment;\n\
         fn x(d: &D) -> super::super::J { c::make(std::self_::k()) }",
    );
    let imports = file.imports().into_iter().map(|path| path.join("::")).collect::<BTreeSet<_>>();
    let expected = [
        "J",
        "a::b::c::make",
        "a::b::d::D",
        "a::e",
        "a::e::H",
        "a::e::f::F",
        "a::e::f::G",
        "i",
        "super_::no",
    ];
    assert_eq!(imports, expected.map(str::to_owned).into());
}

#[test]
fn a_circle_is_found_through_a_reexport() {
    let file = |name, text| File::new(name, text);
    let apart = [
        file("r/mod.rs", "mod a; mod b; pub use self::a::A; pub use self::b::B;"),
        file("r/a.rs", "use super::B;"),
        file("r/b.rs", "use crate::clock;"),
    ];
    assert_eq!(Graph::of(&apart).circles(), Vec::<Vec<&str>>::new());
    let circle = [
        file("r/mod.rs", "mod a; mod b; pub use self::a::A; pub use self::b::B;"),
        file("r/a.rs", "use super::B;"),
        file("r/b.rs", "fn b() -> super::A {}"),
    ];
    assert_eq!(Graph::of(&circle).circles(), [["r/a.rs", "r/b.rs", "r/a.rs"]]);
    let with_logic =
        [file("r/mod.rs", "mod a; pub use self::a::A; pub struct R(A);"), file("r/a.rs", "use super::R;")];
    assert_eq!(Graph::of(&with_logic).circles(), [["r/a.rs", "r/mod.rs", "r/a.rs"]]);
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
        for child in file.children() {
            named.insert(
                file.module.iter().map(String::as_str).chain([child.as_str()]).collect::<Vec<_>>().join("/"),
            );
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
