//! The shipped application on a free port, a browser's memory, and a clock in hand.

use std::path::{Path, PathBuf};

use actix_web::dev::ServerHandle;
use diesel::prelude::*;
use diesel::sql_types::Text;
use sessionid::application::Application;
use sessionid::clock::{Clock, ManualClock};
use sessionid::settings::Settings;
use sessionid::testing::{Client, Exchange};
use tempfile::TempDir;

pub(crate) struct World {
    pub(crate) clock: ManualClock,
    pub(crate) browser: Client,
    settings: Settings,
    origin: String,
    server: ServerHandle,
    folder: TempDir,
}

/// A row as any other program sees it.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub(crate) struct Row {
    #[diesel(sql_type = Text)]
    pub(crate) session_key: String,
    #[diesel(sql_type = Text)]
    pub(crate) expire_date: String,
}

impl World {
    /// The site with the shipped settings: `DEBUG`, and `SESSION_COOKIE_AGE` 30.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with some settings in the environment.
    pub(crate) fn start_with(environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = format!("sqlite://{}", database(folder.path()).display());
        let environment = environment.iter().copied().chain([("DATABASE_URL", database.as_str())]);
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("settings.toml");
        let settings = Settings::load(&file, environment).unwrap();
        let clock = ManualClock::default();
        let (origin, server) = serve(&settings, &clock);
        let browser = Client::new(&origin, Clock::from(clock.clone()));
        Self { clock, browser, settings, origin, server, folder }
    }

    /// Another browser.
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.origin, Clock::from(self.clock.clone()))
    }

    pub(crate) async fn get(&mut self, path: &str) -> Exchange {
        self.browser.get(path).await.unwrap()
    }

    /// The sessionid in the browser.
    pub(crate) fn key(&self) -> Option<String> {
        self.browser.cookie("sessionid").map(|cookie| cookie.value.clone())
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.clock.advance(chrono::TimeDelta::seconds(seconds));
    }

    /// Stops the server and starts another on the same database.
    pub(crate) async fn restart(&mut self) {
        self.server.stop(true).await;
        let (origin, server) = serve(&self.settings, &self.clock);
        self.browser.set_origin(&origin);
        (self.origin, self.server) = (origin, server);
    }

    pub(crate) fn rows(&self) -> Vec<Row> {
        let path = database(self.folder.path());
        let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        diesel::sql_query("SELECT session_key, expire_date FROM django_session ORDER BY expire_date")
            .load(&mut conn)
            .unwrap()
    }

    pub(crate) fn drop_table(&self) {
        let path = database(self.folder.path());
        let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        diesel::sql_query("DROP TABLE django_session").execute(&mut conn).unwrap();
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    pub(crate) fn row(&self, key: &str) -> Option<Row> {
        self.rows().into_iter().find(|row| row.session_key == key)
    }
}

fn database(folder: &Path) -> PathBuf {
    folder.join("db.sqlite3")
}

fn serve(settings: &Settings, clock: &ManualClock) -> (String, ServerHandle) {
    let application =
        Application::build(settings, clock.clone().into(), "127.0.0.1:0".parse().unwrap()).unwrap();
    let (port, server) = (application.port(), application.handle());
    actix_web::rt::spawn(application.run_until_stopped());
    (format!("http://127.0.0.1:{port}"), server)
}

/// The number on the seed's page.
pub(crate) fn counter(page: &Exchange) -> i64 {
    page.body.split_once("<b>").unwrap().1.split_once("</b>").unwrap().0.parse().unwrap()
}
