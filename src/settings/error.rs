//! What is said to whoever wrote a setting.

use std::path::PathBuf;

/// Why the settings were refused, in one line.
///
/// ```
/// use sessionid::settings::{Settings, SettingsError};
///
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("settings.toml");
/// std::fs::write(&file, "SESSION_COKIE_AGE = 30")?;
/// let refused = Settings::load(&file, std::iter::empty::<(String, String)>()).err();
/// assert!(matches!(refused, Some(SettingsError::Unknown { nearest, .. }) if nearest == "SESSION_COOKIE_AGE"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {reason}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The file is not TOML, or `.env` is not a list of variables.
    #[error("{}: {reason}", path.display())]
    Syntax {
        /// Which file.
        path: PathBuf,
        /// What its parser says.
        reason: String,
    },
    /// A setting holds something else than it may.
    #[error("{name} in {source_name}: {found} is not allowed; allowed is {allowed}")]
    Invalid {
        /// The setting.
        name: String,
        /// The file, `.env` or `the environment`.
        source_name: String,
        /// What is there, unless it is a secret.
        found: String,
        /// What may be there.
        allowed: String,
    },
    /// A setting that has to be set is not.
    #[error("{name} is not set in {source_name} or the environment; needed is {allowed}")]
    Missing {
        /// The setting.
        name: String,
        /// The settings file.
        source_name: String,
        /// What may be there.
        allowed: String,
    },
    /// A setting of Django that means nothing here.
    #[error(
        "{name} in {source_name}: a setting of Django that has no meaning here; remove it (allowed are {allowed})"
    )]
    Meaningless {
        /// The setting.
        name: String,
        /// The file or `.env`.
        source_name: String,
        /// All that may be set.
        allowed: String,
    },
    /// A name that is no setting.
    #[error("{name} in {source_name}: no such setting; did you mean {nearest}? (allowed are {allowed})")]
    Unknown {
        /// What was written.
        name: String,
        /// The file or `.env`.
        source_name: String,
        /// The known name that is most like it.
        nearest: String,
        /// All that may be set.
        allowed: String,
    },
}
