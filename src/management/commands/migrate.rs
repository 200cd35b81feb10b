//! `manage migrate`.

use std::io::{Write as _, stdout};

use super::CommandError;
use crate::db;
use crate::settings::Settings;

pub(crate) fn execute(settings: &Settings) -> Result<(), CommandError> {
    let applied = db::migrate(&settings.database_url)?;
    let mut out = stdout().lock();
    writeln!(out, "Running migrations on {}:", settings.database_url)?;
    for migration in &applied {
        writeln!(out, "  Applying sessions.{migration}... OK")?;
    }
    if applied.is_empty() {
        writeln!(out, "  No migrations to apply.")?;
    }
    Ok(())
}
