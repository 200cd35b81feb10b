//! `/static/…`: the files of one folder, those that are built in where it has none, and nothing else that a path could name.

use std::borrow::Cow;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use actix_files::{NamedFile, PathBufWrap, file_extension_to_mime};
use actix_web::error::ErrorNotFound;
use actix_web::http::header::{ContentType, ETag, EntityTag, Header as _, IfNoneMatch};
use actix_web::web::{Bytes, Data};
use actix_web::{Error, HttpRequest, HttpResponse};

use super::built_in;

/// The folder, with no symbolic link in its path.
#[derive(Clone, Debug)]
pub(super) struct StaticFolder(PathBuf);

impl StaticFolder {
    pub(super) fn new(folder: &Path) -> Self {
        let canonical = folder.canonicalize().unwrap_or_else(|error| {
            if error.kind() != ErrorKind::NotFound {
                let name = folder.to_string_lossy();
                log::warn!("{name:?} cannot be read, so there are no static files: {error}");
            }
            folder.to_owned()
        });
        Self(canonical)
    }

    /// The file at a URL's path; `NotFound` if there is nothing. A link that leads out of the folder, a folder, a named
    /// pipe or a device is refused: opening a pipe would wait for its writer.
    fn open(&self, path: &Path) -> io::Result<NamedFile> {
        let path = self.0.join(path).canonicalize()?;
        if !path.starts_with(&self.0) || !path.metadata()?.is_file() {
            return Err(ErrorKind::PermissionDenied.into());
        }
        NamedFile::open(path)
    }
}

/// GET and HEAD.
///
/// A file of the folder has no ETag, since actix-files writes the file's inode into it: it would tell of the disk, and
/// differ between servers that hold the same files. `Last-Modified` serves conditional requests, as in Django's
/// `static.serve`. What is built in has no date, and its ETag is made of its content.
///
/// # Errors
///
/// 404, whatever the reason.
pub(super) async fn static_file(
    folder: Data<StaticFolder>,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    let path = PathBufWrap::parse_path(request.match_info().query("path"), false).map_err(ErrorNotFound)?;
    match folder.open(path.as_ref()) {
        Ok(file) => Ok(file.use_etag(false).into_response(&request)),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            built_in_file(path.as_ref(), &request).ok_or_else(no_such_file)
        }
        Err(_) => Err(no_such_file()),
    }
}

fn no_such_file() -> Error {
    ErrorNotFound("no such file")
}

fn built_in_file(path: &Path, request: &HttpRequest) -> Option<HttpResponse> {
    let (data, hash) = built_in::static_file(path.to_str()?)?;
    let tag = EntityTag::new_strong(hash);
    let known = match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(&tag)),
        Ok(IfNoneMatch::Any) => true,
        Err(_) => false,
    };
    let mut answer = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header(ETag(tag));
    if known {
        return Some(answer.finish());
    }
    let body = match data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => data.into(),
    };
    Some(answer.insert_header(content_type(path)).body(body))
}

/// As actix-files has it for the folder's files.
fn content_type(path: &Path) -> ContentType {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    let kind = file_extension_to_mime(&extension);
    if kind.type_() != "text" {
        return ContentType(kind);
    }
    ContentType(format!("{kind}; charset=utf-8").parse().unwrap_or(kind))
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
            for path in ["", "css", "secret", "outside/secret", "zero", "socket", "fifo"] {
                let refused = folder.open(path.as_ref()).unwrap_err();
                assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied, "{path}");
            }
            for path in ["loop", "nothing"] {
                assert!(folder.open(path.as_ref()).is_err(), "{path}");
            }
            assert!(folder.open(&secret).is_err(), "an absolute path");
            assert!(folder.open("../../etc/passwd".as_ref()).is_err());
        }
    }
}
