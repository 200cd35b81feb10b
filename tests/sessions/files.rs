//! The `file` engine: Django's rules for the end of a session, and a folder that others use as well.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use actix_web::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use sessionid::sessions::backends::{Count, Entry, ExpireDate, FileBackend, FileCodec, SessionBackend};
use sessionid::sessions::{Session, SessionCodec, SessionError, SessionPolicy, SessionStore, SharedPolicy};

use crate::cookie;
use crate::harness::{Answer, Harness, SECRET_KEY};

fn on_files() -> Harness {
    Harness::on_files(SessionPolicy::default())
}

fn backend(harness: &Harness) -> FileBackend {
    let codec = FileCodec::new(SessionCodec::new(SECRET_KEY, &[]));
    FileBackend::open(harness.folder().path(), SharedPolicy::default(), codec).unwrap()
}

fn count(session: &Session) -> Result<(), SessionError> {
    session.fetch_update("counter", 0_i64, |counter| counter + 1).map(drop)
}

fn look(session: &Session) -> Result<(), SessionError> {
    session.get::<i64>("counter").map(drop)
}

fn modified(harness: &Harness, key: &str) -> DateTime<Utc> {
    fs::metadata(harness.folder().file(key)).unwrap().modified().unwrap().into()
}

fn is_unavailable(answer: &Answer) -> bool {
    (answer.status, &answer.set_cookie) == (StatusCode::SERVICE_UNAVAILABLE, &None)
}

#[actix_web::test]
async fn a_file_has_djangos_name_is_its_owners_alone_and_as_old_as_the_clock_says() {
    let harness = on_files();
    let key = harness.saved().await;
    let file = harness.folder().file(&key);
    assert_eq!(file.file_name().unwrap().to_str().unwrap(), format!("sessionid{key}"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(modified(&harness, &key), harness.now());
    harness.clock.advance(TimeDelta::hours(1));
    harness.visit(Some(&cookie(&key)), count).await;
    assert_eq!(modified(&harness, &key), harness.now());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[actix_web::test]
async fn whoever_reads_a_session_that_is_over_has_another_at_once_which_is_empty() {
    let harness = on_files();
    let key = harness.saved().await;
    harness.clock.advance(TimeDelta::weeks(2));
    assert_eq!(harness.visit_untouched(Some(&cookie(&key))).await.set_cookie, None, "nobody has looked");
    let answer = harness.visit(Some(&cookie(&key)), look).await;
    assert_ne!(answer.key(), key);
    assert_eq!(harness.data(answer.key()), "{}");
    assert_eq!(harness.rows().len(), 1, "the old one is gone");
}

/// `SessionStore::save` looks at it for the first time.
#[actix_web::test]
async fn so_has_whoever_saves_it_unseen() {
    let harness = on_files();
    let key = harness.saved().await;
    harness.clock.advance(TimeDelta::weeks(2));
    let (storage, policy) = (harness.storage.clone(), harness.policy.get());
    let key = key.as_str().try_into().ok();
    let mut session = SessionStore::new(key.clone(), storage, policy, harness.clock.clone().into());
    session.save().await.unwrap();
    assert_ne!(session.session_key(), key.as_ref());
    assert_eq!(harness.rows().len(), 1, "the old one is gone");
    assert_eq!(harness.data(session.session_key().unwrap().as_str()), "{}");
}

/// As `load` of Django 5.2's `file.py` decides on each of them, `now` being 18:24:10.25.
#[actix_web::test]
async fn an_end_is_worked_out_by_djangos_rule() {
    const TWO_WEEKS: i64 = 1_209_600_000;
    for (json, age_in_ms, over) in [
        ("{}", 0, false),
        ("{}", TWO_WEEKS - 1000, false),
        ("{}", TWO_WEEKS - 999, true), // its last second counts as none
        (r#"{"_session_expiry":0}"#, TWO_WEEKS - 1000, false),
        (r#"{"_session_expiry":null}"#, TWO_WEEKS, true),
        (r#"{"_session_expiry":""}"#, TWO_WEEKS, true),
        (r#"{"_session_expiry":[]}"#, TWO_WEEKS, true),
        (r#"{"_session_expiry":60}"#, 100 * TWO_WEEKS, false), // seconds are never over
        (r#"{"_session_expiry":0.5}"#, 100 * TWO_WEEKS, false),
        (r#"{"_session_expiry":true}"#, 100 * TWO_WEEKS, false),
        (r#"{"_session_expiry":-60}"#, 0, true),
        (r#"{"_session_expiry":"2026-11-22T18:24:11.250000+00:00"}"#, 100 * TWO_WEEKS, false),
        (r#"{"_session_expiry":"2026-11-22T19:24:11.249999+01:00"}"#, 0, true),
    ] {
        let harness = on_files();
        let modified = harness.now() - TimeDelta::milliseconds(age_in_ms);
        let end = (modified + TimeDelta::weeks(2)).format("%Y-%m-%d %H:%M:%S%.6f").to_string();
        harness.write("12345678", &harness.payload(json), &end);
        let seen = harness.storage.records().unwrap().count(harness.now()).await.unwrap();
        assert_eq!(seen, Count { all: 1, expired: u64::from(over) }, "{json}, {age_in_ms} ms old");
        let answer = harness.visit(Some(&cookie("12345678")), look).await;
        assert_eq!(answer.set_cookie.is_some(), over, "{json}, {age_in_ms} ms old");
        assert_eq!(harness.row("12345678").is_none(), over, "{json}, {age_in_ms} ms old");
    }
}

/// Django's `load` raises.
#[actix_web::test]
async fn an_expiry_that_tells_no_end_is_a_500_and_the_file_is_left() {
    for json in [r#"{"_session_expiry":"tomorrow"}"#, r#"{"_session_expiry":[1]}"#] {
        let harness = on_files();
        harness.write("12345678", &harness.payload(json), "2026-12-01 00:00:00");
        let answer = harness.visit(Some(&cookie("12345678")), look).await;
        assert_eq!((answer.status, answer.set_cookie), (StatusCode::INTERNAL_SERVER_ERROR, None));
        harness.storage.clear_expired(harness.now() + TimeDelta::weeks(9), &|_| ()).await.unwrap();
        assert!(harness.row("12345678").is_some());
    }
}

/// Another process has made it and is about to fill it.
#[actix_web::test]
async fn an_empty_placeholder_is_an_empty_session_under_its_key() {
    let harness = on_files();
    harness.write("12345678", "", "2020-01-01 00:00:00");
    assert_eq!(harness.visit(Some(&cookie("12345678")), look).await.set_cookie, None);
    let answer = harness.visit(Some(&cookie("12345678")), count).await;
    assert!(answer.set_cookie.unwrap().starts_with("sessionid=12345678;"));
    assert_eq!(harness.data("12345678"), r#"{"counter":1}"#);
}

#[actix_web::test]
async fn no_key_leads_out_of_the_folder_or_to_anything_but_a_session() {
    let harness = on_files();
    let outside = harness.folder().path().join("sessionid-notes");
    fs::write(&outside, "mine").unwrap();
    fs::create_dir(harness.folder().path().join("sessionid")).unwrap();
    for key in
        ["-notes..", "/../sessionid-notes", "../../../../etc/passwd", "UPPERCASE", "ключключ", "a.b.c.d.e"]
    {
        for view in [look, count, |session: &Session| {
            session.flush()?;
            Ok(())
        }] {
            let answer = harness.visit(Some(&cookie(key)), view).await;
            assert_eq!(answer.status, StatusCode::OK, "{key}: {answer:?}");
        }
        assert!(harness.storage.records().unwrap().find(key).await.unwrap().is_none());
        assert!(!harness.storage.records().unwrap().delete(key).await.unwrap());
    }
    assert_eq!(fs::read_to_string(&outside).unwrap(), "mine");
}

#[actix_web::test]
async fn sessions_are_listed_with_their_ends_the_latest_first() {
    let harness = on_files();
    harness.write("over0000", &harness.payload("{}"), "2026-01-01 00:00:00");
    harness.write("live0000", &harness.payload("{}"), "2026-12-01 00:00:00");
    harness.write("ever0000", &harness.payload(r#"{"_session_expiry":60}"#), "2026-01-01 00:00:00");
    harness.write("empty000", "", "2026-01-01 00:00:00");
    harness.write("odd-name", "", "2026-01-01 00:00:00");
    let records = harness.storage.records().unwrap();
    let listed = records.list(10, 0).await.unwrap();
    let keys: Vec<_> = listed.iter().map(|record| record.key.as_str()).collect();
    assert_eq!(keys, ["empty000", "ever0000", "live0000", "over0000"]);
    assert_eq!(listed[2].expire_date, ExpireDate::At("2026-12-01T00:00:00Z".parse().unwrap()));
    assert_eq!(records.list(1, 2).await.unwrap()[0].key, "live0000");
    assert_eq!(records.count(harness.now()).await.unwrap(), Count { all: 4, expired: 1 });
    assert!(records.delete("live0000").await.unwrap() && !records.delete("live0000").await.unwrap());
}

#[actix_web::test]
async fn clearing_leaves_what_lives_what_is_not_ours_and_takes_temporary_files_that_are_a_day_old() {
    let harness = on_files();
    let live = harness.saved().await;
    let file = |name: &str, age: TimeDelta| {
        let path = harness.folder().path().join(name);
        File::create(&path).unwrap().set_modified((harness.now() - age).into()).unwrap();
        path
    };
    let old = file("sessionid12345678_out_abcd_123", TimeDelta::days(2));
    let new = file("sessionid12345678_out_abcd_124", TimeDelta::hours(1));
    let foreign = file("sessionid-of-somebody", TimeDelta::days(9999));
    for number in 0..450 {
        harness.write(&format!("over{number:04}"), &harness.payload("{}"), "2026-11-22 18:24:10");
    }
    let seen = std::sync::Mutex::new(Vec::new());
    let progress = |cleared| seen.lock().unwrap().push(cleared);
    assert_eq!(harness.storage.clear_expired(harness.now(), &progress).await.unwrap(), 450);
    assert_eq!(seen.into_inner().unwrap().last(), Some(&450));
    assert!(!old.exists() && new.exists() && foreign.exists() && harness.row(&live).is_some());
}

/// As two processes do: each has the lock's file open for itself.
#[actix_web::test]
async fn two_backends_on_one_folder_lose_no_update_even_where_a_cleaner_takes_the_lock_away() {
    let (one, other) = (on_files(), on_files());
    let other = other.with_storage(one.storage_on_the_same_files());
    let key = one.saved().await;
    let lock = one.folder().path().join(".sessionid.lock");
    let sent = cookie(&key);
    for _ in 0..20 {
        let visits =
            join_all((0..16).map(|at| if at % 2 == 0 { &one } else { &other }.visit(Some(&sent), count)));
        let cleaner = async {
            for _ in 0..5 {
                tokio::time::sleep(Duration::from_micros(300)).await;
                let _ = fs::remove_file(&lock);
            }
        };
        let (answers, ()) = futures_util::future::join(visits, cleaner).await;
        assert!(answers.iter().all(|answer| answer.status == StatusCode::OK), "{answers:?}");
    }
    assert_eq!(one.data(&key), r#"{"counter":321}"#);
    assert_eq!(one.rows().len(), 1, "no temporary file is left");
}

/// Nothing comes between what is compared and what is renamed.
#[actix_web::test]
async fn of_two_that_replace_the_same_one_does() {
    let harness = on_files();
    let key = harness.saved().await.as_str().try_into().unwrap();
    let loaded = harness.rows()[0].session_data.clone().into_bytes().into();
    let backends = [backend(&harness), backend(&harness)];
    let replace = |at: usize| {
        let payload = harness.payload(&format!(r#"{{"by":{at}}}"#)).into_bytes().into();
        let entry = Entry { payload, saved_at: harness.now(), expire_date: harness.now() };
        backends[at % 2].replace(&key, Some(&loaded), entry)
    };
    let replaced = join_all((0..16).map(replace)).await;
    let stored = replaced.iter().filter(|replaced| format!("{replaced:?}") == "Ok(Stored)").count();
    assert_eq!(stored, 1, "{replaced:?}");
}

/// Somebody stops the process that has it, or another program takes it.
#[actix_web::test]
async fn a_lock_that_others_keep_is_a_503_within_five_seconds_and_reading_goes_on() {
    let harness = on_files();
    let key = harness.saved().await;
    let lock = File::open(harness.folder().path().join(".sessionid.lock")).unwrap();
    lock.lock().unwrap();
    let began = tokio::time::Instant::now();
    let sent = cookie(&key);
    let answers = join_all((0..40).map(|_| harness.visit(Some(&sent), count)));
    let new = join_all((0..40).map(|_| harness.visit(None, count)));
    let reads = join_all((0..40).map(|_| harness.visit(Some(&sent), look)));
    let reads = async {
        assert!(reads.await.iter().all(|answer| answer.status == StatusCode::OK));
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    };
    let (answers, new, ()) = futures_util::future::join3(answers, new, reads).await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(answers.iter().chain(&new).all(is_unavailable), "{answers:?}");
    drop(lock);
    assert_eq!(harness.visit(Some(&sent), count).await.status, StatusCode::OK);
    // What was not answered may have been done, or not.
    let counter: i64 =
        serde_json::from_str::<serde_json::Value>(&harness.data(&key)).unwrap()["counter"].as_i64().unwrap();
    assert!((2..=42).contains(&counter), "{counter}");
}

#[actix_web::test]
async fn a_folder_that_is_gone_is_a_503_and_leaves_the_cookie() {
    let harness = on_files();
    let key = harness.saved().await;
    let (path, aside) = (harness.folder().path(), tempfile::tempdir().unwrap());
    let moved = aside.path().join("moved");
    fs::rename(path, &moved).unwrap();
    for view in [look, count] {
        assert!(is_unavailable(&harness.visit(Some(&cookie(&key)), view).await));
        assert!(is_unavailable(&harness.visit(None, count).await));
    }
    fs::rename(&moved, path).unwrap();
    assert_eq!(harness.visit(Some(&cookie(&key)), count).await.key(), key);
    assert_eq!(harness.data(&key), r#"{"counter":2}"#);
}

#[actix_web::test]
async fn what_is_no_file_or_too_large_is_a_503_and_holds_nobody_up() {
    let harness = on_files();
    fs::create_dir(harness.folder().file("folder00")).unwrap();
    let pipe = harness.folder().file("pipe0000");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    File::create(harness.folder().file("large000")).unwrap().set_len(1 << 40).unwrap();
    for key in ["folder00", "pipe0000", "large000"] {
        assert!(is_unavailable(&harness.visit(Some(&cookie(key)), look).await), "{key}");
    }
    assert_eq!(harness.storage.records().unwrap().count(harness.now()).await.unwrap().all, 0);
}
