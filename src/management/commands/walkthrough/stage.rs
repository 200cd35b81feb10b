//! What the walk acts with: a site of its own, a browser's memory, and a look at the table.

use std::net::{Ipv4Addr, SocketAddr};

use actix_web::dev::ServerHandle;
use chrono::TimeDelta;

use super::error::WalkthroughError;
use super::report::Report;
use crate::application::{self, Application};
use crate::clock::Clock;
use crate::sessions::Storage;
use crate::sessions::backends::SessionRecord;
use crate::settings::Settings;
use crate::testing::{Client, Exchange};

const COOKIE: &str = "sessionid";

pub(super) struct Stage {
    settings: Settings,
    address: SocketAddr,
    server: ServerHandle,
    browser: Client,
    storage: Storage,
    keys: Vec<String>,
}

impl Stage {
    pub(super) fn set(settings: Settings) -> Result<Self, WalkthroughError> {
        let (address, server) = start(&settings, (Ipv4Addr::LOCALHOST, 0).into())?;
        Ok(Self {
            browser: Client::new(format!("http://{address}"), Clock::System),
            storage: application::storage(&settings)?,
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

    /// The browser's session in the store.
    pub(super) async fn row(&self, report: &Report) -> Result<Option<SessionRecord>, WalkthroughError> {
        let row = self.find(&self.key().unwrap_or_default()).await?;
        if let Some(row) = &row {
            let data = self
                .storage
                .codec()
                .decode(&row.payload)
                .map_or_else(|error| error.to_string(), |data| data.to_json());
            let ends = row.expire_date.moment().map(|end| end.format("%H:%M:%S%.3f").to_string());
            report.note(&format!("row {} {data} expires {}", row.key, ends.unwrap_or_default()));
        }
        Ok(row)
    }

    async fn find(&self, key: &str) -> Result<Option<SessionRecord>, WalkthroughError> {
        let records = self.storage.records().ok_or(WalkthroughError::NoRecords)?;
        Ok(records.find(key).await?)
    }

    pub(super) async fn rows_of(
        &self,
        keys: impl IntoIterator<Item = Option<String>>,
    ) -> Result<usize, WalkthroughError> {
        let mut rows = 0;
        for key in keys.into_iter().flatten() {
            rows += usize::from(self.find(&key).await?.is_some());
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
            let Some(records) = self.storage.records() else { break };
            if let Err(error) = records.delete(&key).await {
                log::warn!("a session of the walkthrough is left behind: {error}");
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
