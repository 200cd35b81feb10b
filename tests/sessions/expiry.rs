//! `set_expiry` in cookie and row.

use chrono::TimeDelta;
use sessionid::sessions::{Expiry, SessionError, SessionPolicy};

use crate::cookie;
use crate::harness::Harness;

#[actix_web::test]
async fn an_integer_slides_with_every_save() {
    let harness = Harness::new();
    let first = harness.visit(None, |session| session.set_expiry(60)).await;
    let key = first.key().to_owned();
    assert!(
        first
            .set_cookie
            .as_deref()
            .unwrap()
            .contains("expires=Sun, 22 Nov 2026 18:25:10 GMT; HttpOnly; Max-Age=60;")
    );
    harness.clock.advance(TimeDelta::seconds(30));
    let second = harness.visit(Some(&cookie(&key)), |session| session.insert("a", 1)).await;
    assert!(
        second.set_cookie.unwrap().contains("expires=Sun, 22 Nov 2026 18:25:40 GMT; HttpOnly; Max-Age=60;")
    );
    assert_eq!(harness.row(&key).unwrap().expire_date, "2026-11-22 18:25:40.250000");
}

#[actix_web::test]
async fn a_date_and_a_span_stay_fixed() {
    for (name, expiry) in [
        ("span", Expiry::After(TimeDelta::seconds(60))),
        ("date", Expiry::At("2026-11-22T20:25:10.250+02:00".parse().unwrap())),
    ] {
        let harness = Harness::new();
        let key = harness.visit(None, move |session| session.set_expiry(expiry)).await.key().to_owned();
        harness.clock.advance(TimeDelta::milliseconds(30_500));
        let second = harness.visit(Some(&cookie(&key)), |session| session.insert("a", 1)).await;
        assert!(
            second
                .set_cookie
                .unwrap()
                .contains("expires=Sun, 22 Nov 2026 18:25:09 GMT; HttpOnly; Max-Age=29;"),
            "{name}"
        );
        assert_eq!(harness.row(&key).unwrap().expire_date, "2026-11-22 18:25:10.250000", "{name}");
    }
}

#[actix_web::test]
async fn zero_ends_with_the_browser_while_the_row_lives_its_age() {
    let harness = Harness::new();
    let answer = harness.visit(None, |session| session.set_expiry(0)).await;
    assert_eq!(
        answer.set_cookie.as_deref(),
        Some(format!("sessionid={}; HttpOnly; Path=/; SameSite=Lax", answer.key()).as_str())
    );
    assert_eq!(harness.row(answer.key()).unwrap().expire_date, "2026-12-06 18:24:10.250000");
}

#[actix_web::test]
async fn the_policy_can_end_all_cookies_with_the_browser_but_not_one_that_says_otherwise() {
    let policy = SessionPolicy { expire_at_browser_close: true, ..SessionPolicy::default() };
    let harness = Harness::with_policy(policy);
    let follows = harness.visit(None, |session| session.insert("a", 1)).await;
    assert!(!follows.set_cookie.unwrap().contains("Max-Age"));
    let differs = harness.visit(None, |session| session.set_expiry(60)).await;
    assert!(differs.set_cookie.unwrap().contains("Max-Age=60"));
}

#[actix_web::test]
async fn none_returns_to_the_policy() {
    let harness = Harness::new();
    let key = harness.visit(None, |session| session.set_expiry(0)).await.key().to_owned();
    let answer = harness.visit(Some(&cookie(&key)), |session| session.set_expiry(Expiry::Policy)).await;
    assert!(answer.set_cookie.as_deref().unwrap().contains("Max-Age=1209600"));
    assert_eq!(harness.data(&key), "{}");
    let unmodified = harness.visit(Some(&cookie(&key)), |session| session.set_expiry(Expiry::Policy)).await;
    assert_eq!(unmodified.set_cookie, None, "there was nothing left to remove");
}

#[actix_web::test]
async fn a_past_expiry_is_told_as_it_is() {
    let harness = Harness::new();
    let answer = harness.visit(None, |session| session.set_expiry(-10)).await;
    assert!(
        answer
            .set_cookie
            .as_deref()
            .unwrap()
            .contains("expires=Sun, 22 Nov 2026 18:24:00 GMT; HttpOnly; Max-Age=-10;")
    );
    assert_eq!(harness.row(answer.key()).unwrap().expire_date, "2026-11-22 18:24:00.250000");
}

#[actix_web::test]
async fn a_session_ends_at_its_expire_date_not_after_it() {
    let harness = Harness::with_policy(SessionPolicy { cookie_age: 30, ..SessionPolicy::default() });
    let key = harness.saved().await;
    harness.clock.advance(TimeDelta::microseconds(29_999_999));
    let alive = harness.visit(Some(&cookie(&key)), |session| session.get::<i64>("counter").map(drop)).await;
    assert_eq!(alive.set_cookie, None);
    harness.clock.advance(TimeDelta::microseconds(1));
    let over = harness.visit(Some(&cookie(&key)), |session| session.get::<i64>("counter").map(drop)).await;
    assert!(over.deletes_the_cookie());
}

#[actix_web::test]
async fn dates_in_the_table_are_written_as_django_writes_them() {
    let harness = Harness::with_policy(SessionPolicy { cookie_age: 30, ..SessionPolicy::default() });
    let key = harness.saved().await;
    assert_eq!(harness.row(&key).unwrap().expire_date, "2026-11-22 18:24:40.250000");
    harness.clock.advance(TimeDelta::milliseconds(750));
    let answer = harness.visit(Some(&cookie(&key)), |session| session.insert("a", 1)).await;
    assert_eq!(harness.row(answer.key()).unwrap().expire_date, "2026-11-22 18:24:41");
}

#[actix_web::test]
async fn the_expiry_can_be_asked_for() {
    let harness = Harness::new();
    let now = harness.now();
    harness
        .visit(None, move |session| {
            assert_eq!(session.get_expiry_age()?, 1_209_600);
            session.set_expiry(TimeDelta::minutes(5))?;
            assert_eq!(session.get_expiry_age()?, 300);
            assert_eq!(session.get_expiry_date()?, now + TimeDelta::minutes(5));
            assert!(!session.get_expire_at_browser_close()?);
            session.set_expiry(0)?;
            assert!(session.get_expire_at_browser_close()?);
            Ok(())
        })
        .await;
    assert_eq!(harness.rows().len(), 1, "the assertions above were reached");
}

#[actix_web::test]
async fn clear_expired_deletes_what_has_passed_and_counts_it() {
    let harness = Harness::new();
    for index in 0..1203 {
        harness.write(&format!("expired-{index:06}"), "x", "2026-11-22 18:24:10.249999");
    }
    let live = harness.saved().await;
    let heard = std::sync::Mutex::new(Vec::new());
    let progress = |cleared| heard.lock().unwrap().push(cleared);
    assert_eq!(harness.storage.clear_expired(harness.now(), &progress).await.unwrap(), 1203);
    let heard = heard.into_inner().unwrap();
    assert!(heard.is_sorted() && heard.len() > 1, "batch by batch: {heard:?}");
    assert_eq!(heard.last(), Some(&1203));
    assert_eq!(harness.rows().len(), 1);
    assert!(harness.row(&live).is_some());
}

#[actix_web::test]
async fn a_span_of_the_standard_library_stays_fixed_and_a_u32_slides() {
    use std::time::Duration;
    let harness = Harness::new();
    let span = Expiry::from(Duration::from_secs(90));
    assert_eq!((span, Expiry::from(60_u32)), (Expiry::After(TimeDelta::seconds(90)), Expiry::Seconds(60)));
    let answer = harness
        .visit(None, |session| {
            let forever = session.set_expiry(Duration::MAX);
            assert!(matches!(forever, Err(SessionError::Expiry(_))), "{forever:?}");
            session.set_expiry(Duration::from_secs(90))
        })
        .await;
    assert_eq!(harness.data(answer.key()), r#"{"_session_expiry":"2026-11-22T18:25:40.250000+00:00"}"#);
}
