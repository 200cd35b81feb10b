//! The one error of the commands.

use super::walkthrough::WalkthroughError;
use crate::application::{ApplicationError, StorageError};
use crate::db::{BackupError, DbError};
use crate::sessions::SessionError;
use crate::settings::SettingsError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(in crate::management) enum CommandError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Application(#[from] ApplicationError),
    #[error(transparent)]
    Database(#[from] DbError),
    #[error(transparent)]
    Backup(#[from] BackupError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error("this SESSION_ENGINE cannot list its sessions")]
    NoRecords,
    #[error(
        "these sessions are in the memory of each server's own process, which no command sees (SESSION_ENGINE cache on locmem)"
    )]
    InMemory,
    #[error("no session has the key {0}")]
    NoSuchSession(String),
    #[error("interrupted; {cleared} expired sessions are deleted, and the rest is as it was: run it again")]
    Interrupted { cleared: u64 },
    #[error("{0} of the warnings above count as failures")]
    Check(usize),
    #[error("{0:?} is no address; allowed is PORT or ADDR:PORT, such as 8001 or 0.0.0.0:8001")]
    Address(String),
    #[error(
        "{0} is not this machine's own address; a test server listens to nobody else, such as on 127.0.0.1:0"
    )]
    NotLoopback(std::net::SocketAddr),
    #[error(
        "--set DATABASE_URL is not allowed; allowed is --database URL, which only reads, and --write beside it"
    )]
    DatabaseBySetting,
    #[error(
        "--database needs the key that signs its sessions: allowed is --set SECRET_KEY=KEY, or --settings FILE where it stands"
    )]
    NoSecretKey,
    #[error("cannot write the output")]
    Output(#[from] std::io::Error),
    #[error("the program has failed, perhaps for a limit of this process (see ulimit -a): {0}")]
    Panic(String),
    #[error(transparent)]
    Walkthrough(#[from] WalkthroughError),
}

impl CommandError {
    /// Whether Ctrl-C has ended the command.
    pub(in crate::management) fn is_interruption(&self) -> bool {
        matches!(self, Self::Interrupted { .. } | Self::Backup(BackupError::Stopped))
    }
}
