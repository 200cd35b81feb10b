//! The shop on a port, its sessions in `shop.sqlite3`.

use std::error::Error;
use std::time::Duration;

use actix_web::{App, HttpServer};
use sessionid::db::{Database, DatabaseOptions};
use sessionid::sessions::{DbBackend, SessionCodec, SessionMiddleware, SessionPolicy, Storage};

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let secret_key = std::env::var("SECRET_KEY")?;
    let database = Database::open(&"sqlite://shop.sqlite3".parse()?, DatabaseOptions::default())?;
    let storage = Storage::new(DbBackend::new(database), SessionCodec::new(&secret_key, &[]));
    storage.spawn_clean_up(Duration::from_secs(24 * 60 * 60));
    let sessions = SessionMiddleware::new(storage, SessionPolicy::default());
    let app = move || App::new().configure(|config| shop::configure(config, sessions.clone()));
    Ok(HttpServer::new(app).bind(("127.0.0.1", 8080))?.run().await?)
}
