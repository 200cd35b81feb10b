//! The migrations, embedded in the program.

use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::DbConnection;
use super::error::DbError;

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// Brings the database to this version, and names the migrations that it took; none when it was
/// there already.
///
/// # Errors
///
/// [`DbError::Migrate`], with the statement that failed.
pub(super) fn run(conn: &mut DbConnection) -> Result<Vec<String>, DbError> {
    let applied = match conn {
        DbConnection::Sqlite(conn) => conn.run_pending_migrations(SQLITE).map_err(DbError::Migrate)?,
    };
    Ok(applied.iter().map(ToString::to_string).collect())
}
