//! Databases that do something else than what they are told, and keys that no database can hold.

use actix_web::http::StatusCode;
use futures_util::future::join_all;
use sessionid::sessions::{Session, SessionError, SessionPolicy};

use crate::cookie;
use crate::harness::{Answer, Harness};
use crate::support::TestDatabase;

fn count(session: &Session) -> Result<(), SessionError> {
    session.fetch_update("counter", 0_i64, |counter| counter + 1).map(drop)
}

fn is_unavailable(answer: &Answer) -> bool {
    (answer.status, &answer.set_cookie) == (StatusCode::SERVICE_UNAVAILABLE, &None)
}

/// A trigger on the table that runs `body` for a row.
fn trigger(harness: &Harness, when: &str, sqlite: &str, postgres: &str) {
    let database = harness.database();
    if database.is_on_server() {
        database.execute(&format!(
            "CREATE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {postgres} END $$; \
             CREATE TRIGGER odd BEFORE {when} ON django_session FOR EACH ROW EXECUTE FUNCTION odd()"
        ));
    } else {
        database.execute(&format!("CREATE TRIGGER odd BEFORE {when} ON django_session BEGIN {sqlite}; END"));
    }
}

fn no_trigger(harness: &Harness) {
    let on_table = if harness.database().is_on_server() { " ON django_session" } else { "" };
    harness.database().execute(&format!("DROP TRIGGER odd{on_table}"));
}

/// The database reports success and stores nothing.
#[actix_web::test]
async fn an_insert_that_is_swallowed_is_a_503_for_its_visitor_and_nobody_else() {
    let harness = Harness::new();
    let key = harness.saved().await;
    trigger(&harness, "INSERT", "SELECT RAISE(IGNORE)", "RETURN NULL;");
    let sent = cookie(&key);
    let new = join_all((0..20).map(|_| harness.visit(None, count)));
    let known = join_all((0..20).map(|_| harness.visit(Some(&sent), count)));
    let (new, known) = futures_util::future::join(new, known).await;
    assert!(new.iter().all(is_unavailable), "{new:?}");
    assert!(known.iter().all(|answer| answer.status == StatusCode::OK), "{known:?}");
    assert_eq!(harness.data(&key), r#"{"counter":21}"#);
    assert!(is_unavailable(&harness.visit(Some(&sent), Session::cycle_key).await));
    assert_eq!(harness.data(&key), r#"{"counter":21}"#, "it stays where it was");
    no_trigger(&harness);
    assert_eq!(harness.visit(None, count).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn an_update_that_is_swallowed_is_a_503_and_the_others_are_served() {
    let harness = Harness::new();
    let key = harness.saved().await;
    trigger(&harness, "UPDATE", "SELECT RAISE(IGNORE)", "RETURN NULL;");
    assert!(is_unavailable(&harness.visit(Some(&cookie(&key)), count).await));
    assert_eq!(harness.data(&key), r#"{"counter":1}"#);
    assert_eq!(harness.visit(None, count).await.status, StatusCode::OK);
    no_trigger(&harness);
    harness.visit(Some(&cookie(&key)), count).await;
    assert_eq!(harness.data(&key), r#"{"counter":2}"#);
}

/// A logout that is answered has happened.
#[actix_web::test]
async fn a_delete_that_is_swallowed_is_a_503_and_moves_nothing() {
    let harness = Harness::new();
    let key = harness.saved().await;
    trigger(&harness, "DELETE", "SELECT RAISE(IGNORE)", "RETURN NULL;");
    let flush = |session: &Session| {
        session.flush()?;
        Ok(())
    };
    assert!(is_unavailable(&harness.visit(Some(&cookie(&key)), flush).await));
    assert!(is_unavailable(&harness.visit(Some(&cookie(&key)), Session::cycle_key).await));
    let clear_and_cycle = |session: &Session| {
        session.clear()?;
        session.cycle_key()
    };
    assert!(is_unavailable(&harness.visit(Some(&cookie(&key)), clear_and_cycle).await));
    let keys: Vec<_> = harness.rows().into_iter().map(|row| row.session_key).collect();
    assert_eq!(keys, [key.as_str()], "it is where it was, and nowhere else");
    assert_eq!(harness.data(&key), r#"{"counter":1}"#);
    assert_eq!(harness.visit(None, count).await.status, StatusCode::OK);
    no_trigger(&harness);
    harness.visit(Some(&cookie(&key)), flush).await;
    assert_eq!(harness.row(&key), None);
}

/// What a trigger changes beside the statement that fires it, nobody is told.
#[actix_web::test]
async fn what_a_trigger_writes_is_seen_at_once() {
    let harness = Harness::new();
    let (key, other) = (harness.saved().await, harness.saved().await);
    let delete = format!("DELETE FROM django_session WHERE session_key = '{other}'");
    trigger(&harness, "UPDATE", &delete, &format!("{delete}; RETURN NEW;"));
    let read = |session: &Session| session.get::<i64>("counter").map(drop);
    // After a commit of its own a server keeps copies of what it reads.
    harness.visit(None, count).await;
    assert_eq!(harness.visit(Some(&cookie(&other)), read).await.set_cookie, None, "it is there");
    harness.visit(Some(&cookie(&key)), count).await;
    assert_eq!(harness.row(&other), None);
    assert!(harness.visit(Some(&cookie(&other)), read).await.deletes_the_cookie());
    no_trigger(&harness);
    let third = harness.saved().await;
    assert_eq!(harness.visit(Some(&cookie(&third)), count).await.status, StatusCode::OK);
    assert_eq!(harness.data(&third), r#"{"counter":2}"#);
}

/// Partitions by inheritance: PostgreSQL then counts no row, and Django does not ask.
#[actix_web::test]
async fn rows_that_a_trigger_takes_to_a_child_table_are_sessions_like_any_other() {
    let harness = Harness::new();
    if !harness.database().is_on_server() {
        return; // SQLite's tables inherit nothing.
    }
    harness.database().execute("CREATE TABLE sessions_2026 () INHERITS (django_session)");
    trigger(&harness, "INSERT", "", "INSERT INTO sessions_2026 SELECT NEW.*; RETURN NULL;");
    let answer = harness.visit(None, count).await;
    let key = answer.key().to_owned();
    harness.visit(Some(&cookie(&key)), count).await;
    assert_eq!(harness.data(&key), r#"{"counter":2}"#);
    let moved = harness.visit(Some(&cookie(&key)), Session::cycle_key).await;
    assert_eq!(harness.data(moved.key()), r#"{"counter":2}"#);
    assert_eq!(harness.rows().len(), 1);
}

/// SQLSTATE 40001 and 40P01: the server prefers another transaction, and says to try again.
#[actix_web::test]
async fn what_the_server_takes_back_for_the_sake_of_another_is_tried_again() {
    for error in ["serialization_failure", "deadlock_detected"] {
        let harness = Harness::new();
        if !harness.database().is_on_server() {
            return; // SQLite has one writer at a time.
        }
        let key = harness.saved().await;
        harness.database().execute("CREATE SEQUENCE attempts");
        let message =
            if error == "deadlock_detected" { "deadlock detected" } else { "could not serialize access" };
        let body = format!(
            "IF nextval('attempts') % 3 <> 0 THEN RAISE EXCEPTION '{message}' USING ERRCODE = '{error}'; END IF; RETURN NEW;"
        );
        trigger(&harness, "INSERT OR UPDATE", "", &body);
        for counter in 2..5 {
            let answer = harness.visit(Some(&cookie(&key)), count).await;
            assert_eq!(answer.status, StatusCode::OK, "{error}: {answer:?}");
            assert_eq!(harness.data(&key), format!(r#"{{"counter":{counter}}}"#));
        }
        harness.database().execute(&format!(
            "CREATE OR REPLACE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION '{message}' USING ERRCODE = '{error}'; END $$"
        ));
        assert!(is_unavailable(&harness.visit(Some(&cookie(&key)), count).await), "not for ever");
        no_trigger(&harness);
        assert_eq!(harness.visit(Some(&cookie(&key)), count).await.status, StatusCode::OK);
    }
}

/// Texts of a cookie that can be no key of a row: in this database, or in any.
fn impossible() -> Vec<String> {
    let mut keys =
        vec!["a".repeat(41), "a".repeat(4000), "é".repeat(41), "abcdefgh\0ij".to_owned(), "\0".repeat(8)];
    keys.extend(["ключключключ", "日本語日本語日本語", "é€é€é€é€é€", "🍪🍪🍪🍪🍪🍪🍪🍪"].map(str::to_owned));
    keys
}

#[actix_web::test]
async fn a_key_that_the_store_cannot_hold_is_an_unknown_key() {
    let latin1 = || Harness::with_database(TestDatabase::in_latin1(), SessionPolicy::default());
    let memory = || Harness::in_memory(SessionPolicy::default());
    for harness in [Harness::new(), latin1(), memory()] {
        for key in impossible() {
            // As a browser sends what was put into its cookies: quoted where need be.
            let sent = cookie(&format!("\"{}\"", key.replace('\0', "\\000")));
            let untouched = harness.visit_untouched(Some(&sent)).await;
            assert_eq!((untouched.status, untouched.set_cookie), (StatusCode::OK, None), "{key:?}");
            let read = harness.visit(Some(&sent), |session| session.get::<i64>("counter").map(drop)).await;
            assert!(read.status == StatusCode::OK && read.deletes_the_cookie(), "{key:?}: {read:?}");
            let written = harness.visit(Some(&sent), count).await;
            assert_eq!((written.status, written.key().len()), (StatusCode::OK, 32), "{key:?}");
            let flush = |session: &Session| {
                session.flush()?;
                Ok(())
            };
            assert!(harness.visit(Some(&sent), flush).await.deletes_the_cookie(), "{key:?}");
            let clear = |session: &Session| {
                session.clear()?;
                Ok(())
            };
            assert_eq!(harness.visit(Some(&sent), clear).await.status, StatusCode::BAD_REQUEST, "{key:?}");
            let moved = harness.visit(Some(&sent), Session::cycle_key).await;
            assert_eq!((moved.status, moved.key().len()), (StatusCode::OK, 32), "{key:?}");
        }
        assert_eq!(harness.rows().len(), 2 * impossible().len());
    }
}

/// The key that a view is shown after everything else it does.
#[actix_web::test]
async fn the_key_that_a_view_sees_is_the_key_of_cookie_and_row_in_every_order() {
    type Step = fn(&Session) -> Result<(), SessionError>;
    let steps: [Step; 4] = [
        count,
        Session::cycle_key,
        |session| {
            session.flush()?;
            Ok(())
        },
        |session| {
            session.clear()?;
            Ok(())
        },
    ];
    let harness = Harness::in_memory(SessionPolicy::default());
    for order in 0..4_usize.pow(4) {
        let chosen: Vec<Step> = (0..4).map(|at| steps[order / 4_usize.pow(at) % 4]).collect();
        let known = harness.saved().await;
        for sent in [None, Some(cookie(&known)), Some(cookie("unknownunknownunknownunknown1234"))] {
            let chosen = chosen.clone();
            let answer = harness
                .visit(sent.as_deref(), move |session| {
                    chosen.iter().try_for_each(|step| step(session))?;
                    let shown = session.session_key()?;
                    session.insert("shown", shown.map(|key| key.to_string()))
                })
                .await;
            if answer.status == StatusCode::BAD_REQUEST {
                continue; // An unknown session was cleared: Django's SessionInterrupted.
            }
            let data = harness.data(answer.key());
            let shown = data.split_once(r#""shown":"#).unwrap().1.trim_end_matches('}');
            assert!(
                [format!("\"{}\"", answer.key()), "null".to_owned()].contains(&shown.to_owned()),
                "{order}: {data}"
            );
        }
    }
}
