//! Sessions in files, one each: `django.contrib.sessions.backends.file`.
//!
//! A file has Django's name (`SESSION_COOKIE_NAME` and the key) and Django's content, the signed payload that its `db`
//! engine stores. It holds no expiry: that follows from the time of its last change, which is set to the clock of
//! whoever saves, and from `_session_expiry`, by Django's rule (`Lifetime::is_over_in_file`).
//!
//! A payload is replaced by renaming a whole file over it. Compare-and-swap holds between all processes of ours by a
//! lock beside the sessions, of which Django knows nothing: a Django that saves a session at the same moment
//! overwrites what it had not loaded.

mod codec;
mod folder;
mod lock;
mod records;
mod system;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Semaphore;
use tokio::time::timeout;

pub use self::codec::FileCodec;
use self::folder::{Folder, Job, SessionFile};
use super::{
    BackendFuture, Entry, Found, Inserted, Moment, Payload, Renamed, Replaced, SessionBackend,
    SessionRecords, Stored,
};
use crate::clock::Stopwatch;
use crate::db::Synchronous;
use crate::sessions::error::SessionError;
use crate::sessions::expiry::{EXPIRY_KEY, ExpiryError, Lifetime};
use crate::sessions::heavy::LARGEST_LIGHT;
use crate::sessions::key::SessionKey;
use crate::sessions::policy::{SessionPolicy, SharedPolicy};
use crate::sessions::serializers::PayloadCodec as _;

/// Nine tenths of the five seconds after which a client is answered.
const LIMIT: Duration = Duration::from_millis(4500);
/// Threads that read files at a time, and threads that change them: those may wait for the lock.
const READERS: usize = 16;
const WRITERS: usize = 8;
/// Files that are looked at in one go by what looks at all of them.
const BATCH: usize = 200;
/// How old a temporary file is that nobody will rename any more.
const LEFT_BEHIND: chrono::TimeDelta = chrono::TimeDelta::days(1);

/// The `file` engine.
///
/// ```
/// use sessionid::sessions::backends::{FileBackend, FileCodec};
/// use sessionid::sessions::{SessionCodec, SharedPolicy, Storage};
///
/// # let folder = tempfile::tempdir()?;
/// let codec = FileCodec::new(SessionCodec::new("SECRET_KEY", &[]));
/// let backend = FileBackend::open(folder.path(), SharedPolicy::default(), codec.clone())?;
/// let storage = Storage::new(backend, codec);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct FileBackend {
    folder: Arc<Folder>,
    /// For what has no [`Moment`]: commands.
    policy: SharedPolicy,
    /// An end may stand in the payload.
    codec: FileCodec,
    readers: Arc<Semaphore>,
    writers: Arc<Semaphore>,
    heavy: Arc<Mutex<()>>,
}

/// Why a folder cannot hold sessions.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// There is none.
    #[error("SESSION_FILE_PATH: {} is no folder; set it to one that is there and that this program may write to", .0.display())]
    NoFolder(PathBuf),
    /// No file can be created in it.
    #[error("SESSION_FILE_PATH: {} cannot be written to", .path.display())]
    ReadOnly {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl FileBackend {
    /// Sessions in the files of a folder (`SESSION_FILE_PATH`) whose names begin with the policy's cookie name.
    ///
    /// # Errors
    ///
    /// [`FolderError`] where there is no such folder, or where it cannot be written to.
    pub fn open(path: &Path, policy: SharedPolicy, codec: FileCodec) -> Result<Self, FolderError> {
        if !path.is_dir() {
            return Err(FolderError::NoFolder(path.to_owned()));
        }
        let folder = Folder::new(path, &policy.get().cookie_name, Synchronous::Full);
        folder.probe().map_err(|source| FolderError::ReadOnly { path: path.to_owned(), source })?;
        let threads = |count| Arc::new(Semaphore::new(count));
        let (readers, writers) = (threads(READERS), threads(WRITERS));
        let (folder, heavy) = (Arc::new(folder), Arc::default());
        Ok(Self { folder, policy, codec, readers, writers, heavy })
    }

    /// The same with another durability. With [`Synchronous::Full`], the default, an answered request outlives a power
    /// cut; with [`Synchronous::Normal`], as with Django, the end of the process, and a power cut may leave files empty.
    #[must_use]
    pub fn synchronous(self, synchronous: Synchronous) -> Self {
        let name = &self.policy.get().cookie_name;
        Self { folder: Arc::new(Folder::new(self.folder.path(), name, synchronous)), ..self }
    }

    async fn read<T, F>(&self, work: F) -> Result<T, SessionError>
    where
        T: Send + 'static,
        F: FnOnce(&Folder) -> io::Result<T> + Send + 'static,
    {
        self.run(&self.readers, move |job| work(job.folder)).await
    }

    async fn write<T, F>(&self, work: F) -> Result<T, SessionError>
    where
        T: Send + 'static,
        F: FnOnce(&Job<'_>) -> io::Result<T> + Send + 'static,
    {
        self.run(&self.writers, work).await
    }

    /// Does some work on a thread that may wait. Past the limit the thread is left to itself; it counts as used until it
    /// comes back.
    async fn run<T, F>(&self, threads: &Arc<Semaphore>, work: F) -> Result<T, SessionError>
    where
        T: Send + 'static,
        F: FnOnce(&Job<'_>) -> io::Result<T> + Send + 'static,
    {
        let began = Stopwatch::start();
        let (threads, folder) = (Arc::clone(threads), Arc::clone(&self.folder));
        let done = timeout(LIMIT, async move {
            let permit = threads.acquire_owned().await.map_err(|_| FileError::Gone)?;
            let work = move || {
                let _permit = permit;
                work(&Job { folder: &folder, began, limit: LIMIT })
            };
            Ok(tokio::task::spawn_blocking(work).await.map_err(|_| FileError::Gone)??)
        });
        let done = done.await.unwrap_or(Err(FileError::Timeout));
        done.map_err(|source| FolderFailed { path: self.folder.path().to_owned(), source }.into())
    }

    fn lifetime(&self, payload: &Payload, policy: &SessionPolicy) -> Result<Lifetime, ExpiryError> {
        // What nobody of ours has signed, and what cannot be read, has no end of its own.
        let light = self.codec.decode_within(payload, LARGEST_LIGHT);
        // Large ones one at a time, since each takes many times its size in memory.
        let _room = light.is_none().then(|| self.heavy.lock().unwrap_or_else(PoisonError::into_inner));
        let data = light.unwrap_or_else(|| self.codec.decode(payload)).unwrap_or_default();
        Lifetime::new(data.get(EXPIRY_KEY), policy)
    }

    /// On a thread that may take its time.
    fn find(&self, file: SessionFile, moment: &Moment) -> Result<Found, SessionError> {
        let SessionFile { payload, modified } = file;
        // "Don't fail if there is no data in the session file. We may have opened the empty placeholder file."
        if payload.as_bytes().is_empty() {
            return Ok(Found::Session(Stored { payload, expire_date: None }));
        }
        let modified = modified.ok_or(ExpiryError::OutOfRange)?;
        let lifetime = self.lifetime(&payload, &moment.policy)?;
        if lifetime.is_over_in_file(modified, moment.now)? {
            return Ok(Found::Ended);
        }
        Ok(Found::Session(Stored { payload, expire_date: lifetime.end_in_file(modified).ok().flatten() }))
    }

    /// Whether Django's `clear_expired` would delete it.
    fn is_over(&self, file: &SessionFile, policy: &SessionPolicy, now: DateTime<Utc>) -> bool {
        let is_over = |modified| self.lifetime(&file.payload, policy)?.is_over_in_file(modified, now);
        !file.payload.as_bytes().is_empty()
            && file.modified.is_some_and(|modified| is_over(modified).unwrap_or(false))
    }
}

impl SessionBackend for FileBackend {
    fn is_stateless(&self) -> bool {
        false
    }

    /// "Make sure we're not vulnerable to directory traversal."
    fn holds(&self, key: &SessionKey) -> bool {
        self.folder.holds(key.as_str())
    }

    fn load<'a>(&'a self, key: &'a SessionKey, moment: &'a Moment) -> BackendFuture<'a, Found> {
        Box::pin(async move {
            let (backend, key, moment) = (self.clone(), key.clone(), moment.clone());
            let find = move |folder: &Folder| {
                let file = folder.read(key.as_str())?;
                Ok(file.map_or(Ok(Found::Nothing), |file| backend.find(file, &moment)))
            };
            self.read(find).await?
        })
    }

    fn exists<'a>(&'a self, key: &'a SessionKey) -> BackendFuture<'a, bool> {
        let key = key.clone();
        Box::pin(self.read(move |folder| folder.exists(key.as_str())))
    }

    fn insert<'a>(&'a self, key: &'a SessionKey, entry: Entry) -> BackendFuture<'a, Inserted> {
        let key = key.clone();
        Box::pin(self.write(move |job| job.insert(key.as_str(), &entry)))
    }

    fn replace<'a>(
        &'a self,
        key: &'a SessionKey,
        expected: Option<&'a Payload>,
        entry: Entry,
    ) -> BackendFuture<'a, Replaced> {
        let (key, expected) = (key.clone(), expected.cloned());
        Box::pin(self.write(move |job| job.replace(key.as_str(), expected.as_ref(), &entry)))
    }

    fn rename<'a>(
        &'a self,
        from: &'a SessionKey,
        expected: Option<&'a Payload>,
        to: &'a SessionKey,
        entry: Entry,
    ) -> BackendFuture<'a, Renamed> {
        let (from, expected, to) = (from.clone(), expected.cloned(), to.clone());
        Box::pin(self.write(move |job| job.rename(from.as_str(), expected.as_ref(), to.as_str(), &entry)))
    }

    fn delete<'a>(&'a self, key: &'a SessionKey) -> BackendFuture<'a, bool> {
        SessionRecords::delete(self, key.as_str())
    }

    fn clear_expired<'a>(
        &'a self,
        now: DateTime<Utc>,
        progress: &'a (dyn Fn(usize) + Sync),
    ) -> BackendFuture<'a, usize> {
        Box::pin(async move {
            let (keys, left) = self.read(Folder::names).await?;
            let mut cleared = 0;
            for keys in keys.chunks(BATCH) {
                let (backend, keys, policy) = (self.clone(), keys.to_vec(), self.policy.get());
                let is_over = move |file: &SessionFile| backend.is_over(file, &policy, now);
                cleared += self.write(move |job| job.delete_if(&keys, is_over)).await?;
                progress(cleared);
            }
            let remove = move |_: &Job<'_>| {
                folder::remove_older(&left, now - LEFT_BEHIND);
                Ok(())
            };
            self.write(remove).await?;
            Ok(cleared)
        })
    }

    fn records(&self) -> Option<&dyn SessionRecords> {
        Some(self)
    }

    fn timeout(&self) -> Duration {
        LIMIT
    }
}

/// Why nothing is known of a session.
#[derive(Debug, thiserror::Error)]
#[error("the sessions in {} cannot be reached", path.display())]
struct FolderFailed {
    path: PathBuf,
    source: FileError,
}

#[derive(Debug, thiserror::Error)]
enum FileError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("no answer within {} s", LIMIT.as_secs_f32())]
    Timeout,
    #[error("the server stops")]
    Gone,
}

impl From<FolderFailed> for SessionError {
    fn from(failed: FolderFailed) -> Self {
        Self::unavailable(failed)
    }
}
