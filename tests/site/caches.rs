//! The commands on sessions in a cache.

use assert_cmd::Command;

fn manage(environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_manage"));
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("SESSION_ENGINE", "django.contrib.sessions.backends.cache")
        .envs(environment.iter().copied())
        .timeout(std::time::Duration::from_secs(60));
    command
}

/// The exit code, and what was said on either output.
fn run(environment: &[(&str, &str)], arguments: &[&str]) -> (Option<i32>, String) {
    let output = manage(environment).args(arguments).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[test]
fn memory_is_nobody_elses_and_check_says_what_is_lost_with_it() {
    for command in
        [&["sessions", "list"][..], &["sessions", "show", "12345678"], &["sessions", "delete", "12345678"]]
    {
        let (code, said) = run(&[], command);
        assert_eq!((code, said.lines().count()), (Some(1), 1), "{said}");
        assert!(said.contains("memory of each server's own process"), "{said}");
    }
    let (_, said) = run(&[], &["check"]);
    assert!(
        said.contains("sessionid.W021") && said.contains("locmem") && said.contains("restarts"),
        "{said}"
    );
    let (code, said) = run(&[], &["clearsessions"]);
    assert_eq!((code, said.trim_end()), (Some(0), "Deleted 0 expired sessions."));
}

#[cfg(feature = "memcached")]
#[test]
fn memcached_does_not_tell_its_keys() {
    let caches =
        format!("memcached://{}", std::env::var("TEST_MEMCACHED").expect("run under tests/with-caches"));
    let (code, said) = run(&[("CACHES", &caches)], &["sessions", "list"]);
    assert_eq!((code, said.lines().count()), (Some(1), 1), "{said}");
    assert!(said.contains("cannot list its sessions"), "{said}");
    let (_, said) = run(&[("CACHES", &caches)], &["check"]);
    assert!(said.contains("sessionid.W021") && said.contains("memcached"), "{said}");
}

#[cfg(feature = "redis")]
#[actix_web::test]
async fn sessions_in_redis_are_listed_shown_and_deleted() {
    use std::sync::Arc;

    use sessionid::cache::CacheOptions;
    use sessionid::clock::Clock;
    use sessionid::sessions::{CacheBackend, PickleCodec, SessionStore, Storage};

    // A database of Redis's own, since all of it is listed.
    let server = std::env::var("TEST_REDIS_URL").expect("run under tests/with-caches");
    let caches = format!("{}/7", server.trim_end_matches("/0"));
    let options =
        CacheOptions::new("django.core.cache.backends.redis.RedisCache", std::slice::from_ref(&caches))
            .unwrap();
    let storage = Storage::new(CacheBackend::new(options.open(), &options), PickleCodec);
    let mut keys = Vec::new();
    for number in 0..3 {
        let mut session = SessionStore::new(None, storage.clone(), Arc::default(), Clock::System);
        session.insert("number", &number).unwrap();
        session.save().await.unwrap();
        keys.push(session.session_key().unwrap().to_string());
    }
    let environment = [("CACHES", &*caches)];
    // Somebody else's things among them: one of another kind, and one that is no session.
    let address = server.trim_start_matches("redis://").trim_end_matches("/0");
    let mut others = std::net::TcpStream::connect(address).unwrap();
    let key = |name: &str| options.key(&format!("{}{name}", CacheBackend::KEY_PREFIX));
    let commands = format!("SELECT 7\r\nRPUSH {} x\r\nSET {} 17\r\n", key("alistofsomebody"), key("anumber"));
    std::io::Write::write_all(&mut others, commands.as_bytes()).unwrap();
    others.shutdown(std::net::Shutdown::Write).unwrap();
    std::io::Read::read_to_end(&mut others, &mut Vec::new()).unwrap();
    let (_, shown) = run(&environment, &["sessions", "show", "anumber"]);
    assert!(shown.contains("an integer") && !shown.contains("signature"), "{shown}");
    assert_eq!(run(&environment, &["sessions", "delete", "anumber"]).0, Some(0));
    let (_, listed) = run(&environment, &["sessions", "list"]);
    assert!(keys.iter().all(|key| listed.contains(key)) && listed.contains("3 of 3 sessions"), "{listed}");
    let (_, shown) = run(&environment, &["sessions", "show", &keys[1]]);
    assert!(shown.contains("\"number\":1") && shown.contains("UTC"), "{shown}");
    assert_eq!(run(&environment, &["sessions", "delete", &keys[1]]).0, Some(0));
    let (code, said) = run(&environment, &["sessions", "show", &keys[1]]);
    assert!(code == Some(1) && said.contains("no session has the key"), "{said}");
    assert_eq!(run(&environment, &["clearsessions"]).1.trim_end(), "Deleted 0 expired sessions.");
    let (_, said) = run(&environment, &["check"]);
    assert!(said.contains("sessionid.W021") && said.contains("appendonly"), "{said}");
}

#[cfg(feature = "redis")]
#[test]
fn a_wrong_password_stops_the_start_in_one_line_and_a_redis_that_is_away_does_not() {
    use crate::support::caches::OwnServer;

    let server = OwnServer::redis(&["--requirepass", "hunter2"]);
    let caches = format!("redis://:hunter3@{}", server.address());
    let (code, said) = run(&[("CACHES", &caches)], &["runserver", "127.0.0.1:0"]);
    assert_eq!((code, said.lines().count()), (Some(1), 1), "{said}");
    assert!(said.contains("refuses the login") && !said.contains("hunter3"), "{said}");
    let (_, said) = run(&[("CACHES", "redis://127.0.0.1:1")], &["check"]);
    assert!(said.contains("sessionid.W022") && said.contains("127.0.0.1:1"), "{said}");
    let (code, said) = run(&[("CACHES", "redis://127.0.0.1:1")], &["sessions", "list"]);
    assert!(code == Some(1) && said.contains("cannot be reached"), "{said}");
}
