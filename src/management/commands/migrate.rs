//! `manage migrate`.

use std::io::{Write as _, stdout};

use super::CommandError;
use super::output::visible;
use crate::db;
use crate::settings::Settings;

pub(crate) fn execute(settings: &Settings) -> Result<(), CommandError> {
    let applied = db::migrate(&settings.database_url)?;
    let mut out = stdout().lock();
    writeln!(out, "Running migrations on {}:", visible(&settings.database_url.to_string()))?;
    for migration in &applied {
        writeln!(out, "  Applying sessions.{migration}... OK")?;
    }
    if applied.is_empty() {
        writeln!(out, "  No migrations to apply.")?;
    }
    Ok(())
}
