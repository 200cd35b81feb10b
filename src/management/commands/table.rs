//! The table that the settings name, for the commands that look into it.

use super::CommandError;
use crate::db::Database;
use crate::sessions::{DbBackend, Engine, SessionCodec};
use crate::settings::Settings;

/// A database that has the table, and what reads its payloads.
pub(super) struct SessionTable {
    pub(super) database: Database,
    pub(super) backend: DbBackend,
    pub(super) codec: SessionCodec,
}

/// Opens what is there, and creates nothing.
pub(super) fn open(settings: &Settings) -> Result<SessionTable, CommandError> {
    match settings.session_engine {
        Engine::Db => {
            let database = Database::open_existing(&settings.database_url, settings.database)?;
            let codec = SessionCodec::new(&settings.secret_key, &settings.secret_key_fallbacks);
            let backend = DbBackend::new(database.clone(), codec.clone());
            Ok(SessionTable { database, backend, codec })
        }
    }
}
