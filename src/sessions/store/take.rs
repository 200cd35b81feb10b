//! Taking a value out of the store at once.

use serde::de::DeserializeOwned;

use super::SessionStore;
use crate::sessions::base::{Take, Taken};
use crate::sessions::error::SessionError;
use crate::sessions::json::RawJson;
use crate::sessions::storage::Storage;
use crate::sessions::write_set::read;

impl SessionStore {
    /// Takes the value under `key` out, here and in the store, at once; nothing else is saved.
    ///
    /// When that fails, what had been changed is lost and the session is not loaded any more, as with [`save`](Self::save).
    ///
    /// # Errors
    ///
    /// As [`Session::take`](crate::sessions::Session::take).
    pub async fn take<T: DeserializeOwned>(&mut self, key: &str) -> Result<Option<T>, SessionError> {
        let taken = self.begin_take::<T>(key)?.done().await;
        self.end_take(taken)?.map(|value| read(key, &value)).transpose()
    }

    /// What [`take`](Self::take) waits for, without holding on to this session.
    pub(crate) fn begin_take<T: DeserializeOwned>(&mut self, key: &str) -> Result<Taking, SessionError> {
        let storage = self.storage.clone();
        let take = self.base.begin_take::<T>(key, self.clock.now(), !storage.is_stateless())?;
        Ok(Taking { take, storage })
    }

    pub(crate) fn end_take(
        &mut self,
        taken: Result<Taken, SessionError>,
    ) -> Result<Option<RawJson>, SessionError> {
        self.base.end_take(taken)
    }
}

/// A value on its way out of a storage.
pub(crate) struct Taking {
    take: Take,
    storage: Storage,
}

impl Taking {
    pub(crate) async fn done(self) -> Result<Taken, SessionError> {
        match self.take {
            Take::Here(taken) => Ok(taken),
            Take::Stored(removal) => {
                let (key, pending, found) = removal.into_parts();
                let saved = self.storage.save(&key, pending).await?;
                Ok(found.taken(saved.payload))
            }
        }
    }
}
