//! `kill -9` under load.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use sessionid::sessions::SessionCodec;

use crate::client::Visitor;
use crate::database::DatabaseFile;
use crate::files::files;
use crate::server::{SECRET_KEY, Server, runserver, runserver_on_files};
use crate::timing::undisturbed;

/// How many rounds there are without the variable `KILLS`.
const KILLS: usize = 5;
/// How many answers each round gives before the server is killed, again from the first after the last.
const ANSWERS: [usize; 5] = [150, 223, 310, 187, 271];
/// Clients with a session of their own.
const ALONE: usize = 6;
/// For the answers of one round.
const PATIENCE: Duration = Duration::from_secs(30);

/// A session, and what is known of its counter.
struct Counted {
    key: String,
    clients: u64,
    counter: u64,
}

impl Counted {
    fn new(server: &Server, clients: u64) -> Self {
        Self { key: Visitor::after_visits(server, 1).key().to_owned(), clients, counter: 1 }
    }

    /// Every answered increment is there; beyond them, at most those that were under way.
    fn check(&mut self, server: &Server, answered: u64) {
        let shown = Visitor::with_key(server, &self.key).visit().counter();
        let least = self.counter + answered;
        let possible = least..=least + self.clients;
        assert!(possible.contains(&shown), "{shown} is not in {possible:?} ({} clients)", self.clients);
        self.counter = shown + 1;
    }
}

/// With `KILLS=1000` in the environment, as often as that.
#[test]
fn no_answered_increment_is_lost_to_kill_9() {
    let kills = std::env::var("KILLS").map_or(KILLS, |kills| kills.parse().expect("KILLS is a number"));
    let _alone = undisturbed();
    let file = DatabaseFile::new();
    let mut server = Server::start(runserver(&file.path()));
    let mut sessions: Vec<_> = (0..ALONE).map(|_| Counted::new(&server, 1)).collect();
    sessions.push(Counted::new(&server, 2));
    let mut total = 0;
    for answers in ANSWERS.into_iter().cycle().take(kills) {
        let answered = kill_under_load(server, &sessions, answers);
        server = Server::start(runserver(&file.path()));
        for (session, answered) in sessions.iter_mut().zip(answered) {
            session.check(&server, answered);
            total += answered;
        }
    }
    server.kill();
    file.assert_whole();
    println!("{kills} kills, {total} answered increments, none lost");
}

#[test]
fn no_answered_increment_is_lost_to_kill_9_on_files_and_no_half_file_is_left() {
    let _alone = undisturbed();
    let folder = tempfile::tempdir().unwrap();
    let start = || Server::start(runserver_on_files(folder.path()));
    let mut server = start();
    let mut sessions: Vec<_> = (0..ALONE).map(|_| Counted::new(&server, 1)).collect();
    sessions.push(Counted::new(&server, 2));
    for answers in ANSWERS {
        let answered = kill_under_load(server, &sessions, answers);
        assert_whole(folder.path(), &sessions);
        server = start();
        for (session, answered) in sessions.iter_mut().zip(answered) {
            session.check(&server, answered);
        }
    }
}

/// Every session is there with a good signature, and beside them are temporary files at most.
fn assert_whole(folder: &Path, sessions: &[Counted]) {
    let codec = SessionCodec::new(SECRET_KEY, &[]);
    let files: Vec<_> = files(folder).into_iter().filter(|name| !name.contains("_out_")).collect();
    assert_eq!(files.len(), sessions.len(), "{files:?}");
    for session in sessions {
        let payload = std::fs::read_to_string(folder.join(format!("sessionid{}", session.key))).unwrap();
        assert!(codec.decode(&payload).unwrap().contains_key("counter"), "{payload}");
    }
}

/// Kills the server in the middle of its work, and tells how many increments each session was
/// answered.
fn kill_under_load(server: Server, sessions: &[Counted], answers: usize) -> Vec<u64> {
    let killed = AtomicBool::new(false);
    let (answer, answer_seen) = channel();
    thread::scope(|scope| {
        let mut clients = Vec::new();
        for (index, session) in sessions.iter().enumerate() {
            for _ in 0..session.clients {
                let visitor = Visitor::with_key(&server, &session.key);
                let (answer, killed) = (answer.clone(), &killed);
                clients.push((index, scope.spawn(move || count(visitor, session, &answer, killed))));
            }
        }
        for _ in 0..answers {
            answer_seen.recv_timeout(PATIENCE).expect("an answer");
        }
        killed.store(true, Ordering::SeqCst);
        server.kill();
        let mut answered = vec![0; sessions.len()];
        for (index, client) in clients {
            answered[index] += client.join().unwrap();
        }
        answered
    })
}

/// Increments until the server is gone, and tells how often that was answered.
fn count(mut visitor: Visitor, session: &Counted, answer: &Sender<()>, killed: &AtomicBool) -> u64 {
    let mut answered = 0;
    loop {
        match visitor.try_visit() {
            Ok(response) => {
                let (shown, expected) = (response.counter(), session.counter + answered);
                let right = if session.clients == 1 { shown == expected } else { shown >= expected };
                assert!(right, "{shown} instead of {expected}");
                answered += 1;
                let _ = answer.send(());
            }
            Err(error) => {
                assert!(killed.load(Ordering::SeqCst), "no answer from a live server: {error}");
                return answered;
            }
        }
    }
}
