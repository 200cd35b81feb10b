//! The cookie as Django reads, sets and deletes it, and `Vary`.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE, VARY};
use chrono::{DateTime, Utc};

use crate::sessions::error::SessionError;
use crate::sessions::policy::SessionPolicy;

/// "At least 4096 bytes per cookie (as measured by the sum of the length of the cookie's name, value, and attributes)" is what
/// every browser keeps; Chrome and Firefox count name and value alone, and drop what is longer without a word.
const LARGEST: usize = 4096;

/// The value of the cookie `name` in a request, by Django's rule (`http/cookie.py`,
/// `parse_cookie`): the last of one name counts, and a bad byte spoils nothing else.
pub(crate) fn read(headers: &HeaderMap, name: &str) -> Option<String> {
    let mut found = None;
    for header in headers.get_all(COOKIE) {
        for chunk in String::from_utf8_lossy(header.as_bytes()).split(';') {
            let (key, value) = chunk.split_once('=').unwrap_or(("", chunk));
            if strip(key) == name {
                found = Some(unquote(strip(value)).into_owned());
            }
        }
    }
    found
}

/// Python's `str.strip()`, which also takes the four ASCII separators for white space.
fn strip(text: &str) -> &str {
    text.trim_matches(|character: char| character.is_whitespace() || ('\x1c'..='\x1f').contains(&character))
}

/// Python's `http.cookies._unquote`.
fn unquote(value: &str) -> Cow<'_, str> {
    let Some(inside) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return Cow::Borrowed(value);
    };
    if !inside.contains('\\') {
        return Cow::Borrowed(inside);
    }
    let mut unquoted = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(at) = rest.find('\\') {
        unquoted.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match (rest.as_bytes(), rest.chars().next()) {
            ([high @ b'0'..=b'3', middle @ b'0'..=b'7', low @ b'0'..=b'7', ..], _) => {
                unquoted.push(char::from((high - b'0') * 64 + (middle - b'0') * 8 + (low - b'0')));
                rest = &rest[3..];
            }
            (_, Some(character)) if character != '\n' => {
                unquoted.push(character);
                rest = &rest[character.len_utf8()..];
            }
            _ => unquoted.push('\\'),
        }
    }
    unquoted.push_str(rest);
    Cow::Owned(unquoted)
}

/// Python's `http.cookies._quote`: a key of our own needs none of it, a row's key may.
fn quote(value: &str) -> Cow<'_, str> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:".contains(&byte);
    if !value.is_empty() && value.bytes().all(legal) {
        return Cow::Borrowed(value);
    }
    let mut quoted = String::with_capacity(value.len() + 2);
    quoted.push('"');
    for character in value.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            ' ' | '(' | ')' | '/' | '<' | '=' | '>' | '?' | '@' | '[' | ']' | '{' | '}' => {
                quoted.push(character);
            }
            character if u8::try_from(character).is_ok_and(legal) => quoted.push(character),
            // Writing to a `String` cannot fail.
            '\0'..='\u{ff}' => drop(write!(quoted, "\\{:03o}", u32::from(character))),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    Cow::Owned(quoted)
}

/// Until when a browser keeps the cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MaxAge {
    /// Seconds from now.
    pub(crate) seconds: i64,
    /// The same as a date.
    pub(crate) expires: DateTime<Utc>,
}

/// `response.set_cookie` as Django's middleware calls it; `None` ends with the browser.
pub(crate) fn set(
    headers: &mut HeaderMap,
    policy: &SessionPolicy,
    key: &str,
    max_age: Option<MaxAge>,
) -> Result<(), SessionError> {
    let attributes = Attributes {
        expires: max_age.map(|max_age| http_date(max_age.expires)),
        max_age: max_age.map(|max_age| max_age.seconds),
        httponly: policy.cookie_httponly,
        secure: policy.cookie_secure,
    };
    append(headers, policy, key, &attributes)
}

/// `response.delete_cookie`, which knows no HttpOnly, and Secure only where a browser insists.
pub(crate) fn delete(headers: &mut HeaderMap, policy: &SessionPolicy) -> Result<(), SessionError> {
    let prefixed = policy.cookie_name.starts_with("__Secure-") || policy.cookie_name.starts_with("__Host-");
    let cross_site =
        policy.cookie_samesite.as_deref().is_some_and(|samesite| samesite.eq_ignore_ascii_case("none"));
    let attributes = Attributes {
        expires: Some("Thu, 01 Jan 1970 00:00:00 GMT".to_owned()),
        max_age: Some(0),
        httponly: false,
        secure: prefixed || cross_site,
    };
    append(headers, policy, "", &attributes)
}

/// What differs between setting and deleting.
struct Attributes {
    expires: Option<String>,
    max_age: Option<i64>,
    httponly: bool,
    secure: bool,
}

/// In the order of Python's `Morsel.OutputString`, which sorts.
fn append(
    headers: &mut HeaderMap,
    policy: &SessionPolicy,
    value: &str,
    attributes: &Attributes,
) -> Result<(), SessionError> {
    let max_age = attributes.max_age.map(|seconds| seconds.to_string());
    let mut cookie = String::with_capacity(192);
    for part in [&policy.cookie_name, "=", &quote(value)] {
        cookie.push_str(part);
    }
    push(&mut cookie, "Domain", policy.cookie_domain.as_deref());
    push(&mut cookie, "expires", attributes.expires.as_deref());
    push_flag(&mut cookie, "HttpOnly", attributes.httponly);
    push(&mut cookie, "Max-Age", max_age.as_deref());
    push(&mut cookie, "Path", Some(&policy.cookie_path));
    push(&mut cookie, "SameSite", policy.cookie_samesite.as_deref());
    push_flag(&mut cookie, "Secure", attributes.secure);
    if cookie.len() > LARGEST {
        return Err(SessionError::CookieTooLarge { bytes: cookie.len(), limit: LARGEST });
    }
    let cookie = HeaderValue::from_bytes(cookie.as_bytes());
    headers.append(SET_COOKIE, cookie.map_err(|error| SessionError::Cookie(Arc::new(error)))?);
    Ok(())
}

fn push(cookie: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        for part in ["; ", name, "=", value] {
            cookie.push_str(part);
        }
    }
}

fn push_flag(cookie: &mut String, name: &str, set: bool) {
    if set {
        cookie.push_str("; ");
        cookie.push_str(name);
    }
}

/// Django's `http_date`: RFC 9110, section 5.6.7.
fn http_date(moment: DateTime<Utc>) -> String {
    if moment < DateTime::UNIX_EPOCH {
        // Beyond what HTTP's own dates are for, though a clock may be set there.
        return moment.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    }
    httpdate::fmt_http_date(moment.into())
}

/// `patch_vary_headers(response, ("Cookie",))`.
pub(crate) fn vary_on_cookie(headers: &mut HeaderMap) {
    let present: Vec<String> = headers
        .get_all(VARY)
        .flat_map(|header| {
            String::from_utf8_lossy(header.as_bytes())
                .split(',')
                .map(|name| name.trim().to_owned())
                .collect::<Vec<_>>()
        })
        .filter(|name| !name.is_empty())
        .collect();
    let value = if present.iter().any(|name| name == "*") {
        "*".to_owned()
    } else if present.iter().any(|name| name.eq_ignore_ascii_case("cookie")) {
        return;
    } else {
        present.into_iter().chain(["Cookie".to_owned()]).collect::<Vec<_>>().join(", ")
    };
    if let Ok(value) = HeaderValue::from_str(&value) {
        headers.insert(VARY, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(headers: &[&[u8]]) -> Option<String> {
        let mut map = HeaderMap::new();
        for header in headers {
            map.append(COOKIE, HeaderValue::from_bytes(header).expect("a header"));
        }
        read(&map, "sessionid")
    }

    #[test]
    fn the_last_cookie_of_a_name_counts() {
        assert_eq!(sent(&[b"a=1; sessionid=first; sessionid=second"]).as_deref(), Some("second"));
        assert_eq!(sent(&[b"sessionid=first", b"sessionid=second"]).as_deref(), Some("second"));
        assert_eq!(sent(&[b"sessionid2=x; xsessionid=y"]), None);
    }

    #[test]
    fn a_bad_byte_spoils_nothing_else() {
        assert_eq!(sent(&[b"junk\xff\xfe; sessionid=abc"]).as_deref(), Some("abc"));
        assert_eq!(sent(&[b"sessionid=a\xffbc"]).as_deref(), Some("a\u{fffd}bc"));
    }

    #[test]
    fn values_are_unquoted_by_pythons_rule() {
        // Each as `parse_cookie` of Django 5.2.19 reads it.
        for (header, value) in [
            (&br#"sessionid="quoted""#[..], "quoted"),
            (br#"sessionid="a\"b\\c\101""#, r#"a"b\cA"#),
            (b"sessionid=\"", "\""),
            (b"sessionid=%41", "%41"),
            (b" sessionid = spaced ", "spaced"),
            (b"sessionid=a=b", "a=b"),
            (b"sessionid", ""),
        ] {
            let expected = if value.is_empty() { None } else { Some(value) };
            assert_eq!(sent(&[header]).as_deref(), expected, "{}", String::from_utf8_lossy(header));
        }
    }

    fn set_cookie(policy: &SessionPolicy, key: &str, max_age: Option<MaxAge>) -> String {
        let mut headers = HeaderMap::new();
        set(&mut headers, policy, key, max_age).expect("a header");
        headers.get(SET_COOKIE).and_then(|value| value.to_str().ok()).expect("ASCII").to_owned()
    }

    #[test]
    fn attributes_come_in_djangos_order() {
        let policy = SessionPolicy {
            cookie_domain: Some("a.example".to_owned()),
            cookie_secure: true,
            ..SessionPolicy::default()
        };
        let expires = DateTime::from_timestamp(1_700_000_030, 900_000_000).expect("a date");
        assert_eq!(
            set_cookie(&policy, "k", Some(MaxAge { seconds: 30, expires })),
            "sessionid=k; Domain=a.example; expires=Tue, 14 Nov 2023 22:13:50 GMT; HttpOnly; Max-Age=30; Path=/; SameSite=Lax; Secure"
        );
        assert_eq!(
            set_cookie(&SessionPolicy::default(), "k", None),
            "sessionid=k; HttpOnly; Path=/; SameSite=Lax"
        );
    }

    #[test]
    fn a_deletion_carries_only_what_delete_cookie_knows() {
        let deletion = |policy: &SessionPolicy| {
            let mut headers = HeaderMap::new();
            delete(&mut headers, policy).expect("a header");
            headers.get(SET_COOKIE).and_then(|value| value.to_str().ok()).expect("ASCII").to_owned()
        };
        let plain = SessionPolicy { cookie_secure: true, ..SessionPolicy::default() };
        assert_eq!(
            deletion(&plain),
            r#"sessionid=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax"#
        );
        let cross_site =
            SessionPolicy { cookie_samesite: Some("None".to_owned()), ..SessionPolicy::default() };
        assert!(deletion(&cross_site).ends_with("; SameSite=None; Secure"));
        let prefixed = SessionPolicy {
            cookie_name: "__Host-s".to_owned(),
            cookie_samesite: None,
            ..SessionPolicy::default()
        };
        assert!(deletion(&prefixed).ends_with("; Path=/; Secure"));
    }

    #[test]
    fn strange_keys_are_quoted_as_python_quotes_them() {
        assert_eq!(
            set_cookie(&SessionPolicy::default(), "a b;c\"d", None).split("; H").next(),
            Some(r#"sessionid="a b\073c\"d""#)
        );
    }

    #[test]
    fn vary_is_patched_not_replaced() {
        let vary = |before: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            if let Some(before) = before {
                headers.insert(VARY, HeaderValue::from_static(before));
            }
            vary_on_cookie(&mut headers);
            headers.get(VARY).and_then(|value| value.to_str().ok()).expect("ASCII").to_owned()
        };
        assert_eq!(vary(None), "Cookie");
        assert_eq!(vary(Some("Accept-Encoding")), "Accept-Encoding, Cookie");
        assert_eq!(vary(Some("cookie, Accept")), "cookie, Accept");
        assert_eq!(vary(Some("Accept, *")), "*");
    }
}
