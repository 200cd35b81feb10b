//! The targets of `tests/fuzz/`, for libFuzzer.

#[path = "../../tests/fuzz/targets/mod.rs"]
mod targets;

use self::targets::TARGETS;

/// Runs the target of this name.
///
/// # Panics
///
/// If there is none, or what the target promises does not hold for the input.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|(target, _)| *target == name);
    target.unwrap_or_else(|| panic!("there is no target {name}")).1(data);
}
