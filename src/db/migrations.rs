//! The migrations, embedded in the program.

use diesel::SqliteConnection;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::DbConnection;
use super::error::DbError;

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Brings the database to this version, and names the migrations that it took; none when it was
/// there already.
///
/// # Errors
///
/// [`DbError::Migrate`], with the statement that failed.
pub(super) fn run(conn: &mut DbConnection) -> Result<Vec<String>, DbError> {
    match conn {
        DbConnection::Sqlite(conn) => run_sqlite(conn).map_err(DbError::Migrate),
    }
}

/// A second program that starts at the same moment waits for the write lock, and then finds nothing
/// left to do; one that finds nothing to do from the beginning takes no lock.
fn run_sqlite(conn: &mut SqliteConnection) -> Result<Vec<String>, BoxError> {
    if !conn.has_pending_migration(SQLITE)? {
        return Ok(Vec::new());
    }
    let mut applied = Vec::new();
    let done = conn.immediate_transaction(|conn| {
        for migration in conn.pending_migrations(SQLITE).map_err(failed)? {
            conn.run_migration(&*migration).map_err(failed)?;
            applied.push(migration.name().to_string());
        }
        Ok::<_, diesel::result::Error>(())
    });
    done?;
    Ok(applied)
}

fn failed(error: BoxError) -> diesel::result::Error {
    diesel::result::Error::QueryBuilderError(error)
}
