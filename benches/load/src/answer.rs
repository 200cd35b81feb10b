//! As much of HTTP/1.1 as a counter page needs.

use memchr::memchr;
use memchr::memmem;

pub struct Answer<'a> {
    pub status: u16,
    pub set_cookie: Option<&'a [u8]>,
    pub counter: Option<u64>,
    pub closes: bool,
    /// Bytes that the answer took.
    pub length: usize,
}

/// The answer at the start of `bytes`, once it is complete; `Err` where it is none that this reads.
pub fn read<'a>(bytes: &'a [u8], cookie: &[u8]) -> Result<Option<Answer<'a>>, &'static str> {
    let Some(end) = memmem::find(bytes, b"\r\n\r\n") else { return Ok(None) };
    let head = &bytes[..end + 2];
    let status = head.get(9..12).and_then(number).ok_or("no status line")?;
    let mut answer = Answer {
        status: u16::try_from(status).map_err(|_| "no status")?,
        set_cookie: None,
        counter: None,
        closes: false,
        length: 0,
    };
    let mut body_length = None;
    let mut rest = &head[memchr(b'\n', head).map_or(0, |at| at + 1)..];
    while let Some(line_end) = memchr(b'\n', rest) {
        let (line, after) = (&rest[..line_end.saturating_sub(1)], &rest[line_end + 1..]);
        rest = after;
        if let Some(value) = header(line, b"content-length:") {
            body_length = number(value);
        } else if let Some(value) = header(line, b"set-cookie:") {
            answer.set_cookie = cookie_value(value, cookie).or(answer.set_cookie);
        } else if let Some(value) = header(line, b"connection:") {
            answer.closes = value.eq_ignore_ascii_case(b"close");
        }
    }
    let body_length = body_length.ok_or("an answer without Content-Length")?;
    answer.length = end + 4 + usize::try_from(body_length).map_err(|_| "too long an answer")?;
    let Some(body) = bytes.get(end + 4..answer.length) else { return Ok(None) };
    answer.counter = counter(body);
    Ok(Some(answer))
}

fn header<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    // Most lines differ in their first letter.
    if !line.first()?.eq_ignore_ascii_case(&name[0]) || !line.get(..name.len())?.eq_ignore_ascii_case(name) {
        return None;
    }
    Some(line[name.len()..].trim_ascii())
}

fn cookie_value<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let value = line.strip_prefix(name)?.strip_prefix(b"=")?;
    Some(&value[..memchr(b';', value).unwrap_or(value.len())])
}

/// The counter page shows `<b>N</b>`.
fn counter(body: &[u8]) -> Option<u64> {
    let after = &body[memmem::find(body, b"<b>")? + 3..];
    number(&after[..memchr(b'<', after)?])
}

fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |sum, digit| {
        digit.is_ascii_digit().then(|| sum.wrapping_mul(10) + u64::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\nSet-Cookie: id=abc; Path=/\r\n\r\n<b>7</b>HTTP";

    #[test]
    fn an_answer_is_read_once_it_is_complete() {
        assert!(matches!(read(&PAGE[..PAGE.len() - 5], b"id"), Ok(None)));
        let answer = read(PAGE, b"id").ok().flatten().expect("an answer");
        assert_eq!((answer.status, answer.counter, answer.closes), (200, Some(7), false));
        assert_eq!(answer.set_cookie, Some(&b"abc"[..]));
        assert_eq!(&PAGE[answer.length..], b"HTTP");
    }

    #[test]
    fn another_cookie_is_not_the_sessions() {
        assert_eq!(read(PAGE, b"i").ok().flatten().and_then(|answer| answer.set_cookie), None);
    }
}
