//! Connections of their own for each Tokio runtime.
//!
//! A socket is served by the runtime that has opened it, and each Actix worker has one to itself. Shared connections would
//! send every request over to another thread and back, and would die with the runtime that happened to open them.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::{Handle, Id};

use super::error::CacheError;

/// Runtimes that are remembered; a process has a handful. What others leave behind is dropped with all.
const RUNTIMES: usize = 256;

/// One `T` for each runtime.
#[derive(Default)]
pub(super) struct PerRuntime<T>(Mutex<HashMap<Id, Arc<T>>>);

impl<T: Default> PerRuntime<T> {
    /// That of the runtime that polls the caller.
    pub(super) fn get(&self) -> Result<Arc<T>, CacheError> {
        let runtime = Handle::try_current().map_err(|_| CacheError::NoRuntime)?.id();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= RUNTIMES && !all.contains_key(&runtime) {
            all.clear();
        }
        Ok(Arc::clone(all.entry(runtime).or_default()))
    }
}

impl<T> fmt::Debug for PerRuntime<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let runtimes = self.0.lock().unwrap_or_else(PoisonError::into_inner).len();
        write!(f, "PerRuntime({runtimes})")
    }
}
