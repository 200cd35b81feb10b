//! What the file systems of Unix have and others do not: modes, inodes, and folders that are synced.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Its owner alone, as Python's `mkstemp` has it.
const OWNER: u32 = 0o600;
/// Others may open it to lock it, and not write to it.
const READABLE: u32 = 0o644;

/// Creates a file that only its owner reads.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    create(path, OpenOptions::new().write(true), OWNER)
}

/// Creates a file that others may open, and opens it for reading and writing.
pub(super) fn create_readable(path: &Path) -> io::Result<File> {
    create(path, OpenOptions::new().read(true).write(true), READABLE)
}

#[cfg(unix)]
fn create(path: &Path, options: &mut OpenOptions, mode: u32) -> io::Result<File> {
    std::os::unix::fs::OpenOptionsExt::mode(options, mode).create_new(true).open(path)
}

/// The folder's permissions decide.
#[cfg(not(unix))]
fn create(path: &Path, options: &mut OpenOptions, _mode: u32) -> io::Result<File> {
    options.create_new(true).open(path)
}

/// A rename or a removal is on the disk once the folder is.
#[cfg(unix)]
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// The file system's journal decides.
#[cfg(not(unix))]
pub(super) fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Whether the open file is still the one at a path.
#[cfg(unix)]
pub(super) fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;

    let opened = file.metadata()?;
    match path.metadata() {
        Ok(found) => Ok((found.dev(), found.ino()) == (opened.dev(), opened.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Without inodes, whether any file is there.
#[cfg(not(unix))]
pub(super) fn is_at(_file: &File, path: &Path) -> io::Result<bool> {
    path.try_exists()
}
