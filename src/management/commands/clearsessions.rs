//! `manage clearsessions`.

use std::io::{IsTerminal as _, stderr};

use indicatif::{ProgressBar, ProgressStyle};

use super::table::with_table;
use super::{CommandError, output};
use crate::clock::Clock;
use crate::sessions::SessionBackend as _;
use crate::sessions::models::SessionRow;
use crate::settings::Settings;

pub(crate) fn execute(settings: &Settings) -> Result<(), CommandError> {
    with_table(settings, async |table| {
        let now = Clock::System.now();
        let expired = table.database.read(move |conn| SessionRow::count_expired(conn, now)).await?;
        let bar = progress_bar(u64::try_from(expired).unwrap_or(0));
        let progress = |cleared: usize| bar.set_position(cleared as u64);
        let cleared = tokio::select! {
            cleared = table.backend.clear_expired(now, &progress) => cleared?,
            _ = tokio::signal::ctrl_c() => {
                bar.abandon();
                return Err(CommandError::Interrupted { cleared: bar.position() });
            }
        };
        bar.finish_and_clear();
        let what = if cleared == 1 { "session" } else { "sessions" };
        Ok(output::line(format_args!("Deleted {cleared} expired {what}."))?)
    })
}

/// A bar on a terminal, and nothing elsewhere.
fn progress_bar(expired: u64) -> ProgressBar {
    if !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} expired sessions, {eta} left");
    let bar = ProgressBar::new(expired);
    style.map_or(bar.clone(), |style| bar.with_style(style))
}
