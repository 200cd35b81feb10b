//! Where the settings keep sessions, for the commands that look into it.

use std::time::Duration;

use super::CommandError;
use crate::application;
use crate::cache::Server;
use crate::sessions::backends::SessionRecords;
use crate::sessions::{Engine, Storage};
use crate::settings::Settings;

/// How long the threads of a command that is done may take to end.
const CLOSING: Duration = Duration::from_millis(500);

/// Works on what is there, and creates nothing.
pub(super) fn with_storage<T>(
    settings: &Settings,
    work: impl AsyncFnOnce(&Storage) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(async { work(&application::existing_storage(settings)?).await });
    // A thread may still close its connection, and should. One that waits for a database which never
    // answers is left to itself.
    runtime.shutdown_timeout(CLOSING);
    done
}

/// The sessions one by one.
///
/// # Errors
///
/// [`CommandError::NoRecords`] where the engine cannot tell them, [`CommandError::InMemory`] where it is another process that can.
pub(super) fn records<'a>(
    settings: &Settings,
    storage: &'a Storage,
) -> Result<&'a dyn SessionRecords, CommandError> {
    let in_memory = settings.session_cache.as_ref().is_some_and(|cache| cache.server == Server::LocMem);
    if settings.session_engine == Engine::Cache && in_memory {
        return Err(CommandError::InMemory);
    }
    storage.records().ok_or(CommandError::NoRecords)
}
