//! The migrations, embedded in the program.

use diesel::connection::SimpleConnection as _;
use diesel::migration::MigrationSource;
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::DbConnection;
use super::error::DbError;
#[cfg(feature = "postgres")]
use super::postgres;
use super::schema::django_session;
use super::sqlite;
use super::url::DatabaseUrl;

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
#[cfg(feature = "postgres")]
const POSTGRESQL: EmbeddedMigrations = embed_migrations!("migrations/postgresql");

/// Where somebody has dropped the table, or restored a dump without it, all that was done to it is to be done again.
const FORGET: &str = "DELETE FROM __diesel_schema_migrations";

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Brings the database to this version, and names the migrations that it took; none when it was
/// there already.
///
/// # Errors
///
/// [`DbError::Migrate`], with the statement that failed, and [`DbError::Newer`].
pub(super) fn run(conn: &mut DbConnection, url: &DatabaseUrl) -> Result<Vec<String>, DbError> {
    // Whoever may change rows, but nothing else, can start where another has migrated.
    if refuse_newer(conn, url)? == Version::Current && conn.has_table().unwrap_or(true) {
        return Ok(Vec::new());
    }
    let applied = match conn {
        DbConnection::Sqlite(conn) => run_sqlite(conn),
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(conn) => postgres::migrate(conn, POSTGRESQL, FORGET),
    };
    applied.map_err(|source| DbError::Migrate { url: url.to_string(), source })
}

/// Refuses a database that this version cannot work with as it is.
///
/// # Errors
///
/// [`DbError::NotMigrated`] and [`DbError::Newer`].
pub(super) fn check(conn: &mut DbConnection, url: &DatabaseUrl) -> Result<(), DbError> {
    let _version = refuse_newer(conn, url)?;
    let columns =
        django_session::table.filter(django_session::session_key.is_null()).count().get_result::<i64>(conn);
    columns.map(drop).map_err(|_| DbError::NotMigrated { url: url.to_string() })
}

/// How far a database is migrated.
#[derive(PartialEq, Eq)]
enum Version {
    Older,
    Current,
}

/// Diesel's table of migrations, where there is one; Django may have made the other.
fn refuse_newer(conn: &mut DbConnection, url: &DatabaseUrl) -> Result<Version, DbError> {
    let applied =
        __diesel_schema_migrations::table.select(__diesel_schema_migrations::version).load::<String>(conn);
    let applied = applied.unwrap_or_default();
    let known: Vec<_> =
        known_versions().map_err(|source| DbError::Migrate { url: url.to_string(), source })?;
    if let Some(newer) = applied.iter().find(|version| !known.contains(version)) {
        return Err(DbError::Newer { url: url.to_string(), migration: newer.clone() });
    }
    let current = known.iter().all(|version| applied.contains(version));
    Ok(if current { Version::Current } else { Version::Older })
}

diesel::table! {
    __diesel_schema_migrations (version) {
        version -> Text,
    }
}

fn known_versions() -> Result<Vec<String>, BoxError> {
    let migrations = MigrationSource::<diesel::sqlite::Sqlite>::migrations(&SQLITE)?;
    Ok(migrations.iter().map(|migration| migration.name().version().to_string()).collect())
}

/// A second program that starts at the same moment waits for the write lock, and then finds nothing
/// left to do.
fn run_sqlite(conn: &mut SqliteConnection) -> Result<Vec<String>, BoxError> {
    let mut applied = Vec::new();
    let done = conn.immediate_transaction(|conn| {
        // It makes Diesel's own table where there is none.
        let applied_before = conn.applied_migrations().map_err(failed)?;
        if !applied_before.is_empty() && !sqlite::has_table(conn)? {
            conn.batch_execute(FORGET)?;
        }
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
