//! Deleting what has expired, now and again, for as long as the program runs.

use std::time::Duration;

use rand::RngExt as _;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::storage::Storage;
use crate::clock::Clock;
use crate::error::chain;

/// By how much of it a period may be shorter or longer, so that servers which were started together do not clean up together.
const JITTER: f64 = 0.1;
const SHORTEST: Duration = Duration::from_millis(1);

impl Storage {
    /// Deletes expired sessions once in each `period`, from somewhere within the first one on, until the handle is aborted or the
    /// runtime ends. What goes wrong is logged, and tried again a period later.
    ///
    /// Once in a process is enough, and several servers do no harm: sessions are deleted in batches, beside those that are at work.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use sessionid::sessions::Storage;
    /// #[actix_web::main]
    /// async fn main() {
    ///     let storage = Storage::in_memory();
    ///     storage.spawn_clean_up(Duration::from_secs(24 * 60 * 60));
    ///     // HttpServer::new(move || …)
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime, as `tokio::spawn` does.
    #[expect(clippy::must_use_candidate, reason = "most programs never stop it, and drop the handle")]
    pub fn spawn_clean_up(&self, period: Duration) -> JoinHandle<()> {
        tokio::spawn(self.clone().clean_up_every(period, Clock::System))
    }

    /// The same by another clock.
    pub(crate) async fn clean_up_every(self, period: Duration, clock: Clock) {
        let period = period.max(SHORTEST);
        let mut wait = period.mul_f64(rand::rng().random_range(0.0..1.0));
        loop {
            sleep(wait).await;
            match self.clear_expired(clock.now(), &|_| ()).await {
                Ok(0) => {}
                Ok(deleted) => log::info!("{deleted} expired sessions deleted"),
                Err(error) => log::error!("expired sessions are still there: {}", chain(&error)),
            }
            wait = period.mul_f64(rand::rng().random_range(1.0 - JITTER..1.0 + JITTER));
        }
    }
}
