//! A `Set-Cookie` header taken apart as browsers do it: RFC 6265bis, section 5.6.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::cookie_date;

/// Bytes of a name and its value.
const LONGEST_COOKIE: usize = 4096;
/// Bytes of an attribute's value; a longer attribute is none.
const LONGEST_ATTRIBUTE: usize = 1024;
/// The longest that any cookie lives.
const LONGEST_LIFE: TimeDelta = TimeDelta::days(400);
const PAST: DateTime<Utc> = DateTime::<Utc>::MIN_UTC;

/// What a header says, before anybody has judged it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct SetCookie {
    pub(super) name: Vec<u8>,
    pub(super) value: Vec<u8>,
    /// `Max-Age`, in seconds.
    pub(super) max_age: Option<i64>,
    pub(super) expires: Option<DateTime<Utc>>,
    /// In lower case, without a leading dot; empty as if it were not there.
    pub(super) domain: Vec<u8>,
    /// The last `Path`, if there is one that begins with `/`.
    pub(super) path: Option<Vec<u8>>,
    pub(super) secure: bool,
    pub(super) same_site_none: bool,
}

impl SetCookie {
    /// `None` for what a browser ignores as a whole.
    pub(super) fn parse(header: &[u8]) -> Option<Self> {
        if header.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
            return None;
        }
        let mut parts = header.split(|byte| *byte == b';');
        let pair = parts.next()?;
        let (name, value) = halves(pair).unwrap_or((b"", pair.trim_ascii()));
        let length = name.len() + value.len();
        if length == 0 || length > LONGEST_COOKIE {
            return None;
        }
        let mut cookie = Self { name: name.to_owned(), value: value.to_owned(), ..Self::default() };
        parts.for_each(|attribute| cookie.attribute(attribute));
        Some(cookie)
    }

    /// Of several attributes of one name the last counts.
    fn attribute(&mut self, attribute: &[u8]) {
        let (name, value) = halves(attribute).unwrap_or((attribute.trim_ascii(), b""));
        if value.len() > LONGEST_ATTRIBUTE {
            return;
        }
        match name.to_ascii_lowercase().as_slice() {
            b"expires" => self.expires = cookie_date::parse(value).or(self.expires),
            b"max-age" => self.max_age = seconds(value).or(self.max_age),
            b"domain" => {
                self.domain = value.strip_prefix(b".").unwrap_or(value).to_ascii_lowercase();
            }
            b"path" => self.path = value.starts_with(b"/").then(|| value.to_owned()),
            b"secure" => self.secure = true,
            b"samesite" => self.same_site_none = value.eq_ignore_ascii_case(b"none"),
            _ => {}
        }
    }

    /// When it is forgotten; `None` when the browser closes.
    pub(super) fn expiry(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let latest = now.checked_add_signed(LONGEST_LIFE).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let after = |seconds: u64| {
            let age = TimeDelta::from_std(Duration::from_secs(seconds)).ok()?;
            now.checked_add_signed(age)
        };
        let expiry = match (self.max_age, self.expires) {
            (Some(age), _) if age <= 0 => Some(PAST),
            (Some(age), _) => Some(after(age.unsigned_abs()).unwrap_or(latest)),
            (None, expires) => expires,
        };
        expiry.map(|expiry| expiry.min(latest))
    }
}

/// What stands before the first `=` and after it, without the blanks around them.
fn halves(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let middle = text.iter().position(|byte| *byte == b'=')?;
    let (name, value) = text.split_at(middle);
    Some((name.trim_ascii(), value.get(1..)?.trim_ascii()))
}

/// Digits, perhaps after a minus; of any length.
fn seconds(text: &[u8]) -> Option<i64> {
    let (sign, digits) = text.strip_prefix(b"-").map_or((1, text), |digits| (-1, digits));
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(std::str::from_utf8(digits).ok()?.parse::<i64>().unwrap_or(i64::MAX) * sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(header: &str) -> SetCookie {
        SetCookie::parse(header.as_bytes()).expect("a cookie")
    }

    #[test]
    fn the_last_attribute_that_can_be_read_counts() {
        let cookie =
            parse(" a = b=c ;PATH=/x;path=/y ; Max-Age=5;max-age=soon; Secure=no; SameSite=nOnE;?;;=;");
        assert_eq!((cookie.name, cookie.value), (b"a".to_vec(), b"b=c".to_vec()));
        assert_eq!((cookie.path, cookie.max_age), (Some(b"/y".to_vec()), Some(5)));
        assert!(cookie.secure && cookie.same_site_none);
        assert_eq!(parse("a=b; Path=/x; Path=y").path, None, "the default path again");
        assert_eq!(parse("a=b; Domain=.Example.COM").domain, b"example.com");
        assert!(!parse("a=b; SameSite=None; SameSite=odd").same_site_none);
        assert_eq!(parse("a").value, b"a", "a value without a name");
    }

    #[test]
    fn ages_end_after_400_days_at_the_latest() {
        let now = "2026-11-22T18:24:10Z".parse().expect("a date");
        let day = |days| Some(now + TimeDelta::days(days));
        for (attributes, expiry) in [
            ("", None),
            ("; Max-Age=86400", day(1)),
            ("; Max-Age=34560000", day(400)),
            ("; Max-Age=34560001", day(400)),
            ("; Max-Age=99999999999999999999999999", day(400)),
            ("; Max-Age=9223372036854775807", day(400)),
            ("; Max-Age=0", Some(PAST)),
            ("; Max-Age=-0", Some(PAST)),
            ("; Max-Age=-99999999999999999999999999", Some(PAST)),
            ("; Max-Age=", None),
            ("; Max-Age=+5", None),
            ("; Max-Age=5.5", None),
            ("; Max-Age=-", None),
            ("; Expires=Mon, 23 Nov 2026 18:24:10 GMT", day(1)),
            ("; Expires=Mon, 23 Nov 2099 18:24:10 GMT", day(400)),
            ("; Expires=Mon, 23 Nov 2099 18:24:10 GMT; Max-Age=86400", day(1)),
            ("; Expires=0", None),
        ] {
            assert_eq!(parse(&format!("a=b{attributes}")).expiry(now), expiry, "{attributes}");
        }
    }

    #[test]
    fn what_a_browser_ignores_is_none() {
        let longest = format!("a={}", "x".repeat(LONGEST_COOKIE - 1));
        assert!(SetCookie::parse(longest.as_bytes()).is_some());
        let too_long = format!("{longest}x");
        for header in [too_long.as_str(), "", " ", "=", " = ; Path=/", "a=\0", "a=b\n", "a=b; Path=/\u{7f}"] {
            assert_eq!(SetCookie::parse(header.as_bytes()), None, "{header:?}");
        }
        let long_path = format!("a=b; Path=/{}", "x".repeat(LONGEST_ATTRIBUTE));
        assert_eq!(parse(&long_path).path, None, "but for an attribute that is too long");
    }
}
