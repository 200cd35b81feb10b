//! The database is killed, or hangs, under load.

use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::client::{Connection, Visitor};
use crate::server::Server;
use crate::timing::{AT_ONCE, STUCK, eventually, timed, undisturbed};
use crate::{database, manage, serve};

const CLIENTS: usize = 24;
/// From the database's return to the first answer.
const RECOVERY: Duration = Duration::from_secs(15);

/// The database server, which every test here leaves running.
struct Postgres;

impl Postgres {
    fn stop() -> Self {
        control(&["stop", "--silent", "--mode=immediate"]);
        Self
    }
}

/// Something that accepts connections on the port of PostgreSQL, and never says a word.
fn silence() -> TcpListener {
    let url = std::env::var("TEST_POSTGRES_URL").unwrap();
    let port: u16 = url.rsplit_once(':').unwrap().1.parse().unwrap();
    TcpListener::bind(("127.0.0.1", port)).unwrap()
}

/// The database server, its processes stopped where they stand: the kernel still accepts what is sent to them.
struct Frozen(Vec<String>);

impl Frozen {
    fn now() -> Self {
        let folder = std::env::var("TEST_POSTGRES_DATA").unwrap();
        let file = std::fs::read_to_string(format!("{folder}/postmaster.pid")).unwrap();
        let postmaster = file.lines().next().unwrap().to_owned();
        // It first, so that it starts nothing more.
        signal("STOP", std::slice::from_ref(&postmaster));
        let children = format!("/proc/{postmaster}/task/{postmaster}/children");
        let children = std::fs::read_to_string(children).unwrap();
        let children: Vec<_> = children.split_whitespace().map(str::to_owned).collect();
        signal("STOP", &children);
        Self(children.into_iter().chain([postmaster]).collect())
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        signal("CONT", &self.0);
    }
}

fn signal(name: &str, pids: &[String]) {
    let sent = Command::new("kill").args(["-s", name]).args(pids).status();
    assert!(sent.unwrap().success(), "SIG{name} for {pids:?}");
}

impl Drop for Postgres {
    fn drop(&mut self) {
        control(&["start", "--silent", "--log=/dev/null"]);
    }
}

fn control(arguments: &[&str]) {
    let program = std::env::var_os("TEST_POSTGRES_CTL").expect("tests/with-postgresql sets it");
    let status = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(status.unwrap().success(), "pg_ctl {arguments:?}");
}

/// Clients of one session, from before the outage until after it.
#[derive(Default)]
struct Traffic {
    over: AtomicBool,
    answered: AtomicU64,
    refused: AtomicU64,
}

impl Traffic {
    /// Counts on until it is over: 200, or 503 in time that leaves the cookie alone.
    fn visit(&self, mut visitor: Visitor) {
        while !self.over.load(Ordering::Relaxed) {
            let (response, time) = timed(|| visitor.visit());
            assert!(time < STUCK, "{time:?}");
            if response.status == 200 {
                self.answered.fetch_add(1, Ordering::Relaxed);
            } else {
                response.assert_unavailable();
                self.refused.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Runs `outage` in the middle of it; then the server has to recover by itself.
    fn around(&self, server: &Server, key: &str, outage: impl FnOnce()) {
        thread::scope(|scope| {
            for _ in 0..CLIENTS {
                let visitor = Visitor::with_key(server, key);
                scope.spawn(move || self.visit(visitor));
            }
            eventually("traffic", RECOVERY, || self.answered.load(Ordering::Relaxed) > 200);
            outage();
            let before = self.answered.load(Ordering::Relaxed);
            eventually("an answer after the outage", RECOVERY, || {
                self.answered.load(Ordering::Relaxed) > before + 100
            });
            self.over.store(true, Ordering::Relaxed);
        });
    }

    /// Everything answered is there. What was refused may be there too: its COMMIT may have been under way.
    fn check(&self, server: &Server, key: &str) {
        let shown = Visitor::with_key(server, key).visit().counter();
        let (answered, refused) =
            (self.answered.load(Ordering::Relaxed), self.refused.load(Ordering::Relaxed));
        assert!(refused > 0, "there was an outage");
        let possible = 1 + answered..=1 + answered + refused;
        assert!(possible.contains(&shown), "{shown} is not in {possible:?}");
    }
}

fn wait_while_plain_pages_are_served(server: &Server, time: Duration) {
    let mut connection = Connection::to(server);
    let pages = u32::try_from(time.as_millis() / 50).unwrap();
    for _ in 0..pages {
        let (response, time) = timed(|| connection.plain());
        assert_eq!(response.status, 200);
        assert!(time < AT_ONCE, "/hello/plain took {time:?}");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_killed_database_is_a_503_and_comes_back_by_itself() {
    let _alone = undisturbed();
    let database = database();
    let server = serve(&database);
    let key = Visitor::after_visits(&server, 1).key().to_owned();
    let traffic = Traffic::default();
    traffic.around(&server, &key, || {
        let stopped = Postgres::stop();
        wait_while_plain_pages_are_served(&server, Duration::from_secs(6));
        drop(stopped);
    });
    traffic.check(&server, &key);
}

#[test]
fn a_database_that_accepts_and_never_answers_is_a_503_too() {
    let _alone = undisturbed();
    let database = database();
    let server = serve(&database);
    let key = Visitor::after_visits(&server, 1).key().to_owned();
    let traffic = Traffic::default();
    traffic.around(&server, &key, || {
        let stopped = Postgres::stop();
        let silence = silence();
        wait_while_plain_pages_are_served(&server, Duration::from_secs(12));
        drop(silence);
        drop(stopped);
    });
    traffic.check(&server, &key);
}

#[test]
fn a_database_that_stops_in_the_middle_of_its_work_is_a_503_and_goes_on_by_itself() {
    let _alone = undisturbed();
    let database = database();
    let server = serve(&database);
    let key = Visitor::after_visits(&server, 1).key().to_owned();
    let traffic = Traffic::default();
    traffic.around(&server, &key, || {
        let frozen = Frozen::now();
        wait_while_plain_pages_are_served(&server, Duration::from_secs(12));
        drop(frozen);
    });
    traffic.check(&server, &key);
}

#[test]
fn a_server_ends_when_asked_even_while_its_database_never_answers() {
    let _alone = undisturbed();
    let database = database();
    let server = serve(&database);
    let mut visitor = Visitor::after_visits(&server, 1);
    let frozen = Frozen::now();
    visitor.visit().assert_unavailable();
    let (ended, took) = timed(|| {
        server.signal("TERM");
        server.wait()
    });
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(took < STUCK, "{took:?}");
    drop(frozen);
}

#[test]
fn a_command_ends_by_itself_when_its_database_stops_in_the_middle() {
    let _alone = undisturbed();
    let database = database();
    assert!(manage(&database, &["migrate"]).stdout(Stdio::null()).status().unwrap().success());
    database.execute("INSERT INTO django_session VALUES ('ended', 'x', '2020-01-01')");
    let lock = database.lock("ended");
    let (output, took) = timed(|| {
        let mut command = manage(&database, &["clearsessions"]);
        let clearing = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        database.wait_for("wait_event_type = 'Lock'", 1);
        let frozen = Frozen::now();
        let output = clearing.wait_with_output().unwrap();
        drop(frozen);
        output
    });
    drop(lock);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("did not answer within 4500 ms"), "{said}");
    assert!(took < STUCK + STUCK, "{took:?}");
}

#[test]
fn a_locked_row_is_a_503_within_the_limit() {
    let _alone = undisturbed();
    let database = database();
    let server = serve(&database);
    let mut visitor = Visitor::after_visits(&server, 1);
    let (mut other, key) = (Visitor::new(&server), visitor.key().to_owned());
    let lock = database.lock(&key);
    let (response, time) = timed(|| visitor.visit());
    response.assert_unavailable();
    assert!(time < STUCK, "{time:?}");
    assert_eq!(other.visit().counter(), 0, "other rows are nobody's business");
    drop(lock);
    assert_eq!(visitor.visit().counter(), 1);
}
