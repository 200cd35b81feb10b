//! What the views of a test server share.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::clock::ManualClock;
use crate::sessions::Storage;

/// What the control views share.
pub(super) struct Control {
    pub(super) clock: ManualClock,
    pub(super) storage: Storage,
    pub(super) stop: Arc<Notify>,
    /// `SESSION_COOKIE_AGE`.
    pub(super) age: i64,
    pub(super) read_only: bool,
}
