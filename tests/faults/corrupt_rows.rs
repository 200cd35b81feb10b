//! Rows that this server never wrote.

use sessionid::clock::Clock;
use sessionid::signing::{TimestampSigner, dumps};

use crate::client::{Connection, Visitor};
use crate::database::{DatabaseFile, quoted};
use crate::server::{SECRET_KEY, Server, runserver};

const SALT: &str = "django.contrib.sessions.SessionStore";
const LATER: &str = "'2999-12-31 00:00:00'";
const COUNTER_OF_7: &[u8] = br#"{"counter":7}"#;
/// More than a payload may inflate to.
const BOMB: usize = 9 << 20;

fn signed_with(secret: &str, json: &[u8]) -> String {
    dumps(&TimestampSigner::new(secret, &[], SALT), json, Clock::System.now())
}

fn signed(json: &[u8]) -> String {
    signed_with(SECRET_KEY, json)
}

/// A text under a good signature, whatever it is.
fn signed_as_it_is(text: &str) -> String {
    TimestampSigner::new(SECRET_KEY, &[], SALT).sign(text, Clock::System.now())
}

/// A key for the row of a case.
fn key(case: usize) -> String {
    format!("{case:032}")
}

#[test]
fn a_row_without_a_good_signature_counts_from_0_under_its_key() {
    let good = signed(COUNTER_OF_7);
    assert_counts_from_0(&[
        quoted(&signed_with("another key", COUNTER_OF_7)),
        quoted(&good.replacen('e', "E", 1)),
        quoted(&good[..good.len() / 2]),
        quoted(&good[..good.len() - 1]),
        quoted("!no base64 at all!:1r31eq:-BqjOHDGgndDCf9kulPtG4KPp7tUbaDTvHNsE3rTeXU"),
        quoted("::"),
        quoted("no separator"),
        quoted(""),
        quoted(&signed_with("another key", &vec![b' '; BOMB])),
        "7".to_owned(),
    ]);
}

/// Such a row never has a good signature; Django's `decode` makes an empty session of a blob as well.
#[test]
fn a_row_that_is_not_even_utf_8_counts_from_0_under_its_key() {
    assert_counts_from_0(&["x'fffe00c328'".to_owned(), "CAST(x'fffec328' AS TEXT)".to_owned()]);
}

fn assert_counts_from_0(payloads: &[String]) {
    let file = DatabaseFile::new();
    let server = Server::start(runserver(&file.path()));
    for (case, payload) in payloads.iter().enumerate() {
        file.put(&key(case), payload, LATER);
        let mut visitor = Visitor::with_key(&server, &key(case));
        for counter in [0, 1, 2] {
            assert_eq!(visitor.look().counter(), counter, "{payload:.80}");
            assert_eq!(visitor.visit().counter(), counter, "{payload:.80}");
            assert_eq!(visitor.key(), key(case), "{payload:.80}");
        }
    }
}

#[test]
fn a_row_with_a_good_signature_over_something_unreadable_is_a_500_and_stays_as_it_is() {
    let payloads = [
        signed(b"[1,2]"),
        signed(b"7"),
        signed(b""),
        signed(b"\x80\x05K\x07. a pickle"),
        signed(br#"{"counter":7"#),
        signed("[".repeat(200_000).as_bytes()),
        signed(&vec![b' '; BOMB]),
        signed_as_it_is("!no base64 at all!"),
        signed_as_it_is(".AAAA"),
        signed_as_it_is(""),
    ];
    let file = DatabaseFile::new();
    let server = Server::start(runserver(&file.path()));
    let mut connection = Connection::to(&server);
    for (case, payload) in payloads.iter().enumerate() {
        file.put(&key(case), &quoted(payload), LATER);
        let mut visitor = Visitor::with_key(&server, &key(case));
        for response in [visitor.look(), visitor.visit(), visitor.visit()] {
            assert_eq!((response.status, response.header("Set-Cookie")), (500, None), "{payload:.80}");
        }
        assert!(file.session_data(&key(case)) == payload.as_bytes(), "overwritten: {payload:.80}");
        assert_eq!(connection.plain().status, 200);
    }
    Visitor::after_visits(&server, 3);
}

#[test]
fn a_row_with_garbage_for_its_date_is_answered_and_mended() {
    let file = DatabaseFile::new();
    let server = Server::start(runserver(&file.path()));
    let mut connection = Connection::to(&server);
    let dates =
        ["'garbage'", "''", "'9999-99-99 99:99:99'", "x'fffe00'", "CAST(x'ff' AS TEXT)", "5", "-1e300"];
    for (case, date) in dates.into_iter().enumerate() {
        file.put(&key(case), &quoted(&signed(COUNTER_OF_7)), date);
        let mut visitor = Visitor::with_key(&server, &key(case));
        let seen = visitor.visit().counter();
        assert!([0, 7].contains(&seen), "{seen} with {date}");
        assert_eq!(visitor.look().counter(), seen + 1, "{date}");
        assert_eq!(visitor.visit().counter(), seen + 1, "{date}");
        assert_eq!(connection.plain().status, 200);
    }
}

/// Django 5.2.19 compares texts as well: what begins with a later year lives, whatever follows.
#[test]
fn whether_a_session_with_an_odd_date_lives_is_djangos_comparison_of_texts() {
    let dates = [
        ("'2030-01-01T00:00:00'", 7),
        ("'2030-01-01 00:00:00Z'", 7),
        ("'2030-01-01 00:00:00+02:00'", 7),
        ("'2030-01-01 00:00'", 7),
        ("'2030-01-01'", 7),
        ("'infinity'", 7),
        ("'garbage'", 7),
        ("''", 0),
        ("1893456000", 0),
        ("'2020-01-01T00:00:00Z'", 0),
    ];
    let file = DatabaseFile::new();
    let server = Server::start(runserver(&file.path()));
    for (case, (date, counter)) in dates.into_iter().enumerate() {
        file.put(&key(case), &quoted(&signed(COUNTER_OF_7)), date);
        assert_eq!(Visitor::with_key(&server, &key(case)).look().counter(), counter, "{date}");
    }
}
