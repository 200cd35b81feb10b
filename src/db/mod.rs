//! One table, `django_session`, in SQLite or PostgreSQL, through Diesel: connections, statements, migrations, the thread
//! that writes, copies of rows. What a payload means is not known here.

mod backup;
mod bytes;
mod checkpoints;
mod connection;
mod database;
mod datetime;
mod error;
mod file;
mod filesystem;
mod local_file;
mod log_growth;
mod migrations;
mod options;
#[cfg(feature = "postgres")]
mod pooled;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "postgres")]
mod postgres_url;
mod readers;
mod row_cache;
pub(crate) mod rows;
mod schema;
mod sqlite;
mod turns;
mod url;
mod wal_index;
mod writer;

pub use self::backup::{BackupError, backup};
pub use self::connection::DbConnection;
pub use self::database::{Database, migrate};
pub(crate) use self::datetime::FoundDateTime;
pub use self::error::{DbError, FileLoss, InvalidDatabaseUrl};
pub use self::options::{DatabaseOptions, Synchronous, UnknownSynchronous};
#[cfg(feature = "postgres")]
pub use self::postgres_url::PostgresUrl;
pub(crate) use self::row_cache::{CachedRow, ChangedRows};
pub use self::url::DatabaseUrl;
