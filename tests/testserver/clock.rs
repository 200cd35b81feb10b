//! The clock, and what follows it.

use serde_json::json;

use crate::server::Server;

#[test]
fn the_clock_begins_at_the_systems_time_and_runs() {
    let server = Server::start(&[]);
    let shown = server.below_clock("GET", "", "").json();
    assert_eq!(shown["frozen"], false);
    let later = server.below_clock("GET", "", "").json();
    assert!(later["now"].as_str() > shown["now"].as_str(), "{later} after {shown}");
}

#[test]
fn the_clock_is_frozen_advanced_set_and_reset() {
    let server = Server::start(&[]);
    let turn = |body: &str| server.clock(body).json();
    assert_eq!(turn(r#"{"freeze": true}"#)["frozen"], true);
    let stands = server.below_clock("GET", "", "").json();
    assert_eq!(server.below_clock("GET", "", "").json(), stands);
    assert_eq!(
        turn(r#"{"set": "2030-01-01T01:00:00+01:00"}"#),
        json!({"now": "2030-01-01T00:00:00.000000Z", "frozen": true})
    );
    assert_eq!(turn(r#"{"advance": 86400.5}"#)["now"], "2030-01-02T00:00:00.500000Z");
    assert_eq!(turn(r#"{"advance": 0}"#)["now"], "2030-01-02T00:00:00.500000Z");
    assert_eq!(turn(r#"{"set": "2001-01-01T00:00:00Z"}"#)["now"], "2001-01-01T00:00:00.000000Z");
    let all = turn(r#"{"advance": 60, "set": "2030-01-01T00:00:00Z", "freeze": false}"#);
    assert_eq!(all["frozen"], false);
    assert!(all["now"].as_str() >= Some("2030-01-01T00:01:00"), "set comes before advance: {all}");
    let reset = turn(r#"{"reset": true}"#);
    assert_eq!(reset["frozen"], false);
    assert!(reset["now"].as_str() < Some("2030"), "{reset}");
    assert_eq!(turn(r#"{"reset": true, "freeze": true}"#)["frozen"], true);
}

#[test]
fn rows_cookies_signatures_and_date_follow_the_clock() {
    let server = Server::in_2030(&["--age", "30"]);
    let first = server.get("/hello/world", "");
    let cookie = first.header("Set-Cookie").unwrap();
    assert!(cookie.contains("expires=Tue, 01 Jan 2030 00:00:30 GMT; HttpOnly; Max-Age=30;"), "{cookie}");
    assert_eq!(first.header("Date"), Some("Tue, 01 Jan 2030 00:00:00 GMT"));
    let key = first.sessionid();
    let row = server.below_clock("GET", &format!("/sessions/{key}"), "").json();
    let expected = json!({
        "key": key, "expire_date": "2030-01-01T00:00:30.000000Z", "live": true, "data": {"counter": 1},
    });
    assert_eq!(row, expected);
    // What signed it is in the row: 1893456000 s, in base 62.
    let file = server.text("database").strip_prefix("sqlite://").unwrap();
    assert_eq!(signed_at(file), "248kOu");

    server.clock(r#"{"advance": 29}"#);
    assert_eq!(
        server.get("/hello/world2", &key).counter(),
        "1",
        "a second before the end, reading prolongs nothing"
    );
    server.clock(r#"{"advance": 1}"#);
    let row = server.below_clock("GET", &format!("/sessions/{key}"), "").json();
    assert_eq!(row["live"], false);
    let gone = server.get("/hello/world", &key);
    assert_eq!(gone.counter(), "0");
    assert_ne!(gone.sessionid(), key, "the id changes");
}

/// The timestamp in the only payload: `data:timestamp:signature`.
fn signed_at(file: &str) -> String {
    use diesel::prelude::*;

    #[derive(QueryableByName)]
    struct Stored {
        #[diesel(sql_type = diesel::sql_types::Text)]
        session_data: String,
    }
    let mut conn = SqliteConnection::establish(file).unwrap();
    let stored: Stored =
        diesel::sql_query("SELECT session_data FROM django_session").get_result(&mut conn).unwrap();
    stored.session_data.split(':').nth(1).unwrap().to_owned()
}

#[test]
fn clearsessions_goes_by_the_clock() {
    let server = Server::in_2030(&["--age", "30"]);
    for _ in 0..3 {
        server.get("/hello/world", "");
    }
    assert_eq!(server.below_clock("POST", "/clearsessions", "").json(), json!({"deleted": 0}));
    server.clock(r#"{"advance": 31}"#);
    server.get("/hello/world", "");
    assert_eq!(server.below_clock("POST", "/clearsessions", "").json(), json!({"deleted": 3}));
    assert_eq!(server.below_clock("GET", "/sessions", "").json().as_array().unwrap().len(), 1);
}

#[test]
fn of_two_testers_who_advance_the_clock_neither_is_lost() {
    let server = Server::in_2030(&[]);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..30 {
                    assert_eq!(server.clock(r#"{"advance": 1}"#).status, 200);
                }
            });
        }
    });
    assert_eq!(server.below_clock("GET", "", "").json()["now"], "2030-01-01T00:01:00.000000Z");
}

#[test]
fn a_script_puts_a_session_into_any_state() {
    let server = Server::in_2030(&["--age", "30"]);
    let answer =
        server.request("POST", "/script", &[], r#"[["set", "a", 1], ["set_expiry", 0], ["expiry_age"]]"#);
    assert_eq!((answer.status, answer.body.as_str()), (200, "[null,null,30]"));
    assert!(!answer.header("Set-Cookie").unwrap().contains("expires"), "it ends with the browser");
}

#[test]
fn the_longest_age_has_an_end_on_the_last_day_of_the_clock() {
    let server = Server::start(&["--age", "3153600000"]);
    assert_eq!(server.clock(r#"{"set": "9899-12-31T23:59:59Z"}"#).status, 200);
    let last = server.get("/hello/world", "");
    assert_eq!(last.status, 200);
    assert!(last.header("Set-Cookie").unwrap().contains(" 9999 "), "{:?}", last.header("Set-Cookie"));
}
