//! What the walk acts with: a site of its own, a browser's memory, and a look at the table.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use chrono::{DateTime, TimeDelta, Utc};

use super::error::WalkthroughError;
use super::report::Report;
use crate::application::{self, Application};
use crate::clock::Clock;
use crate::sessions::{Engine, SessionKey, SessionStore, SharedPolicy, Storage};
use crate::settings::Settings;
use crate::testing::{Client, Exchange};

const COOKIE: &str = "sessionid";

/// A session as it is stored.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) key: String,
    pub(super) data: String,
    /// Where the engine tells it.
    pub(super) end: Option<DateTime<Utc>>,
}

impl Stored {
    /// Whether nothing has happened to it in between; Redis tells an end as what is left until it.
    pub(super) fn is_as(&self, before: &Self) -> bool {
        let jitter = TimeDelta::milliseconds(100);
        let ends = self
            .end
            .zip(before.end)
            .map_or(self.end == before.end, |(now, then)| (now - then).abs() < jitter);
        ends && self.key == before.key && self.data == before.data
    }
}

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
        let storage = application::storage(&settings)?;
        let (address, server) = start(&settings, &storage, (Ipv4Addr::LOCALHOST, 0).into())?;
        Ok(Self {
            browser: Client::new(format!("http://{address}"), Clock::System),
            storage,
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

    /// The browser's session as it is stored.
    pub(super) async fn stored(&self, report: &Report) -> Result<Option<Stored>, WalkthroughError> {
        let stored = self.find(&self.key().unwrap_or_default()).await?;
        if let Some(stored) = &stored {
            let ends = stored.end.map(|end| format!(" expires {}", end.format("%H:%M:%S%.3f")));
            report.note(&format!("row {} {}{}", stored.key, stored.data, ends.unwrap_or_default()));
        }
        Ok(stored)
    }

    /// As the engine enumerates it; one that does not is asked for the session, as a view would ask.
    async fn find(&self, key: &str) -> Result<Option<Stored>, WalkthroughError> {
        if let Some(records) = self.storage.records() {
            let Some(record) = records.find(key).await? else { return Ok(None) };
            let data = self.storage.codec().decode(&record.payload);
            let data = data.map_or_else(|error| error.to_string(), |data| data.to_json());
            return Ok(Some(Stored { end: record.expire_date.moment(), key: record.key, data }));
        }
        let Ok(key) = SessionKey::try_from(key) else { return Ok(None) };
        let policy = Arc::new(self.settings.session.clone());
        let mut session = SessionStore::new(Some(key.clone()), self.storage.clone(), policy, Clock::System);
        session.load().await?;
        let data = session.entries()?.to_json();
        let found = session.session_key() == Some(&key) && !session.modified();
        Ok(found.then(|| Stored { key: key.to_string(), data, end: None }))
    }

    pub(super) async fn count_of(
        &self,
        keys: impl IntoIterator<Item = Option<String>>,
    ) -> Result<usize, WalkthroughError> {
        let mut count = 0;
        for key in keys.into_iter().flatten() {
            count += usize::from(self.find(&key).await?.is_some());
        }
        Ok(count)
    }

    /// Where the engine differs from what the document says of `db`, as Django's does.
    pub(super) fn engine(&self) -> Engine {
        self.settings.session_engine
    }

    /// Whether sessions are in the memory of this process alone.
    pub(super) fn forgets_at_the_end(&self) -> bool {
        let cache = self.settings.caches.get(&self.settings.session_cache_alias);
        self.engine() == Engine::Cache && cache.is_none_or(|cache| cache.backend.ends_with("LocMemCache"))
    }

    pub(super) async fn wait(&self, report: &Report, span: TimeDelta) {
        report.note(&format!("… {:.2} s of silence", span.as_seconds_f64()));
        // The wait is what the walk is about: a real age, in real time.
        actix_web::rt::time::sleep(span.to_std().unwrap_or_default()).await;
    }

    pub(super) async fn restart(&mut self, report: &Report) -> Result<(), WalkthroughError> {
        self.server.stop(true).await;
        // What is in the memory of the process alone ends with the server.
        self.storage = application::storage(&self.settings)?;
        (self.address, self.server) = start(&self.settings, &self.storage, self.address)?;
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

fn start(
    settings: &Settings,
    storage: &Storage,
    address: SocketAddr,
) -> Result<(SocketAddr, ServerHandle), WalkthroughError> {
    let policy = SharedPolicy::new(settings.session.clone());
    let application = Application::assemble(settings, Clock::System, storage.clone(), policy, address, None)?;
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
