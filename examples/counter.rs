//! The session layer without the site: a counter in the sessions of Django.
//!
//! `cargo run --example counter`, then visit <http://127.0.0.1:8080/>.

use actix_web::{App, HttpServer, web};
use sessionid::db::{Database, DatabaseOptions};
use sessionid::sessions::{
    DbBackend, Session, SessionCodec, SessionError, SessionMiddleware, SessionPolicy, Storage,
};

async fn visits(session: Session) -> Result<String, SessionError> {
    let counter: i64 = session.fetch_update("counter", 0, |counter| counter + 1)?;
    Ok(format!("You have been here {counter} times before.\n"))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let database = Database::open(&"sqlite://counter.sqlite3".parse()?, DatabaseOptions::default())?;
    let codec = SessionCodec::new("the SECRET_KEY of this site", &[]);
    let storage = Storage::new(DbBackend::new(database), codec);
    let policy = SessionPolicy { cookie_age: 30, ..SessionPolicy::default() };
    let app = move || {
        let sessions = SessionMiddleware::new(storage.clone(), policy.clone());
        App::new().service(web::scope("").wrap(sessions).route("/", web::get().to(visits)))
    };
    HttpServer::new(app).bind("127.0.0.1:8080")?.run().await?;
    Ok(())
}
