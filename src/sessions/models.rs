//! The rows of `django_session`: Django's `Session` model and its queries.
//!
//! ```
//! use sessionid::db::{Database, DbError};
//! use sessionid::sessions::models::SessionRow;
//!
//! async fn print(database: &Database) -> Result<(), DbError> {
//!     for row in database.read(|conn| SessionRow::all(conn, 50, 0)).await? {
//!         println!("{} until {:?}", row.session_key, row.expire_date);
//!     }
//!     Ok(())
//! }
//! ```

use std::fmt;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::Text;

use super::serializers::{PayloadError, SessionCodec, SessionData};
use crate::db::schema::django_session::{self, dsl};
use crate::db::schema::sql_types::DateTime as SqlDateTime;
use crate::db::{DbConnection, DbDateTime, LossyText, MaybeDateTime, MultiBackend};

/// One row.
///
/// ```
/// use sessionid::sessions::models::SessionRow;
///
/// let row = SessionRow {
///     session_key: "2b1189a188b44ad18c35e113ac6ceead".to_owned(),
///     session_data: "e30:1vABCD:signature".to_owned(),
///     expire_date: "2026-12-06T18:24:10Z".parse::<chrono::DateTime<chrono::Utc>>()?.into(),
/// };
/// assert_eq!(row.to_string(), row.session_key);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = django_session)]
pub struct SessionRow {
    /// The primary key, and the cookie's value.
    pub session_key: String,
    /// The signed payload.
    #[diesel(deserialize_as = LossyText)]
    pub session_data: String,
    /// When the session ends.
    pub expire_date: DbDateTime,
}

/// The key, as Django's `Session.__str__`.
impl fmt::Display for SessionRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.session_key)
    }
}

impl SessionRow {
    /// The data of the row.
    ///
    /// ```
    /// # use sessionid::sessions::{PayloadError, SessionCodec, models::SessionRow};
    /// # fn show(row: &SessionRow) -> Result<(), PayloadError> {
    /// let codec = SessionCodec::new("SECRET_KEY", &[]);
    /// for (key, value) in row.get_decoded(&codec)?.iter() {
    ///     println!("{key} = {value}");
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`SessionCodec::decode`].
    pub fn get_decoded(&self, codec: &SessionCodec) -> Result<SessionData, PayloadError> {
        codec.decode(&self.session_data)
    }

    /// The payload under a key that has not expired, and when it will, as far as that can be read.
    pub(crate) fn live_data(
        conn: &mut DbConnection,
        key: &str,
        now: DateTime<Utc>,
    ) -> QueryResult<Option<(String, Option<DateTime<Utc>>)>> {
        let row: QueryResult<(LossyText, MaybeDateTime)> = LiveData { key, now: now.into() }.get_result(conn);
        let row = row.optional()?;
        Ok(row.map(|(data, MaybeDateTime(expire_date))| (data.into(), expire_date.map(Into::into))))
    }

    /// The payload under a key, expired or not, in a transaction that will change it.
    pub(crate) fn data_for_update(conn: &mut DbConnection, key: &str) -> QueryResult<Option<String>> {
        let query = DataForUpdate { key, for_update: conn.for_update() };
        let data: Option<LossyText> = query.get_result(conn).optional()?;
        Ok(data.map(String::from))
    }

    pub(crate) fn exists(conn: &mut DbConnection, key: &str) -> QueryResult<bool> {
        diesel::select(diesel::dsl::exists(dsl::django_session.find(key))).get_result(conn)
    }

    /// Inserts the row; `false` when its key is taken.
    pub(crate) fn insert(&self, conn: &mut DbConnection) -> QueryResult<bool> {
        Ok(InsertRow(self).execute(conn)? == 1)
    }

    /// Writes the row over the one with its key.
    pub(crate) fn update(&self, conn: &mut DbConnection) -> QueryResult<usize> {
        UpdateRow(self).execute(conn)
    }

    /// Writes the row over the one with its key if that still holds `stored`, and tells whether it did.
    pub(crate) fn update_from(&self, conn: &mut DbConnection, stored: &str) -> QueryResult<bool> {
        Ok(UpdateRowFrom { row: UpdateRow(self), stored }.execute(conn)? == 1)
    }

    /// Deletes the row under a key, and tells whether there was one.
    ///
    /// ```
    /// # use sessionid::db::{Database, DatabaseOptions, DatabaseUrl, DbError};
    /// # use sessionid::sessions::models::SessionRow;
    /// # #[actix_web::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let url = DatabaseUrl::Sqlite(folder.path().join("db.sqlite3"));
    /// # let database = Database::open(&url, DatabaseOptions::default())?;
    /// let key = "2b1189a188b44ad18c35e113ac6ceead";
    /// let delete = database.write(move |conn| SessionRow::delete(conn, key).map_err(DbError::from));
    /// assert!(!delete.await?); // there was none
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// What the database reports.
    pub fn delete(conn: &mut DbConnection, key: &str) -> QueryResult<bool> {
        Ok(diesel::delete(dsl::django_session.find(key)).execute(conn)? == 1)
    }

    /// Deletes at most `limit` rows that had expired at `now`, and tells how many.
    pub(crate) fn delete_expired(
        conn: &mut DbConnection,
        now: DateTime<Utc>,
        limit: i64,
    ) -> QueryResult<usize> {
        let expired: Vec<String> = dsl::django_session
            .filter(dsl::expire_date.lt(DbDateTime::from(now)))
            .select(dsl::session_key)
            .limit(limit)
            .load(conn)?;
        // One of them may have been saved meanwhile, and live.
        let still_expired = dsl::session_key.eq_any(expired).and(dsl::expire_date.lt(DbDateTime::from(now)));
        diesel::delete(dsl::django_session.filter(still_expired)).execute(conn)
    }

    /// A page of the table, the latest expiry first (`Session.objects.all()`).
    ///
    /// ```
    /// # use sessionid::db::{Database, DatabaseOptions, DatabaseUrl};
    /// # use sessionid::sessions::models::SessionRow;
    /// # #[actix_web::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let url = DatabaseUrl::Sqlite(folder.path().join("db.sqlite3"));
    /// # let database = Database::open(&url, DatabaseOptions::default())?;
    /// let first_page = database.read(|conn| SessionRow::all(conn, 50, 0)).await?;
    /// assert!(first_page.is_empty());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// What the database reports.
    pub fn all(conn: &mut DbConnection, limit: i64, offset: i64) -> QueryResult<Vec<Self>> {
        let latest_first = (dsl::expire_date.desc(), dsl::session_key);
        dsl::django_session
            .select(Self::as_select())
            .order(latest_first)
            .limit(limit)
            .offset(offset)
            .load(conn)
    }

    /// How many rows there are (`Session.objects.count()`).
    ///
    /// ```
    /// # use sessionid::db::{Database, DatabaseOptions, DatabaseUrl};
    /// # use sessionid::sessions::models::SessionRow;
    /// # #[actix_web::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let url = DatabaseUrl::Sqlite(folder.path().join("db.sqlite3"));
    /// # let database = Database::open(&url, DatabaseOptions::default())?;
    /// assert_eq!(database.read(SessionRow::count).await?, 0);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// What the database reports.
    pub fn count(conn: &mut DbConnection) -> QueryResult<i64> {
        dsl::django_session.count().get_result(conn)
    }

    /// How many rows had expired at `now`.
    ///
    /// ```
    /// # use sessionid::db::{Database, DatabaseOptions, DatabaseUrl};
    /// # use sessionid::sessions::models::SessionRow;
    /// # #[actix_web::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let url = DatabaseUrl::Sqlite(folder.path().join("db.sqlite3"));
    /// # let database = Database::open(&url, DatabaseOptions::default())?;
    /// let now = "2026-11-22T18:24:10Z".parse()?;
    /// assert_eq!(database.read(move |conn| SessionRow::count_expired(conn, now)).await?, 0);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// What the database reports.
    pub fn count_expired(conn: &mut DbConnection, now: DateTime<Utc>) -> QueryResult<i64> {
        dsl::django_session.filter(dsl::expire_date.lt(DbDateTime::from(now))).count().get_result(conn)
    }

    /// The row under a key, expired or not.
    ///
    /// ```
    /// # use sessionid::db::{Database, DatabaseOptions, DatabaseUrl};
    /// # use sessionid::sessions::models::SessionRow;
    /// # #[actix_web::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let url = DatabaseUrl::Sqlite(folder.path().join("db.sqlite3"));
    /// # let database = Database::open(&url, DatabaseOptions::default())?;
    /// let row = database.read(|conn| SessionRow::find(conn, "2b1189a188b44ad18c35e113ac6ceead")).await?;
    /// assert!(row.is_none());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// What the database reports.
    pub fn find(conn: &mut DbConnection, key: &str) -> QueryResult<Option<Self>> {
        dsl::django_session.find(key).select(Self::as_select()).first(conn).optional()
    }
}

// The statements of a request. Diesel prepares an update or upsert of its own anew each time, and a
// query through a `MultiConnection` as well; a fragment with a `QueryId` it prepares once for a
// connection.

struct LiveData<'a> {
    key: &'a str,
    now: DbDateTime,
}

impl QueryId for LiveData<'_> {
    type QueryId = LiveData<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<MultiBackend> for LiveData<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        out.push_sql("SELECT session_data, expire_date FROM django_session WHERE session_key = ");
        out.push_bind_param::<Text, _>(self.key)?;
        out.push_sql(" AND expire_date > ");
        out.push_bind_param::<SqlDateTime, _>(&self.now)?;
        Ok(())
    }
}

impl Query for LiveData<'_> {
    type SqlType = (Text, SqlDateTime);
}

impl RunQueryDsl<DbConnection> for LiveData<'_> {}

struct DataForUpdate<'a> {
    key: &'a str,
    for_update: &'static str,
}

impl QueryId for DataForUpdate<'_> {
    type QueryId = DataForUpdate<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<MultiBackend> for DataForUpdate<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        out.push_sql("SELECT session_data FROM django_session WHERE session_key = ");
        out.push_bind_param::<Text, _>(self.key)?;
        out.push_sql(self.for_update);
        Ok(())
    }
}

impl Query for DataForUpdate<'_> {
    type SqlType = Text;
}

impl RunQueryDsl<DbConnection> for DataForUpdate<'_> {}

struct InsertRow<'a>(&'a SessionRow);

impl QueryId for InsertRow<'_> {
    type QueryId = InsertRow<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<MultiBackend> for InsertRow<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        let Self(row) = self;
        out.push_sql("INSERT INTO django_session (session_key, session_data, expire_date) VALUES (");
        out.push_bind_param::<Text, _>(&row.session_key)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(&row.session_data)?;
        out.push_sql(", ");
        out.push_bind_param::<SqlDateTime, _>(&row.expire_date)?;
        out.push_sql(") ON CONFLICT DO NOTHING");
        Ok(())
    }
}

impl RunQueryDsl<DbConnection> for InsertRow<'_> {}

struct UpdateRow<'a>(&'a SessionRow);

impl QueryId for UpdateRow<'_> {
    type QueryId = UpdateRow<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<MultiBackend> for UpdateRow<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        let Self(row) = self;
        out.push_sql("UPDATE django_session SET session_data = ");
        out.push_bind_param::<Text, _>(&row.session_data)?;
        out.push_sql(", expire_date = ");
        out.push_bind_param::<SqlDateTime, _>(&row.expire_date)?;
        out.push_sql(" WHERE session_key = ");
        out.push_bind_param::<Text, _>(&row.session_key)?;
        Ok(())
    }
}

impl RunQueryDsl<DbConnection> for UpdateRow<'_> {}

/// The row is changed only where nobody else has changed it: read, comparison and write in one
/// statement.
struct UpdateRowFrom<'a> {
    row: UpdateRow<'a>,
    stored: &'a str,
}

impl QueryId for UpdateRowFrom<'_> {
    type QueryId = UpdateRowFrom<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<MultiBackend> for UpdateRowFrom<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        self.row.walk_ast(out.reborrow())?;
        out.push_sql(" AND session_data = ");
        out.push_bind_param::<Text, _>(self.stored)?;
        Ok(())
    }
}

impl RunQueryDsl<DbConnection> for UpdateRowFrom<'_> {}
