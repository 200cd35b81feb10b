//! Secrets in settings that are right or wrong.

use super::leaks::{SHAPES, assert_not_shown};
use super::{choice, in_folder};

/// As of other settings' values, an error may speak of these.
const OTHERS: [&str; 4] = ["DEBUG", "ALLOWED_HOSTS", "DATABASE_", "SESSION_"];

/// The first byte chooses what is written around the secret.
///
/// # Panics
///
/// If what is said of it shows a part of the secret.
pub(super) fn run(data: &[u8]) {
    let (shape, secret) = choice(data);
    let secret = String::from_utf8_lossy(secret);
    if !OTHERS.iter().any(|name| secret.contains(name)) {
        in_folder(|folder| assert_not_shown(folder, SHAPES[usize::from(shape) % SHAPES.len()], &secret));
    }
}
