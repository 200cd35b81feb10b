//! The table that the settings name, for the commands that look into it.

use std::time::Duration;

use super::CommandError;
use crate::db::Database;
use crate::sessions::{DbBackend, Engine, SessionCodec};
use crate::settings::Settings;

/// How long the threads of a command that is done may take to end.
const CLOSING: Duration = Duration::from_millis(500);

/// A database that has the table, and what reads its payloads.
pub(super) struct SessionTable {
    pub(super) database: Database,
    pub(super) backend: DbBackend,
    pub(super) codec: SessionCodec,
}

/// Works on what is there, and creates nothing.
pub(super) fn with_table<T>(
    settings: &Settings,
    work: impl AsyncFnOnce(&SessionTable) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(async { work(&open(settings)?).await });
    // A thread may still close its connection, and should. One that waits for a database which never
    // answers is left to itself.
    runtime.shutdown_timeout(CLOSING);
    done
}

fn open(settings: &Settings) -> Result<SessionTable, CommandError> {
    match settings.session_engine {
        Engine::Db => {
            let database = Database::open_existing(&settings.database_url, settings.database)?;
            let codec = SessionCodec::new(&settings.secret_key, &settings.secret_key_fallbacks);
            let backend = DbBackend::new(database.clone(), codec.clone());
            Ok(SessionTable { database, backend, codec })
        }
    }
}
