//! Where a redirect leads: the Fetch standard, "HTTP-redirect fetch", as far as one site goes.

use actix_web::http::{Method, StatusCode};

/// How many redirects a browser follows.
pub(super) const MOST: usize = 20;

/// The method of the request that follows, if one does.
pub(super) fn method_after(status: StatusCode, method: &Method) -> Option<Method> {
    match (status.as_u16(), method) {
        (301 | 302, &Method::POST) => Some(Method::GET),
        (303, method) if *method != Method::HEAD => Some(Method::GET),
        (301 | 302 | 303 | 307 | 308, method) => Some(method.clone()),
        _ => None,
    }
}

/// The path and query that a `Location` names on this site; `None` on another.
pub(super) fn path_of(location: &str, origin: &str, from: &str) -> Option<String> {
    let location = location.split('#').next().unwrap_or_default();
    let own = location.strip_prefix(origin).filter(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    let folder =
        || from.split('?').next().and_then(|path| path.rsplit_once('/')).map_or("", |(folder, _)| folder);
    match own.unwrap_or(location) {
        "" if own.is_some() => Some("/".to_owned()),
        "" => Some(from.to_owned()),
        elsewhere if elsewhere.starts_with("//") || elsewhere.contains("://") && own.is_none() => None,
        path if path.starts_with('/') => Some(path.to_owned()),
        query if query.starts_with('?') && own.is_some() => Some(format!("/{query}")),
        query if query.starts_with('?') => {
            Some(format!("{}{query}", from.split('?').next().unwrap_or_default()))
        }
        relative => Some(format!("{}/{relative}", folder())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_leads_to_a_path_of_the_site_or_away() {
        for (location, path) in [
            ("/cart", Some("/cart")),
            ("/cart?a=1#top", Some("/cart?a=1")),
            ("next", Some("/shop/next")),
            ("?page=2", Some("/shop/list?page=2")),
            ("#top", Some("/shop/list?a=b/c")),
            ("http://shop.example/cart", Some("/cart")),
            ("http://shop.example", Some("/")),
            ("http://shop.example?a", Some("/?a")),
            ("http://shop.example.evil/cart", None),
            ("https://shop.example/cart", None),
            ("//evil.example/cart", None),
        ] {
            let found = path_of(location, "http://shop.example", "/shop/list?a=b/c");
            assert_eq!(found.as_deref(), path, "{location}");
        }
    }

    #[test]
    fn a_form_is_sent_once_and_what_has_to_be_repeated_is() {
        for (status, before, after) in [
            (302, Method::POST, Some(Method::GET)),
            (303, Method::PUT, Some(Method::GET)),
            (303, Method::HEAD, Some(Method::HEAD)),
            (307, Method::POST, Some(Method::POST)),
            (308, Method::POST, Some(Method::POST)),
            (301, Method::PUT, Some(Method::PUT)),
            (200, Method::GET, None),
            (304, Method::GET, None),
        ] {
            let status = StatusCode::from_u16(status).expect("a status");
            assert_eq!(method_after(status, &before), after, "{status}");
        }
    }
}
