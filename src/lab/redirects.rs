//! Where a form leads when it is done.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;

/// Sends the browser to a page of the room below `root`, by GET.
pub(super) fn see(root: &str, path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, format!("{root}{path}"))).finish()
}

/// A page of the lab to go back to, whatever a form says.
pub(super) fn way_back(asked: Option<&str>) -> &str {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/_-?=&#".contains(&byte);
    let own = |path: &&str| {
        let rest = path.strip_prefix("/lab");
        let below = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']));
        *path == "/" || below && path.bytes().all(plain)
    };
    asked.filter(own).unwrap_or("/lab")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_leads_back_to_the_lab_and_nowhere_else() {
        for own in ["/", "/lab", "/lab/exercise/9", "/lab/rows?cleared=3", "/lab/code#save"] {
            assert_eq!(way_back(Some(own)), own);
        }
        for foreign in
            ["", "//example.com", "https://example.com/lab", "/lab\r\nX: y", "/laboratory", "/lab/%0d"]
        {
            assert_eq!(way_back(Some(foreign)), "/lab", "{foreign:?}");
        }
        assert_eq!(way_back(None), "/lab");
    }
}
