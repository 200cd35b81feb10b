//! The shipped application on a free port, a browser's memory, and a clock in hand.

use std::path::Path;

use actix_web::dev::ServerHandle;
use sessionid::application::Application;
use sessionid::clock::{Clock, ManualClock};
use sessionid::settings::{ServerLimits, Settings};
use sessionid::testing::{Client, Exchange};

use crate::support::{Row, TestDatabase};

pub(crate) struct World {
    pub(crate) clock: ManualClock,
    pub(crate) browser: Client,
    settings: Settings,
    origin: String,
    server: ServerHandle,
    database: TestDatabase,
}

impl World {
    /// The site with the shipped settings: `DEBUG`, and `SESSION_COOKIE_AGE` 30.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with some settings in the environment.
    pub(crate) fn start_with(environment: &[(&str, &str)]) -> Self {
        Self::start_within(environment, ServerLimits::default())
    }

    /// The same with other limits than a setting can name.
    pub(crate) fn start_within(environment: &[(&str, &str)], limits: ServerLimits) -> Self {
        Self::start_on(TestDatabase::new(), environment, limits)
    }

    /// The same on SQLite, whatever the other tests have.
    pub(crate) fn start_with_a_file() -> Self {
        Self::start_on(TestDatabase::file_of_its_own(), &[], ServerLimits::default())
    }

    fn start_on(database: TestDatabase, environment: &[(&str, &str)], limits: ServerLimits) -> Self {
        let url = database.url();
        let environment = environment.iter().copied().chain([("DATABASE_URL", url.as_str())]);
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("settings.toml");
        let settings = Settings { limits, ..Settings::load(&file, environment).unwrap() };
        let clock = ManualClock::default();
        let (origin, server) = serve(&settings, &clock);
        let browser = Client::new(&origin, Clock::from(clock.clone()));
        Self { clock, browser, settings, origin, server, database }
    }

    /// Another browser.
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.origin, Clock::from(self.clock.clone()))
    }

    pub(crate) async fn get(&mut self, path: &str) -> Exchange {
        self.browser.get(path).await.unwrap()
    }

    /// Sends a form.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Exchange {
        self.browser.post(path, fields).await.unwrap()
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

    /// Writes a row over what is there.
    pub(crate) fn write_row(&self, row: &Row) {
        self.database.write(&row.session_key, &row.session_data, &row.expire_date);
    }

    pub(crate) fn rows(&self) -> Vec<Row> {
        self.database.rows()
    }

    /// Any statement, by another program.
    pub(crate) fn execute(&self, statement: &str) {
        self.database.execute(statement);
    }

    pub(crate) fn drop_table(&self) {
        self.database.execute("DROP TABLE django_session");
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    pub(crate) fn row(&self, key: &str) -> Option<Row> {
        self.rows().into_iter().find(|row| row.session_key == key)
    }
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
