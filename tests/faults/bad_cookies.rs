//! Cookies that no browser got from us.

use crate::client::{COUNTER, Connection, LOOK, PLAIN, Visitor, cookie};
use crate::database::DatabaseFile;
use crate::server::{Server, runserver};

const UNKNOWN: &[u8] = b"sessionid=unknownunknownunknownunknown1234";

fn bad_cookies() -> Vec<Vec<u8>> {
    let long = cookie(&"a".repeat(4096));
    let long_and_strange = [b"sessionid=".as_slice(), &[0xff; 4096]].concat();
    let cookies: [&[u8]; 15] = [
        UNKNOWN,
        b"sessionid=unknownunknownunknown; sessionid=unknownunknownunknownunknown1234",
        b"sessionid=",
        b"sessionid",
        b"sessionid=\"\"",
        b"sessionid=short",
        b"sessionid=;;;=; =x; sessionid=\"never\\closed and \\777 more",
        b"sessionid=../../../../etc/passwd",
        b"sessionid=%00%0d%0aSet-Cookie:%20a=b",
        b"sessionid=' OR session_key LIKE '%",
        b"sessionid=\xff\xfe\x80\xc3\x28abcdefgh",
        b"\xff\xfe=\x80; sessionid=unknownunknownunknownunknown1234",
        "sessionid=ключключключключ".as_bytes(),
        &long,
        &long_and_strange,
    ];
    cookies.into_iter().map(<[u8]>::to_vec).collect()
}

fn is_a_key_of_ours(key: &str) -> bool {
    key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

#[test]
fn no_cookie_brings_an_error_and_no_unknown_key_is_adopted() {
    let file = DatabaseFile::new();
    let server = Server::start(runserver(&file.path()));
    let mut connection = Connection::to(&server);
    let mut given = Vec::new();
    for sent in bad_cookies() {
        let shown = String::from_utf8_lossy(&sent).into_owned();
        for path in [LOOK, PLAIN] {
            let response = connection.get(path, Some(&sent)).unwrap();
            assert_eq!((response.status, response.key()), (200, None), "{path} with {shown:?}");
        }
        let response = connection.get(COUNTER, Some(&sent)).unwrap();
        assert_eq!(response.counter(), 0, "{shown:?}");
        let key = response.key().expect("a key").to_owned();
        assert!(is_a_key_of_ours(&key) && !shown.contains(&key), "{key:?} for {shown:?}");
        given.push(key);
    }
    let mut stored = file.keys();
    stored.sort();
    given.sort();
    given.dedup();
    assert_eq!(stored, given, "each got a session of its own, and no other came to be");
    assert_eq!(stored.len(), bad_cookies().len());
}

#[test]
fn of_two_cookies_of_one_name_the_last_counts() {
    let file = DatabaseFile::new();
    let server = Server::start(runserver(&file.path()));
    let (three, five) = (Visitor::after_visits(&server, 3), Visitor::after_visits(&server, 5));
    let mut connection = Connection::to(&server);
    for (first, last, counter) in [(&three, &five, 5), (&five, &three, 3)] {
        let twice = format!("sessionid={}; other=x; sessionid={}", first.key(), last.key());
        assert_eq!(connection.get(LOOK, Some(twice.as_bytes())).unwrap().counter(), counter);
        let response = connection.get(COUNTER, Some(twice.as_bytes())).unwrap();
        assert_eq!((response.counter(), response.key()), (counter, Some(last.key())));
    }
}
