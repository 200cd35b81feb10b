//! A learner's walk through the site: a server, its database, and a browser.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sessionid::clock::Clock;
use thirtyfour::common::cookie::Cookie;

use crate::browser::Browser;
use crate::database::Database;
use crate::server::Server;

pub(crate) const COUNTER: &str = "/hello/world";
pub(crate) const LOOK: &str = "/hello/world2";
pub(crate) const PLAIN: &str = "/hello/plain";
pub(crate) const POKE: &str = "/hello/poke";

/// An age to wait for the end of.
pub(crate) const SHORT: u32 = 2;
/// An age that nothing on a walk outlasts.
pub(crate) const LONG: u32 = 600;

static TURN: Mutex<()> = Mutex::new(());

/// The fields are in the order in which they end.
pub(crate) struct Walk {
    pub(crate) browser: Browser,
    pub(crate) server: Server,
    pub(crate) database: Database,
    age: u32,
    _turn: MutexGuard<'static, ()>,
}

/// A page as the browser shows it, and the session's cookie after it.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) began: DateTime<Utc>,
    pub(crate) counter: Option<u64>,
    pub(crate) cookie: Option<Cookie>,
    pub(crate) ended: DateTime<Utc>,
}

impl Visit {
    pub(crate) fn key(&self) -> &str {
        &self.cookie.as_ref().expect("a cookie").value
    }

    /// When the browser will forget the cookie, in whole seconds.
    pub(crate) fn expiry(&self) -> i64 {
        self.cookie.as_ref().and_then(|cookie| cookie.expiry).expect("a cookie that expires")
    }
}

impl Walk {
    /// A new learner on a new site, with a `SESSION_COOKIE_AGE` in seconds.
    pub(crate) fn begin(age: u32) -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let (browser, database) = (Browser::start(), Database::new());
        let server = Server::start(&database.path(), age);
        Self { browser, server, database, age, _turn: turn }
    }

    pub(crate) fn age(&self) -> TimeDelta {
        TimeDelta::seconds(self.age.into())
    }

    pub(crate) fn visit(&self, path: &str) -> Visit {
        self.observe(|browser| browser.go(&self.server.url(path)))
    }

    pub(crate) fn refresh(&self) -> Visit {
        self.observe(Browser::reload)
    }

    pub(crate) fn back(&self) -> Visit {
        self.observe(Browser::back)
    }

    fn observe(&self, navigate: impl Fn(&Browser)) -> Visit {
        let began = now();
        navigate(&self.browser);
        let (cookie, counter) = (self.browser.sessionid(), self.browser.counter());
        Visit { began, counter, cookie, ended: now() }
    }

    pub(crate) fn restart_server(&mut self) {
        self.server.stop();
        self.start_server_again();
    }

    pub(crate) fn start_server_again(&mut self) {
        self.server.start_again(&self.database.path(), self.age);
    }

    /// The same site on another port, the first one being gone.
    pub(crate) fn move_server(&mut self) {
        self.server = Server::start(&self.database.path(), self.age);
    }

    /// Whether a session that was saved during the first visit was surely alive at the end of the
    /// second, by the time that it took. A machine can stall for longer than a short session lives, and
    /// what is seen then shows nothing.
    pub(crate) fn unbroken(&self, first: &Visit, second: &Visit) -> bool {
        second.ended - first.began < self.age()
    }
}

/// Repeats what a stall of the machine broke, from a browser without a cookie, until it is whole.
pub(crate) fn unstalled<T>(walk: &Walk, attempt: impl Fn(&Walk) -> Option<T>) -> T {
    const ATTEMPTS: usize = 5;
    let mut whole = (0..ATTEMPTS).filter_map(|_| {
        walk.browser.delete_sessionid();
        attempt(walk)
    });
    whole.next().expect("a machine that is fast enough for a session of two seconds")
}

/// Lets time pass in the browser. It keeps its own, which no manual clock turns: whether it forgets a
/// cookie only shows when the time is really over.
pub(crate) fn wait_with_the_browser(time: Duration) {
    thread::sleep(time);
}

pub(crate) fn now() -> DateTime<Utc> {
    Clock::System.now()
}
