//! A learner in the lab, who reads the page and presses its buttons.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use thirtyfour::By;
use thirtyfour::error::WebDriverResult;

use crate::browser::Browser;
use crate::walk::Walk;

/// Looks at what a page shows after a click: for 20 seconds and more, on a busy machine.
const LOOKS: usize = 400;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
/// Gathers what the page's policy refuses.
const LISTEN: &str = "window.refused = []; addEventListener('securitypolicyviolation', \
                      (event) => refused.push(`${event.violatedDirective} ${event.blockedURI}`));";
/// The number of the newest request that the page tells of.
const LATEST: &str = "return Number(document.body.dataset.latest)";
const OPEN_TICKS: &str = "return document.querySelectorAll('.ticks .open').length";

pub(crate) struct Lesson {
    pub(crate) walk: Walk,
    scripts: bool,
}

impl Lesson {
    /// A new learner, and a server with a `SESSION_COOKIE_AGE` in seconds.
    pub(crate) fn begin(age: u32) -> Self {
        let lesson = Self { walk: Walk::begin(age), scripts: true };
        lesson.listen();
        lesson
    }

    pub(crate) fn browser(&self) -> &Browser {
        &self.walk.browser
    }

    /// Lets no page run a script of its own.
    pub(crate) fn switch_scripts_off(&mut self) {
        self.cdp("Emulation.setScriptExecutionDisabled", json!({ "value": true }));
        self.scripts = false;
    }

    /// Closes the browser and opens it again.
    pub(crate) fn reopen_the_browser(&mut self) {
        self.walk.browser.restart();
        self.listen();
    }

    fn listen(&self) {
        self.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": LISTEN }));
    }

    pub(crate) fn cdp(&self, method: &str, parameters: Value) -> Value {
        let sent = self.browser().drive(async |driver| driver.cdp().send_raw(method, parameters).await);
        sent.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    pub(crate) fn open(&self, path: &str) {
        self.browser().go(&self.walk.server.url(path));
    }

    pub(crate) fn open_exercise(&self, number: u8) {
        self.open(&format!("/lab/exercise/{number}"));
    }

    /// What a script of the test returns.
    pub(crate) fn ask(&self, script: &str) -> Value {
        self.try_to_ask(script).unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    fn try_to_ask(&self, script: &str) -> WebDriverResult<Value> {
        self.browser().drive(async |driver| driver.execute(script, vec![]).await?.convert())
    }

    /// Waits until a script returns true.
    pub(crate) fn wait_until(&self, what: &str, script: &str) {
        // A page that is being replaced answers with an error.
        let found = || matches!(self.try_to_ask(script), Ok(Value::Bool(true))).then_some(());
        wait_for(found).unwrap_or_else(|| {
            panic!("{what} is not there: {}", self.ask("return document.querySelector('main').innerText"))
        });
    }

    /// Presses the first button or link with a label.
    pub(crate) fn press(&self, label: &str) {
        self.click(&format!("(//a | //button | //summary)[normalize-space()='{label}']"));
    }

    fn click(&self, xpath: &str) {
        let clicked = self.browser().drive(async |driver| driver.find(By::XPath(xpath)).await?.click().await);
        clicked.unwrap_or_else(|error| panic!("{xpath}: {error}"));
    }

    /// Presses what leads to another page, and waits for it.
    pub(crate) fn follow(&self, label: &str) {
        self.ask("document.documentElement.dataset.left = 'yes'");
        self.press(label);
        let arrived = "return !document.documentElement.dataset.left && document.readyState === 'complete'";
        self.wait_until(&format!("the page after {label}"), arrived);
    }

    /// Chooses an age at the top of the page.
    pub(crate) fn choose_age(&self, seconds: u32) {
        self.click(&format!("//select[@name='age']/option[@value='{seconds}']"));
        self.follow("Apply");
        assert_eq!(self.ask("return document.querySelector('option[selected]').value"), seconds.to_string());
    }

    pub(crate) fn predict(&self, choice: &str) {
        self.click(&format!("//input[@name='choice'][@value='{choice}']"));
        if self.scripts {
            self.press("Lock my prediction");
            self.wait_until(
                "the step that is open now",
                "return document.activeElement.innerText === '2 Do'",
            );
        } else {
            self.follow("Lock my prediction");
        }
        let locked = self.ask("return document.querySelector('.choice input:disabled:checked').value");
        assert_eq!(locked, choice);
    }

    pub(crate) fn forget_the_cookie(&self) {
        let had_one = self.browser().sessionid().is_some();
        self.follow("Make the browser forget its sessionid");
        assert!(self.browser().sessionid().is_none());
        if had_one {
            self.wait_for_the_cookie_to_be_gone();
        }
    }

    /// The page tells what the browser was told only as long as the browser does so.
    pub(crate) fn wait_for_the_cookie_to_be_gone(&self) {
        let clock = "document.querySelector('.clock dd').innerText";
        self.wait_until("the end of the cookie", &format!("return {clock}.startsWith('✕ gone')"));
    }

    /// Answers exercise 3.
    pub(crate) fn name_the_key(&self, prefix: &str) {
        let field = By::Id("prefix");
        let typed = self.browser().drive(async |driver| driver.find(field).await?.send_keys(prefix).await);
        typed.unwrap();
        self.follow("Check");
    }

    /// Presses a button that sends a request, and waits until the page tells of it.
    pub(crate) fn send(&self, label: &str) {
        let latest = self.ask(LATEST).as_u64().unwrap();
        if self.scripts {
            self.press(label);
        } else {
            self.send_in_a_new_tab(label);
        }
        self.wait_until("the request", &LATEST.replace("return", &format!("return {latest} <")));
    }

    pub(crate) fn get(&self, path: &str) {
        self.send(&format!("Send GET {path}"));
    }

    /// Presses a link that opens a tab, closes that again, and reloads the lab.
    pub(crate) fn send_in_a_new_tab(&self, label: &str) {
        let lab = self.browser().drive(async |driver| driver.window().await).unwrap();
        self.press(label);
        let tab = || {
            let tabs = self.browser().drive(async |driver| driver.windows().await).unwrap();
            tabs.into_iter().find(|tab| *tab != lab)
        };
        let tab = wait_for(tab).unwrap_or_else(|| panic!("{label} opens no tab"));
        let looked = self.browser().drive(async |driver| {
            driver.switch_to_window(tab).await?;
            driver.find(By::Tag("body")).await?.text().await?;
            driver.close_window().await?;
            driver.switch_to_window(lab.clone()).await
        });
        looked.unwrap();
        self.browser().reload();
    }

    pub(crate) fn ticks_left(&self) -> u64 {
        self.ask(OPEN_TICKS).as_u64().unwrap()
    }

    /// Waits until everything is ticked and the page tells why.
    pub(crate) fn wait_for_the_why(&self) {
        self.wait_until("all ticks", &format!("{OPEN_TICKS} === 0"));
        self.wait_until(
            "the why",
            "const why = document.getElementById('why'); return !!why.querySelector('.verdict .answer') \
             && why.innerText.includes('Here:') && why.innerText.includes('Django:') && why.innerText.includes('evidence')",
        );
        let judged = self.ask("return !!document.querySelector('.choice.right')");
        assert_eq!(judged, true, "the right prediction is marked");
    }

    /// Waits until a clock of the page says that it is over.
    pub(crate) fn wait_for_the_end_of(&self, clock: &str) {
        self.wait_until(
            &format!("the {clock} to end"),
            &format!("return !!document.querySelector('[data-name={clock}].over')"),
        );
    }
}

fn wait_for<T>(look: impl Fn() -> Option<T>) -> Option<T> {
    (0..LOOKS).find_map(|_| {
        let found = look();
        if found.is_none() {
            thread::sleep(BETWEEN_LOOKS);
        }
        found
    })
}
