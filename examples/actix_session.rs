//! Django's table under actix-session's own middleware: only the store is swapped.
//!
//! `cargo run --example actix_session`, then visit <http://127.0.0.1:8080/>.

use actix_session::{Session, SessionMiddleware};
use actix_web::{App, Error, HttpServer, web};
use sessionid::clock::Clock;
use sessionid::db::{Database, DatabaseOptions};
use sessionid::sessions::actix::stock::{StockStore, cookie_key};
use sessionid::sessions::{DbBackend, SessionCodec, Storage};

async fn visits(session: Session) -> Result<String, Error> {
    let counter: i64 = session.get("counter")?.unwrap_or(0);
    session.insert("counter", counter + 1)?;
    Ok(format!("You have been here {counter} times before.\n"))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let secret_key = "the SECRET_KEY of this site";
    let database = Database::open(&"sqlite://counter.sqlite3".parse()?, DatabaseOptions::default())?;
    let storage = Storage::new(DbBackend::new(database), SessionCodec::new(secret_key, &[]));
    let app = move || {
        let store = StockStore::new(storage.clone(), Clock::System);
        let sessions = SessionMiddleware::builder(store, cookie_key(secret_key)).cookie_secure(false).build();
        App::new().wrap(sessions).route("/", web::get().to(visits))
    };
    HttpServer::new(app).bind("127.0.0.1:8080")?.run().await?;
    Ok(())
}
