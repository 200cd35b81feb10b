//! Saves of one session that wait at the same moment are one job: merged in their order, and updated
//! once. So a session that many requests change at once costs each of them a merge in memory.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use super::{row, updated};
use crate::db::{Changes, Database, DbConnection, DbError, Job};
use crate::error::chain;
use crate::sessions::error::SessionError;
use crate::sessions::key::SessionKey;
use crate::sessions::models::SessionRow;
use crate::sessions::pending::{Pending, Saved};
use crate::sessions::serializers::{SessionCodec, SessionData};

pub(super) type Answer = oneshot::Receiver<Result<Saved, SessionError>>;

/// The saves whose job has not begun, by their session.
#[derive(Clone, Debug, Default)]
pub(super) struct Saves {
    waiting: Arc<Mutex<HashMap<SessionKey, Vec<Save>>>>,
}

/// One request's save.
#[derive(Debug)]
struct Save {
    pending: Pending,
    /// The row as it becomes if nobody has changed it since the request loaded it.
    unless_changed: Option<SessionRow>,
    reply: oneshot::Sender<Result<Saved, SessionError>>,
}

impl Saves {
    /// Adds a save to those that wait for its session, or queues a job for it.
    pub(super) fn submit(
        &self,
        database: &Database,
        codec: &Arc<SessionCodec>,
        key: &SessionKey,
        pending: Pending,
    ) -> Result<Answer, SessionError> {
        let (reply, answer) = oneshot::channel();
        let mut save = Save { pending, unless_changed: None, reply };
        if let Some(others) = self.waiting().get_mut(key) {
            others.push(save);
            return Ok(answer);
        }
        // Signed here, where many threads can, and not in the one that writes.
        save.unless_changed = save
            .pending
            .unless_changed()
            .map(|data| row(codec, key.as_str().to_owned(), &save.pending, data))
            .transpose()?;
        match self.waiting().entry(key.clone()) {
            Entry::Occupied(mut others) => {
                others.get_mut().push(save);
                return Ok(answer);
            }
            Entry::Vacant(place) => drop(place.insert(vec![save])),
        }
        let job = SaveJob {
            waiting: self.clone(),
            codec: Arc::clone(codec),
            key: key.clone(),
            saves: Vec::new(),
            results: Vec::new(),
            failure: None,
        };
        if let Err(error) = database.submit(Box::new(job)) {
            // Those who joined meanwhile hear that their job is gone.
            drop(self.take(key));
            return Err(error.into());
        }
        Ok(answer)
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<SessionKey, Vec<Save>>> {
        // Nothing that can panic happens under the lock.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The saves of a session that somebody still waits for; those that come later need a new job.
    fn take(&self, key: &SessionKey) -> Vec<Save> {
        let mut saves = self.waiting().remove(key).unwrap_or_default();
        saves.retain(|save| !save.reply.is_closed());
        saves
    }
}

/// The job for all saves of one session.
struct SaveJob {
    waiting: Saves,
    codec: Arc<SessionCodec>,
    key: SessionKey,
    saves: Vec<Save>,
    results: Vec<Result<Saved, SessionError>>,
    /// The statement that failed, and why.
    failure: Option<String>,
}

impl SaveJob {
    fn save(&mut self, conn: &mut DbConnection, changes: &mut Changes) -> Result<(), DbError> {
        if let [only] = &mut *self.saves
            && let Some(row) = only.unless_changed.take()
            && let Some(stored) = only.pending.stored()
            && row.update_from(conn, stored)?
        {
            let stored = Some(updated(changes, row, stored));
            let data = only.pending.take_data();
            let saved = Saved { session_key: self.key.clone(), data, stored };
            self.results.push(Ok(saved));
            return Ok(());
        }
        if let Some(stored) = SessionRow::data_for_update(conn, self.key.as_str())? {
            return self.merge(conn, changes, &stored);
        }
        self.results.extend(self.saves.iter().map(|_| Err(SessionError::Interrupted)));
        Ok(())
    }

    /// Applies every save to what the row holds now, one after the other, and writes the row once.
    fn merge(&mut self, conn: &mut DbConnection, changes: &mut Changes, stored: &str) -> Result<(), DbError> {
        let mut row: Option<Merged> = None;
        for save in &mut self.saves {
            let before = row.as_ref().map_or(Before::Stored(stored), |row| Before::Merged(&row.data));
            // A function of the application may panic: its request fails, and the others go on.
            let merged = catch_unwind(AssertUnwindSafe(|| merge(&self.codec, &mut save.pending, before)));
            let result = merged.unwrap_or(Err(SessionError::Panicked)).map(|merged| {
                let data = merged.data.clone();
                row = Some(merged);
                Saved { session_key: self.key.clone(), data, stored: None }
            });
            self.results.push(result);
        }
        let Some(merged) = row else { return Ok(()) };
        let row = SessionRow {
            session_key: self.key.as_str().to_owned(),
            session_data: self.codec.encode(&merged.data, merged.now),
            expire_date: merged.expire_date.into(),
        };
        row.update(conn)?;
        let stored = updated(changes, row, stored);
        if let Some(saved) = self.results.iter_mut().rev().find_map(|result| result.as_mut().ok()) {
            saved.stored = Some(stored);
        }
        Ok(())
    }
}

/// What a save is applied to.
#[derive(Clone, Copy)]
enum Before<'a> {
    Stored(&'a str),
    Merged(&'a SessionData),
}

/// What the row is to hold.
struct Merged {
    data: SessionData,
    expire_date: DateTime<Utc>,
    now: DateTime<Utc>,
}

fn merge(codec: &SessionCodec, pending: &mut Pending, before: Before<'_>) -> Result<Merged, SessionError> {
    let data = match before {
        Before::Stored(stored) => pending.merge_into(stored, |stored| codec.decode(stored))?,
        Before::Merged(data) => pending.merge_after(data)?,
    };
    Ok(Merged { expire_date: pending.expire_date(&data)?, now: pending.now(), data })
}

impl Job for SaveJob {
    fn run(&mut self, conn: &mut DbConnection, changes: &mut Changes) -> bool {
        self.saves = self.waiting.take(&self.key);
        if self.saves.is_empty() {
            return true;
        }
        match self.save(conn, changes) {
            Ok(()) => true,
            Err(error) => {
                self.failure = Some(chain(&error));
                false
            }
        }
    }

    fn answer(self: Box<Self>) {
        for (save, result) in self.saves.into_iter().zip(self.results) {
            // Nobody may wait any more; then nobody needs the answer.
            let _ = save.reply.send(result);
        }
    }

    fn refuse(mut self: Box<Self>, reason: &str) {
        if self.saves.is_empty() {
            self.saves = self.waiting.take(&self.key);
        }
        let reason = self.failure.as_deref().unwrap_or(reason);
        // What a save itself found wrong says more than the rolled-back transaction.
        let mut results = std::mem::take(&mut self.results).into_iter();
        for save in self.saves {
            let rolled_back = || Err(DbError::RolledBack(reason.to_owned()).into());
            let result = results.next().filter(Result::is_err).unwrap_or_else(rolled_back);
            let _ = save.reply.send(result);
        }
    }
}
