//! Redis Sentinel: a primary that dies, hangs or steps down is followed to its successor without a restart.

use std::time::Duration;

use actix_web::http::StatusCode;
use sessionid::cache::{CacheError, CacheOptions};
use sessionid::sessions::{Session, SessionError, SessionPolicy};

use crate::cookie;
use crate::harness::Harness;
use crate::support::caches::{OwnServer, TestCache};

const REDIS: &str = "django.core.cache.backends.redis.RedisCache";

fn count(session: &Session) -> Result<(), SessionError> {
    session.fetch_update("counter", 0_i64, |counter| counter + 1).map(drop)
}

struct Watched {
    primary: OwnServer,
    replica: OwnServer,
    sentinel: OwnServer,
    harness: Harness,
}

impl Watched {
    async fn start() -> Self {
        let primary = OwnServer::redis(&[]);
        let replica = OwnServer::redis(&["--replicaof", "127.0.0.1", &primary.port().to_string()]);
        replica.wait_for("INFO replication", "master_link_status:up").await;
        let sentinel = OwnServer::sentinel(&primary, &[]);
        sentinel.wait_for("SENTINEL REPLICAS mymaster", &replica.port().to_string()).await;
        // One that died along with its machine is asked as well.
        let location = format!("redis+sentinel://127.0.0.1:1,{}/mymaster/0", sentinel.address());
        let cache = TestCache::at("redis.RedisCache", &location);
        Self { primary, replica, sentinel, harness: Harness::on_cache(cache, SessionPolicy::default()) }
    }

    /// Counts as often as asked on the primary, all of it replicated; tells the key.
    async fn count_and_replicate(&self, times: usize) -> String {
        let key = self.harness.visit(None, count).await.key().to_owned();
        for _ in 1..times {
            let answer = self.harness.visit(Some(&cookie(&key)), count).await;
            assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        }
        assert_eq!(self.primary.tell("WAIT 1 2000"), ":1");
        key
    }

    /// Visits until one is answered again; the others are 503 within 5 s and leave the cookie. Tells how long that was.
    async fn until_it_goes_on(&self, key: &str) -> Duration {
        let began = tokio::time::Instant::now();
        while began.elapsed() < Duration::from_secs(30) {
            let sent = tokio::time::Instant::now();
            let answer = self.harness.visit(Some(&cookie(key)), count).await;
            assert!(sent.elapsed() < Duration::from_secs(5), "{:?}", sent.elapsed());
            if answer.status == StatusCode::OK {
                assert_eq!(answer.key(), key);
                return began.elapsed();
            }
            assert_eq!(
                (answer.status, &answer.set_cookie),
                (StatusCode::SERVICE_UNAVAILABLE, &None),
                "{answer:?}"
            );
            assert_eq!(self.harness.visit_untouched(Some(&cookie(key))).await.status, StatusCode::OK);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("no session for 30 s");
    }
}

#[actix_web::test]
async fn a_primary_that_is_killed_is_followed_and_nothing_that_was_answered_and_replicated_is_lost() {
    let mut watched = Watched::start().await;
    let key = watched.count_and_replicate(20).await;
    watched.primary.stop();
    let took = watched.until_it_goes_on(&key).await;
    println!("the primary was killed, and sessions went on after {took:?}");
    assert_eq!(watched.harness.data(&key), r#"{"counter":21}"#);
}

#[actix_web::test]
async fn a_primary_that_hangs_is_left_for_its_successor() {
    let watched = Watched::start().await;
    let key = watched.count_and_replicate(3).await;
    watched.primary.hang(true);
    let took = watched.until_it_goes_on(&key).await;
    println!("the primary hung, and sessions went on after {took:?}");
    let counted = watched.harness.data(&key);
    watched.primary.hang(false);
    assert_eq!(counted, r#"{"counter":4}"#);
}

/// What a replica refuses it has not done, so it is done on its successor within the same request.
#[actix_web::test]
async fn a_primary_that_steps_down_fails_no_request() {
    let watched = Watched::start().await;
    let harness = Harness::on_cache(
        TestCache::at(
            "redis.RedisCache",
            &format!("redis://{},redis://{}", watched.primary.address(), watched.replica.address()),
        ),
        SessionPolicy::default(),
    );
    let key = harness.visit(None, count).await.key().to_owned();
    assert_eq!(watched.primary.tell("WAIT 1 2000"), ":1");
    assert_eq!(watched.sentinel.tell("SENTINEL REMOVE mymaster"), "+OK");
    assert_eq!(watched.replica.tell("REPLICAOF NO ONE"), "+OK");
    let [host, port] = [String::from("127.0.0.1"), watched.replica.port().to_string()];
    assert_eq!(watched.primary.tell(&format!("REPLICAOF {host} {port}")), "+OK");
    let answer = harness.visit(Some(&cookie(&key)), count).await;
    assert_eq!((answer.status, answer.key()), (StatusCode::OK, &*key), "{answer:?}");
    assert_eq!(harness.data(&key), r#"{"counter":2}"#);
}

#[actix_web::test]
async fn each_login_is_its_own_and_in_no_message() {
    let primary = OwnServer::redis(&["--requirepass", "hunter2", "--masterauth", "hunter2"]);
    let sentinel = OwnServer::sentinel(&primary, &["auth-pass mymaster hunter2"]);
    assert_eq!(sentinel.tell("ACL SETUSER watcher on >hunter3 +@all"), "+OK");
    assert_eq!(sentinel.tell("ACL SETUSER default off"), "+OK");
    let ping = async |login: &str, service: &str, of_sentinel: &str| {
        let url = format!("redis+sentinel://{login}{}/{service}/1{of_sentinel}", sentinel.address());
        let options = CacheOptions::new(REDIS, &[url]).unwrap();
        let cache = options.open();
        let pinged = cache.ping().await;
        let said = format!("{pinged:?} {options:?} {cache:?}");
        assert!(!said.contains("hunter"), "{said}");
        pinged
    };
    let right = "?sentinel_username=watcher&sentinel_password=hunter3";
    ping(":hunter2@", "mymaster", right).await.unwrap();
    for (login, service, of_sentinel) in [
        (":hunter2@", "mymaster", ""),
        (":hunter2@", "mymaster", "?sentinel_username=watcher&sentinel_password=hunter2"),
        (":hunter3@", "mymaster", right),
        ("", "mymaster", right),
    ] {
        let denied = ping(login, service, of_sentinel).await;
        assert!(matches!(denied, Err(CacheError::Denied { .. })), "{login} {of_sentinel}: {denied:?}");
    }
    let unknown = ping(":hunter2@", "another", right).await.unwrap_err().to_string();
    assert!(unknown.contains("watches no primary of that name"), "{unknown}");
}

/// A port that accepts and never answers, a Redis that is no sentinel, and nobody: whoever knows is heard at once.
#[actix_web::test]
async fn sentinels_that_do_not_answer_hold_nobody_up() {
    let primary = OwnServer::redis(&[]);
    let sentinel = OwnServer::sentinel(&primary, &[]);
    let silent: Vec<_> = (0..6).map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    let mut hosts: Vec<_> =
        silent.iter().map(|listener| listener.local_addr().unwrap().to_string()).collect();
    hosts.extend([primary.address(), "127.0.0.1:1".to_owned()]);
    let of = |hosts: &[String]| format!("redis+sentinel://{}/mymaster", hosts.join(","));
    let began = tokio::time::Instant::now();
    let nobody = CacheOptions::new(REDIS, &[of(&hosts)]).unwrap().open().ping().await;
    assert!(nobody.is_err() && began.elapsed() < Duration::from_secs(2), "{nobody:?}");
    hosts.push(sentinel.address());
    let began = tokio::time::Instant::now();
    CacheOptions::new(REDIS, &[of(&hosts)]).unwrap().open().ping().await.unwrap();
    assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
}

#[test]
fn a_url_of_sentinels_that_is_none_is_refused_in_words_that_repeat_nothing() {
    let refused = [
        "redis+sentinel://:hunter2@host",
        "redis+sentinel://:hunter2@host:26379/",
        "redis+sentinel://:hunter2@host:26379/my master/0",
        "redis+sentinel://:hunter2@host:26379/mymaster/zero",
        "redis+sentinel://:hunter2@host:26379/mymaster/-1",
        "redis+sentinel://:hunter2@host:26379/mymaster/0/1",
        "redis+sentinel://:hunter2@host:x/mymaster",
        "redis+sentinel://:hunter2@host,,other/mymaster",
        "redis+sentinel://:hunter2@/mymaster",
        "redis+sentinel://:hun/ter2@host/mymaster",
        "redis+sentinel://:hunter2@host/mymaster?db=1",
        "redis+sentinel://host/mymaster?sentinel_password=hunter2@x",
        "redis+sentinel://:hunter2@host/mymaster#x",
        "unix+sentinel://:hunter2@host/mymaster",
    ];
    for url in refused {
        let error = CacheOptions::new(REDIS, &[url.to_owned()]).expect_err(url);
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
    let two = ["redis+sentinel://one/mymaster".to_owned(), "redis+sentinel://two/mymaster".to_owned()];
    assert!(CacheOptions::new(REDIS, &two).unwrap_err().to_string().contains("in one URL"));
    for url in ["redis+sentinel://one/mymaster", "redis+sentinel://u:p@[::1],two:1/my-master.1/3/"] {
        assert!(CacheOptions::new(REDIS, &[url.to_owned()]).is_ok(), "{url}");
    }
}
