//! A text column that another program may have filled with anything.

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::sql_types::{Binary, Text};
use diesel::sqlite::Sqlite;

use super::connection::MultiBackend;

/// A text as it was stored, with U+FFFD for what is not UTF-8: a row that cannot be a session must
/// not look like a database that does not answer.
///
/// ```
/// use sessionid::db::LossyText;
///
/// assert_eq!(String::from(LossyText("e30:1vABCD:signature".to_owned())), "e30:1vABCD:signature");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, FromSqlRow)]
pub struct LossyText(pub String);

impl FromSql<Text, MultiBackend> for LossyText {
    fn from_sql(
        bytes: <MultiBackend as diesel::backend::Backend>::RawValue<'_>,
    ) -> deserialize::Result<Self> {
        bytes.from_sql::<Self, Text>()
    }
}

impl FromSql<Text, Sqlite> for LossyText {
    fn from_sql(bytes: <Sqlite as diesel::backend::Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let bytes = <Vec<u8> as FromSql<Binary, Sqlite>>::from_sql(bytes)?;
        Ok(Self(
            String::from_utf8(bytes)
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
        ))
    }
}

/// PostgreSQL has seen to it that a text is one.
#[cfg(feature = "postgres")]
impl FromSql<Text, diesel::pg::Pg> for LossyText {
    fn from_sql(bytes: diesel::pg::PgValue<'_>) -> deserialize::Result<Self> {
        <String as FromSql<Text, diesel::pg::Pg>>::from_sql(bytes).map(Self)
    }
}

impl From<LossyText> for String {
    fn from(LossyText(text): LossyText) -> Self {
        text
    }
}
