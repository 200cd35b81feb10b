//! The methods of `Session`.

use actix_web::http::StatusCode;
use sessionid::sessions::{Session, SessionError};

use crate::cookie;
use crate::harness::Harness;

/// Runs `view` on a session that holds `{"counter": 1}`; what it asserts fails the test.
async fn on_a_saved_session(
    view: impl Fn(&Session) -> Result<(), SessionError> + 'static,
) -> (Harness, String) {
    let harness = Harness::new();
    let key = harness.saved().await;
    let answer = harness.visit(Some(&cookie(&key)), view).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    (harness, key)
}

#[actix_web::test]
async fn extracting_a_session_observes_nothing() {
    let harness = Harness::new();
    let sent = cookie("unknownunknownunknown");
    let answer = harness
        .visit(Some(&sent), |session| {
            assert!(!session.accessed()?);
            assert_eq!(session.session_key()?.unwrap().as_str(), "unknownunknownunknown");
            assert!(!session.is_empty()?);
            assert!(!session.modified()?);
            assert!(!session.accessed()?, "asking for key and flags is no access");
            assert!(!session.contains_key("counter")?);
            assert!(session.accessed()?);
            assert_eq!(session.session_key()?, None, "the look has shown that nobody has this key");
            assert!(session.is_empty()?);
            Ok(())
        })
        .await;
    assert!(answer.deletes_the_cookie());
}

#[actix_web::test]
async fn reading_modifies_nothing() {
    let (harness, key) = on_a_saved_session(|session| {
        assert_eq!(session.get::<i64>("counter")?, Some(1));
        assert_eq!(session.get::<i64>("missing")?, None);
        assert_eq!(session.entries()?.to_json(), r#"{"counter":1}"#);
        assert!(session.contains_key("counter")?);
        assert!(!session.test_cookie_worked()?);
        assert_eq!(session.get_expiry_age()?, 1_209_600);
        assert!(!session.modified()?);
        Ok(())
    })
    .await;
    assert_eq!(harness.data(&key), r#"{"counter":1}"#);
}

#[actix_web::test]
async fn removing_what_is_not_there_modifies_nothing() {
    on_a_saved_session(|session| {
        assert!(!session.remove("missing")?);
        assert_eq!(session.pop::<i64>("missing")?, None);
        assert!(!session.delete_test_cookie()?);
        assert!(!session.modified()?);
        assert_eq!(session.pop::<i64>("counter")?, Some(1));
        assert!(session.modified()?);
        Ok(())
    })
    .await;
}

#[actix_web::test]
async fn setdefault_sets_once() {
    on_a_saved_session(|session| {
        assert_eq!(session.setdefault("counter", 9)?, 1);
        assert!(!session.modified()?);
        assert_eq!(session.setdefault("new", 9)?, 9);
        assert!(session.modified()?);
        assert_eq!(session.setdefault("new", 10)?, 9);
        Ok(())
    })
    .await;
}

#[actix_web::test]
async fn update_sets_several_keys_and_modifies_even_with_none() {
    let (harness, key) = on_a_saved_session(|session| {
        session.update([("counter", 2), ("other", 3)])?;
        Ok(())
    })
    .await;
    assert_eq!(harness.data(&key), r#"{"counter":2,"other":3}"#);
    on_a_saved_session(|session| {
        session.update::<&str, i64>([])?;
        assert!(session.modified()?);
        Ok(())
    })
    .await;
}

#[actix_web::test]
async fn a_value_of_another_type_is_an_error_and_stays() {
    on_a_saved_session(|session| {
        assert!(matches!(session.get::<String>("counter"), Err(SessionError::Type { .. })));
        assert!(matches!(session.pop::<String>("counter"), Err(SessionError::Type { .. })));
        assert!(session.contains_key("counter")?);
        assert!(!session.modified()?);
        Ok(())
    })
    .await;
}

#[actix_web::test]
async fn the_test_cookie_works_over_two_requests() {
    let (harness, key) = on_a_saved_session(Session::set_test_cookie).await;
    let answer = harness
        .visit(Some(&cookie(&key)), |session| {
            assert!(session.test_cookie_worked()?);
            assert!(session.delete_test_cookie()?);
            Ok(())
        })
        .await;
    assert_eq!((answer.status, harness.data(&key).as_str()), (StatusCode::OK, r#"{"counter":1}"#));
}

#[actix_web::test]
async fn flush_deletes_row_and_cookie() {
    let (harness, _) = on_a_saved_session(|session| {
        session.flush()?;
        assert_eq!(session.session_key()?, None);
        assert!(session.is_empty()?);
        Ok(())
    })
    .await;
    assert!(harness.rows().is_empty());
}

#[actix_web::test]
async fn a_write_after_flush_starts_a_new_session() {
    let (harness, key) = on_a_saved_session(|session| {
        session.flush()?;
        session.insert("fresh", true)
    })
    .await;
    let rows = harness.rows();
    assert_eq!(rows.len(), 1);
    assert_ne!(rows[0].session_key, key);
    assert_eq!(harness.data(&rows[0].session_key), r#"{"fresh":true}"#);
}

#[actix_web::test]
async fn cycle_key_keeps_the_data_under_a_new_key_which_the_handler_knows() {
    let harness = Harness::new();
    let key = harness.saved().await;
    let answer = harness
        .visit(Some(&cookie(&key)), |session| {
            session.cycle_key()?;
            session.insert("key", session.session_key()?.unwrap().as_str())?;
            assert_eq!(session.get::<i64>("counter")?, Some(1));
            Ok(())
        })
        .await;
    assert_ne!(answer.key(), key);
    assert_eq!(harness.row(&key), None);
    assert_eq!(harness.data(answer.key()), format!(r#"{{"counter":1,"key":"{}"}}"#, answer.key()));
}

#[actix_web::test]
async fn cycle_key_twice_and_on_a_new_session() {
    let harness = Harness::new();
    let key = harness.saved().await;
    let twice = |session: &Session| {
        session.cycle_key()?;
        session.cycle_key()
    };
    let answer = harness.visit(Some(&cookie(&key)), twice).await;
    assert_eq!(harness.rows().len(), 1);
    assert_eq!(harness.data(answer.key()), r#"{"counter":1}"#);
    let fresh = harness.visit(None, twice).await;
    assert_eq!(harness.data(fresh.key()), "{}");
    let gone = harness
        .visit(Some(&cookie(answer.key())), |session| {
            session.cycle_key()?;
            session.flush()?;
            Ok(())
        })
        .await;
    assert!(gone.deletes_the_cookie());
    assert_eq!(harness.rows().len(), 1, "only the fresh one is left");
}

#[actix_web::test]
async fn clones_are_one_session_and_two_extractors_too() {
    let (harness, key) = on_a_saved_session(|session| {
        let clone = session.clone();
        clone.insert("a", 1)?;
        assert_eq!(session.get::<i64>("a")?, Some(1));
        Ok(())
    })
    .await;
    assert_eq!(harness.data(&key), r#"{"counter":1,"a":1}"#);
}

#[actix_web::test]
async fn what_django_wrote_and_rust_has_no_type_for_survives_a_change_of_another_key() {
    let harness = Harness::new();
    let json = r#"{"big":1180591620717411303424,"nan":NaN,"inf":[-Infinity],"\ud800":"\udfff","float":1.0,"counter":1}"#;
    harness.write("djangosdjangosdjangos", &harness.payload(json), "2026-12-01 00:00:00");
    let answer = harness
        .visit(Some(&cookie("djangosdjangosdjangos")), |session| {
            session.fetch_update("counter", 0_i64, |counter| counter + 1).map(drop)
        })
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(harness.data("djangosdjangosdjangos"), json.replace("\"counter\":1", "\"counter\":2"));
}

#[actix_web::test]
async fn what_update_sets_may_be_worked_out_from_the_session_itself() {
    let (harness, key) = on_a_saved_session(|session| {
        let doubled = |name: &str| 2 * session.get::<i64>(name).ok().flatten().unwrap_or(21);
        session.update(["counter", "other"].into_iter().map(|name| (name, doubled(name))))
    })
    .await;
    assert_eq!(harness.data(&key), r#"{"counter":2,"other":42}"#);
}
