//! The files of a SQLite database, told apart from others that have come to stand in their place.
//!
//! SQLite goes on with the file that it has opened, wherever that is now: after `rm db.sqlite3` everything is stored in a
//! file that nobody else will ever see. So the path is checked before each answer, and four times a second.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::FileLoss;

/// A server notices within this time that its file is gone.
const UNNOTICED: Duration = Duration::from_secs(1);

/// A file on a device, whatever its name. `None` where the system has no such thing.
#[cfg(unix)]
fn identity(path: &Path) -> io::Result<Option<(u64, u64)>> {
    use std::os::unix::fs::MetadataExt as _;

    let found = path.metadata()?;
    Ok(Some((found.dev(), found.ino())))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> io::Result<Option<(u64, u64)>> {
    path.metadata().map(|_| None)
}

/// Who may not look into a folder any more has the file open all the same.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// The path of a file that SQLite keeps beside a database: `-wal` or `-shm`. Beside the file itself, not beside a
/// symbolic link to it.
pub(super) fn beside(database: &Path, suffix: &str) -> io::Result<PathBuf> {
    let mut path = OsString::from(database.canonicalize()?);
    path.push(suffix);
    Ok(path.into())
}

/// A file that SQLite keeps beside the database; there may be none.
#[derive(Debug)]
struct Companion {
    path: PathBuf,
    found: Option<(u64, u64)>,
}

impl Companion {
    fn of(database: &Path, suffix: &str) -> io::Result<Self> {
        let path = beside(database, suffix)?;
        let found = identity(&path).unwrap_or_default();
        Ok(Self { path, found })
    }

    /// One that was not there need not be.
    fn is_there(&self) -> bool {
        self.found.is_none()
            || match identity(&self.path) {
                Ok(found) => found == self.found,
                Err(error) => !is_missing(&error),
            }
    }
}

/// The files that connections have open. Each of them keeps this, so that it is known when all are closed.
#[derive(Debug)]
pub(super) struct OpenedFiles {
    path: PathBuf,
    database: Option<(u64, u64)>,
    wal: Companion,
    shm: Companion,
}

impl OpenedFiles {
    /// What is there now, while a connection has it open.
    pub(super) fn at(path: &Path) -> io::Result<Self> {
        Ok(Self {
            database: identity(path)?,
            wal: Companion::of(path, "-wal")?,
            shm: Companion::of(path, "-shm")?,
            path: path.to_owned(),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the database is still where it was. What is written to a log that is not is not lost: it is brought into
    /// the database when that is noticed.
    pub(super) fn check_name(&self) -> Result<(), FileLoss> {
        match identity(&self.path) {
            Err(error) if is_missing(&error) => Err(FileLoss::Missing(self.path.clone())),
            Ok(found) if found != self.database => Err(FileLoss::Replaced(self.path.clone())),
            _ => Ok(()),
        }
    }

    /// Whether all of them are.
    pub(super) fn check(&self) -> Result<(), FileLoss> {
        self.check_name()?;
        match [&self.wal, &self.shm].into_iter().find(|companion| !companion.is_there()) {
            Some(companion) => Err(FileLoss::Log(companion.path.clone())),
            None => Ok(()),
        }
    }

    /// Whether the log of these files lies, with something in it, beside another database: SQLite would take it for that
    /// one's and spoil it.
    pub(super) fn have_left_a_log(&self) -> bool {
        let same = |path: &Path, expected| matches!(identity(path), Ok(found) if found == expected);
        let Ok(wal) = beside(&self.path, "-wal") else { return false };
        self.wal.found.is_some()
            && !same(&self.path, self.database)
            && same(&wal, self.wal.found)
            && wal.metadata().is_ok_and(|log| log.len() > 0)
    }
}

/// Creates an empty file that is nobody else's to read, unless there is one: sessions are as good as passwords. SQLite
/// gives the files beside it the same mode.
pub(super) fn create_private(path: &Path) -> io::Result<()> {
    if has_left_companions(path) {
        // They may be in use by a server that has not noticed yet that its file is gone.
        std::thread::sleep(UNNOTICED);
    }
    match private().create_new(true).open(path) {
        // A symbolic link may point to a file that is still to be created.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && !path.exists() => {
            private().create(true).truncate(false).open(path)?;
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        created => created.map(drop),
    }
}

/// Whether the files beside a database are there, and the database is not.
fn has_left_companions(path: &Path) -> bool {
    let left = |suffix: &str| {
        let mut companion = OsString::from(path);
        companion.push(suffix);
        Path::new(&companion).exists()
    };
    !path.exists() && (left("-wal") || left("-shm"))
}

/// How to create a file that only its owner may read.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(all(test, unix))]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    /// A database of three files.
    fn files(folder: &Path) -> PathBuf {
        let path = folder.join("db.sqlite3");
        for suffix in ["", "-wal", "-shm"] {
            fs::write(folder.join(format!("db.sqlite3{suffix}")), "x").unwrap();
        }
        path
    }

    #[test]
    fn what_was_removed_replaced_or_moved_is_noticed_and_what_is_back_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = files(folder.path());
        let opened = OpenedFiles::at(&path).unwrap();
        assert!(opened.check().is_ok());
        fs::rename(&path, folder.path().join("away")).unwrap();
        assert!(matches!(opened.check(), Err(FileLoss::Missing(_))));
        fs::write(&path, "x").unwrap();
        assert!(matches!(opened.check(), Err(FileLoss::Replaced(_))));
        assert!(opened.have_left_a_log());
        fs::rename(folder.path().join("away"), &path).unwrap();
        assert!(opened.check().is_ok());
        assert!(!opened.have_left_a_log());
        for suffix in ["-shm", "-wal"] {
            fs::remove_file(beside(&path, suffix).unwrap()).unwrap();
            assert!(matches!(opened.check(), Err(FileLoss::Log(_))), "{suffix}");
        }
    }

    #[test]
    fn a_link_that_points_elsewhere_is_another_file() {
        let (folder, link) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (path, link) = (files(folder.path()), link.path().join("link"));
        symlink(&path, &link).unwrap();
        let opened = OpenedFiles::at(&link).unwrap();
        assert!(opened.check().is_ok() && opened.wal.found.is_some());
        fs::remove_file(&link).unwrap();
        symlink(folder.path().join("db.sqlite3-wal"), &link).unwrap();
        assert!(matches!(opened.check(), Err(FileLoss::Replaced(_))));
    }

    #[test]
    fn a_new_file_is_private_and_one_that_is_there_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        let path = folder.path().join("db.sqlite3");
        let link = folder.path().join("link");
        symlink(&path, &link).unwrap();
        create_private(&link).unwrap();
        assert_eq!(mode(&path), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        create_private(&path).unwrap();
        assert_eq!(mode(&path), 0o640);
    }
}
