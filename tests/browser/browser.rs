//! Chromium, driven from outside.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;
use thirtyfour::common::cookie::Cookie;
use thirtyfour::error::WebDriverResult;
use thirtyfour::{By, ChromeCapabilities, ChromiumLikeCapabilities as _, LoggingPrefsLogLevel, WebDriver};
use tokio::runtime::{Builder, Runtime};

use crate::process::Process;

const CHROMIUM: &str = "/usr/bin/chromium";
const CHROMEDRIVER: &str = "/usr/bin/chromedriver";
/// As root in a container, and with nothing of its own to ask of a network.
const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];
const STARTED: &str = "ChromeDriver was started successfully on port ";
const NO_PORT: &str = "port not available";
const STARTS: usize = 5;
const SESSIONID: &str = "sessionid";
/// No command takes longer, or it hangs.
const HANGS: Duration = Duration::from_secs(60);

/// A browser with a profile of its own. Dropping it quits it.
pub(crate) struct Browser {
    /// `None` only while it is closed.
    driver: Option<WebDriver>,
    runtime: Runtime,
    chromedriver: String,
    _process: Process,
    /// The profile, and whatever else the browser leaves behind.
    folder: TempDir,
}

impl Browser {
    pub(crate) fn start() -> Self {
        for program in [CHROMIUM, CHROMEDRIVER] {
            let there = Path::new(program).exists();
            assert!(there, "{program} is missing: install Debian's packages chromium and chromium-driver");
        }
        let folder = tempfile::tempdir().unwrap();
        let mut starts = (0..STARTS).filter_map(|_| chromedriver(folder.path()));
        let (process, port) = starts.next().expect("a port that chromedriver can have");
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let chromedriver = format!("http://127.0.0.1:{port}");
        let mut browser = Self { driver: None, runtime, chromedriver, _process: process, folder };
        browser.open();
        browser
    }

    fn open(&mut self) {
        let mut capabilities = ChromeCapabilities::new();
        capabilities.set_binary(CHROMIUM).unwrap();
        let profile = format!("--user-data-dir={}", self.folder.path().join("profile").display());
        for flag in FLAGS.into_iter().chain([profile.as_str()]) {
            capabilities.add_arg(flag).unwrap();
        }
        capabilities.set_browser_log_level(LoggingPrefsLogLevel::Warning).unwrap();
        let connecting =
            WebDriver::builder(&self.chromedriver, capabilities).request_timeout(HANGS).connect();
        self.driver = Some(self.runtime.block_on(connecting).expect("Chromium starts"));
    }

    /// Closes the browser as its user does, and opens it again on the same profile.
    pub(crate) fn restart(&mut self) {
        let driver = self.driver.take().expect("an open browser");
        self.runtime.block_on(driver.quit()).expect("Chromium quits");
        self.open();
    }

    pub(crate) fn go(&self, url: &str) {
        self.runtime.block_on(self.driver().goto(url)).unwrap();
    }

    pub(crate) fn reload(&self) {
        self.runtime.block_on(self.driver().refresh()).unwrap();
    }

    pub(crate) fn back(&self) {
        self.runtime.block_on(self.driver().back()).unwrap();
    }

    /// The number on the seed's page; `None` on a page without one.
    pub(crate) fn counter(&self) -> Option<u64> {
        let body = self.runtime.block_on(async { self.driver().find(By::Tag("body")).await?.text().await });
        let body = body.unwrap();
        body.split_once("Counter : ").map(|(_, number)| number.trim().parse().expect("a number"))
    }

    /// What a script on the page returns.
    pub(crate) fn run(&self, script: &str) -> String {
        let returned = self.runtime.block_on(self.driver().execute(script, vec![])).unwrap();
        returned.convert().unwrap()
    }

    /// All that the browser would send to the page that it shows.
    pub(crate) fn cookies(&self) -> Vec<Cookie> {
        self.runtime.block_on(self.driver().get_all_cookies()).unwrap()
    }

    pub(crate) fn sessionid(&self) -> Option<Cookie> {
        self.cookies().into_iter().find(|cookie| cookie.name == SESSIONID)
    }

    /// Deletes the session's cookie, as by hand in the developer tools.
    pub(crate) fn delete_sessionid(&self) {
        self.runtime.block_on(self.driver().delete_cookie(SESSIONID)).unwrap();
    }

    /// Whatever WebDriver can do, which may fail while a page is being replaced.
    pub(crate) fn drive<T>(
        &self,
        work: impl AsyncFnOnce(&WebDriver) -> WebDriverResult<T>,
    ) -> WebDriverResult<T> {
        self.runtime.block_on(work(self.driver()))
    }

    fn driver(&self) -> &WebDriver {
        self.driver.as_ref().expect("an open browser")
    }
}

/// Starts chromedriver, and tells its port. `None` when it has none: port 0 is any free one for it on
/// IPv6, and on IPv4 it then wants the same, which somebody else may have.
fn chromedriver(folder: &Path) -> Option<(Process, String)> {
    let mut command = Command::new(CHROMEDRIVER);
    // Chromium also writes outside its profile, and does not always tidy up.
    command.arg("--port=0").env("HOME", folder).env("TMPDIR", folder);
    let mut process = Process::spawn("chromedriver", &mut command);
    let port = process.wait_until(|said| {
        said.iter().find_map(|line| match line.strip_prefix(STARTED) {
            Some(port) => Some(Some(port.trim_end_matches('.').to_owned())),
            None => line.contains(NO_PORT).then_some(None),
        })
    })?;
    Some((process, port))
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(driver) = self.driver.take()
            && let Err(error) = self.runtime.block_on(driver.quit())
        {
            eprintln!("Chromium does not quit: {error}");
        }
    }
}
