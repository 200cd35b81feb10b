//! Signing, encoding, loading and saving, one at a time: `cargo bench`.
#![expect(clippy::expect_used, reason = "a benchmark that cannot run must not go on")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use sessionid::clock::Clock;
use sessionid::db::{Database, DatabaseOptions, DatabaseUrl, Synchronous};
use sessionid::sessions::backends::{FileBackend, FileCodec, SignedCookiesBackend};
use sessionid::sessions::{DbBackend, SessionCodec, SessionData, SessionStore, SharedPolicy, Storage};
use sessionid::signing::TimestampSigner;

/// A counter, a login, and a basket that is worth compressing.
fn payloads() -> [(&'static str, SessionData); 3] {
    let login = r#"{"_auth_user_id":"42","_auth_user_backend":"django.contrib.auth.backends.ModelBackend","_auth_user_hash":"d7f5c1c0a7a84d3c8f3a2f2f1f0e0d0c0b0a09080706050403020100ffeeddcc"}"#;
    let items: Vec<String> =
        (0..60).map(|item| format!(r#"{{"sku":"SKU-{item:05}","count":{item}}}"#)).collect();
    let basket = format!(r#"{{"basket":[{}]}}"#, items.join(","));
    [("counter", r#"{"counter":4711}"#.to_owned()), ("login", login.to_owned()), ("basket", basket)]
        .map(|(name, json)| (name, SessionData::from_json(json.as_bytes()).expect("JSON")))
}

fn signing(criterion: &mut Criterion) {
    let signer = TimestampSigner::new("a-secret-key", &[], "a.salt");
    let now = Clock::System.now();
    let signed = signer.sign("value", now);
    criterion.bench_function("sign", |bencher| bencher.iter(|| signer.sign(black_box("value"), now)));
    criterion.bench_function("unsign", |bencher| bencher.iter(|| signer.unsign(black_box(&signed)).is_ok()));
}

fn codec(criterion: &mut Criterion) {
    let codec = SessionCodec::new("a-secret-key", &[]);
    let now = Clock::System.now();
    for (name, data) in payloads() {
        let text = codec.encode(&data, now);
        criterion.bench_function(&format!("encode/{name}"), |bencher| {
            bencher.iter(|| codec.encode(black_box(&data), now));
        });
        criterion.bench_function(&format!("decode/{name}"), |bencher| {
            bencher.iter(|| codec.decode(black_box(&text)).is_ok());
        });
    }
}

/// One client alone, so a save is one COMMIT on the disk, or one file.
fn store(criterion: &mut Criterion) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder on the disk");
    let url = DatabaseUrl::Sqlite(folder.path().join("db.sqlite3"));
    let database = Database::open(&url, DatabaseOptions::default()).expect("a database");
    let codec = SessionCodec::new("a-secret-key", &[]);
    load_and_save(criterion, "", &Storage::new(DbBackend::new(database), codec.clone()));

    let codec = FileCodec::new(codec);
    let files = FileBackend::open(folder.path(), SharedPolicy::default(), codec.clone()).expect("a folder");
    load_and_save(criterion, "file/", &Storage::new(files.clone(), codec.clone()));
    let as_django = files.synchronous(Synchronous::Normal);
    load_and_save(criterion, "file, not synced/", &Storage::new(as_django, codec));

    let codec = SessionCodec::for_cookies("a-secret-key", &[]);
    let cookies = SignedCookiesBackend::new(codec.clone());
    load_and_save(criterion, "signed_cookies/", &Storage::new(cookies, codec));
}

fn load_and_save(criterion: &mut Criterion, engine: &str, storage: &Storage) {
    let system = actix_web::rt::System::new();
    let session = |key| SessionStore::new(key, storage.clone(), Arc::default(), Clock::System);
    let key = system.block_on(async {
        let mut session = session(None);
        session.insert("counter", &0).expect("JSON");
        session.save().await.expect("a save");
        session.session_key().cloned()
    });
    criterion.bench_function(&format!("{engine}load"), |bencher| {
        bencher.iter(|| {
            system.block_on(async {
                let mut session = session(key.clone());
                session.load().await.expect("a load");
                black_box(session.get::<i64>("counter").expect("a counter"))
            })
        });
    });
    criterion.bench_function(&format!("{engine}load and save"), |bencher| {
        bencher.iter(|| {
            system.block_on(async {
                let mut session = session(key.clone());
                session.load().await.expect("a load");
                session.fetch_update("counter", 0_i64, |counter| counter + 1).expect("a counter");
                session.save().await.expect("a save");
            });
        });
    });
}

criterion_group!(benches, signing, codec, store);
criterion_main!(benches);
