//! The lock beside the sessions of a folder, which makes compare-and-swap hold between processes.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::system::{create_readable, is_at};
use crate::clock::Stopwatch;

/// How often a lock that another process has is tried again: it is held for some ten microseconds.
const SHORTEST_PAUSE: Duration = Duration::from_micros(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(1);

/// The lock of a folder: a mutex between this process's threads, and `flock` on a file between processes.
///
/// The kernel drops a `flock` with the process that holds it, however that ends, so nobody finds it locked by the dead.
/// Django looks at neither.
#[derive(Debug)]
pub(super) struct FolderLock {
    path: PathBuf,
    threads: Mutex<()>,
}

/// The right to change the folder's sessions, until it is dropped.
pub(super) struct Locked<'a> {
    /// Closing it unlocks it.
    _file: File,
    _thread: MutexGuard<'a, ()>,
}

impl FolderLock {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, threads: Mutex::new(()) }
    }

    /// Waits for the lock, on a thread that may wait, until `limit` after `began`.
    pub(super) fn lock(&self, began: Stopwatch, limit: Duration) -> io::Result<Locked<'_>> {
        // The mutex guards no data.
        let thread = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        let mut pause = SHORTEST_PAUSE;
        while began.elapsed() < limit {
            let file = open(&self.path)?;
            match file.try_lock() {
                // A cleaner of temporary files may have deleted the file, and somebody else locked its successor.
                Ok(()) if is_at(&file, &self.path)? => return Ok(Locked { _file: file, _thread: thread }),
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Err(io::Error::new(ErrorKind::TimedOut, format!("others hold the lock {}", self.path.display())))
    }
}

/// Opens the lock's file, which another user may have created. Writing is what NFS wants for a lock, and nobody else.
fn open(path: &Path) -> io::Result<File> {
    let existing = match OpenOptions::new().read(true).write(true).open(path) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => File::open(path),
        opened => opened,
    };
    match existing {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        opened => return opened,
    }
    match create_readable(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => File::open(path),
        created => created,
    }
}
