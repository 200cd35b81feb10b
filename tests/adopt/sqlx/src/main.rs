//! One file and one SQLite for the sessions and for sqlx: what one library stores, the other finds.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use sessionid::clock::Clock;
use sessionid::db::{Database, DatabaseOptions, DatabaseUrl};
use sessionid::sessions::{DbBackend, SessionCodec, SessionPolicy, SessionStore, Storage};
use sqlx::Connection;

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("name a file to create")?;
    let database = Database::open(&DatabaseUrl::Sqlite(Path::new(&path).into()), DatabaseOptions::default())?;
    let storage =
        Storage::new(DbBackend::new(database), SessionCodec::new("a key of 32 characters at least.", &[]));
    let mut session = SessionStore::new(None, storage, Arc::new(SessionPolicy::default()), Clock::default());
    session.insert("counter", &1)?;
    session.create().await?;

    let mut theirs = sqlx::SqliteConnection::connect(&format!("sqlite://{path}")).await?;
    let stored: String =
        sqlx::query_scalar("SELECT session_key FROM django_session").fetch_one(&mut theirs).await?;
    assert_eq!(Some(stored.as_str()), session.session_key().map(|key| key.as_str()));
    println!("sqlx finds the session {stored}");
    Ok(())
}
