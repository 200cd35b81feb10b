//! `FileSessionTests`: what only the `file` engine has, its folder.

use sessionid::sessions::backends::{FileBackend, FileCodec, FolderError, SessionBackend};
use sessionid::sessions::{SessionCodec, SessionKey, SessionPolicy, SharedPolicy};

use super::exists;
#[cfg(feature = "site")]
use super::fresh;
use crate::harness::Harness;

#[test]
fn test_configuration_check() {
    let codec = FileCodec::new(SessionCodec::new("secret", &[]));
    let path = "/if/this/directory/exists/you/have/a/weird/computer".as_ref();
    let refused = FileBackend::open(path, SharedPolicy::default(), codec);
    assert!(matches!(refused, Err(FolderError::NoFolder(_))), "{refused:?}");
}

async fn assert_invalid(key: &str) {
    let harness = Harness::on_files(SessionPolicy::default());
    let key: SessionKey = key.try_into().unwrap();
    let codec = FileCodec::new(SessionCodec::new("secret", &[]));
    let backend = FileBackend::open(harness.folder().path(), SharedPolicy::default(), codec).unwrap();
    assert!(!backend.holds(&key));
    assert!(!exists(&harness, &key).await);
}

#[actix_web::test]
async fn test_invalid_key_backslash() {
    assert_invalid(r"a\\b\\c\\d").await;
}

#[actix_web::test]
async fn test_invalid_key_forwardslash() {
    assert_invalid("a/b/c/d/e").await;
}

/// The command goes by the system's clock, and so do these files.
#[cfg(feature = "site")]
#[actix_web::test]
async fn test_clearsessions_command() {
    let harness = Harness::on_files(SessionPolicy::default());
    assert!(harness.rows().is_empty());
    for expiry in [Some(3600), Some(-3600), None] {
        let mut session = fresh(&harness);
        session.insert("foo", "bar").unwrap();
        if let Some(expiry) = expiry {
            session.set_expiry(expiry).unwrap();
        }
        session.save().await.unwrap();
    }
    assert_eq!(harness.rows().len(), 3);
    assert_cmd::Command::new(env!("CARGO_BIN_EXE_manage"))
        .arg("clearsessions")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("SECRET_KEY", crate::harness::SECRET_KEY)
        .env("SESSION_ENGINE", "django.contrib.sessions.backends.file")
        .env("SESSION_FILE_PATH", harness.folder().path())
        .env("SESSION_COOKIE_AGE", "0")
        .timeout(std::time::Duration::from_secs(60))
        .assert()
        .success()
        .stdout("Deleted 2 expired sessions.\n");
    assert_eq!(harness.rows().len(), 1);
}
