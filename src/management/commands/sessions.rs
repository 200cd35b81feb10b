//! `manage sessions list | show | delete`.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::storage::{records, with_storage};
use super::{CommandError, output};
use crate::clock::Clock;
use crate::error::chain;
use crate::sessions::PayloadCodec;
use crate::sessions::backends::{ExpireDate, Payload, SessionRecord};
use crate::settings::Settings;

/// What `sessions list` shows of a session.
#[derive(Serialize)]
struct Listed {
    session_key: String,
    /// `null` for what is no date in Django's form.
    expire_date: Option<DateTime<Utc>>,
    /// Below zero once it has expired.
    seconds_left: Option<i64>,
    /// Bytes of the payload.
    size: usize,
    live: Option<bool>,
    /// What stands in the place of a date.
    #[serde(skip_serializing_if = "Option::is_none")]
    odd_expire_date: Option<String>,
    /// What is the matter with the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    odd_session_key: Option<&'static str>,
}

/// What is the matter with a key that no session of Django's has.
fn oddity(key: &str) -> Option<&'static str> {
    match key {
        "" => Some("empty or NULL"),
        key if key.contains(char::REPLACEMENT_CHARACTER) => Some("not UTF-8"),
        _ => None,
    }
}

impl Listed {
    fn new(record: SessionRecord, now: DateTime<Utc>) -> Self {
        let end = record.expire_date.moment();
        Self {
            live: record.is_live(now),
            odd_session_key: oddity(&record.key),
            session_key: record.key,
            expire_date: end,
            seconds_left: end.map(|end| (end - now).num_seconds()),
            size: record.payload.as_bytes().len(),
            odd_expire_date: match record.expire_date {
                ExpireDate::Odd(text) => Some(text),
                _ => None,
            },
        }
    }

    fn cells(&self) -> [String; 5] {
        let end = match (self.expire_date, &self.odd_expire_date) {
            (Some(end), _) => date(end),
            (None, odd) => output::visible(odd.as_deref().unwrap_or_default()),
        };
        [
            output::visible(&self.session_key),
            end,
            self.seconds_left.map(span).unwrap_or_default(),
            format!("{} B", self.size),
            state(self.live).to_owned(),
        ]
    }
}

pub(crate) fn list(settings: &Settings, limit: u32, page: u32, json: bool) -> Result<(), CommandError> {
    let offset = u64::from(limit) * u64::from(page - 1);
    let now = Clock::System.now();
    let (found, count) = with_storage(settings, async move |storage| {
        let records = records(settings, storage)?;
        Ok((records.list(limit, offset).await?, records.count(now).await?.all))
    })?;
    let listed: Vec<_> = found.into_iter().map(|record| Listed::new(record, now)).collect();
    if json {
        return Ok(output::line(serde_json::to_string_pretty(&listed).unwrap_or_default())?);
    }
    if !listed.is_empty() {
        output::table(
            ["session_key", "expire_date (UTC)", "left", "size", "state"],
            listed.iter().map(Listed::cells),
        )?;
    }
    Ok(output::line(closing_line(listed.len(), count, limit, page))?)
}

/// How many there are, and how to see the rest.
fn closing_line(shown: usize, count: u64, limit: u32, page: u32) -> String {
    let more = if u64::from(page) < count.div_ceil(u64::from(limit)) {
        format!("; see --page {} or a larger --limit", u64::from(page) + 1)
    } else {
        String::new()
    };
    format!("{shown} of {count} {}{more}", if count == 1 { "session" } else { "sessions" })
}

pub(crate) fn show(settings: &Settings, key: &str) -> Result<(), CommandError> {
    with_storage(settings, async |storage| {
        let record = records(settings, storage)?.find(key).await?.ok_or_else(|| no_such_session(key))?;
        show_record(&record, storage.codec())
    })
}

fn show_record(record: &SessionRecord, codec: &dyn PayloadCodec) -> Result<(), CommandError> {
    let now = Clock::System.now();
    let odd = oddity(&record.key).map(|odd| format!(" ({odd})")).unwrap_or_default();
    field("session_key", &format!("{}{odd}", output::visible(&record.key)))?;
    let end = match &record.expire_date {
        ExpireDate::At(end) => {
            let left = span((*end - now).num_seconds());
            format!("{} UTC ({left}, {})", date(*end), state(record.is_live(now)))
        }
        ExpireDate::Odd(text) => format!("{} (no date in Django's form)", output::visible(text)),
    };
    field("expire_date", &end)?;
    field("size", &format!("{} B", record.payload.as_bytes().len()))?;
    show_payload(&record.payload, codec, now)
}

fn field(name: &str, value: &str) -> Result<(), CommandError> {
    Ok(output::line(format_args!("{name:<13}{value}"))?)
}

/// Who signed it and when, and the data in it.
fn show_payload(payload: &Payload, codec: &dyn PayloadCodec, now: DateTime<Utc>) -> Result<(), CommandError> {
    match codec.signature(payload) {
        Some(Ok(unsigned)) => {
            let made = DateTime::from_timestamp(unsigned.timestamp, 0);
            let age = made.map_or_else(
                || "at no date".to_owned(),
                |made| format!("{} UTC ({})", date(made), span((made - now).num_seconds())),
            );
            field("signature", &format!("valid, made by {} at {age}", key_name(unsigned.key_index)))?;
        }
        Some(Err(error)) => field("signature", &format!("not valid: {error}"))?,
        None => {}
    }
    match codec.decode(payload) {
        Ok(data) => field("data", &data.to_json()),
        Err(error) => field("data", &format!("none: {}", chain(&error))),
    }
}

pub(crate) fn delete(settings: &Settings, key: &str) -> Result<(), CommandError> {
    let deleted =
        with_storage(settings, async |storage| Ok(records(settings, storage)?.delete(key).await?))?;
    if !deleted {
        return Err(no_such_session(key));
    }
    Ok(output::line(format_args!("Deleted session {}.", output::visible(key)))?)
}

fn no_such_session(key: &str) -> CommandError {
    CommandError::NoSuchSession(output::visible(key))
}

fn key_name(index: usize) -> String {
    match index.checked_sub(1) {
        None => "SECRET_KEY".to_owned(),
        Some(fallback) => format!("SECRET_KEY_FALLBACKS[{fallback}]"),
    }
}

fn state(live: Option<bool>) -> &'static str {
    match live {
        Some(true) => "live",
        Some(false) => "expired",
        None => "odd",
    }
}

fn date(moment: DateTime<Utc>) -> String {
    moment.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// `13 d 23 h`, `29 s`, or `2 h 5 min ago`.
fn span(seconds: i64) -> String {
    let length = TimeDelta::seconds(seconds).abs();
    let parts = [
        (length.num_days(), "d"),
        (length.num_hours() % 24, "h"),
        (length.num_minutes() % 60, "min"),
        (length.num_seconds() % 60, "s"),
    ];
    let first = parts.iter().position(|(number, _)| *number > 0).unwrap_or(3);
    let shown: Vec<_> = parts[first..]
        .iter()
        .take(2)
        .filter(|(number, _)| *number > 0 || first == 3)
        .map(|(number, unit)| format!("{number} {unit}"))
        .collect();
    format!("{}{}", shown.join(" "), if seconds < 0 { " ago" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_two_units() {
        for (seconds, text) in [
            (0, "0 s"),
            (29, "29 s"),
            (-61, "1 min 1 s ago"),
            (3600, "1 h"),
            (1_209_599, "13 d 23 h"),
            (-86_400, "1 d ago"),
        ] {
            assert_eq!(span(seconds), text);
        }
    }

    #[test]
    fn the_closing_line_shows_the_way_to_the_rest() {
        assert_eq!(closing_line(1, 1, 50, 1), "1 of 1 session");
        assert_eq!(closing_line(50, 120, 50, 2), "50 of 120 sessions; see --page 3 or a larger --limit");
        assert_eq!(closing_line(20, 120, 50, 3), "20 of 120 sessions");
    }
}
