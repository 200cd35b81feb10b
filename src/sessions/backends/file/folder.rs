//! The files of a folder: `django.contrib.sessions.backends.file` as far as it touches them. It may wait.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};

use super::lock::{FolderLock, Locked};
use super::system::{create_private, sync_folder};
use crate::clock::Stopwatch;
use crate::crypto::get_random_string;
use crate::db::Synchronous;
use crate::sessions::backends::{Entry, Inserted, Payload, Renamed, Replaced};

/// The characters of a key that may be a part of a file's name (Django's `VALID_KEY_CHARS`).
const VALID_KEY_CHARS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
/// What stands between a session's file and the rest of a temporary file's name, as Django has it.
const OUT: &str = "_out_";
const RANDOM: usize = 8;
/// The longest name that file systems allow, in bytes.
const LONGEST_NAME: usize = 255;
/// The longest file that is read. An inflated payload of 8 MiB is shorter than that, signed and in base 64.
const LARGEST: u64 = 16 << 20;

/// A session's file.
#[derive(Debug)]
pub(super) struct SessionFile {
    pub(super) payload: Payload,
    /// When it was last written; `None` for a moment that is no date.
    pub(super) modified: Option<DateTime<Utc>>,
}

/// Where the sessions are, and how they are written.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// `SESSION_COOKIE_NAME`: what the name of each file begins with.
    prefix: String,
    synchronous: Synchronous,
    lock: FolderLock,
}

/// A job on the folder that has to be done by a certain time.
pub(super) struct Job<'a> {
    pub(super) folder: &'a Folder,
    pub(super) began: Stopwatch,
    pub(super) limit: Duration,
}

impl Folder {
    pub(super) fn new(path: &Path, prefix: &str, synchronous: Synchronous) -> Self {
        Self {
            // Not of the prefix's form, so that no Django takes it for a session.
            lock: FolderLock::new(path.join(format!(".{prefix}.lock"))),
            path: path.to_owned(),
            prefix: prefix.to_owned(),
            synchronous,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a key can be a part of a file's name.
    pub(super) fn holds(&self, key: &str) -> bool {
        let longest = LONGEST_NAME.saturating_sub(self.prefix.len() + OUT.len() + RANDOM);
        key.len() <= longest && key.bytes().all(|byte| VALID_KEY_CHARS.contains(&byte))
    }

    /// Whether files can be created here, and renamed.
    pub(super) fn probe(&self) -> io::Result<()> {
        let (file, path) = self.temporary("")?;
        drop(file);
        fs::remove_file(path)
    }

    /// The file of a session, where there is one.
    pub(super) fn read(&self, key: &str) -> io::Result<Option<SessionFile>> {
        match read(&self.file_of(key)) {
            Ok(file) => Ok(Some(file)),
            // Of a folder that is gone nobody knows what is in it.
            Err(error) if error.kind() == ErrorKind::NotFound && self.path.is_dir() => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn exists(&self, key: &str) -> io::Result<bool> {
        self.file_of(key).try_exists()
    }

    /// The keys of the files that can be sessions, in no order; the second list is of temporary files that are left.
    pub(super) fn names(&self) -> io::Result<(Vec<String>, Vec<PathBuf>)> {
        let (mut keys, mut left) = (Vec::new(), Vec::new());
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(key) = name.to_str().and_then(|name| name.strip_prefix(self.prefix.as_str())) else {
                continue;
            };
            if self.holds(key) {
                keys.push(key.to_owned());
            } else if key.split_once(OUT).is_some_and(|(key, random)| {
                self.holds(key) && random.len() == RANDOM && !random.contains('.')
            }) {
                left.push(entry.path());
            }
        }
        Ok((keys, left))
    }

    fn file_of(&self, key: &str) -> PathBuf {
        self.path.join(format!("{}{key}", self.prefix))
    }

    /// A new file beside that of the session, for its owner alone, as Python's `mkstemp` makes it.
    fn temporary(&self, key: &str) -> io::Result<(File, PathBuf)> {
        loop {
            let random = get_random_string(RANDOM, VALID_KEY_CHARS);
            let path = self.path.join(format!("{}{key}{OUT}{random}", self.prefix));
            match create_private(&path) {
                Ok(file) => return Ok((file, path)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// A rename or a removal is on the disk once the folder is.
    fn sync(&self) -> io::Result<()> {
        if self.synchronous == Synchronous::Full { sync_folder(&self.path) } else { Ok(()) }
    }
}

/// Every change is made under the lock, so that nobody of ours comes between what is compared and what is renamed.
impl Job<'_> {
    pub(super) fn insert(&self, key: &str, entry: &Entry) -> io::Result<Inserted> {
        let new = NewFile::write(self.folder, key, entry)?;
        let locked = self.lock()?;
        let inserted = new.put_where_nothing_is(&locked, &self.folder.file_of(key))?;
        self.unlock(locked)?;
        Ok(inserted)
    }

    pub(super) fn replace(
        &self,
        key: &str,
        expected: Option<&Payload>,
        entry: &Entry,
    ) -> io::Result<Replaced> {
        let new = NewFile::write(self.folder, key, entry)?;
        let locked = self.lock()?;
        match self.compare(key, expected)? {
            Comparison::Same => {}
            Comparison::Changed(payload) => return Ok(Replaced::Changed(payload)),
            Comparison::Gone => return Ok(Replaced::Gone),
        }
        new.put(&locked, &self.folder.file_of(key))?;
        self.unlock(locked)?;
        Ok(Replaced::Stored)
    }

    /// First the new file, then without the old one, as Django's `cycle_key` does it: whoever ends this process in between leaves
    /// the old session as it was, and one more under a key that nobody was told.
    pub(super) fn rename(
        &self,
        from: &str,
        expected: Option<&Payload>,
        to: &str,
        entry: &Entry,
    ) -> io::Result<Renamed> {
        let new = NewFile::write(self.folder, to, entry)?;
        let locked = self.lock()?;
        if expected.is_some() {
            match self.compare(from, expected)? {
                Comparison::Same => {}
                Comparison::Changed(payload) => return Ok(Renamed::Changed(payload)),
                Comparison::Gone => return Ok(Renamed::Gone),
            }
        }
        if new.put_where_nothing_is(&locked, &self.folder.file_of(to))? == Inserted::Taken {
            return Ok(Renamed::Taken);
        }
        remove(&self.folder.file_of(from))?;
        self.unlock(locked)?;
        Ok(Renamed::Stored)
    }

    pub(super) fn delete(&self, key: &str) -> io::Result<bool> {
        let locked = self.lock()?;
        let deleted = remove(&self.folder.file_of(key))?;
        self.unlock(locked)?;
        Ok(deleted)
    }

    /// Deletes those of the keys that `is_over` says are over, and tells how many. They are looked at again under the lock,
    /// since somebody may have saved one.
    pub(super) fn delete_if(
        &self,
        keys: &[String],
        is_over: impl Fn(&SessionFile) -> bool,
    ) -> io::Result<usize> {
        let mut deleted = 0;
        for key in keys {
            if !self.folder.read_if_possible(key).as_ref().is_some_and(&is_over) {
                continue;
            }
            let _locked = self.lock()?;
            if self.folder.read_if_possible(key).as_ref().is_some_and(&is_over) {
                deleted += usize::from(remove(&self.folder.file_of(key))?);
            }
        }
        if deleted > 0 {
            self.folder.sync()?;
        }
        Ok(deleted)
    }

    fn lock(&self) -> io::Result<Locked<'_>> {
        self.folder.lock.lock(self.began, self.limit)
    }

    /// Lets others go on while the disk works.
    fn unlock(&self, locked: Locked<'_>) -> io::Result<()> {
        drop(locked);
        self.folder.sync()
    }

    fn compare(&self, key: &str, expected: Option<&Payload>) -> io::Result<Comparison> {
        let Some(expected) = expected else {
            return Ok(if self.folder.exists(key)? { Comparison::Same } else { Comparison::Gone });
        };
        Ok(match self.folder.read(key)? {
            None => Comparison::Gone,
            Some(file) if file.payload == *expected => Comparison::Same,
            Some(file) => Comparison::Changed(file.payload),
        })
    }
}

impl Folder {
    /// What cannot be read is nobody's to judge: a folder, somebody else's file.
    fn read_if_possible(&self, key: &str) -> Option<SessionFile> {
        self.read(key).ok().flatten()
    }
}

enum Comparison {
    Same,
    Changed(Payload),
    Gone,
}

/// A whole file that is no session yet; it is removed unless it becomes one.
///
/// "By writing to an atomically generated temporary file and then using the atomic `os.rename()` to make the complete file
/// visible, we avoid having to lock the session file" for those who read it (Django's ticket #8616).
struct NewFile(PathBuf);

impl NewFile {
    /// On the disk before it gets its name: a power cut then leaves no half file under that.
    fn write(folder: &Folder, key: &str, entry: &Entry) -> io::Result<Self> {
        let (mut file, path) = folder.temporary(key)?;
        let new = Self(path);
        file.write_all(entry.payload.as_bytes())?;
        // Django's rule for the end goes by the time of the last change, which is our clock's here.
        file.set_modified(SystemTime::from(entry.saved_at))?;
        if folder.synchronous == Synchronous::Full {
            file.sync_all()?;
        }
        Ok(new)
    }

    fn put(&self, _: &Locked<'_>, path: &Path) -> io::Result<()> {
        fs::rename(&self.0, path)
    }

    /// Django makes an empty placeholder first, which whoever ends the process then leaves behind. A link needs none;
    /// where there are no links a placeholder it is.
    fn put_where_nothing_is(&self, locked: &Locked<'_>, path: &Path) -> io::Result<Inserted> {
        let made = match fs::hard_link(&self.0, path) {
            Ok(()) => return Ok(Inserted::Stored),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
            Err(_) => create_private(path),
        };
        match made {
            Ok(_placeholder) => self.put(locked, path).map(|()| Inserted::Stored),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(Inserted::Taken),
            Err(error) => Err(error),
        }
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // After a rename there is none.
        let _ = fs::remove_file(&self.0);
    }
}

fn read(path: &Path) -> io::Result<SessionFile> {
    // A pipe, which would hold up whoever opens it, is no session.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidData, format!("{} is no file", path.display())));
    }
    let file = File::open(path)?;
    // Of the file that was opened: another may have its name by now.
    let found = file.metadata()?;
    let mut payload = Vec::with_capacity(usize::try_from(found.len().min(LARGEST)).unwrap_or_default());
    file.take(LARGEST + 1).read_to_end(&mut payload)?;
    if payload.len() as u64 > LARGEST {
        let message = format!("{} is larger than {LARGEST} bytes", path.display());
        return Err(io::Error::new(ErrorKind::InvalidData, message));
    }
    Ok(SessionFile { payload: payload.into(), modified: moment(found.modified()?) })
}

/// Removes the temporary files that whoever made them has left behind before `moment`.
pub(super) fn remove_older(paths: &[PathBuf], moment: DateTime<Utc>) {
    let is_older = |path: &Path| {
        let modified = fs::symlink_metadata(path).and_then(|found| found.modified());
        modified.is_ok_and(|modified| modified < SystemTime::from(moment))
    };
    for path in paths.iter().filter(|path| is_older(path)) {
        if let Err(error) = fs::remove_file(path) {
            log::warn!("{} cannot be removed: {error}", path.display());
        }
    }
}

/// Whether there was one.
fn remove(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// To the microsecond, as Python has it.
fn moment(time: SystemTime) -> Option<DateTime<Utc>> {
    let micros = |duration: Duration| i64::try_from(duration.as_micros()).ok();
    DateTime::from_timestamp_micros(match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => micros(after)?,
        Err(before) => -micros(before.duration())?,
    })
}
