//! One file for each command.

pub(super) mod migrate;
pub(super) mod runserver;
pub(super) mod walkthrough;

use crate::application::ApplicationError;
use crate::db::DbError;
use crate::settings::SettingsError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommandError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Application(#[from] ApplicationError),
    #[error(transparent)]
    Database(#[from] DbError),
    #[error("{0:?} is no address; allowed is PORT or ADDR:PORT, such as 8001 or 0.0.0.0:8001")]
    Address(String),
    #[error("cannot write the output")]
    Output(#[from] std::io::Error),
    #[error(transparent)]
    Walkthrough(#[from] walkthrough::WalkthroughError),
}
