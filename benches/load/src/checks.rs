//! What an answer must be, by kind of load.

use std::collections::HashSet;

use serde::Serialize;

use crate::answer::Answer;
use crate::clients::Client;
use crate::options::{Load, Options};

/// Wrong answers by kind.
#[derive(Default, Serialize)]
pub struct Wrong {
    pub status: u64,
    /// The page does not show the number that its client must see.
    pub counter: u64,
    /// A session changed its id, a new client got none, or two got the same.
    pub session: u64,
    /// The connection ended, or the server wrote something else than an answer.
    pub broken: u64,
    /// The first wrong answer, in words.
    pub example: Option<String>,
}

impl Wrong {
    pub fn total(&self) -> u64 {
        self.status + self.counter + self.session + self.broken
    }

    pub fn note(&mut self, text: impl FnOnce() -> String) {
        self.example.get_or_insert_with(text);
    }
}

pub struct Checks {
    load: Load,
    sessions: bool,
    stateless: bool,
    seen: HashSet<Box<[u8]>>,
    pub wrong: Wrong,
    /// Answers of status 200, counted or not.
    pub answered: u64,
}

impl Checks {
    pub fn new(options: &Options) -> Self {
        Self {
            load: options.load,
            sessions: !options.no_session,
            stateless: options.stateless,
            seen: HashSet::with_capacity(1 << 20),
            wrong: Wrong::default(),
            answered: 0,
        }
    }

    /// Judges an answer, and lets its client learn from it.
    pub fn judge(&mut self, client: &mut Client, answer: &Answer) {
        if answer.status != 200 {
            self.wrong.status += 1;
            self.wrong.note(|| format!("status {}", answer.status));
            // Whether it counted is not known.
            client.expected = None;
            return;
        }
        self.answered += 1;
        match (answer.counter, self.load) {
            (None, _) => {
                self.wrong.counter += 1;
                self.wrong.note(|| "a page without a counter".to_owned());
            }
            (Some(_), _) if !self.sessions => {}
            (Some(counter), Load::Returning) => self.returning(client, counter, answer.set_cookie),
            (Some(counter), Load::New) => self.new_client(counter, answer.set_cookie),
            (Some(_), Load::Hot) => self.same_session(client, answer.set_cookie),
        }
    }

    fn returning(&mut self, client: &mut Client, counter: u64, set_cookie: Option<&[u8]>) {
        if client.expected.is_some_and(|expected| expected != counter) {
            self.wrong.counter += 1;
            self.wrong.note(|| format!("a counter of {counter} where {:?} was due", client.expected));
        }
        client.expected = Some(counter + 1);
        if client.has_cookie() {
            self.same_session(client, set_cookie);
        }
        if let Some(cookie) = set_cookie {
            client.set_cookie(cookie);
        } else if !client.has_cookie() {
            self.wrong.session += 1;
            self.wrong.note(|| "a client got no session".to_owned());
        }
    }

    fn new_client(&mut self, counter: u64, set_cookie: Option<&[u8]>) {
        if counter != 0 {
            self.wrong.counter += 1;
            self.wrong.note(|| format!("a new client saw {counter}"));
        }
        if !set_cookie.is_some_and(|cookie| self.stateless || self.seen.insert(cookie.into())) {
            self.wrong.session += 1;
            self.wrong.note(|| "a new client got no session, or another's".to_owned());
        }
    }

    fn same_session(&mut self, client: &Client, set_cookie: Option<&[u8]>) {
        if !self.stateless && set_cookie.is_some_and(|cookie| cookie != client.cookie()) {
            self.wrong.session += 1;
            self.wrong.note(|| "a session changed its id".to_owned());
        }
    }
}
