//! The lab: pages around the bare ones that show what a session does. Mounted in `DEBUG` only.
//!
//! It looks at sessions without touching them. The [`recorder`] writes down every request with the
//! [`Outcome`](crate::sessions::Outcome) that the session middleware leaves; [`exercises`] are judged by
//! that; [`progress`] travels in the learner's cookie. Only [`play`] touches a session, inside the
//! session middleware like any other view.

mod actions;
mod code;
mod cross_origin;
mod error;
mod exercises;
mod learner;
mod pages;
mod panels;
mod play;
mod progress;
mod record;
mod recorder;
mod rows;
mod sight;
mod urls;
mod views;

use std::fmt;

use chrono::{DateTime, Utc};

use self::progress::ProgressCodec;
use self::recorder::Recorder;
use self::rows::RowView;
use self::sight::Sight;
use crate::clock::Clock;
use crate::sessions::{SharedPolicy, Storage};

pub(crate) use self::recorder::record;
pub(crate) use self::urls::configure;

/// What the lab's pages have in common.
pub(crate) struct Lab {
    recorder: Recorder,
    progress: ProgressCodec,
    storage: Storage,
    sight: Sight,
    policy: SharedPolicy,
    clock: Clock,
}

/// The keys that sign the learner's cookie.
#[derive(Clone, Copy)]
pub(crate) struct SecretKeys<'a> {
    pub(crate) current: &'a str,
    pub(crate) fallbacks: &'a [String],
}

impl Lab {
    pub(crate) fn new(keys: SecretKeys<'_>, storage: Storage, policy: SharedPolicy, clock: Clock) -> Self {
        log::info!("DEBUG is on: the lab is at /lab, and shows rows and payloads");
        Self {
            recorder: Recorder::new(),
            progress: ProgressCodec::new(keys.current, keys.fallbacks),
            sight: Sight::new(storage.clone()),
            storage,
            policy,
            clock,
        }
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The row under a key as it is now, as far as the database shows it.
    async fn row(&self, key: Option<&str>) -> Option<RowView> {
        self.sight.row(key).await
    }
}

impl fmt::Debug for Lab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lab").field("boot_id", &self.recorder.boot_id()).finish_non_exhaustive()
    }
}
