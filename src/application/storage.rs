//! Where the settings keep sessions: the one place in which an engine is chosen and opened.

use std::time::Duration;

use crate::cache::{CacheError, CacheOptions};
use crate::db::{Database, DbError};
use crate::sessions::backends::{FileBackend, FileCodec, FolderError, SignedCookiesBackend};
use crate::sessions::{
    CacheBackend, CachedDbBackend, DbBackend, Engine, PickleCodec, SessionCodec, SharedPolicy, Storage,
};
use crate::settings::Settings;

/// Why the place of the sessions cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// The database of the `db` engine.
    #[error(transparent)]
    Database(#[from] DbError),
    /// The folder of the `file` engine.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The cache of the `cache` and `cached_db` engines.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

/// How long the cache is waited for at the start.
const PROBE: Duration = Duration::from_secs(1);

/// A cache that refuses the login stops the start, since no session will ever be there; one that is down may come back.
fn probe(settings: &Settings) -> Result<(), StorageError> {
    let Some(cache) = &settings.session_cache else { return Ok(()) };
    match cache.probe(PROBE) {
        Err(error @ CacheError::Denied { .. }) => Err(error.into()),
        Err(error) => {
            let meanwhile = match settings.session_engine {
                Engine::CachedDb => "sessions are in the database alone",
                _ => "views with a session answer 503",
            };
            log::warn!("{error}; until it is there, {meanwhile}");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// Where the settings keep sessions: the engine, opened, created and migrated where that is needed. Every part of a site
/// has its sessions from here.
///
/// # Errors
///
/// [`StorageError`] when it cannot be used.
pub fn storage(settings: &Settings) -> Result<Storage, StorageError> {
    storage_under(settings, &SharedPolicy::new(settings.session.clone()))
}

/// The same under a policy that others may change.
pub(crate) fn storage_under(settings: &Settings, policy: &SharedPolicy) -> Result<Storage, StorageError> {
    probe(settings)?;
    storage_on(settings, policy, || Database::open(&settings.database_url, settings.database))
}

/// The same of what is there; nothing is created.
///
/// # Errors
///
/// [`DbError::Missing`] and [`DbError::NotMigrated`] where there is nothing.
pub(crate) fn existing_storage(settings: &Settings) -> Result<Storage, StorageError> {
    existing_storage_under(settings, &SharedPolicy::new(settings.session.clone()))
}

/// The same under a policy that others may change.
pub(crate) fn existing_storage_under(
    settings: &Settings,
    policy: &SharedPolicy,
) -> Result<Storage, StorageError> {
    storage_on(settings, policy, || Database::open_existing(&settings.database_url, settings.database))
}

/// The same for reading; nothing is changed.
///
/// # Errors
///
/// As [`existing_storage`].
pub(crate) fn storage_to_read(settings: &Settings, policy: &SharedPolicy) -> Result<Storage, StorageError> {
    storage_on(settings, policy, || Database::open_to_read(&settings.database_url, settings.database))
}

fn storage_on(
    settings: &Settings,
    policy: &SharedPolicy,
    open: impl FnOnce() -> Result<Database, DbError>,
) -> Result<Storage, StorageError> {
    let fallbacks: Vec<_> = settings.secret_key_fallbacks.iter().map(String::as_str).collect();
    let codec = SessionCodec::new(&settings.secret_key, &fallbacks);
    let locmem = CacheOptions::default();
    let cache = settings.session_cache.as_ref().unwrap_or(&locmem);
    Ok(match settings.session_engine {
        Engine::Db => Storage::new(DbBackend::new(open()?), codec),
        Engine::Cache => Storage::new(CacheBackend::new(cache.open(), cache), PickleCodec),
        Engine::CachedDb => {
            let backend = CachedDbBackend::new(DbBackend::new(open()?), codec.clone(), cache.open(), cache);
            Storage::new(backend, codec)
        }
        Engine::File => {
            let codec = FileCodec::new(codec);
            let backend = FileBackend::open(&settings.session_file_path, policy.clone(), codec.clone())?;
            Storage::new(backend.synchronous(settings.database.synchronous), codec)
        }
        Engine::SignedCookies => {
            let codec = SessionCodec::for_cookies(&settings.secret_key, &fallbacks);
            Storage::new(SignedCookiesBackend::new(codec.clone()), codec)
        }
    })
}

/// The place of the sessions, for people.
pub(crate) fn place(settings: &Settings) -> String {
    let cache = || settings.session_cache.as_ref().map_or_else(|| "a cache".to_owned(), CacheOptions::place);
    match settings.session_engine {
        Engine::Db => settings.database_url.to_string(),
        Engine::Cache => cache(),
        Engine::CachedDb => format!("{} with copies in {}", settings.database_url, cache()),
        Engine::File => {
            let files = settings.session_file_path.join(&settings.session.cookie_name);
            format!("the files {}*", files.display())
        }
        Engine::SignedCookies => "their cookies, signed".to_owned(),
    }
}
