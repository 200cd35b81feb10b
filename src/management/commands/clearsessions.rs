//! `manage clearsessions`.

use std::io::{IsTerminal as _, stderr};

use indicatif::{ProgressBar, ProgressStyle};

use super::storage::with_storage;
use super::{CommandError, output};
use crate::clock::Clock;
use crate::sessions::Engine;
use crate::settings::Settings;

pub(crate) fn execute(settings: &Settings) -> Result<(), CommandError> {
    with_storage(settings, async |storage| {
        let now = Clock::System.now();
        let expired = match storage.records() {
            // A cache drops them by itself, and would have to be searched for them.
            Some(_) if settings.session_engine == Engine::Cache => 0,
            Some(records) => records.count(now).await?.expired,
            None => 0,
        };
        let bar = progress_bar(expired);
        let progress = |cleared: usize| bar.set_position(cleared as u64);
        let cleared = tokio::select! {
            cleared = storage.clear_expired(now, &progress) => cleared?,
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
