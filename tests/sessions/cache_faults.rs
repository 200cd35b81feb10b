//! Servers that are down, hang, restart, are full or refuse: what a client sees of them, and that all is well again by itself.

use std::net::TcpListener;
use std::time::Duration;

use actix_web::http::StatusCode;
use sessionid::cache::CacheError;
use sessionid::sessions::{Session, SessionError, SessionPolicy};

use crate::cookie;
use crate::harness::Harness;
use crate::support::caches::{OwnServer, TestCache};

fn count(session: &Session) -> Result<(), SessionError> {
    session.fetch_update("counter", 0_i64, |counter| counter + 1).map(drop)
}

#[cfg(feature = "redis")]
fn on_redis(location: &str) -> Harness {
    Harness::on_cache(TestCache::at("redis.RedisCache", location), SessionPolicy::default())
}

#[cfg(feature = "redis")]
fn url(server: &OwnServer) -> String {
    format!("redis://{}/0", server.address())
}

/// A harness on each kind of server, and the server.
fn every_server() -> Vec<(Harness, OwnServer)> {
    vec![
        #[cfg(feature = "redis")]
        {
            let server = OwnServer::redis(&[]);
            (on_redis(&url(&server)), server)
        },
        #[cfg(feature = "memcached")]
        {
            let server = OwnServer::memcached(&[]);
            let cache = TestCache::at("memcached.PyMemcacheCache", &server.address());
            (Harness::on_cache(cache, SessionPolicy::default()), server)
        },
    ]
}

/// 503 with `Retry-After` within 5 s, the cookie left alone; a view without a session never notices.
async fn assert_unavailable(harness: &Harness, key: &str) {
    for cookie in [None, Some(cookie(key))] {
        let answer =
            tokio::time::timeout(Duration::from_secs(5), harness.visit(cookie.as_deref(), count)).await;
        let answer = answer.expect("an answer within 5 s");
        assert_eq!(
            (answer.status, &answer.set_cookie),
            (StatusCode::SERVICE_UNAVAILABLE, &None),
            "{answer:?}"
        );
        assert_eq!(answer.retry_after.as_deref(), Some("5"));
        assert_eq!(harness.visit_untouched(cookie.as_deref()).await.status, StatusCode::OK);
    }
}

async fn assert_available(harness: &Harness) -> String {
    let answer = harness.visit(None, count).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.key().to_owned()
}

#[actix_web::test]
async fn a_server_that_is_down_is_503_and_a_restart_is_survived() {
    for (harness, mut server) in every_server() {
        let key = assert_available(&harness).await;
        server.stop();
        assert_unavailable(&harness, &key).await;
        server.start();
        assert_available(&harness).await;
        // What was in its memory is gone: the first look tells, and the cookie is deleted.
        let answer =
            harness.visit(Some(&cookie(&key)), |session| session.get::<i64>("counter").map(drop)).await;
        assert!(answer.deletes_the_cookie(), "{answer:?}");
        // Nobody was there while it restarted: the connection is dead, and nobody notices.
        let key = assert_available(&harness).await;
        server.stop();
        server.start();
        assert_available(&harness).await;
        assert!(harness.visit(Some(&cookie(&key)), count).await.key() != key);
    }
}

#[actix_web::test]
async fn a_server_that_hangs_is_503_within_five_seconds_and_nobody_waits_for_those_before() {
    for (harness, server) in every_server() {
        let key = assert_available(&harness).await;
        server.hang(true);
        let cookie = cookie(&key);
        let visits = (0..32).map(|_| harness.visit(Some(&cookie), count));
        let answers =
            tokio::time::timeout(Duration::from_secs(5), futures_util::future::join_all(visits)).await;
        for answer in answers.expect("all of them have their answers within 5 s") {
            assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        }
        server.hang(false);
        let answer = harness.visit(Some(&cookie), count).await;
        assert_eq!((answer.status, answer.key()), (StatusCode::OK, &*key));
    }
}

#[actix_web::test]
async fn a_server_that_accepts_and_never_answers_is_503() {
    for (backend, scheme) in [("redis.RedisCache", "redis://"), ("memcached.PyMemcacheCache", "")] {
        if !cfg!(feature = "redis") && !scheme.is_empty() || !cfg!(feature = "memcached") && scheme.is_empty()
        {
            continue;
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let location = format!("{scheme}{}", listener.local_addr().unwrap());
        let harness = Harness::on_cache(TestCache::at(backend, &location), SessionPolicy::default());
        assert_unavailable(&harness, "keyofadjangoofbefore").await;
    }
}

/// A web server, for instance.
#[actix_web::test]
async fn a_server_of_another_kind_is_503() {
    for (backend, scheme) in [("redis.RedisCache", "redis://"), ("memcached.PyMemcacheCache", "")] {
        if !cfg!(feature = "redis") && !scheme.is_empty() || !cfg!(feature = "memcached") && scheme.is_empty()
        {
            continue;
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let location = format!("{scheme}{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                use std::io::Write as _;
                let _ =
                    stream.unwrap().write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n\r\nno\n");
            }
        });
        let harness = Harness::on_cache(TestCache::at(backend, &location), SessionPolicy::default());
        assert_unavailable(&harness, "keyofadjangoofbefore").await;
    }
}

#[cfg(feature = "redis")]
#[actix_web::test]
async fn a_redis_that_is_full_refuses_writes_and_keeps_what_it_has() {
    let server = OwnServer::redis(&["--maxmemory-policy", "noeviction"]);
    let harness = on_redis(&url(&server));
    let key = assert_available(&harness).await;
    assert_eq!(server.tell("CONFIG SET maxmemory 1"), "+OK");
    assert_unavailable(&harness, &key).await;
    assert_eq!(
        harness.visit(Some(&cookie(&key)), Session::cycle_key).await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    let look = |session: &Session| {
        assert_eq!(session.get::<i64>("counter")?, Some(1));
        Ok(())
    };
    let answer = harness.visit(Some(&cookie(&key)), look).await;
    assert_eq!(answer.status, StatusCode::OK, "it can still be read");
    assert_eq!(server.tell("CONFIG SET maxmemory 0"), "+OK");
    harness.visit(Some(&cookie(&key)), count).await;
    assert_eq!(harness.data(&key), r#"{"counter":2}"#);
}

#[cfg(feature = "redis")]
#[actix_web::test]
async fn a_replica_refuses_writes_and_one_that_is_promoted_is_found_without_a_restart() {
    let mut primary = OwnServer::redis(&[]);
    let replica = OwnServer::redis(&["--replicaof", "127.0.0.1", &primary.port().to_string()]);
    replica.wait_for("INFO replication", "master_link_status:up").await;
    let on_replica = on_redis(&url(&replica));
    assert_unavailable(&on_replica, "keyofadjangoofbefore").await;

    let harness = on_redis(&format!("{},{}", url(&primary), url(&replica)));
    let key = assert_available(&harness).await;
    assert_eq!(primary.tell("WAIT 1 2000"), ":1");
    primary.stop();
    assert_unavailable_to_writes(&harness, &key).await;
    assert_eq!(replica.tell("REPLICAOF NO ONE"), "+OK");
    harness.visit(Some(&cookie(&key)), count).await;
    assert_eq!(harness.data(&key), r#"{"counter":2}"#, "nothing was lost");
}

/// The replica is there and can be read.
#[cfg(feature = "redis")]
async fn assert_unavailable_to_writes(harness: &Harness, key: &str) {
    let answer = harness.visit(Some(&cookie(key)), count).await;
    assert_eq!((answer.status, &answer.set_cookie), (StatusCode::SERVICE_UNAVAILABLE, &None), "{answer:?}");
}

#[cfg(feature = "redis")]
#[actix_web::test]
async fn a_redis_with_a_password_is_told_from_one_that_is_down() {
    let server = OwnServer::redis(&["--requirepass", "hunter2"]);
    let cache = TestCache::at("redis.RedisCache", &url(&server));
    assert!(
        matches!(cache.cache().ping().await, Err(CacheError::Denied { .. })),
        "{:?}",
        cache.cache().ping().await
    );
    // Where a database is to be chosen, that is what is refused.
    let second = TestCache::at("redis.RedisCache", &format!("redis://{}/1", server.address()));
    let denied = second.cache().ping().await;
    assert!(matches!(denied, Err(CacheError::Denied { .. })), "{denied:?}");
    let wrong = TestCache::at("redis.RedisCache", &format!("redis://:hunter3@{}/0", server.address()));
    let denied = wrong.cache().ping().await.unwrap_err();
    assert!(matches!(denied, CacheError::Denied { .. }), "{denied:?}");
    assert!(!format!("{denied} {denied:?}").contains("hunter3"));
    let right = TestCache::at("redis.RedisCache", &format!("redis://:hunter2@{}/0", server.address()));
    right.cache().ping().await.unwrap();
    assert!(!format!("{:?} {:?}", right.cache(), right.options()).contains("hunter2"));
}

/// A plain connection to a port that speaks TLS, the other way round, and a certificate that nobody vouches for.
#[cfg(feature = "redis-tls")]
#[actix_web::test]
async fn a_redis_that_speaks_tls_is_spoken_to_in_tls_and_believed_only_with_its_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (key, certificate) = (file("key.pem"), file("certificate.pem"));
    let made = std::process::Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args([
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-keyout",
            &key,
            "-out",
            &certificate,
        ])
        .output();
    assert!(made.unwrap().status.success());
    let server = OwnServer::redis_with_tls(&key, &certificate);
    let ping = async |scheme: &str, server: &OwnServer| {
        TestCache::at("redis.RedisCache", &format!("{scheme}://{}", server.address())).cache().ping().await
    };
    ping("redis", &server).await.unwrap_err();
    ping("rediss", &OwnServer::redis(&[])).await.unwrap_err();
    let refused = ping("rediss", &server).await.unwrap_err().to_string();
    assert!(refused.contains("certificate"), "{refused}");
    let trusting = std::process::Command::new(env!("CARGO_BIN_EXE_manage"))
        .args(["sessions", "list"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("SSL_CERT_FILE", &certificate)
        .env("SESSION_ENGINE", "cache")
        .env("CACHES", format!("rediss://{}", server.address()))
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&trusting.stdout).contains("0 of 0 sessions"), "{trusting:?}");
}

/// After `SCRIPT FLUSH`, and on a server that was restarted, the hash of a script is unknown.
#[cfg(feature = "redis")]
#[actix_web::test]
async fn a_redis_that_has_forgotten_the_scripts_is_told_them_again() {
    let server = OwnServer::redis(&[]);
    let harness = on_redis(&url(&server));
    let key = harness.saved().await;
    for _ in 0..3 {
        assert_eq!(server.tell("SCRIPT FLUSH"), "+OK");
        harness.visit(Some(&cookie(&key)), count).await;
    }
    assert_eq!(harness.data(&key), r#"{"counter":4}"#);
}

#[cfg(feature = "redis")]
#[actix_web::test]
async fn redis_says_what_loses_sessions() {
    let server = OwnServer::redis(&["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"]);
    let cache = TestCache::at("redis.RedisCache", &url(&server)).cache();
    let risks = cache.risks().await.unwrap();
    assert!(
        risks.len() == 2 && risks[0].contains("appendonly") && risks[1].contains("allkeys-lru"),
        "{risks:?}"
    );
    server.tell("CONFIG SET appendonly yes");
    server.tell("CONFIG SET maxmemory-policy volatile-ttl");
    assert_eq!(cache.risks().await.unwrap(), Vec::<String>::new());
}

#[cfg(feature = "memcached")]
#[actix_web::test]
async fn an_item_that_is_too_large_for_memcached_is_503_and_the_session_as_it_was() {
    let server = OwnServer::memcached(&[]);
    let cache = TestCache::at("memcached.PyMemcacheCache", &server.address());
    let policy = SessionPolicy { max_bytes: 8 << 20, ..SessionPolicy::default() };
    let harness = Harness::on_cache(cache, policy);
    let key = harness.saved().await;
    let large = "x".repeat(2 << 20);
    let answer = harness.visit(Some(&cookie(&key)), move |session| session.insert("large", &large)).await;
    assert_eq!((answer.status, answer.set_cookie), (StatusCode::SERVICE_UNAVAILABLE, None));
    assert_eq!(harness.data(&key), r#"{"counter":1}"#);
}

/// A memcached that is full drops the oldest: what is gone has ended, and is not stored again by who comes late.
#[cfg(feature = "memcached")]
#[actix_web::test]
async fn what_memcached_evicts_has_ended() {
    let server = OwnServer::memcached(&["-m", "1", "-I", "512k"]);
    let cache = TestCache::at("memcached.PyMemcacheCache", &server.address());
    let harness = Harness::on_cache(cache, SessionPolicy::default());
    let (filler, mut left) = ("x".repeat(1500), true);
    let in_first = filler.clone();
    // It throws out what has the size of the new.
    let first =
        harness.visit(None, move |session| session.insert("filler", &in_first)).await.key().to_owned();
    for _ in 0..20 {
        for _ in 0..1000 {
            let filler = filler.clone();
            harness.visit(None, move |session| session.insert("filler", &filler)).await;
        }
        left = harness.storage.exists(&first.as_str().try_into().unwrap()).await.unwrap();
        if !left {
            break;
        }
    }
    assert!(!left, "nothing was evicted");
    let answer = harness.visit(Some(&cookie(&first)), count).await;
    assert_ne!(answer.key(), first);
}

/// Values of other flags than Django's pickles are nobody's session.
#[cfg(feature = "memcached")]
#[actix_web::test]
async fn a_memcached_value_that_is_no_pickle_is_left_as_it_is() {
    use std::io::{BufRead as _, BufReader, Write as _};
    let server = OwnServer::memcached(&[]);
    let cache = TestCache::at("memcached.PyMemcacheCache", &server.address());
    let whole = cache.key("keyofadjangoofbefore");
    let harness = Harness::on_cache(cache, SessionPolicy::default());
    let mut stream = BufReader::new(std::net::TcpStream::connect(server.address()).unwrap());
    let mut say = |text: &str| {
        stream.get_mut().write_all(text.as_bytes()).unwrap();
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        line
    };
    // The pickle of an empty dict, marked as a text.
    assert_eq!(say(&format!("set {whole} 16 0 2\r\n}}.\r\n")), "STORED\r\n");
    let answer = harness.visit(Some(&cookie("keyofadjangoofbefore")), count).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(say(&format!("set {whole} 1 0 2\r\n}}.\r\n")), "STORED\r\n");
    let answer = harness.visit(Some(&cookie("keyofadjangoofbefore")), count).await;
    assert_eq!(answer.status, StatusCode::OK);
}
