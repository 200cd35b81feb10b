//! `/static/…`: the files of one folder, and nothing else that a path could name.

use std::io;
use std::path::{Path, PathBuf};

use actix_files::{NamedFile, PathBufWrap};
use actix_web::error::ErrorNotFound;
use actix_web::web::Data;
use actix_web::{Error, HttpRequest};

/// The folder, with no symbolic link in its path.
#[derive(Clone, Debug)]
pub(super) struct StaticFolder(PathBuf);

impl StaticFolder {
    pub(super) fn new(folder: &Path) -> Self {
        let canonical = folder.canonicalize().unwrap_or_else(|error| {
            let name = folder.to_string_lossy();
            log::warn!("{name:?} cannot be read, so there are no static files: {error}");
            folder.to_owned()
        });
        Self(canonical)
    }

    /// The file at a URL's path. A link that leads out of the folder, a folder, a named pipe or a device is none:
    /// opening a pipe would wait for its writer.
    fn open(&self, path: &Path) -> io::Result<NamedFile> {
        let path = self.0.join(path).canonicalize()?;
        if !path.starts_with(&self.0) || !path.metadata()?.is_file() {
            return Err(io::ErrorKind::NotFound.into());
        }
        NamedFile::open(path)
    }
}

/// GET and HEAD.
///
/// There is no ETag, since actix-files writes the file's inode into it: it would tell of the disk, and differ between
/// servers that hold the same files. `Last-Modified` serves conditional requests, as in Django's `static.serve`.
///
/// # Errors
///
/// 404, whatever the reason.
pub(super) async fn static_file(
    folder: Data<StaticFolder>,
    request: HttpRequest,
) -> Result<NamedFile, Error> {
    let path = PathBufWrap::parse_path(request.match_info().query("path"), false).map_err(ErrorNotFound)?;
    let file = folder.open(path.as_ref()).map_err(|_| ErrorNotFound("no such file"))?;
    Ok(file.use_etag(false))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn only_the_folders_own_files_are_opened() {
        let outside = tempfile::tempdir().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (secret, root) = (outside.path().join("secret"), folder.path());
        fs::write(&secret, "secret").unwrap();
        fs::create_dir(root.join("css")).unwrap();
        fs::write(root.join("css/site.css"), "css").unwrap();
        symlink(root.join("css/site.css"), root.join("inside.css")).unwrap();
        symlink(&secret, root.join("secret")).unwrap();
        symlink(outside.path(), root.join("outside")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        symlink("/dev/zero", root.join("zero")).unwrap();
        let _socket = UnixListener::bind(root.join("socket")).unwrap();
        let fifo = std::process::Command::new("mkfifo").arg(root.join("fifo")).status().unwrap();
        assert!(fifo.success());

        let link = outside.path().join("static");
        symlink(root, &link).unwrap();
        for folder in [StaticFolder::new(root), StaticFolder::new(&link)] {
            for path in ["css/site.css", "inside.css"] {
                assert!(folder.open(path.as_ref()).is_ok(), "{path}");
            }
            let others = ["", "css", "secret", "outside/secret", "loop", "zero", "socket", "fifo", "nothing"];
            for path in others {
                assert!(folder.open(path.as_ref()).is_err(), "{path}");
            }
            assert!(folder.open(&secret).is_err(), "an absolute path");
            assert!(folder.open("../../etc/passwd".as_ref()).is_err());
        }
    }
}
