//! Which cookies a browser keeps and sends: RFC 6265bis, sections 5.7 and 5.8.

use std::net::IpAddr;

use actix_web::http::Uri;
use chrono::{DateTime, Utc};

use super::set_cookie::SetCookie;

/// A cookie as the client keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptCookie {
    /// The value.
    pub value: String,
    /// When it is forgotten; `None` when the browser closes.
    pub expires: Option<DateTime<Utc>>,
}

/// Where a request goes.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// In lower case.
    host: String,
    path: String,
    /// Whether the connection counts as secure: HTTPS, and this machine.
    trustworthy: bool,
}

impl Target {
    pub(super) fn new(origin: &str, path: &str) -> Self {
        let uri = origin.parse::<Uri>().unwrap_or_default();
        let host = uri.host().unwrap_or_default().to_ascii_lowercase();
        let trustworthy = uri.scheme_str() == Some("https") || is_this_machine(&host);
        let path = path.split(['?', '#']).next().unwrap_or_default().to_owned();
        Self { host, path, trustworthy }
    }

    /// Section 5.1.4.
    fn default_path(&self) -> &[u8] {
        match self.path.rfind('/') {
            Some(end) if self.path.starts_with('/') && end > 0 => &self.path.as_bytes()[..end],
            _ => b"/",
        }
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || ip(host).is_some_and(|address| address.to_canonical().is_loopback())
}

fn ip(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

#[derive(Debug)]
struct Stored {
    name: Vec<u8>,
    /// As it came; what is shown of it is text.
    value: Vec<u8>,
    shown: KeptCookie,
    domain: String,
    host_only: bool,
    path: Vec<u8>,
    secure: bool,
}

impl Stored {
    fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.shown.expires.is_none_or(|expires| expires > now)
    }

    /// Whether a request there carries it, whatever its path.
    fn belongs_to(&self, target: &Target) -> bool {
        let domain = if self.host_only {
            self.domain == target.host
        } else {
            domain_matches(&target.host, &self.domain)
        };
        domain && (!self.secure || target.trustworthy)
    }
}

/// A browser's cookies, in the order of their creation.
#[derive(Debug, Default)]
pub(super) struct Cookies(Vec<Stored>);

impl Cookies {
    /// Keeps, replaces or deletes a cookie, or ignores the header.
    pub(super) fn keep(&mut self, header: &[u8], target: &Target, now: DateTime<Utc>) {
        let Some(cookie) = SetCookie::parse(header) else { return };
        let Some(stored) = accept(cookie, target, now) else { return };
        if !stored.secure && !target.trustworthy && self.0.iter().any(|kept| overlays(&stored, kept)) {
            return;
        }
        let same = |kept: &Stored| {
            (&kept.name, &kept.domain, kept.host_only, &kept.path)
                == (&stored.name, &stored.domain, stored.host_only, &stored.path)
        };
        let position = self.0.iter().position(same);
        match (position, stored.is_live(now)) {
            (Some(position), true) => self.0[position] = stored,
            (Some(position), false) => drop(self.0.remove(position)),
            (None, true) => self.0.push(stored),
            (None, false) => {}
        }
    }

    /// The Cookie header of a request, if it has one: longer paths first, then older cookies.
    pub(super) fn header(&self, target: &Target, now: DateTime<Utc>) -> Option<Vec<u8>> {
        let path = target.path.as_bytes();
        let sent = |cookie: &&Stored| {
            cookie.belongs_to(target) && cookie.is_live(now) && path_matches(path, &cookie.path)
        };
        let mut cookies: Vec<_> = self.0.iter().filter(sent).collect();
        cookies.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pair = |cookie: &&Stored| match cookie.name.as_slice() {
            b"" => cookie.value.clone(),
            name => [name, b"=", &cookie.value].concat(),
        };
        let pairs: Vec<_> = cookies.iter().map(pair).collect();
        (!pairs.is_empty()).then(|| pairs.join(b"; ".as_slice()))
    }

    /// The live cookie of a name that some path of the target's site gets, the one of the longest path before others.
    pub(super) fn get(&self, name: &str, target: &Target, now: DateTime<Utc>) -> Option<&KeptCookie> {
        let found = |cookie: &&Stored| {
            cookie.name == name.as_bytes() && cookie.belongs_to(target) && cookie.is_live(now)
        };
        // `max_by_key` takes the last of several, and the first is the older one.
        let longest = self.0.iter().rev().filter(found).max_by_key(|cookie| cookie.path.len());
        longest.map(|cookie| &cookie.shown)
    }

    /// Changes the cookies of a name, or makes one, for the target's host and every path, until the browser closes.
    pub(super) fn set(&mut self, name: &str, value: &str, target: &Target) {
        let shown = KeptCookie { value: value.to_owned(), expires: None };
        let mut found = false;
        for cookie in self.0.iter_mut().filter(|cookie| cookie.name == name.as_bytes()) {
            (cookie.value, cookie.shown, found) = (value.into(), shown.clone(), true);
        }
        if !found {
            let (name, value, path) = (name.into(), value.into(), b"/".to_vec());
            let (domain, host_only, secure) = (target.host.clone(), true, false);
            self.0.push(Stored { name, value, shown, domain, host_only, path, secure });
        }
    }

    pub(super) fn delete(&mut self, name: &str) {
        self.0.retain(|cookie| cookie.name != name.as_bytes());
    }

    /// The browser is closed.
    pub(super) fn end_session(&mut self) {
        self.0.retain(|cookie| cookie.shown.expires.is_some());
    }
}

/// The cookie as it is kept, unless the site may not set it there.
fn accept(cookie: SetCookie, target: &Target, now: DateTime<Utc>) -> Option<Stored> {
    let (domain, host_only) = domain(&cookie.domain, &target.host)?;
    if cookie.secure && !target.trustworthy || cookie.same_site_none && !cookie.secure {
        return None;
    }
    let path = cookie.path.clone().unwrap_or_else(|| target.default_path().to_owned());
    let has_prefix = |text: &[u8], prefix: &[u8]| {
        text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    // A server cannot tell a value without a name that looks like one from a cookie of that name.
    let name = if cookie.name.is_empty() { &cookie.value } else { &cookie.name };
    let (secure, host) = (has_prefix(name, b"__Secure-"), has_prefix(name, b"__Host-"));
    let whole_site = host_only && cookie.path.as_deref() == Some(b"/");
    if (secure || host) && (cookie.name.is_empty() || !cookie.secure) || host && !whole_site {
        return None;
    }
    let value = String::from_utf8_lossy(&cookie.value).into_owned();
    let shown = KeptCookie { value, expires: cookie.expiry(now) };
    let SetCookie { name, value, secure, .. } = cookie;
    Some(Stored { name, value, shown, domain, host_only, path, secure })
}

/// The domain of a cookie, and whether it is its host's alone; `None` where another's is claimed.
///
/// There is no list of public suffixes here: a name without a dot is taken for one.
fn domain(attribute: &[u8], host: &str) -> Option<(String, bool)> {
    if attribute.is_empty() {
        return Some((host.to_owned(), true));
    }
    let domain = std::str::from_utf8(attribute).ok().filter(|domain| domain.is_ascii())?;
    if domain == host {
        return Some((host.to_owned(), !domain.contains('.')));
    }
    (domain.contains('.') && domain_matches(host, domain)).then(|| (domain.to_owned(), false))
}

/// Section 5.1.3.
fn domain_matches(host: &str, domain: &str) -> bool {
    let below = || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
    host == domain || below() && ip(host).is_none()
}

/// Section 5.1.4.
fn path_matches(path: &[u8], cookie: &[u8]) -> bool {
    path.strip_prefix(cookie)
        .is_some_and(|rest| rest.is_empty() || cookie.ends_with(b"/") || rest.starts_with(b"/"))
}

/// "Leave secure cookies alone": whether a cookie from a connection that is not secure would stand before a secure one.
fn overlays(new: &Stored, kept: &Stored) -> bool {
    kept.secure
        && kept.name == new.name
        && (domain_matches(&kept.domain, &new.domain) || domain_matches(&new.domain, &kept.domain))
        && path_matches(&new.path, &kept.path)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;

    const SITE: &str = "https://www.example.com";

    fn now() -> DateTime<Utc> {
        "2026-11-22T18:24:10Z".parse().expect("a date")
    }

    /// What is sent to a URL after these headers have come from others.
    fn sent(headers: &[(&str, &str)], to: &str) -> String {
        let mut cookies = Cookies::default();
        for (from, header) in headers {
            cookies.keep(header.as_bytes(), &target(from), now());
        }
        String::from_utf8(cookies.header(&target(to), now()).unwrap_or_default()).expect("text")
    }

    fn target(url: &str) -> Target {
        let start = url.find("://").map_or(0, |scheme| scheme + 3);
        let path = url[start..].find('/').map_or(url.len(), |path| start + path);
        Target::new(&url[..path], &url[path..])
    }

    #[test]
    fn a_path_is_that_of_its_folder_and_what_lies_below_it() {
        for (from, header, to, expected) in [
            ("/hello/world", "a=1", "/hello/world2", "a=1"),
            ("/hello/world", "a=1", "/hello", "a=1"),
            ("/hello/world", "a=1", "/", ""),
            ("/hello/world?x=/y/z", "a=1", "/other", ""),
            ("/hello", "a=1", "/other", "a=1"),
            ("", "a=1", "/other", "a=1"),
            ("/", "a=1; Path=/room/1", "/room/1", "a=1"),
            ("/", "a=1; Path=/room/1", "/room/1/x?y", "a=1"),
            ("/", "a=1; Path=/room/1", "/room/12", ""),
            ("/", "a=1; Path=/room/1/", "/room/1", ""),
            ("/x/y", "a=1; Path=", "/x/z", "a=1"),
            ("/x/y", "a=1; Path=relative", "/z", ""),
        ] {
            let (from, to) = (format!("{SITE}{from}"), format!("{SITE}{to}"));
            assert_eq!(sent(&[(&from, header)], &to), expected, "{from} {header} {to}");
        }
    }

    #[test]
    fn a_domain_is_the_hosts_own_or_one_above_it() {
        let inside = "https://www.example.com/";
        for (from, header, to, expected) in [
            (inside, "a=1", "https://www.example.com/", "a=1"),
            (inside, "a=1", "https://WWW.Example.com:8443/", "a=1"),
            (inside, "a=1", "https://x.www.example.com/", ""),
            (inside, "a=1; Domain=example.com", "https://other.example.com/", "a=1"),
            (inside, "a=1; Domain=.EXAMPLE.com", "https://example.com/", "a=1"),
            (inside, "a=1; Domain=example.com", "https://notexample.com/", ""),
            (inside, "a=1; Domain=www.example.com", "https://x.www.example.com/", "a=1"),
            (inside, "a=1; Domain=x.www.example.com", inside, ""),
            (inside, "a=1; Domain=example.org", inside, ""),
            (inside, "a=1; Domain=ample.com", inside, ""),
            (inside, "a=1; Domain=com", inside, ""),
            (inside, "a=1; Domain=", inside, "a=1"),
            (inside, "a=1; Domain=example.org; Domain=", inside, "a=1"),
            ("http://localhost/", "a=1; Domain=localhost", "http://localhost/", "a=1"),
            ("http://127.0.0.1/", "a=1; Domain=127.0.0.1", "http://127.0.0.1/", "a=1"),
            ("http://127.0.0.1/", "a=1; Domain=0.0.1", "http://127.0.0.1/", ""),
            ("http://[::1]/", "a=1", "http://[::1]:8000/", "a=1"),
        ] {
            assert_eq!(sent(&[(from, header)], to), expected, "{from} {header} {to}");
        }
    }

    #[test]
    fn secure_cookies_come_from_and_go_to_https_and_this_machine() {
        for (from, header, to, expected) in [
            ("https://a.example/", "a=1; Secure", "https://a.example/", "a=1"),
            ("https://a.example/", "a=1; Secure", "http://a.example/", ""),
            ("http://a.example/", "a=1; Secure", "https://a.example/", ""),
            ("http://127.0.0.1:8000/", "a=1; Secure", "http://127.0.0.1:8000/", "a=1"),
            ("http://[::1]/", "a=1; Secure", "http://[::1]/", "a=1"),
            ("http://shop.localhost/", "a=1; Secure", "http://shop.localhost/", "a=1"),
            ("https://a.example/", "a=1; SameSite=None", "https://a.example/", ""),
            ("https://a.example/", "a=1; SameSite=None; Secure", "https://a.example/", "a=1"),
            ("https://a.example/", "a=1; SameSite=Strict", "https://a.example/", "a=1"),
        ] {
            assert_eq!(sent(&[(from, header)], to), expected, "{from} {header} {to}");
        }
        let overlaid = [("https://a.example/", "a=1; Secure"), ("http://a.example/", "a=2")];
        assert_eq!(sent(&overlaid, "https://a.example/"), "a=1", "a secure cookie is left alone");
        let below = [("https://a.example/", "a=1; Secure; Path=/x"), ("http://a.example/", "a=2; Path=/x/y")];
        assert_eq!(sent(&below, "https://a.example/x/y"), "a=1");
    }

    #[test]
    fn a_prefix_is_a_promise() {
        for (header, kept) in [
            ("__Host-a=1; Secure; Path=/", true),
            ("__host-a=1; Secure; Path=/", true),
            ("__Host-a=1; Path=/", false),
            ("__Host-a=1; Secure", false),
            ("__Host-a=1; Secure; Path=/x", false),
            ("__HOST-a=1; Secure; Path=/; Domain=www.example.com", false),
            ("__Host-a=1; Secure; Path=/; Domain=", true),
            ("__Secure-a=1; Secure", true),
            ("__Secure-a=1; Secure; Domain=example.com; Path=/x", true),
            ("__Secure-a=1", false),
            ("__sEcUrE-a=1", false),
            ("=__Host-a=1; Secure; Path=/", false),
            ("__Secure-a; Secure", false),
        ] {
            let name = header.split_once(';').map_or(header, |(pair, _)| pair);
            let expected = if kept { name } else { "" };
            assert_eq!(sent(&[(&format!("{SITE}/x"), header)], &format!("{SITE}/x")), expected, "{header}");
        }
    }

    #[test]
    fn longer_paths_are_sent_first_and_then_older_cookies() {
        let (from, to) = (format!("{SITE}/"), format!("{SITE}/x/y"));
        let headers = [
            "b=1",
            "a=2",
            "c=3; Path=/x/y",
            "d=4; Path=/x",
            "b=5",
            "a=6; Path=/x",
            "b=7; Domain=example.com",
        ];
        let headers = headers.map(|header| (from.as_str(), header));
        assert_eq!(
            sent(&headers, &to),
            "c=3; d=4; a=6; b=5; a=2; b=7",
            "and one that is replaced keeps its place"
        );
    }

    #[test]
    fn what_has_expired_is_forgotten_and_what_has_no_end_goes_with_the_browser() {
        let (target, mut cookies) = (target(&format!("{SITE}/")), Cookies::default());
        for header in ["a=1", "b=2; Max-Age=30", "c=3; Max-Age=30", "c=; Max-Age=0"] {
            cookies.keep(header.as_bytes(), &target, now());
        }
        let later = |seconds| now() + TimeDelta::seconds(seconds);
        assert_eq!(cookies.header(&target, later(29)).as_deref(), Some(b"a=1; b=2".as_slice()));
        assert_eq!(cookies.header(&target, later(30)).as_deref(), Some(b"a=1".as_slice()));
        assert_eq!(cookies.get("b", &target, later(30)), None);
        cookies.end_session();
        assert_eq!(cookies.header(&target, later(0)).as_deref(), Some(b"b=2".as_slice()));
    }

    #[test]
    fn a_cookie_set_by_hand_takes_the_place_of_its_name() {
        let (target, mut cookies) = (target(&format!("{SITE}/room/1")), Cookies::default());
        cookies.keep(b"a=1; Path=/room/1; Max-Age=30", &target, now());
        cookies.set("a", "2", &target);
        cookies.set("b", "3", &target);
        assert_eq!(cookies.header(&target, now()).as_deref(), Some(b"a=2; b=3".as_slice()));
        cookies.delete("a");
        assert_eq!(cookies.header(&target, now()).as_deref(), Some(b"b=3".as_slice()));
    }

    proptest! {
        #[test]
        fn no_header_panics_and_whatever_is_kept_is_sent_back_as_it_came(
            header in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..200),
                r"[ -~\t]{0,12}=[ -~]{0,12}(; ?(Path|Domain|Expires|Max-Age|Secure|SameSite)=?[ -~]{0,40}){0,4}".prop_map(String::into_bytes),
            ],
            seconds in any::<i32>(),
        ) {
            let (target, mut cookies) = (target("http://127.0.0.1/x/y"), Cookies::default());
            let now = DateTime::from_timestamp(i64::from(seconds) * 1000, 0).unwrap_or_default();
            cookies.keep(&header, &target, now);
            if let Some(sent) = cookies.header(&target, now) {
                let (came, goes) = (SetCookie::parse(&header), SetCookie::parse(&sent));
                let pair = |cookie: Option<SetCookie>| cookie.map(|cookie| (cookie.name, cookie.value));
                // A value without a name may look like a pair.
                if came.as_ref().is_some_and(|came| !came.name.is_empty()) {
                    prop_assert_eq!(pair(came), pair(goes));
                }
                prop_assert!(sent.iter().all(|byte| !byte.is_ascii_control() || *byte == b'\t'));
            }
            for extreme in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
                cookies.keep(&header, &target, extreme);
                cookies.header(&target, extreme);
            }
        }
    }
}
