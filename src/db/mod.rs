//! The database, through Diesel: connections, schema, migrations, and one writer. Knows no session.

mod connection;
mod database;
mod datetime;
mod error;
mod migrations;
pub(crate) mod schema;
mod text;
mod writer;

pub(crate) use self::connection::MultiBackend;
pub use self::connection::{DatabaseUrl, DbConnection, InvalidDatabaseUrl};
pub use self::database::{Database, DatabaseOptions, migrate};
pub use self::datetime::DbDateTime;
pub use self::error::DbError;
pub use self::text::LossyText;
pub use self::writer::WriteError;
