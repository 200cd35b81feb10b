//! Sessions in the `django_session` table: `django.contrib.sessions.backends.db`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::result::DatabaseErrorKind;

use super::{
    BackendFuture, Count, Entry, ExpireDate, Found, Inserted, Moment, Payload, Renamed, Replaced,
    SessionBackend, SessionRecord, SessionRecords, Stored,
};
use crate::clock::Stopwatch;
use crate::db::rows::{self, FoundRow, NewRow};
use crate::db::{CachedRow, ChangedRows, Database, DbConnection, DbError, FoundDateTime};
use crate::sessions::error::SessionError;
use crate::sessions::key::SessionKey;

/// Rows that the first transaction of `clear_expired` deletes, and that any does at least and at most.
const CLEAR_BATCH: (i64, i64, i64) = (50, 10, 1000);
/// How long one of them is to hold the lock, before its COMMIT.
const CLEAR_HOLDS: Duration = Duration::from_millis(2);
/// How long the lock is left at least: who waits for it looks every millisecond, or less often.
const CLEAR_LEAVES: Duration = Duration::from_millis(4);
/// How long it waits for a checkpoint, which a reader can hold up.
const CLEAR_WAITS: Duration = Duration::from_secs(1);

/// The `db` engine: one row for each session, on SQLite or PostgreSQL.
#[derive(Clone, Debug)]
pub struct DbBackend {
    database: Database,
}

impl DbBackend {
    /// Sessions in the table of `database`.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    async fn live(&self, key: &SessionKey, now: DateTime<Utc>) -> Result<Option<Stored>, DbError> {
        let rows = self.database.rows();
        let read_at = match rows.get(key.as_str(), now) {
            Ok(CachedRow { payload, expire_date }) => {
                return Ok(Some(Stored { payload: payload.into(), expire_date: Some(expire_date) }));
            }
            Err(read_at) => read_at,
        };
        let find = {
            let key = key.clone();
            move |conn: &mut DbConnection| rows::live(conn, key.as_str(), now)
        };
        let Some((data, expire_date)) = self.database.look_up(find).await? else { return Ok(None) };
        let (payload, expire_date) = (Payload::from(data.0), expire_date.moment());
        if let Some(expire_date) = expire_date {
            let row = CachedRow { payload: payload.shared(), expire_date };
            rows.put(key.as_str(), row, read_at);
        }
        Ok(Some(Stored { payload, expire_date }))
    }
}

impl SessionBackend for DbBackend {
    fn is_stateless(&self) -> bool {
        false
    }

    fn holds(&self, key: &SessionKey) -> bool {
        key.is_storable() && self.database.holds(key.as_str())
    }

    fn load<'a>(&'a self, key: &'a SessionKey, moment: &'a Moment) -> BackendFuture<'a, Found> {
        Box::pin(async move { Ok(self.live(key, moment.now).await?.map_or(Found::Nothing, Found::Session)) })
    }

    fn exists<'a>(&'a self, key: &'a SessionKey) -> BackendFuture<'a, bool> {
        Box::pin(async move {
            let key = key.clone();
            Ok(self.database.read(move |conn| rows::exists(conn, key.as_str())).await?)
        })
    }

    fn insert<'a>(&'a self, key: &'a SessionKey, entry: Entry) -> BackendFuture<'a, Inserted> {
        Box::pin(async move {
            let write = Write::new(key, entry)?;
            match self.database.write_rows(move |conn, changed| write.insert(conn, changed)).await? {
                Insertion::Stored => Ok(Inserted::Stored),
                Insertion::Taken => Ok(Inserted::Taken),
                Insertion::Swallowed => Err(SessionError::unavailable(NOT_INSERTED)),
            }
        })
    }

    fn replace<'a>(
        &'a self,
        key: &'a SessionKey,
        expected: Option<&'a Payload>,
        entry: Entry,
    ) -> BackendFuture<'a, Replaced> {
        Box::pin(async move {
            let (write, expected) = (Write::new(key, entry)?, expected.cloned());
            let job = move |conn: &mut DbConnection, changed: &mut ChangedRows| match &expected {
                Some(expected) => write.replace(conn, changed, expected),
                None => write.replace_any(conn, changed),
            };
            Ok(self.database.write_rows(job).await?)
        })
    }

    fn rename<'a>(
        &'a self,
        from: &'a SessionKey,
        expected: Option<&'a Payload>,
        to: &'a SessionKey,
        entry: Entry,
    ) -> BackendFuture<'a, Renamed> {
        Box::pin(async move {
            let (write, from, expected) = (Write::new(to, entry)?, from.clone(), expected.cloned());
            let job = move |conn: &mut DbConnection, changed: &mut ChangedRows| match &expected {
                Some(expected) => write.rename(conn, changed, from.as_str(), expected),
                None => write.rename_any(conn, changed, from.as_str()),
            };
            match self.database.write_rows(job).await? {
                Some(renamed) => Ok(renamed),
                None => Err(SessionError::unavailable(NOT_INSERTED)),
            }
        })
    }

    fn delete<'a>(&'a self, key: &'a SessionKey) -> BackendFuture<'a, bool> {
        SessionRecords::delete(self, key.as_str())
    }

    fn clear_expired<'a>(
        &'a self,
        now: DateTime<Utc>,
        progress: &'a (dyn Fn(usize) + Sync),
    ) -> BackendFuture<'a, usize> {
        Box::pin(async move {
            let (mut limit, least, most) = CLEAR_BATCH;
            let mut cleared = 0;
            loop {
                let batch = move |conn: &mut DbConnection| {
                    let began = Stopwatch::start();
                    let deleted = rows::delete_expired(conn, now, limit)?;
                    Ok((deleted, began.elapsed()))
                };
                let (deleted, held) = self.database.write(batch).await?;
                if deleted == 0 {
                    return Ok(cleared);
                }
                cleared += deleted;
                progress(cleared);
                limit = if held > CLEAR_HOLDS { limit * 3 / 4 } else { limit * 5 / 4 }.clamp(least, most);
                // The lock is everybody's: two thirds of the time it is left to others. So is the disk.
                let began = Stopwatch::start();
                tokio::time::sleep((held * 2).max(CLEAR_LEAVES)).await;
                while self.database.has_long_log() && began.elapsed() < CLEAR_WAITS {
                    tokio::time::sleep(CLEAR_LEAVES).await;
                }
            }
        })
    }

    fn records(&self) -> Option<&dyn SessionRecords> {
        Some(self)
    }

    fn timeout(&self) -> Duration {
        self.database.timeout()
    }
}

impl SessionRecords for DbBackend {
    fn list(&self, limit: u32, offset: u64) -> BackendFuture<'_, Vec<SessionRecord>> {
        Box::pin(async move {
            // No table has more rows than i64 can count.
            let offset = i64::try_from(offset).unwrap_or(i64::MAX);
            let page = self.database.read(move |conn| rows::page(conn, limit.into(), offset)).await?;
            Ok(page.into_iter().map(SessionRecord::from).collect())
        })
    }

    fn count(&self, now: DateTime<Utc>) -> BackendFuture<'_, Count> {
        Box::pin(async move {
            let count =
                move |conn: &mut DbConnection| Ok((rows::count(conn)?, rows::count_expired(conn, now)?));
            let (all, expired) = self.database.read(count).await?;
            Ok(Count { all: all.unsigned_abs(), expired: expired.unsigned_abs() })
        })
    }

    fn find<'a>(&'a self, key: &'a str) -> BackendFuture<'a, Option<SessionRecord>> {
        Box::pin(async move {
            if !self.database.holds(key) {
                return Ok(None);
            }
            let key = key.to_owned();
            Ok(self.database.read(move |conn| rows::find(conn, &key)).await?.map(SessionRecord::from))
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BackendFuture<'a, bool> {
        Box::pin(async move {
            if !self.database.holds(key) {
                return Ok(false);
            }
            let key = key.to_owned();
            let job = move |conn: &mut DbConnection, changed: &mut ChangedRows| {
                if rows::delete(conn, &key)? {
                    changed.deleted(&key);
                    return Ok(Deletion::Deleted);
                }
                Ok(if rows::exists(conn, &key)? { Deletion::Swallowed } else { Deletion::Nothing })
            };
            match self.database.write_rows(job).await? {
                Deletion::Deleted => Ok(true),
                Deletion::Nothing => Ok(false),
                Deletion::Swallowed => Err(SessionError::unavailable(NOT_DELETED)),
            }
        })
    }
}

impl From<FoundRow> for SessionRecord {
    fn from(row: FoundRow) -> Self {
        Self {
            key: row.session_key.into_lossy(),
            payload: row.session_data.0.into(),
            expire_date: match row.expire_date {
                FoundDateTime::At(moment) => ExpireDate::At(moment),
                FoundDateTime::Odd(text) => ExpireDate::Odd(text),
            },
        }
    }
}

const NOT_DELETED: &str = "a DELETE from django_session left its row where it was and reported no error; look for a trigger or rule on the table";
const NOT_INSERTED: &str = "an INSERT into django_session stored no row and reported no error; look for a trigger or rule on the table";

/// What became of an INSERT.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Insertion {
    Stored,
    Taken,
    /// The database reports success and has no such row.
    Swallowed,
}

/// What became of a DELETE.
enum Deletion {
    Deleted,
    /// There was nothing to delete.
    Nothing,
    /// The database reports success and still has the row.
    Swallowed,
}

/// Takes the whole transaction back: a session must not stay under two keys.
fn not_deleted() -> diesel::result::Error {
    diesel::result::Error::DatabaseError(DatabaseErrorKind::Unknown, Box::new(NOT_DELETED.to_owned()))
}

/// A row that is to be written, in a transaction.
struct Write {
    key: SessionKey,
    entry: Entry,
}

impl Write {
    /// # Errors
    ///
    /// [`SessionError::Unavailable`] for a payload that is no text, which the column cannot hold.
    fn new(key: &SessionKey, entry: Entry) -> Result<Self, SessionError> {
        match entry.payload.as_str() {
            Some(_) => Ok(Self { key: key.clone(), entry }),
            None => Err(SessionError::unavailable(
                "the column session_data holds texts, and this payload is none",
            )),
        }
    }

    fn row(&self) -> NewRow<'_> {
        NewRow {
            session_key: self.key.as_str(),
            session_data: self.entry.payload.as_str().unwrap_or_default(),
            expire_date: self.entry.expire_date,
        }
    }

    fn copy(&self) -> CachedRow {
        CachedRow { payload: self.entry.payload.shared(), expire_date: self.entry.expire_date }
    }

    fn insert(&self, conn: &mut DbConnection, changed: &mut ChangedRows) -> QueryResult<Insertion> {
        if rows::insert(conn, self.row())? {
            changed.inserted();
            return Ok(Insertion::Stored);
        }
        // A taken key is beyond all likelihood. A trigger may have taken the row elsewhere, as partitions do by
        // inheritance: then it is there for a SELECT, and Django, which does not count either, is content.
        Ok(match rows::data_for_update(conn, self.key.as_str())? {
            Some(data) if data == self.entry.payload.as_bytes() => {
                changed.unknown();
                Insertion::Stored
            }
            Some(_) => Insertion::Taken,
            None => Insertion::Swallowed,
        })
    }

    fn replace(
        &self,
        conn: &mut DbConnection,
        changed: &mut ChangedRows,
        expected: &Payload,
    ) -> QueryResult<Replaced> {
        if let Some(text) = expected.as_str()
            && rows::update_from(conn, self.row(), text)?
        {
            if *expected == self.entry.payload {
                changed.unknown();
            } else {
                changed.updated(self.key.as_str(), self.copy());
            }
            return Ok(Replaced::Stored);
        }
        let Some(data) = rows::data_for_update(conn, self.key.as_str())? else { return Ok(Replaced::Gone) };
        // What is not a text in UTF-8 equals no parameter of a statement. On SQLite nobody else can write now.
        if data == expected.as_bytes() && conn.locks_all_rows() && rows::update(conn, self.row())? {
            changed.unknown();
            return Ok(Replaced::Stored);
        }
        Ok(Replaced::Changed(data.into()))
    }

    fn replace_any(&self, conn: &mut DbConnection, changed: &mut ChangedRows) -> QueryResult<Replaced> {
        let replaced = rows::update(conn, self.row())?;
        // What the row held is not known, and so neither whether anything has changed.
        changed.unknown();
        Ok(if replaced { Replaced::Stored } else { Replaced::Gone })
    }

    /// `None` where the INSERT was swallowed.
    fn rename(
        &self,
        conn: &mut DbConnection,
        changed: &mut ChangedRows,
        from: &str,
        expected: &Payload,
    ) -> QueryResult<Option<Renamed>> {
        match rows::data_for_update(conn, from)? {
            None => return Ok(Some(Renamed::Gone)),
            Some(data) if data != expected.as_bytes() => return Ok(Some(Renamed::Changed(data.into()))),
            Some(_) => {}
        }
        match self.insert(conn, changed)? {
            Insertion::Stored => {}
            Insertion::Taken => return Ok(Some(Renamed::Taken)),
            Insertion::Swallowed => return Ok(None),
        }
        changed.deleted(from);
        let deleted = match expected.as_str() {
            Some(text) if !conn.locks_all_rows() => rows::delete_from(conn, from, text)?,
            _ => rows::delete(conn, from)?,
        };
        if deleted {
            return Ok(Some(Renamed::Stored));
        }
        let left = rows::data_for_update(conn, from)?;
        if left.as_deref() == Some(expected.as_bytes()) || !rows::delete(conn, self.key.as_str())? {
            return Err(not_deleted());
        }
        // The row was locked, and has changed all the same: on a database whose FOR UPDATE does nothing.
        Ok(Some(left.map_or(Renamed::Gone, |data| Renamed::Changed(data.into()))))
    }

    /// The same without taking anything along.
    fn rename_any(
        &self,
        conn: &mut DbConnection,
        changed: &mut ChangedRows,
        from: &str,
    ) -> QueryResult<Option<Renamed>> {
        match self.insert(conn, changed)? {
            Insertion::Stored => {
                if rows::delete(conn, from)? {
                    changed.deleted(from);
                } else if rows::exists(conn, from)? {
                    return Err(not_deleted());
                }
                Ok(Some(Renamed::Stored))
            }
            Insertion::Taken => Ok(Some(Renamed::Taken)),
            Insertion::Swallowed => Ok(None),
        }
    }
}

impl From<DbError> for SessionError {
    fn from(error: DbError) -> Self {
        Self::unavailable(error)
    }
}
