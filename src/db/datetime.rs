//! A moment as Django stores it in a `DateTimeField`.

use std::fmt::Write as _;

use chrono::{DateTime, Datelike as _, NaiveDateTime, Timelike as _, Utc};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::HasSqlType;
use diesel::sqlite::Sqlite;

use super::connection::MultiBackend;
use super::schema::sql_types;

/// A moment in UTC.
///
/// SQLite has no type for it, so Django writes text there: `2026-11-22 18:24:10.250000`, without the
/// fraction where it is zero. Written otherwise it would sort otherwise.
///
/// ```
/// use chrono::{DateTime, Utc};
/// use sessionid::db::DbDateTime;
///
/// let end: DateTime<Utc> = "2026-12-06T18:24:10Z".parse()?;
/// let column = DbDateTime::from(end);
/// assert_eq!(DateTime::from(column), end);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::DateTime)]
pub struct DbDateTime(DateTime<Utc>);

impl From<DateTime<Utc>> for DbDateTime {
    fn from(moment: DateTime<Utc>) -> Self {
        Self(moment)
    }
}

impl From<DbDateTime> for DateTime<Utc> {
    fn from(moment: DbDateTime) -> Self {
        moment.0
    }
}

impl HasSqlType<sql_types::DateTime> for MultiBackend {
    fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
        Self::lookup_sql_type::<sql_types::DateTime>(lookup)
    }
}

impl FromSql<sql_types::DateTime, MultiBackend> for DbDateTime {
    fn from_sql(
        bytes: <MultiBackend as diesel::backend::Backend>::RawValue<'_>,
    ) -> deserialize::Result<Self> {
        bytes.from_sql::<Self, sql_types::DateTime>()
    }
}

impl ToSql<sql_types::DateTime, MultiBackend> for DbDateTime {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
        out.set_value((sql_types::DateTime, self));
        Ok(IsNull::No)
    }
}

impl FromSql<sql_types::DateTime, Sqlite> for DbDateTime {
    fn from_sql(bytes: <Sqlite as diesel::backend::Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let text = <String as FromSql<diesel::sql_types::Text, Sqlite>>::from_sql(bytes)?;
        Ok(Self(NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S%.f")?.and_utc()))
    }
}

/// A moment for which a column that holds something else is no error.
#[derive(Clone, Copy, Debug, FromSqlRow)]
#[diesel(sql_type = sql_types::DateTime)]
pub(crate) struct MaybeDateTime(pub(crate) Option<DbDateTime>);

impl FromSql<sql_types::DateTime, MultiBackend> for MaybeDateTime {
    fn from_sql(
        bytes: <MultiBackend as diesel::backend::Backend>::RawValue<'_>,
    ) -> deserialize::Result<Self> {
        let moment = <DbDateTime as FromSql<sql_types::DateTime, MultiBackend>>::from_sql(bytes);
        Ok(Self(moment.ok()))
    }
}

impl ToSql<sql_types::DateTime, Sqlite> for DbDateTime {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        let (date, time) = (self.0.date_naive(), self.0.time());
        let mut text = String::with_capacity(26);
        // `DelayedFormat` reads its format again for every moment, and this is on every request's way.
        write!(
            text,
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
            date.year(),
            date.month(),
            date.day(),
            time.hour(),
            time.minute(),
            time.second(),
        )?;
        let micros = self.0.timestamp_subsec_micros();
        if micros != 0 {
            write!(text, ".{micros:06}")?;
        }
        out.set_value(text);
        Ok(IsNull::No)
    }
}

#[cfg(feature = "postgres")]
mod postgres {
    use chrono::{DateTime, TimeDelta, Utc};
    use diesel::deserialize::{self, FromSql};
    use diesel::pg::{Pg, PgValue};
    use diesel::serialize::{self, Output, ToSql};
    use diesel::sql_types::BigInt;

    use super::{DbDateTime, sql_types};

    /// PostgreSQL counts microseconds since 2000.
    fn epoch() -> DateTime<Utc> {
        const SECONDS: i64 = 946_684_800;
        DateTime::from_timestamp(SECONDS, 0).unwrap_or_default()
    }

    impl FromSql<sql_types::DateTime, Pg> for DbDateTime {
        fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
            let micros = <i64 as FromSql<BigInt, Pg>>::from_sql(bytes)?;
            let moment = epoch().checked_add_signed(TimeDelta::microseconds(micros));
            moment.map(Self::from).ok_or_else(|| "a moment beyond what can be told".into())
        }
    }

    impl ToSql<sql_types::DateTime, Pg> for DbDateTime {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
            let micros = (DateTime::from(*self) - epoch()).num_microseconds();
            let micros = micros.ok_or("a moment beyond what PostgreSQL can tell")?;
            ToSql::<BigInt, Pg>::to_sql(&micros, &mut out.reborrow())
        }
    }
}
