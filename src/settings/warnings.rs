//! What is odd, but may be meant. It is logged, and stops nothing.

use super::names::mistyped;

/// A key with fewer characters can be guessed by trying.
const SHORTEST_KEY: usize = 16;

/// Names a variable that is no setting, and looks like one.
pub(super) fn warn_if_mistyped(name: &str, source_name: &str) {
    if let Some(nearest) = mistyped(name) {
        log::warn!("{name} in {source_name} is not a setting and has no effect; did you mean {nearest}?");
    }
}

/// Names the keys that are too short; none is shown.
pub(super) fn warn_of_short_keys(secret_key: &str, fallbacks: &[String]) {
    let fallbacks = fallbacks.iter().enumerate();
    let named = fallbacks.map(|(index, key)| (format!("SECRET_KEY_FALLBACKS[{index}]"), key.as_str()));
    for (name, key) in std::iter::once(("SECRET_KEY".to_owned(), secret_key)).chain(named) {
        if key.chars().count() < SHORTEST_KEY {
            log::warn!(
                "{name} has fewer than {SHORTEST_KEY} characters: whoever guesses it can forge sessions"
            );
        }
    }
}
