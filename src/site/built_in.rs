//! The site's files as they were when the program was built, so that it runs far from their folders.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rust_embed::{Embed, EmbeddedFile};

/// `templates/`.
#[derive(Embed)]
#[folder = "templates/"]
struct BuiltInTemplates;

/// `static/`.
#[derive(Embed)]
#[folder = "static/"]
struct BuiltInStatic;

/// Every template under its path below `templates/`.
pub(super) fn templates() -> impl Iterator<Item = (String, String)> {
    BuiltInTemplates::iter().filter_map(|name| {
        let file = BuiltInTemplates::get(&name)?;
        Some((name.into_owned(), String::from_utf8_lossy(&file.data).into_owned()))
    })
}

/// A static file, and a text that another content would not have.
pub(super) fn static_file(path: &str) -> Option<(Cow<'static, [u8]>, String)> {
    let EmbeddedFile { data, metadata } = BuiltInStatic::get(path)?;
    Some((data, BASE64_URL_SAFE_NO_PAD.encode(metadata.sha256_hash())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_static_file_is_built_in() {
        for entry in std::fs::read_dir("static").unwrap() {
            let path = entry.unwrap().path();
            let (data, _) = static_file(path.file_name().unwrap().to_str().unwrap()).unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), *data, "{}", path.display());
        }
    }
}
