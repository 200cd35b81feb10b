//! What has to hold for any input: one function for each kind of input. libFuzzer calls them by way of `fuzz/`, and the
//! property tests beside this folder.

mod cookie_header;
mod database_url;
mod expiry;
mod json;
#[path = "../../support/secrets.rs"]
mod leaks;
#[expect(dead_code, reason = "no faults are wanted here")]
#[path = "../../sessions/memory.rs"]
mod memory;
mod payload;
mod secrets;
mod set_cookie;
mod settings;

use std::cell::OnceCell;
use std::path::Path;

use actix_web::rt::{System, SystemRunner};
use tempfile::TempDir;

/// What runs one input, and panics where something does not hold.
pub(crate) type Target = fn(&[u8]);

/// Each with the name of its folder in `tests/fuzz/corpus/` and of its program in `fuzz/`.
pub(crate) const TARGETS: [(&str, Target); 8] = [
    ("cookie_header", cookie_header::run),
    ("database_url", database_url::run),
    ("expiry", expiry::run),
    ("json", json::run),
    ("payload", payload::run),
    ("secrets", secrets::run),
    ("set_cookie", set_cookie::run),
    ("settings", settings::run),
];

const SECRET_KEY: &str = "a key for the fuzz targets";

/// What an input begins with, and the rest.
fn choice(data: &[u8]) -> (u8, &[u8]) {
    data.split_first().map_or((0, data), |(first, rest)| (*first, rest))
}

/// Runs what waits for nobody but this thread; to start a runtime for each input would take longer than the input.
fn block_on<F: Future>(work: F) -> F::Output {
    thread_local! {
        static RUNTIME: OnceCell<SystemRunner> = const { OnceCell::new() };
    }
    RUNTIME.with(|runtime| runtime.get_or_init(System::new).block_on(work))
}

/// A folder for files that each input overwrites.
fn in_folder(work: impl FnOnce(&Path)) {
    thread_local! {
        static FOLDER: OnceCell<TempDir> = const { OnceCell::new() };
    }
    FOLDER.with(|folder| work(folder.get_or_init(|| tempfile::tempdir().unwrap()).path()));
}
