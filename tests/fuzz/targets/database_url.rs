//! `DATABASE_URL`.

use std::path::Path;

use sessionid::db::DatabaseUrl;

/// # Panics
///
/// If what is shown of an URL is no URL, or another one, or an error is more than a line.
pub(super) fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match text.parse::<DatabaseUrl>() {
        Ok(url) => {
            let shown = url.to_string();
            if let DatabaseUrl::Sqlite(path) = &url {
                assert_eq!(
                    (shown.as_str(), format!("sqlite://{}", path.display())),
                    (&*text, text.to_string())
                );
            }
            let again: DatabaseUrl = shown.parse().unwrap_or_else(|error| panic!("{shown}: {error}"));
            assert_eq!(again.to_string(), shown);
            let absolute = url.clone().relative_to(Path::new("/srv/site"));
            assert_eq!(absolute.clone().relative_to(Path::new("/other")), absolute);
        }
        Err(error) => assert!(!error.to_string().contains(char::is_control), "{error:?}"),
    }
}
