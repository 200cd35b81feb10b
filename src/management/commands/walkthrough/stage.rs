//! What the walk acts with: a site of its own, a browser's memory, and a look at the table.

use std::net::{Ipv4Addr, SocketAddr};

use actix_web::dev::ServerHandle;
use chrono::{DateTime, TimeDelta, Utc};

use super::WalkthroughError;
use super::report::Report;
use crate::application::Application;
use crate::clock::Clock;
use crate::db::Database;
use crate::sessions::SessionCodec;
use crate::sessions::models::SessionRow;
use crate::settings::Settings;
use crate::testing::{Client, Exchange};

const COOKIE: &str = "sessionid";

pub(super) struct Stage {
    settings: Settings,
    address: SocketAddr,
    server: ServerHandle,
    browser: Client,
    database: Database,
    codec: SessionCodec,
    keys: Vec<String>,
}

impl Stage {
    pub(super) fn set(settings: Settings) -> Result<Self, WalkthroughError> {
        let (address, server) = start(&settings, (Ipv4Addr::LOCALHOST, 0).into())?;
        Ok(Self {
            browser: Client::new(format!("http://{address}"), Clock::System),
            database: Database::open(&settings.database_url, settings.database)?,
            codec: SessionCodec::new(&settings.secret_key, &settings.secret_key_fallbacks),
            keys: Vec::new(),
            settings,
            address,
            server,
        })
    }

    pub(super) async fn visit(&mut self, report: &Report, path: &str) -> Result<Exchange, WalkthroughError> {
        let exchange = self.browser.get(path).await?;
        report.exchange(&exchange, counter(&exchange));
        self.keys.extend(self.key());
        Ok(exchange)
    }

    /// The sessionid in the browser.
    pub(super) fn key(&self) -> Option<String> {
        self.browser.cookie(COOKIE).map(|cookie| cookie.value.clone())
    }

    pub(super) fn forget_cookie(&mut self) {
        self.browser.delete_cookie(COOKIE);
    }

    /// A browser that does not forget.
    pub(super) fn keep_cookie(&mut self, key: &str) {
        self.browser.set_cookie(COOKIE, key);
    }

    /// The browser's session in the table.
    pub(super) async fn row(&self, report: &Report) -> Result<Option<SessionRow>, WalkthroughError> {
        let key = self.key().unwrap_or_default();
        let row = self.database.read(move |conn| SessionRow::find(conn, &key)).await?;
        if let Some(row) = &row {
            let data = self
                .codec
                .decode(&row.session_data)
                .map_or_else(|error| error.to_string(), |data| data.to_json());
            let ends = DateTime::<Utc>::from(row.expire_date);
            report.note(&format!("row {} {data} expires {}", row.session_key, ends.format("%H:%M:%S%.3f")));
        }
        Ok(row)
    }

    pub(super) async fn rows_of(
        &self,
        keys: impl IntoIterator<Item = Option<String>>,
    ) -> Result<usize, WalkthroughError> {
        let mut rows = 0;
        for key in keys.into_iter().flatten() {
            let row = self.database.read(move |conn| SessionRow::find(conn, &key)).await?;
            rows += usize::from(row.is_some());
        }
        Ok(rows)
    }

    pub(super) async fn wait(&self, report: &Report, span: TimeDelta) {
        report.note(&format!("… {:.2} s of silence", span.as_seconds_f64()));
        // The wait is what the walk is about: a real age, in real time.
        actix_web::rt::time::sleep(span.to_std().unwrap_or_default()).await;
    }

    pub(super) async fn restart(&mut self, report: &Report) -> Result<(), WalkthroughError> {
        self.server.stop(true).await;
        (self.address, self.server) = start(&self.settings, self.address)?;
        report.note("the server was stopped and started again");
        Ok(())
    }

    /// Leaves the table as it was.
    pub(super) async fn clear(&mut self) {
        for key in std::mem::take(&mut self.keys) {
            let deleted = self.database.write(move |conn| Ok(SessionRow::delete(conn, &key)?)).await;
            if let Err::<bool, crate::db::DbError>(error) = deleted {
                log::warn!("a session of the walkthrough is left in the table: {error}");
            }
        }
        self.server.stop(true).await;
    }
}

fn start(settings: &Settings, address: SocketAddr) -> Result<(SocketAddr, ServerHandle), WalkthroughError> {
    let application = Application::build(settings, Clock::System, address)?;
    let (address, server) = (application.address(), application.handle());
    actix_web::rt::spawn(async move {
        if let Err(error) = application.run_until_stopped().await {
            log::error!("{error}");
        }
    });
    Ok((address, server))
}

/// The number on a counter page.
pub(super) fn counter(page: &Exchange) -> Option<i64> {
    page.body.split_once("<b>")?.1.split_once("</b>")?.0.parse().ok()
}
