//! A text column that another program may have filled with anything.

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::sql_types::{Binary, Text};
use diesel::sqlite::Sqlite;

use super::connection::MultiBackend;

/// The bytes of a text as they are stored, UTF-8 or not.
#[derive(Clone, Debug, PartialEq, Eq, FromSqlRow)]
pub(crate) struct TextBytes(pub(crate) Vec<u8>);

impl TextBytes {
    /// The text, with U+FFFD for what is not UTF-8.
    pub(crate) fn into_lossy(self) -> String {
        String::from_utf8(self.0)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }
}

impl FromSql<Text, MultiBackend> for TextBytes {
    fn from_sql(
        bytes: <MultiBackend as diesel::backend::Backend>::RawValue<'_>,
    ) -> deserialize::Result<Self> {
        bytes.from_sql::<Self, Text>()
    }

    /// A table that Django has not made may allow NULL.
    fn from_nullable_sql(
        bytes: Option<<MultiBackend as diesel::backend::Backend>::RawValue<'_>>,
    ) -> deserialize::Result<Self> {
        bytes.map_or_else(|| Ok(Self(Vec::new())), <Self as FromSql<Text, MultiBackend>>::from_sql)
    }
}

impl FromSql<Text, Sqlite> for TextBytes {
    fn from_sql(bytes: <Sqlite as diesel::backend::Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        <Vec<u8> as FromSql<Binary, Sqlite>>::from_sql(bytes).map(Self)
    }
}

#[cfg(feature = "postgres")]
impl FromSql<Text, diesel::pg::Pg> for TextBytes {
    fn from_sql(bytes: diesel::pg::PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(bytes.as_bytes().to_vec()))
    }
}
