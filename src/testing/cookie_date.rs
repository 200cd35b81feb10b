//! The date of `Expires`, as browsers read it: RFC 6265bis, section 5.1.1.

use chrono::{DateTime, NaiveDate, Utc};

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// What has been found of a date; each part counts where it comes first.
#[derive(Default)]
struct Parts {
    time: Option<[u32; 3]>,
    day: Option<u32>,
    month: Option<u32>,
    year: Option<u32>,
}

/// The date in a text, however its parts are written and ordered.
pub(super) fn parse(text: &[u8]) -> Option<DateTime<Utc>> {
    let mut parts = Parts::default();
    text.split(|byte| is_delimiter(*byte)).filter(|token| !token.is_empty()).for_each(|token| {
        parts.take(token);
    });
    let ([hour, minute, second], year) = (parts.time?, i32::try_from(parts.year?).ok()?);
    let year = match year {
        70..=99 => year + 1900,
        0..=69 => year + 2000,
        1601.. => year,
        _ => return None,
    };
    let day = NaiveDate::from_ymd_opt(year, parts.month?, parts.day?)?;
    Some(day.and_hms_opt(hour, minute, second)?.and_utc())
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, 0x09 | 0x20..=0x2f | 0x3b..=0x40 | 0x5b..=0x60 | 0x7b..=0x7e)
}

impl Parts {
    fn take(&mut self, token: &[u8]) {
        if self.time.is_none()
            && let Some(time) = time(token)
        {
            self.time = Some(time);
        } else if self.day.is_none()
            && let Some(day) = number(token, 1..=2)
        {
            self.day = Some(day);
        } else if self.month.is_none()
            && let Some(month) = month(token)
        {
            self.month = Some(month);
        } else if self.year.is_none() {
            self.year = number(token, 2..=4);
        }
    }
}

fn time(token: &[u8]) -> Option<[u32; 3]> {
    let mut fields = token.splitn(3, |byte| *byte == b':');
    let (hour, minute, second) = (fields.next()?, fields.next()?, fields.next()?);
    let all_digits = |field: &[u8]| field.iter().all(u8::is_ascii_digit);
    let whole = |field: &[u8]| number(field, 1..=2).filter(|_| all_digits(field));
    Some([whole(hour)?, whole(minute)?, number(second, 1..=2)?])
}

fn month(token: &[u8]) -> Option<u32> {
    let name = token.get(..3)?;
    let index = MONTHS.iter().position(|month| name.eq_ignore_ascii_case(month.as_bytes()))?;
    u32::try_from(index + 1).ok()
}

/// So many digits, with nothing or anything but a digit after them.
fn number(token: &[u8], digits: std::ops::RangeInclusive<usize>) -> Option<u32> {
    let count = token.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let text = digits.contains(&count).then(|| token.get(..count))??;
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_any_order_and_shape() {
        for text in [
            "Sun, 22 Nov 2026 18:24:10 GMT",
            "Sunday, 22-Nov-26 18:24:10 GMT",
            "Sun Nov 22 18:24:10 2026",
            "22 NOVEMBER 2026 18:24:10",
            "18:24:10 2026 22nd nov",
            "Nov/22/2026/18:24:10pm",
            "22 Nov 2026 18:24:10 PST; nothing of a zone",
        ] {
            let date = parse(text.as_bytes()).map(|date| date.to_rfc3339());
            assert_eq!(date.as_deref(), Some("2026-11-22T18:24:10+00:00"), "{text}");
        }
        for (text, year) in
            [("1 jan 70 0:0:0", "1970"), ("1 jan 69 0:0:0", "2069"), ("1 jan 1601 0:0:0", "1601")]
        {
            assert!(parse(text.as_bytes()).is_some_and(|date| date.to_rfc3339().starts_with(year)), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "0",
            "soon",
            "Sun, 22 Nov 2026",
            "Sun, 31 Feb 2026 18:24:10 GMT",
            "Sun, 32 Nov 2026 18:24:10 GMT",
            "Sun, 22 Nov 2026 24:24:10 GMT",
            "Sun, 22 Nov 2026 18:60:10 GMT",
            "Sun, 22 Nov 2026 18:24:60 GMT",
            "Sun, 22 Nov 1600 18:24:10 GMT",
            "Sun, 22 Nov 20260 18:24:10 GMT",
            "Sun, 22 Nov 2026 018:24:10 GMT",
            "Sun, 22 Nov 2026 18:24 GMT",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
