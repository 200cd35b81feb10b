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

mod connection;
mod database;
mod datetime;
mod error;
mod migrations;
mod row_cache;
pub(crate) mod schema;
mod text;
mod wal_index;
mod writer;

pub(crate) use self::connection::MultiBackend;
pub use self::connection::{DatabaseUrl, DbConnection, InvalidDatabaseUrl, Synchronous, UnknownSynchronous};
pub use self::database::{Database, DatabaseOptions, migrate};
pub use self::datetime::DbDateTime;
pub(crate) use self::datetime::MaybeDateTime;
pub use self::error::DbError;
pub(crate) use self::row_cache::{CachedRow, Changes};
pub use self::text::LossyText;
pub(crate) use self::writer::Job;
pub use self::writer::WriteError;
