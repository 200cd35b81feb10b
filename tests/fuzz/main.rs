//! The fuzz targets for a fixed number of inputs: those of the corpus, changed ones, and any bytes.
//!
//! `fuzz/` runs the same targets for as long as one likes; CONTRIBUTING.md says how.
#![cfg(feature = "site")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod targets;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};

use self::targets::TARGETS;

/// How many inputs each target gets beside those of its corpus.
const INPUTS: u32 = 1000;

fn corpus_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus")
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = corpus_folder().join(name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// An input of the corpus with a piece replaced: by another's, or by any bytes.
fn changed(corpus: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        (select(corpus.clone()), any::<[Index; 2]>())
            .prop_map(|(from, ends)| from[range(&from, ends)].to_vec()),
        proptest::collection::vec(any::<u8>(), 0..4),
    ];
    (select(corpus), any::<[Index; 2]>(), piece).prop_map(|(mut input, ends, piece)| {
        let range = range(&input, ends);
        input.splice(range, piece);
        input
    })
}

fn range(bytes: &[u8], ends: [Index; 2]) -> std::ops::Range<usize> {
    let [one, other] = ends.map(|end| end.index(bytes.len() + 1));
    one.min(other)..one.max(other)
}

fn holds(name: &str) {
    let (_, target) = TARGETS.into_iter().find(|(target, _)| *target == name).expect("a target");
    let corpus = corpus(name);
    for input in &corpus {
        target(input);
    }
    let inputs = prop_oneof![changed(corpus), proptest::collection::vec(any::<u8>(), 0..200)];
    let mut runner = TestRunner::new(Config { cases: INPUTS, ..Config::with_source_file(file!()) });
    let run = |input: Vec<u8>| {
        target(&input);
        Ok(())
    };
    runner.run(&inputs, run).unwrap_or_else(|error| panic!("{error}"));
}

/// A test for each target, named after what it holds.
macro_rules! hold {
    ($($test:ident: $target:literal),* $(,)?) => {
        $(#[test]
        fn $test() {
            holds($target);
        })*
        const TESTED: &[&str] = &[$($target),*];
    };
}

hold! {
    no_cookie_header_is_an_error_or_chooses_a_key: "cookie_header",
    a_database_url_is_shown_as_an_url_or_refused_in_a_line: "database_url",
    an_expiry_is_refused_at_once_or_kept: "expiry",
    json_is_what_serde_json_takes_for_it_and_survives: "json",
    no_payload_is_believed_without_a_signature_and_none_panics: "payload",
    no_secret_is_shown_whatever_it_is: "secrets",
    no_set_cookie_outlives_its_time_or_panics: "set_cookie",
    settings_mean_what_is_written_or_are_refused_in_a_line: "settings",
}

#[test]
fn every_target_has_a_test_a_corpus_and_a_program() {
    let targets = BTreeSet::from(TARGETS.map(|(name, _)| name.to_owned()));
    assert_eq!(targets, TESTED.iter().map(|name| (*name).to_owned()).collect());
    let names = |folder: PathBuf| -> BTreeSet<String> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(corpus_folder()), targets);
    assert_eq!(names(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets")), targets);
}
