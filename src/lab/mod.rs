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
mod urls;
mod views;

use std::fmt;

use chrono::{DateTime, Utc};

use self::progress::ProgressCodec;
use self::recorder::Recorder;
use self::rows::RowView;
use crate::clock::Clock;
use crate::db::Database;
use crate::error::chain;
use crate::sessions::models::SessionRow;
use crate::sessions::{SessionCodec, SharedBackend, SharedPolicy};

pub(crate) use self::recorder::record;
pub(crate) use self::urls::configure;

/// What the lab's pages have in common.
pub(crate) struct Lab {
    recorder: Recorder,
    progress: ProgressCodec,
    database: Database,
    codec: SessionCodec,
    backend: SharedBackend,
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
    pub(crate) fn new(
        keys: SecretKeys<'_>,
        database: Database,
        backend: SharedBackend,
        policy: SharedPolicy,
        clock: Clock,
    ) -> Self {
        log::info!("DEBUG is on: the lab is at /lab, and shows rows and payloads");
        Self {
            recorder: Recorder::new(),
            progress: ProgressCodec::new(keys.current, keys.fallbacks),
            database,
            codec: SessionCodec::new(keys.current, keys.fallbacks),
            backend,
            policy,
            clock,
        }
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The row under a key as it is now, expired or not. A database that does not answer has none to
    /// show; the request that is looked at tells of it.
    async fn row(&self, key: Option<&str>) -> Option<RowView> {
        let key = key?.to_owned();
        match self.database.read(move |conn| SessionRow::find(conn, &key)).await {
            Ok(row) => row.map(|row| RowView::new(&row, &self.codec)),
            Err(error) => {
                log::debug!("the lab sees no row: {}", chain(&error));
                None
            }
        }
    }
}

impl fmt::Debug for Lab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lab").field("boot_id", &self.recorder.boot_id()).finish_non_exhaustive()
    }
}
