//! The rows of `django_session` and every statement on them: Django's `Session` model and its queries.
//!
//! The payload is opaque here. A column that another program has filled with something odd (a date that is none, a
//! text that is not UTF-8) is told as it is, and never makes its row look like a database that does not answer.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Text};

use super::bytes::TextBytes;
use super::connection::{DbConnection, MultiBackend};
use super::datetime::{DbDateTime, FoundDateTime};
use super::schema::django_session::{self, dsl};
use super::schema::sql_types::DateTime as SqlDateTime;

/// Keys that are looked at to find one that is not UTF-8.
const SIMILAR: i64 = 1000;

/// A row to be written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewRow<'a> {
    pub(crate) session_key: &'a str,
    pub(crate) session_data: &'a str,
    pub(crate) expire_date: DateTime<Utc>,
}

/// A row as it was found.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = django_session)]
pub(crate) struct FoundRow {
    pub(crate) session_key: TextBytes,
    pub(crate) session_data: TextBytes,
    pub(crate) expire_date: FoundDateTime,
}

/// The payload under a key that has not expired, and when it will, as far as that can be read.
pub(crate) fn live(
    conn: &mut DbConnection,
    key: &str,
    now: DateTime<Utc>,
) -> QueryResult<Option<(TextBytes, FoundDateTime)>> {
    Live { key, now: now.into() }.get_result(conn).optional()
}

/// The payload under a key, expired or not, in a transaction that is to change it.
pub(crate) fn data_for_update(conn: &mut DbConnection, key: &str) -> QueryResult<Option<Vec<u8>>> {
    let query = DataForUpdate { key, for_update: conn.for_update() };
    let data: Option<TextBytes> = query.get_result(conn).optional()?;
    Ok(data.map(|data| data.0))
}

pub(crate) fn exists(conn: &mut DbConnection, key: &str) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(dsl::django_session.find(key))).get_result(conn)
}

/// Inserts the row, and tells whether the database says that it did; its key may be taken.
pub(crate) fn insert(conn: &mut DbConnection, row: NewRow<'_>) -> QueryResult<bool> {
    Ok(Insert(row, row.expire_date.into()).execute(conn)? == 1)
}

/// Writes the row over the one with its key, and tells whether there was one.
pub(crate) fn update(conn: &mut DbConnection, row: NewRow<'_>) -> QueryResult<bool> {
    Ok(Update(row, row.expire_date.into()).execute(conn)? == 1)
}

/// Writes the row over the one with its key if that still holds `expected`, and tells whether it did.
pub(crate) fn update_from(conn: &mut DbConnection, row: NewRow<'_>, expected: &str) -> QueryResult<bool> {
    Ok(UpdateFrom { update: Update(row, row.expire_date.into()), expected }.execute(conn)? == 1)
}

/// Deletes the row under a key, and tells whether there was one.
pub(crate) fn delete(conn: &mut DbConnection, key: &str) -> QueryResult<bool> {
    Ok(diesel::delete(dsl::django_session.find(key)).execute(conn)? == 1)
}

/// Deletes the row under a key if it still holds `expected`, and tells whether it did.
pub(crate) fn delete_from(conn: &mut DbConnection, key: &str, expected: &str) -> QueryResult<bool> {
    let unchanged = dsl::django_session.find(key).filter(dsl::session_data.eq(expected));
    Ok(diesel::delete(unchanged).execute(conn)? == 1)
}

/// Deletes at most `limit` rows that had expired at `now`, and tells how many, whatever their keys are.
pub(crate) fn delete_expired(conn: &mut DbConnection, now: DateTime<Utc>, limit: i64) -> QueryResult<usize> {
    DeleteExpired { rows: conn.rows_of_select(), now: now.into(), limit }.execute(conn)
}

/// A page of the table, the latest expiry first (`Session.objects.all()`).
pub(crate) fn page(conn: &mut DbConnection, limit: i64, offset: i64) -> QueryResult<Vec<FoundRow>> {
    let latest_first = (dsl::expire_date.desc(), dsl::session_key);
    dsl::django_session
        .select(FoundRow::as_select())
        .order(latest_first)
        .limit(limit)
        .offset(offset)
        .load(conn)
}

/// How many rows there are (`Session.objects.count()`).
pub(crate) fn count(conn: &mut DbConnection) -> QueryResult<i64> {
    dsl::django_session.count().get_result(conn)
}

/// How many rows had expired at `now`.
pub(crate) fn count_expired(conn: &mut DbConnection, now: DateTime<Utc>) -> QueryResult<i64> {
    dsl::django_session.filter(dsl::expire_date.lt(DbDateTime::from(now))).count().get_result(conn)
}

/// The row under a key, expired or not. U+FFFD in it stands for anything that is not UTF-8 as well.
pub(crate) fn find(conn: &mut DbConnection, key: &str) -> QueryResult<Option<FoundRow>> {
    let found = dsl::django_session.find(key).select(FoundRow::as_select()).first(conn).optional()?;
    if found.is_some() || !key.contains(char::REPLACEMENT_CHARACTER) {
        return Ok(found);
    }
    let similar = dsl::session_key.like(key.replace(char::REPLACEMENT_CHARACTER, "%"));
    let rows: Vec<FoundRow> =
        dsl::django_session.filter(similar).select(FoundRow::as_select()).limit(SIMILAR).load(conn)?;
    Ok(rows.into_iter().find(|row| row.session_key.clone().into_lossy() == key))
}

// The statements of a request. Diesel prepares an update or upsert of its own anew each time, and a
// query through a `MultiConnection` as well; a fragment with a `QueryId` it prepares once for a
// connection.

struct Live<'a> {
    key: &'a str,
    now: DbDateTime,
}

impl QueryId for Live<'_> {
    type QueryId = Live<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<MultiBackend> for Live<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        out.push_sql("SELECT session_data, expire_date FROM django_session WHERE session_key = ");
        out.push_bind_param::<Text, _>(self.key)?;
        out.push_sql(" AND expire_date > ");
        out.push_bind_param::<SqlDateTime, _>(&self.now)?;
        Ok(())
    }
}

impl Query for Live<'_> {
    type SqlType = (Text, SqlDateTime);
}

impl RunQueryDsl<DbConnection> for Live<'_> {}

/// One of them may be saved meanwhile, and live: PostgreSQL looks at its date again then.
struct DeleteExpired {
    rows: (&'static str, &'static str),
    now: DbDateTime,
    limit: i64,
}

impl QueryId for DeleteExpired {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<MultiBackend> for DeleteExpired {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        let (start, end) = self.rows;
        out.push_sql("DELETE FROM django_session WHERE ");
        out.push_sql(start);
        out.push_sql(" FROM django_session WHERE expire_date < ");
        out.push_bind_param::<SqlDateTime, _>(&self.now)?;
        out.push_sql(" LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.limit)?;
        out.push_sql(end);
        out.push_sql(" AND expire_date < ");
        out.push_bind_param::<SqlDateTime, _>(&self.now)?;
        Ok(())
    }
}

impl RunQueryDsl<DbConnection> for DeleteExpired {}

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

struct Insert<'a>(NewRow<'a>, DbDateTime);

impl QueryId for Insert<'_> {
    type QueryId = Insert<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<MultiBackend> for Insert<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        let Self(row, expire_date) = self;
        out.push_sql("INSERT INTO django_session (session_key, session_data, expire_date) VALUES (");
        out.push_bind_param::<Text, _>(row.session_key)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(row.session_data)?;
        out.push_sql(", ");
        out.push_bind_param::<SqlDateTime, _>(expire_date)?;
        out.push_sql(") ON CONFLICT DO NOTHING");
        Ok(())
    }
}

impl RunQueryDsl<DbConnection> for Insert<'_> {}

struct Update<'a>(NewRow<'a>, DbDateTime);

impl QueryId for Update<'_> {
    type QueryId = Update<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<MultiBackend> for Update<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        let Self(row, expire_date) = self;
        out.push_sql("UPDATE django_session SET session_data = ");
        out.push_bind_param::<Text, _>(row.session_data)?;
        out.push_sql(", expire_date = ");
        out.push_bind_param::<SqlDateTime, _>(expire_date)?;
        out.push_sql(" WHERE session_key = ");
        out.push_bind_param::<Text, _>(row.session_key)?;
        Ok(())
    }
}

impl RunQueryDsl<DbConnection> for Update<'_> {}

/// The row is changed only where nobody else has changed it: read, comparison and write in one
/// statement.
struct UpdateFrom<'a> {
    update: Update<'a>,
    expected: &'a str,
}

impl QueryId for UpdateFrom<'_> {
    type QueryId = UpdateFrom<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<MultiBackend> for UpdateFrom<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        self.update.walk_ast(out.reborrow())?;
        out.push_sql(" AND session_data = ");
        out.push_bind_param::<Text, _>(self.expected)?;
        Ok(())
    }
}

impl RunQueryDsl<DbConnection> for UpdateFrom<'_> {}
