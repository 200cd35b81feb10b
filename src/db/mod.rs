//! The database, through Diesel: connections, schema, migrations, and one writer. Knows no session.
//!
//! ```
//! # use sessionid::db::{Database, DatabaseOptions};
//! use sessionid::db::DatabaseUrl;
//! use sessionid::sessions::models::SessionRow;
//!
//! # #[actix_web::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let url = DatabaseUrl::Sqlite(folder.path().join("db.sqlite3"));
//! let database = Database::open(&url, DatabaseOptions::default())?;
//! assert_eq!(database.read(SessionRow::count).await?, 0);
//! # Ok(()) }
//! ```

mod checkpoints;
mod connection;
mod database;
mod datetime;
mod error;
mod migrations;
mod options;
#[cfg(feature = "postgres")]
mod pooled;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "postgres")]
mod postgres_url;
mod row_cache;
pub(crate) mod schema;
mod sqlite;
mod text;
mod turns;
mod url;
mod wal_index;
mod writer;

pub use self::connection::DbConnection;
pub(crate) use self::connection::MultiBackend;
pub use self::database::{Database, migrate};
pub use self::datetime::DbDateTime;
pub(crate) use self::datetime::MaybeDateTime;
pub use self::error::{DbError, InvalidDatabaseUrl};
pub use self::options::{DatabaseOptions, Synchronous, UnknownSynchronous};
#[cfg(feature = "postgres")]
pub use self::postgres_url::PostgresUrl;
pub(crate) use self::row_cache::{CachedRow, Changes};
pub use self::text::LossyText;
pub use self::url::DatabaseUrl;
pub(crate) use self::writer::Job;
pub use self::writer::WriteError;
