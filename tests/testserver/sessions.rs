//! Fixtures: sessions that a test puts, looks at and deletes.

use serde_json::json;

use crate::server::Server;

const KEY: &str = "abcdefghijklmnopqrstuvwxyz012345";

#[test]
fn a_session_that_was_put_is_a_visitors() {
    let server = Server::in_2030(&["--age", "30"]);
    let path = format!("/sessions/{KEY}");
    let put = server.below_clock("PUT", &path, r#"{"data": {"counter": 5, "é": [1.5, null]}}"#);
    assert_eq!(put.status, 200, "{}", put.body);
    assert_eq!(put.json()["expire_date"], "2030-01-01T00:00:30.000000Z");
    assert_eq!(put.json()["data"], json!({"counter": 5, "é": [1.5, null]}));
    assert_eq!(server.get("/hello/world", KEY).counter(), "5");
    assert_eq!(server.below_clock("GET", &path, "").json()["data"]["counter"], 6);
}

#[test]
fn a_put_replaces_data_and_end_of_what_is_there() {
    let server = Server::in_2030(&["--age", "30"]);
    let path = format!("/sessions/{KEY}");
    let end = |body: &str| server.below_clock("PUT", &path, body).json()["expire_date"].clone();
    assert_eq!(end(r#"{"data": {"counter": 5}, "expire_in": 10}"#), "2030-01-01T00:00:10.000000Z");
    // The same payload with another end is another session.
    assert_eq!(end(r#"{"data": {"counter": 5}, "expire_in": -1}"#), "2029-12-31T23:59:59.000000Z");
    assert_eq!(server.get("/hello/world2", KEY).counter(), "0", "it has expired");
    assert_eq!(
        end(r#"{"data": {"counter": 7}, "expire_date": "2031-01-01T00:00:00+01:00"}"#),
        "2030-12-31T23:00:00.000000Z"
    );
    assert_eq!(server.get("/hello/world2", KEY).counter(), "7");
}

#[test]
fn sessions_are_listed_and_deleted() {
    let server = Server::in_2030(&[]);
    for (key, seconds) in [("first-to-end", 10), ("last-to-end", 30), ("expired-already", -5)] {
        let body = format!(r#"{{"data": {{}}, "expire_in": {seconds}}}"#);
        assert_eq!(server.below_clock("PUT", &format!("/sessions/{key}"), &body).status, 200);
    }
    let keys = |path: &str| -> Vec<(String, bool)> {
        let list = server.below_clock("GET", path, "").json();
        let row = |row: &serde_json::Value| (row["key"].as_str().unwrap().to_owned(), row["live"] == true);
        list.as_array().unwrap().iter().map(row).collect()
    };
    let [last, first, expired] = ["last-to-end", "first-to-end", "expired-already"].map(str::to_owned);
    assert_eq!(keys("/sessions"), [(last, true), (first.clone(), true), (expired.clone(), false)]);
    assert_eq!(keys("/sessions?offset=2"), [(expired.clone(), false)]);
    assert_eq!(server.below_clock("DELETE", "/sessions/last-to-end", "").status, 204);
    assert_eq!(server.below_clock("DELETE", "/sessions/last-to-end", "").status, 404);
    assert_eq!(keys("/sessions"), [(first, true), (expired, false)]);
    assert_eq!(server.below_clock("DELETE", "/sessions", "").status, 204);
    assert!(keys("/sessions").is_empty());
    assert_eq!(server.below_clock("DELETE", "/sessions", "").status, 204, "there was nothing to delete");
}

#[test]
fn a_session_that_a_test_deletes_is_a_visitor_logged_out() {
    let server = Server::in_2030(&[]);
    let key = server.get("/hello/world", "").sessionid();
    assert_eq!(server.get("/hello/world", &key).counter(), "1");
    assert_eq!(server.below_clock("DELETE", &format!("/sessions/{key}"), "").status, 204);
    let again = server.get("/hello/world", &key);
    assert_eq!(again.counter(), "0");
    assert_ne!(again.sessionid(), key);
}
