//! Everything that a view can do with its session, by remote control.
//!
//! `cargo run --example script -- PORT` serves `POST /script` on 127.0.0.1, with the settings of
//! `manage`. The body is a JSON list of operations, which are run in order on the request's session;
//! the answer is the JSON list of their results:
//!
//! ```text
//! $ curl -d '[["set", "name", "x"], ["get", "name"], ["del", "none"]]' http://127.0.0.1:8000/script
//! [null,"x","KeyError"]
//! ```
//!
//! `tests/django` has the same view in Django, and compares the two.

use std::process::ExitCode;

use actix_web::{App, HttpServer, web};
use sessionid::application;
use sessionid::sessions::SessionMiddleware;
use sessionid::settings::Settings;
use sessionid::testserver::script;

#[actix_web::main]
async fn main() -> ExitCode {
    let Some(port) = std::env::args().nth(1).and_then(|port| port.parse().ok()) else {
        eprintln!("Usage: script PORT");
        return ExitCode::from(2);
    };
    match serve(port).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(port: u16) -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings::load("settings.toml".as_ref(), std::env::vars_os())?;
    let sessions = SessionMiddleware::new(application::storage(&settings)?, settings.session);
    let server = HttpServer::new(move || {
        let view = web::resource("/script").wrap(sessions.clone()).route(web::post().to(script));
        App::new().service(view)
    })
    .bind(("127.0.0.1", port))?;
    for address in server.addrs() {
        println!("POST your scripts to http://{address}/script");
    }
    Ok(server.run().await?)
}
