//! Whoever writes to the database, a read shows what it holds now.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;

use diesel::RunQueryDsl as _;
use sessionid::clock::Clock;
use sessionid::db::{Database, DatabaseOptions};
use sessionid::sessions::{DbBackend, SessionCodec, SessionKey, SessionStore, Storage};

use crate::harness::Harness;
use crate::support::TestDatabase;

const END: &str = "2100-01-01 00:00:00";

/// What a process has of its own: connections, writer and copies of rows.
struct Process {
    database: Database,
    storage: Storage,
}

impl Process {
    fn on(url: &str) -> Self {
        let database = Database::open(&url.parse().unwrap(), DatabaseOptions::default()).unwrap();
        let codec = SessionCodec::new("a secret key", &[]);
        Self { storage: Storage::new(DbBackend::new(database.clone()), codec), database }
    }

    fn session(&self, key: Option<&SessionKey>) -> SessionStore {
        SessionStore::new(key.cloned(), self.storage.clone(), Arc::default(), Clock::System)
    }

    async fn created(&self) -> SessionKey {
        let mut session = self.session(None);
        session.insert("counter", &0).unwrap();
        session.save().await.unwrap();
        session.session_key().unwrap().clone()
    }

    async fn counter(&self, key: &SessionKey) -> Option<i64> {
        let mut session = self.session(Some(key));
        session.load().await.unwrap();
        session.get("counter").unwrap()
    }

    async fn set(&self, key: &SessionKey, counter: i64) {
        let mut session = self.session(Some(key));
        session.load().await.unwrap();
        session.insert("counter", &counter).unwrap();
        session.save().await.unwrap();
    }
}

fn payload(counter: i64) -> String {
    let data = format!("{{\"counter\":{counter}}}");
    let data = sessionid::sessions::SessionData::from_json(data.as_bytes()).unwrap();
    SessionCodec::new("a secret key", &[]).encode(&data, Clock::System.now())
}

#[actix_web::test]
async fn each_process_sees_what_the_other_has_written() {
    let database = TestDatabase::new();
    let url = database.url();
    let (one, other) = (Process::on(&url), Process::on(&url));
    let key = one.created().await;
    for counter in 1..50 {
        let (writer, reader) = if counter % 2 == 0 { (&one, &other) } else { (&other, &one) };
        writer.set(&key, counter).await;
        assert_eq!(reader.counter(&key).await, Some(counter));
        // Once more, from the copy; and the writer's own.
        assert_eq!(reader.counter(&key).await, Some(counter));
        assert_eq!(writer.counter(&key).await, Some(counter));
    }
}

#[actix_web::test]
async fn what_another_program_writes_is_seen_at_once() {
    let harness = Harness::new();
    let process = Process::on(&harness.database_url());
    let key = process.created().await;
    for counter in 1..20 {
        process.set(&key, -counter).await;
        assert_eq!(process.counter(&key).await, Some(-counter));
        harness.write(key.as_str(), &payload(counter), END);
        assert_eq!(process.counter(&key).await, Some(counter));
    }
}

#[actix_web::test]
async fn what_a_job_of_the_application_writes_is_seen_at_once() {
    let harness = Harness::new();
    let process = Process::on(&harness.database_url());
    let key = process.created().await;
    process.set(&key, 7).await;
    assert_eq!(process.counter(&key).await, Some(7));
    let gone = key.clone();
    let delete = process.database.write(move |conn| {
        diesel::sql_query(format!("DELETE FROM django_session WHERE session_key = '{gone}'")).execute(conn)
    });
    assert_eq!(delete.await.unwrap(), 1);
    assert_eq!(process.counter(&key).await, None);
}

#[actix_web::test]
async fn a_deleted_session_is_gone_and_stays_gone() {
    let database = TestDatabase::new();
    let url = database.url();
    let (one, other) = (Process::on(&url), Process::on(&url));
    let key = one.created().await;
    one.set(&key, 1).await;
    let mut late = one.session(Some(&key));
    late.load().await.unwrap();
    other.session(Some(&key)).flush().await.unwrap();
    assert_eq!(one.counter(&key).await, None);
    late.insert("counter", &2).unwrap();
    assert!(late.save().await.unwrap_err().to_string().contains("deleted"));
    assert_eq!(other.counter(&key).await, None);
}

/// However a server ends a session that it has a copy of, and whatever else it writes beside.
#[actix_web::test]
async fn a_session_that_was_ended_here_is_not_read_from_a_copy() {
    let database = TestDatabase::new();
    let process = Process::on(&database.url());
    for way in 0..4 {
        let (key, other) = (process.created().await, process.created().await);
        process.set(&key, 1).await;
        process.set(&other, 1).await;
        assert_eq!(process.counter(&key).await, Some(1));
        let mut session = process.session(Some(&key));
        session.load().await.unwrap();
        let end = async {
            match way {
                0 => session.flush().await,
                1 => session.cycle_key().await,
                2 => {
                    session.clear();
                    session.cycle_key().await
                }
                _ => session.delete().await,
            }
        };
        let (ended, ()) = futures_util::future::join(end, process.set(&other, 2)).await;
        ended.unwrap();
        assert_eq!(process.counter(&key).await, None, "{way}");
        assert_eq!(process.counter(&other).await, Some(2));
    }
}

/// Every counter that is read is at least the highest that had been saved when the read began.
#[test]
fn no_read_is_older_than_a_save_that_was_answered() {
    const SESSIONS: usize = 3;
    const ROUNDS: usize = 150;

    let database = TestDatabase::new();
    let url = database.url();
    let keys: Vec<SessionKey> = {
        let process = Process::on(&url);
        let create = async { futures_util::future::join_all((0..SESSIONS).map(|_| process.created())).await };
        actix_web::rt::System::new().block_on(create)
    };
    let saved: [AtomicI64; SESSIONS] = Default::default();
    thread::scope(|scope| {
        for offset in 0..4 {
            let (url, keys, saved) = (&url, &keys, &saved);
            scope.spawn(move || {
                let process = Process::on(url);
                let visits = async {
                    for round in 0..ROUNDS {
                        let (key, saved) =
                            (&keys[(round + offset) % SESSIONS], &saved[(round + offset) % SESSIONS]);
                        let at_least = saved.load(Ordering::SeqCst);
                        let mut session = process.session(Some(key));
                        session.load().await.unwrap();
                        let read: i64 = session.get("counter").unwrap().unwrap();
                        assert!(read >= at_least, "{read} was read after {at_least} had been saved");
                        session.fetch_update("counter", 0_i64, |counter| counter + 1).unwrap();
                        session.save().await.unwrap();
                        saved.fetch_max(session.get("counter").unwrap().unwrap(), Ordering::SeqCst);
                    }
                };
                actix_web::rt::System::new().block_on(visits);
            });
        }
    });
    let total: i64 = saved.into_iter().map(AtomicI64::into_inner).sum();
    assert_eq!(total, i64::try_from(4 * ROUNDS).unwrap());
}
