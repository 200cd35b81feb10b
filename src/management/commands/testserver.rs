//! `manage testserver`: a temporary site whose clock is set over HTTP.

use std::io::{Read as _, Write as _, stdin, stdout};
use std::net::SocketAddr;
use std::path::Path;

use serde::Serialize;
use tempfile::TempDir;

use super::CommandError;
use crate::settings::Settings;
use crate::testserver::{CLOCK, TestServer, TestServerOptions};

/// Any free port of this machine.
pub(crate) const DEFAULT_ADDRESS: &str = "127.0.0.1:0";
/// What signs the sessions where nothing else is set: everybody knows it, and nobody else can reach the server.
const SECRET_KEY: &str = "testserver-insecure-key-that-every-test-may-know";

/// What the command line says.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) address: SocketAddr,
    pub(crate) engine: Option<String>,
    pub(crate) age: Option<i64>,
    /// `NAME=VALUE`.
    pub(crate) set: Vec<(String, String)>,
    pub(crate) database: Option<String>,
    pub(crate) write: bool,
    pub(crate) stay: bool,
}

/// The one line on standard output.
#[derive(Serialize)]
struct Ready {
    url: String,
    clock: String,
    pid: u32,
    database: String,
}

pub(crate) fn execute(settings_file: Option<&Path>, options: &Options) -> Result<(), CommandError> {
    if !options.address.ip().is_loopback() {
        return Err(CommandError::NotLoopback(options.address));
    }
    // Removed when it is dropped, after the server has closed its files.
    let folder = tempfile::Builder::new().prefix("sessionid-").tempdir()?;
    let values = variables(options, &folder, settings_file.is_some())?;
    // A settings.toml or .env that happens to lie around would make every folder's server another one.
    let own_file = folder.path().join("settings.toml");
    let settings = Settings::load_with(settings_file.unwrap_or(&own_file), values, "the command line")?;
    let use_of_store = match (&options.database, options.write) {
        (None, _) => TestServerOptions::Own,
        (Some(_), false) => TestServerOptions::Look,
        (Some(_), true) => TestServerOptions::Change,
    };
    actix_web::rt::System::new().block_on(async {
        let server = TestServer::build(&settings, use_of_store, options.address)?;
        announce(&server, &settings)?;
        Ok(server.run_until(end_of_the_parent(options.stay)).await?)
    })
}

/// The settings as variables: they win over those of a file that was named with `--settings`.
fn variables(
    options: &Options,
    folder: &TempDir,
    has_settings_file: bool,
) -> Result<Vec<(String, String)>, CommandError> {
    let is_set = |name| options.set.iter().any(|(known, _)| known == name);
    if is_set("DATABASE_URL") {
        return Err(CommandError::DatabaseBySetting);
    }
    if options.database.is_some() && !has_settings_file && !is_set("SECRET_KEY") {
        return Err(CommandError::NoSecretKey);
    }
    let own = format!("sqlite://{}", folder.path().join("db.sqlite3").display());
    let database = options.database.as_deref().map(from_here).transpose()?;
    let mut variables = vec![
        ("DEBUG".to_owned(), "true".to_owned()),
        ("DATABASE_SYNCHRONOUS".to_owned(), "NORMAL".to_owned()),
        ("SESSION_FILE_PATH".to_owned(), folder.path().display().to_string()),
        ("DATABASE_URL".to_owned(), database.unwrap_or(own)),
    ];
    if options.database.is_none() {
        variables.push(("SECRET_KEY".to_owned(), SECRET_KEY.to_owned()));
    }
    variables.extend(options.engine.clone().map(|engine| ("SESSION_ENGINE".to_owned(), engine)));
    variables.extend(options.age.map(|age| ("SESSION_COOKIE_AGE".to_owned(), age.to_string())));
    for (name, value) in &options.set {
        variables.retain(|(known, _)| known != name);
        variables.push((name.clone(), value.clone()));
    }
    Ok(variables)
}

/// A file's relative path is the shell's, not that of the settings.
fn from_here(url: &str) -> std::io::Result<String> {
    match url.strip_prefix("sqlite://") {
        Some(path) if !path.is_empty() => Ok(format!("sqlite://{}", std::path::absolute(path)?.display())),
        _ => Ok(url.to_owned()),
    }
}

fn announce(server: &TestServer, settings: &Settings) -> Result<(), CommandError> {
    let url = format!("http://{}", server.address());
    let ready = Ready {
        clock: format!("{url}{CLOCK}"),
        url,
        pid: std::process::id(),
        database: settings.database_url.to_string(),
    };
    let mut out = stdout().lock();
    writeln!(out, "{}", serde_json::to_string(&ready).unwrap_or_default())?;
    Ok(out.flush()?)
}

/// Whoever started this holds the other end of standard input, and it is closed when they end.
async fn end_of_the_parent(stay: bool) {
    if stay {
        return std::future::pending().await;
    }
    let closed = tokio::sync::oneshot::channel::<()>();
    let (sender, receiver) = closed;
    // A thread of its own, since a read of standard input cannot be given up: it ends with the process.
    let reading = std::thread::Builder::new().name("stdin".to_owned()).spawn(move || {
        let mut ignored = [0; 1024];
        while matches!(stdin().read(&mut ignored), Ok(read) if read > 0) {}
        drop(sender);
    });
    match reading {
        Ok(_) => drop(receiver.await),
        Err(_) => std::future::pending().await,
    }
}
