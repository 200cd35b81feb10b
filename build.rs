//! Builds the program again when a file is added to a folder that `src/site/built_in.rs` embeds: Cargo knows only those
//! that were there.

fn main() {
    for folder in ["static", "templates"] {
        println!("cargo::rerun-if-changed={folder}");
    }
}
