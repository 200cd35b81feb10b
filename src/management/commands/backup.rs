//! `manage backup`.

use std::io::{IsTerminal as _, stderr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressStyle};
use signal_hook::consts::SIGINT;

use super::{CommandError, output};
use crate::db;
use crate::settings::Settings;

pub(crate) fn execute(settings: &Settings, file: &Path) -> Result<(), CommandError> {
    let interrupted = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGINT, Arc::clone(&interrupted))?;
    let bar = progress_bar();
    let copied = db::backup(&settings.database_url, file, &mut |written, of| {
        bar.set_length(of);
        bar.set_position(written);
        !interrupted.load(Ordering::Relaxed)
    });
    bar.finish_and_clear();
    let bytes = copied?;
    let (from, to) = (&settings.database_url, file.display());
    Ok(output::line(format_args!("Copied {from} to {to} ({bytes} bytes)."))?)
}

/// A bar on a terminal, and nothing elsewhere.
fn progress_bar() -> ProgressBar {
    if !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {eta} left");
    let bar = ProgressBar::new(0);
    style.map_or(bar.clone(), |style| bar.with_style(style))
}
