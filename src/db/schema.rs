//! The tables, as Diesel sees them.

/// The SQL types that Diesel has no common name for.
pub(crate) mod sql_types {
    /// Django's `DateTimeField`: `datetime` on SQLite, `timestamp with time zone` on PostgreSQL.
    #[derive(Clone, Copy, Debug, diesel::query_builder::QueryId, diesel::sql_types::SqlType)]
    #[diesel(sqlite_type(name = "Text"))]
    #[cfg_attr(feature = "postgres", diesel(postgres_type(oid = 1184, array_oid = 1185)))]
    pub struct DateTime;
}

diesel::table! {
    use diesel::sql_types::Text;
    use super::sql_types::DateTime;

    /// Django's table, column by column.
    django_session (session_key) {
        session_key -> Text,
        session_data -> Text,
        expire_date -> DateTime,
    }
}
