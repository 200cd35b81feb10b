//! No room left for another byte.

use std::iter;

use crate::client::{Connection, Visitor};
use crate::database::DatabaseFile;
use crate::server::{Server, runserver, runserver_within};
use crate::timing::undisturbed;

/// Room for the empty database and a few sessions: 256 kB for each file.
const BLOCKS: u32 = 512;
/// More visits than ever fit.
const TOO_MANY: usize = 2000;
/// As many refusals in a row show that nothing fits any more.
const REFUSALS: usize = 5;

/// A visitor, and how many of the visits were answered.
struct Counted {
    visitor: Visitor,
    visits: u64,
}

impl Counted {
    fn new(server: &Server) -> Self {
        Self { visitor: Visitor::new(server), visits: 0 }
    }

    /// Somebody whom an earlier server has counted.
    fn at(&self, server: &Server) -> Self {
        Self { visitor: Visitor::with_key(server, self.visitor.key()), visits: self.visits }
    }

    /// Whether the visit was counted; if not, it was refused as it should be.
    fn visit(&mut self) -> bool {
        let response = self.visitor.visit();
        if response.status == 200 {
            assert_eq!(response.counter(), self.visits);
            self.visits += 1;
            return true;
        }
        response.assert_unavailable();
        false
    }

    fn assert_right(&mut self) {
        assert_eq!(self.visitor.look().counter(), self.visits);
    }

    fn assert_counts_on(&mut self) {
        let key = self.visitor.key().to_owned();
        assert!(self.visit(), "there is room again");
        assert_eq!(self.visitor.key(), key);
    }
}

/// New visitors come, and the first one comes again, until neither finds room.
fn fill(server: &Server) -> Vec<Counted> {
    let mut first = Counted::new(server);
    let mut others = Vec::new();
    let mut refusals = 0;
    for _ in 0..TOO_MANY {
        let mut new = Counted::new(server);
        let (new_fits, old_fits) = (new.visit(), first.visit());
        if new_fits {
            others.push(new);
        }
        refusals = if new_fits || old_fits { 0 } else { refusals + 1 };
        if refusals == REFUSALS {
            assert!(!others.is_empty(), "there was room for nobody");
            return iter::once(first).chain(others).collect();
        }
    }
    panic!("there is room for {} sessions", others.len());
}

#[test]
fn a_full_disk_costs_no_session_and_once_it_has_room_the_same_server_counts_on() {
    let _alone = undisturbed();
    let file = DatabaseFile::new();
    let server = Server::start(runserver_within(BLOCKS, &file.path()));
    let mut sessions = fill(&server);

    assert_eq!(Connection::to(&server).plain().status, 200);
    sessions.iter_mut().for_each(Counted::assert_right);

    file.empty_the_log();
    sessions.iter_mut().take(3).for_each(Counted::assert_counts_on);
    assert!(Counted::new(&server).visit());
    sessions.iter_mut().for_each(Counted::assert_right);
    server.kill();
    file.assert_whole();
}

#[test]
fn a_server_that_ended_on_a_full_disk_finds_every_session_once_there_is_room() {
    let _alone = undisturbed();
    let file = DatabaseFile::new();
    let full = Server::start(runserver_within(BLOCKS, &file.path()));
    let sessions = fill(&full);
    full.kill();

    let still_full = Server::start(runserver_within(BLOCKS, &file.path()));
    for session in &sessions {
        session.at(&still_full).assert_right();
    }
    still_full.kill();

    let server = Server::start(runserver(&file.path()));
    for session in sessions {
        session.at(&server).assert_counts_on();
    }
    assert!(Counted::new(&server).visit());
}
