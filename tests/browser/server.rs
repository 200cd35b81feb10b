//! `manage runserver`, as it is shipped.

use std::path::Path;
use std::process::Command;

use crate::process::Process;

const BANNER: &str = "Starting development server at ";
const ANY_PORT: &str = "127.0.0.1:0";
const PAGES: &str = "/hello/";

pub(crate) struct Server {
    process: Process,
    /// Such as `http://127.0.0.1:8000`.
    origin: String,
}

impl Server {
    /// Starts it on a database, with a `SESSION_COOKIE_AGE` in seconds.
    pub(crate) fn start(database: &Path, age: u32) -> Self {
        Self::start_at(ANY_PORT, database, age)
    }

    fn start_at(address: &str, database: &Path, age: u32) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_manage"));
        command
            .args(["runserver", address])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("DATABASE_URL", format!("sqlite://{}", database.display()))
            .env("SESSION_COOKIE_AGE", age.to_string())
            .env("DEBUG", "true")
            .env("RUST_LOG", "warn,django.server=info");
        let mut process = Process::spawn("the server", &mut command);
        let origin = process.wait_until(|said| {
            let mut found = said.iter().filter_map(|line| line.strip_prefix(BANNER));
            found.next().map(|origin| origin.trim_end_matches('/').to_owned())
        });
        Self { process, origin }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// Stops it by Ctrl-C.
    pub(crate) fn stop(&mut self) {
        self.process.interrupt();
    }

    /// Starts it again at the same address.
    pub(crate) fn start_again(&mut self, database: &Path, age: u32) {
        let address = self.origin.trim_start_matches("http://").to_owned();
        *self = Self::start_at(&address, database, age);
    }

    /// The first so many requests for pages, once they have come, in alphabetical order: what two workers
    /// log may cross.
    pub(crate) fn pages_asked_for(&mut self, count: usize) -> Vec<String> {
        self.process.wait_until(|said| {
            let paths = said.iter().filter_map(|line| requested(line));
            let mut pages: Vec<String> = paths.filter(|path| path.starts_with(PAGES)).take(count).collect();
            pages.sort_unstable();
            (pages.len() == count).then_some(pages)
        })
    }

    /// Waits until a path was asked for.
    pub(crate) fn wait_for_request(&mut self, path: &str) {
        self.process.wait_until(|said| {
            said.iter().any(|line| requested(line).as_deref() == Some(path)).then_some(())
        });
    }
}

/// The path in a line of the request log, which reads `… "GET /hello/world HTTP/1.1" 200 145`.
fn requested(line: &str) -> Option<String> {
    let (_, request) = line.split_once("\"GET ")?;
    request.split_once(" HTTP/").map(|(path, _)| path.to_owned())
}
