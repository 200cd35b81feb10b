//! Why a walk fails.

use crate::application::{ApplicationError, StorageError};
use crate::sessions::SessionError;
use crate::testing::ClientError;

/// Why the walk ended early, or badly.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WalkthroughError {
    #[error(transparent)]
    Application(#[from] ApplicationError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("{0} of the steps did not behave as the document says; they are marked with ✘ above")]
    Failed(usize),
}
