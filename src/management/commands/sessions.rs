//! `manage sessions list | show | delete`.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::table::with_table;
use super::{CommandError, output};
use crate::clock::Clock;
use crate::db::DbError;
use crate::error::chain;
use crate::sessions::models::SessionRow;
use crate::settings::Settings;

/// What `sessions list` shows of a row.
#[derive(Serialize)]
struct Listed {
    session_key: String,
    expire_date: DateTime<Utc>,
    /// Below zero once it has expired.
    seconds_left: i64,
    /// Bytes of `session_data`.
    size: usize,
    live: bool,
}

impl Listed {
    fn new(row: SessionRow, now: DateTime<Utc>) -> Self {
        let expire_date = DateTime::from(row.expire_date);
        Self {
            session_key: row.session_key,
            expire_date,
            seconds_left: (expire_date - now).num_seconds(),
            size: row.session_data.len(),
            live: expire_date > now,
        }
    }

    fn cells(&self) -> [String; 5] {
        [
            output::visible(&self.session_key),
            date(self.expire_date),
            span(self.seconds_left),
            format!("{} B", self.size),
            state(self.live).to_owned(),
        ]
    }
}

pub(crate) fn list(settings: &Settings, limit: u32, page: u32, json: bool) -> Result<(), CommandError> {
    let offset = i64::from(limit) * i64::from(page - 1);
    let (rows, count) = with_table(settings, async move |table| {
        let rows = table.database.read(move |conn| SessionRow::all(conn, limit.into(), offset)).await?;
        Ok((rows, table.database.read(SessionRow::count).await?))
    })?;
    let now = Clock::System.now();
    let listed: Vec<_> = rows.into_iter().map(|row| Listed::new(row, now)).collect();
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
fn closing_line(shown: usize, count: i64, limit: u32, page: u32) -> String {
    let pages = (count + i64::from(limit) - 1) / i64::from(limit);
    let more = if i64::from(page) < pages {
        format!("; see --page {} or a larger --limit", page + 1)
    } else {
        String::new()
    };
    format!("{shown} of {count} {}{more}", if count == 1 { "session" } else { "sessions" })
}

pub(crate) fn show(settings: &Settings, key: &str) -> Result<(), CommandError> {
    let wanted = key.to_owned();
    let (row, codec) = with_table(settings, async move |table| {
        let row = table.database.read(move |conn| SessionRow::find(conn, &wanted)).await?;
        Ok((row, table.codec.clone()))
    })?;
    let row = row.ok_or_else(|| no_such_session(key))?;
    let (now, expire_date) = (Clock::System.now(), DateTime::<Utc>::from(row.expire_date));
    let field = |name: &str, value: &str| output::line(format_args!("{name:<13}{value}"));
    field("session_key", &output::visible(&row.session_key))?;
    let left = span((expire_date - now).num_seconds());
    field("expire_date", &format!("{} UTC ({left}, {})", date(expire_date), state(expire_date > now)))?;
    field("size", &format!("{} B", row.session_data.len()))?;
    match codec.unsign(&row.session_data) {
        Ok(unsigned) => {
            let made = i64::try_from(unsigned.timestamp)
                .ok()
                .and_then(|seconds| DateTime::from_timestamp(seconds, 0));
            let age = made.map_or_else(
                || "at no date".to_owned(),
                |made| format!("{} UTC ({})", date(made), span((made - now).num_seconds())),
            );
            field("signature", &format!("valid, made by {} at {age}", key_name(unsigned.key_index)))?;
        }
        Err(error) => field("signature", &format!("not valid: {error}"))?,
    }
    match row.get_decoded(&codec) {
        Ok(data) => field("data", &data.to_json())?,
        Err(error) => field("data", &format!("none: {}", chain(&error)))?,
    }
    Ok(())
}

pub(crate) fn delete(settings: &Settings, key: &str) -> Result<(), CommandError> {
    let wanted = key.to_owned();
    let deleted = with_table(settings, async move |table| {
        Ok(table.database.write(move |conn| SessionRow::delete(conn, &wanted).map_err(DbError::from)).await?)
    })?;
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

fn state(live: bool) -> &'static str {
    if live { "live" } else { "expired" }
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
