//! A store that is only looked into.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::sessions::backends::{
    BackendFuture, Entry, Found, Inserted, Moment, Payload, Renamed, Replaced, SessionBackend, SessionRecords,
};
use crate::sessions::{SessionError, SessionKey};

/// Reads what the backend inside holds, and changes nothing.
#[derive(Debug)]
pub(super) struct ReadOnly(pub(super) Arc<dyn SessionBackend>);

fn refused<'a, T: Send + 'a>() -> BackendFuture<'a, T> {
    Box::pin(async { Err(SessionError::unavailable("this server only reads; start it with --write")) })
}

impl SessionBackend for ReadOnly {
    fn is_stateless(&self) -> bool {
        self.0.is_stateless()
    }

    fn holds(&self, key: &SessionKey) -> bool {
        self.0.holds(key)
    }

    fn load<'a>(&'a self, key: &'a SessionKey, moment: &'a Moment) -> BackendFuture<'a, Found> {
        self.0.load(key, moment)
    }

    fn exists<'a>(&'a self, key: &'a SessionKey) -> BackendFuture<'a, bool> {
        self.0.exists(key)
    }

    fn insert<'a>(&'a self, _: &'a SessionKey, _: Entry) -> BackendFuture<'a, Inserted> {
        refused()
    }

    fn replace<'a>(
        &'a self,
        _: &'a SessionKey,
        _: Option<&'a Payload>,
        _: Entry,
    ) -> BackendFuture<'a, Replaced> {
        refused()
    }

    fn rename<'a>(
        &'a self,
        _: &'a SessionKey,
        _: Option<&'a Payload>,
        _: &'a SessionKey,
        _: Entry,
    ) -> BackendFuture<'a, Renamed> {
        refused()
    }

    fn delete<'a>(&'a self, _: &'a SessionKey) -> BackendFuture<'a, bool> {
        refused()
    }

    fn clear_expired<'a>(
        &'a self,
        _: DateTime<Utc>,
        _: &'a (dyn Fn(usize) + Sync),
    ) -> BackendFuture<'a, usize> {
        refused()
    }

    fn records(&self) -> Option<&dyn SessionRecords> {
        self.0.records()
    }

    fn timeout(&self) -> Duration {
        self.0.timeout()
    }
}
