//! What a run found.

use serde::Serialize;

use crate::checks::Wrong;

#[derive(Serialize)]
pub struct Report {
    pub seconds: f64,
    /// Answers within the measured time.
    pub requests: u64,
    pub per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
    pub wrong_answers: u64,
    pub wrong: Wrong,
    pub reconnects: u64,
    pub hot: Option<Hot>,
}

/// The one session of the hot load, when all is answered.
#[derive(Serialize)]
pub struct Hot {
    /// Increments that were answered with 200.
    pub answered: u64,
    /// What the session holds.
    pub total: u64,
    pub lost_percent: f64,
}

/// The latency below which `share` of all answers lie, in milliseconds; `sorted` holds nanoseconds.
pub fn quantile(sorted: &[u64], share: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let index = ((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1));
    #[expect(clippy::cast_precision_loss)]
    sorted.get(index).map_or(0.0, |nanoseconds| *nanoseconds as f64 / 1e6)
}
