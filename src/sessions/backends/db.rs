//! Sessions in the `django_session` table: `django.contrib.sessions.backends.db`.

mod saves;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use self::saves::Saves;
use super::{BackendFuture, SessionBackend};
use crate::clock::Stopwatch;
use crate::db::{CachedRow, Changes, Database, DbConnection, DbError, WriteError};
use crate::sessions::error::SessionError;
use crate::sessions::key::SessionKey;
use crate::sessions::models::SessionRow;
use crate::sessions::pending::{Loaded, Pending, Saved};
use crate::sessions::serializers::{SessionCodec, SessionData};

/// Rows that the first transaction of `clear_expired` deletes, and that any does at least and at most.
const CLEAR_BATCH: (i64, i64, i64) = (50, 10, 1000);
/// How long one of them is to hold the lock, before its COMMIT.
const CLEAR_HOLDS: Duration = Duration::from_millis(2);
/// How long the lock is left at least: who waits for it looks every millisecond, or less often.
const CLEAR_LEAVES: Duration = Duration::from_millis(4);
/// How long it waits for the log to be brought into the file, which a reader can hold up.
const CLEAR_WAITS: Duration = Duration::from_secs(1);

/// The `db` engine.
///
/// A save is one atomic read-modify-write: changes are applied to what the row holds then, and a
/// row that is gone stays gone.
///
/// ```
/// # use std::sync::Arc;
/// # use sessionid::clock::Clock;
/// # use sessionid::db::{Database, DatabaseOptions, DatabaseUrl};
/// # use sessionid::sessions::{DbBackend, SessionCodec, SessionStore};
/// # #[actix_web::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let url = DatabaseUrl::Sqlite(folder.path().join("db.sqlite3"));
/// # let database = Database::open(&url, DatabaseOptions::default())?;
/// # let backend = Arc::new(DbBackend::new(database, SessionCodec::new("secret", &[])));
/// let mut one = SessionStore::new(None, backend.clone(), Default::default(), Clock::System);
/// one.save().await?;
/// let mut other = SessionStore::new(one.session_key().cloned(), backend, Default::default(), Clock::System);
/// other.load().await?;
/// for session in [&mut one, &mut other] {
///     session.fetch_update("counter", 0, |counter| counter + 1)?;
///     session.save().await?;
/// }
/// assert_eq!(other.get("counter")?, Some(2)); // though it had loaded none
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct DbBackend {
    database: Database,
    codec: Arc<SessionCodec>,
    saves: Saves,
}
impl DbBackend {
    /// Sessions in `database`, signed by `codec`.
    ///
    /// ```
    /// use sessionid::db::{Database, DatabaseOptions, DatabaseUrl};
    /// use sessionid::sessions::{DbBackend, SessionCodec};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let url = DatabaseUrl::Sqlite(folder.path().join("db.sqlite3"));
    /// let database = Database::open(&url, DatabaseOptions::default())?;
    /// let backend = DbBackend::new(database, SessionCodec::new("SECRET_KEY", &["an older one".to_owned()]));
    /// # drop(backend);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new(database: Database, codec: SessionCodec) -> Self {
        Self { database, codec: Arc::new(codec), saves: Saves::default() }
    }

    /// The payload under a key that has not expired.
    async fn live_data(&self, key: SessionKey, now: DateTime<Utc>) -> Result<Option<Arc<str>>, DbError> {
        let read_at = match self.database.rows().get(key.as_str(), now) {
            Ok(row) => return Ok(Some(row.text)),
            Err(read_at) => read_at,
        };
        let find = {
            let key = key.clone();
            move |conn: &mut DbConnection| SessionRow::live_data(conn, key.as_str(), now)
        };
        let Some((data, expire_date)) = self.database.look_up(find).await? else { return Ok(None) };
        let text: Arc<str> = data.into();
        if let Some(expire_date) = expire_date {
            let row = CachedRow { text: Arc::clone(&text), expire_date };
            self.database.rows().put(key.as_str(), row, read_at);
        }
        Ok(Some(text))
    }
}

impl SessionBackend for DbBackend {
    fn load(&self, key: SessionKey, now: DateTime<Utc>) -> BackendFuture<'_, Option<Loaded>> {
        Box::pin(async move {
            let stored = self.live_data(key, now).await?;
            Ok(stored.map(|stored| Loaded { data: self.codec.decode(&stored), stored: Some(stored) }))
        })
    }

    fn exists(&self, key: SessionKey) -> BackendFuture<'_, bool> {
        Box::pin(
            async move { Ok(self.database.read(move |conn| SessionRow::exists(conn, key.as_str())).await?) },
        )
    }

    fn create(&self, mut pending: Pending) -> BackendFuture<'_, Saved> {
        Box::pin(async move {
            let data = pending.take_data();
            let row = row(&self.codec, String::new(), &pending, &data)?;
            let job = move |conn: &mut DbConnection, changes: &mut Changes| {
                let key = SessionKey::random_beside(changes.first_inserted());
                insert(conn, changes, row, key, data)
            };
            self.database.write_rows(job).await
        })
    }

    fn save(&self, key: SessionKey, pending: Pending) -> BackendFuture<'_, Saved> {
        Box::pin(async move {
            let answer = self.saves.submit(&self.database, &self.codec, &key, pending)?;
            self.database.answered(answer).await
        })
    }

    fn cycle_key(&self, from: SessionKey, to: SessionKey, mut pending: Pending) -> BackendFuture<'_, Saved> {
        let codec = Arc::clone(&self.codec);
        Box::pin(self.database.write_rows(move |conn, changes| {
            let data = match SessionRow::data_for_update(conn, from.as_str()).map_err(DbError::from)? {
                Some(stored) => pending.merge_into(&stored, |stored| codec.decode(stored))?,
                None => pending.take_data(),
            };
            let row = row(&codec, String::new(), &pending, &data)?;
            let saved = insert(conn, changes, row, to, data)?;
            delete(conn, changes, &from)?;
            Ok(saved)
        }))
    }

    fn delete(&self, key: SessionKey) -> BackendFuture<'_, ()> {
        Box::pin(self.database.write_rows(move |conn, changes| delete(conn, changes, &key)))
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
                    let deleted = SessionRow::delete_expired(conn, now, limit).map_err(DbError::from)?;
                    Ok::<_, DbError>((deleted, began.elapsed()))
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
}

fn row(
    codec: &SessionCodec,
    session_key: String,
    pending: &Pending,
    data: &SessionData,
) -> Result<SessionRow, SessionError> {
    Ok(SessionRow {
        session_key,
        session_data: codec.encode(data, pending.now()),
        expire_date: pending.expire_date(data)?.into(),
    })
}

/// Inserts a row under its key, or under another when that is taken.
fn insert(
    conn: &mut DbConnection,
    changes: &mut Changes,
    mut row: SessionRow,
    mut session_key: SessionKey,
    data: SessionData,
) -> Result<Saved, SessionError> {
    session_key.as_str().clone_into(&mut row.session_key);
    while !row.insert(conn).map_err(DbError::from)? {
        session_key = SessionKey::random();
        session_key.as_str().clone_into(&mut row.session_key);
    }
    changes.inserted(session_key.as_str());
    Ok(Saved { session_key, data, stored: Some(row.session_data.into()) })
}

fn delete(conn: &mut DbConnection, changes: &mut Changes, key: &SessionKey) -> Result<(), SessionError> {
    if SessionRow::delete(conn, key.as_str()).map_err(DbError::from)? {
        changes.deleted(key.as_str());
    }
    Ok(())
}

/// Notes a row as it was updated, and hands its payload on.
fn updated(changes: &mut Changes, row: SessionRow, before: &str) -> Arc<str> {
    let text: Arc<str> = row.session_data.into();
    if *text == *before {
        changes.unknown();
    } else {
        changes.updated(&row.session_key, Arc::clone(&text), row.expire_date.into());
    }
    text
}

impl From<DbError> for SessionError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::JobPanicked => Self::Panicked,
            error => Self::unavailable(error),
        }
    }
}

impl WriteError for SessionError {
    fn is_database_error(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}
