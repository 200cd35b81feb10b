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

/// A moment in UTC, to be written.
///
/// SQLite has no type for it, so Django writes text there: `2026-11-22 18:24:10.250000`, without the
/// fraction where it is zero. Written otherwise it would sort otherwise.
#[derive(Clone, Copy, Debug, AsExpression)]
#[diesel(sql_type = sql_types::DateTime)]
pub(crate) struct DbDateTime(DateTime<Utc>);

impl From<DateTime<Utc>> for DbDateTime {
    fn from(moment: DateTime<Utc>) -> Self {
        Self(moment)
    }
}

impl HasSqlType<sql_types::DateTime> for MultiBackend {
    fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
        Self::lookup_sql_type::<sql_types::DateTime>(lookup)
    }
}

impl ToSql<sql_types::DateTime, MultiBackend> for DbDateTime {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
        out.set_value((sql_types::DateTime, self));
        Ok(IsNull::No)
    }
}

/// What a column of moments holds, which another program may have filled with anything.
#[derive(Clone, Debug, PartialEq, Eq, FromSqlRow)]
pub(crate) enum FoundDateTime {
    /// A moment in the form that Django writes.
    At(DateTime<Utc>),
    /// Anything else, as a text.
    Odd(String),
}

impl FoundDateTime {
    /// The moment, if it is one.
    pub(crate) fn moment(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::At(moment) => Some(*moment),
            Self::Odd(_) => None,
        }
    }
}

impl FromSql<sql_types::DateTime, MultiBackend> for FoundDateTime {
    fn from_sql(
        bytes: <MultiBackend as diesel::backend::Backend>::RawValue<'_>,
    ) -> deserialize::Result<Self> {
        bytes.from_sql::<Self, sql_types::DateTime>()
    }

    /// A table that Django has not made may allow NULL.
    fn from_nullable_sql(
        bytes: Option<<MultiBackend as diesel::backend::Backend>::RawValue<'_>>,
    ) -> deserialize::Result<Self> {
        bytes.map_or_else(
            || Ok(Self::Odd("NULL".to_owned())),
            <Self as FromSql<sql_types::DateTime, MultiBackend>>::from_sql,
        )
    }
}

impl FromSql<sql_types::DateTime, Sqlite> for FoundDateTime {
    fn from_sql(bytes: <Sqlite as diesel::backend::Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let text = <Vec<u8> as FromSql<diesel::sql_types::Binary, Sqlite>>::from_sql(bytes)?;
        let text = String::from_utf8_lossy(&text);
        Ok(parse(&text).map_or_else(|_| Self::Odd(text.into_owned()), Self::At))
    }
}

/// A moment in the form that Django writes.
fn parse(text: &str) -> chrono::ParseResult<DateTime<Utc>> {
    Ok(NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f")?.and_utc())
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

    use super::{DbDateTime, FoundDateTime, sql_types};

    /// PostgreSQL counts microseconds since 2000.
    fn epoch() -> DateTime<Utc> {
        const SECONDS: i64 = 946_684_800;
        DateTime::from_timestamp(SECONDS, 0).unwrap_or_default()
    }

    impl FromSql<sql_types::DateTime, Pg> for FoundDateTime {
        fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
            let micros = <i64 as FromSql<BigInt, Pg>>::from_sql(bytes)?;
            let moment = epoch().checked_add_signed(TimeDelta::microseconds(micros));
            Ok(match (moment, micros) {
                (Some(moment), _) => Self::At(moment),
                (None, i64::MAX) => Self::Odd("infinity".to_owned()),
                (None, i64::MIN) => Self::Odd("-infinity".to_owned()),
                (None, _) => Self::Odd(format!("{micros} microseconds since 2000")),
            })
        }
    }

    impl ToSql<sql_types::DateTime, Pg> for DbDateTime {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
            let micros = (self.0 - epoch()).num_microseconds();
            let micros = micros.ok_or("a moment beyond what PostgreSQL can tell")?;
            ToSql::<BigInt, Pg>::to_sql(&micros, &mut out.reborrow())
        }
    }
}
