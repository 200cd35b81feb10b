//! One file for each command.

pub(super) mod backup;
pub(super) mod check;
pub(super) mod clearsessions;
mod error;
pub(super) mod migrate;
pub(super) mod output;
pub(super) mod runserver;
pub(super) mod sessions;
mod storage;
pub(super) mod testserver;
pub(super) mod walkthrough;

pub(super) use self::error::CommandError;
