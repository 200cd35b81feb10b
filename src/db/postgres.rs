//! How a connection to PostgreSQL is set up, so that every wait on it has an end.

use diesel::connection::SimpleConnection as _;
use diesel::dsl::sql;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::result::Error::QueryBuilderError;
use diesel::sql_types::{Bool, Text};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness};

use super::options::DatabaseOptions;
use super::postgres_url::PostgresUrl;

/// Opens a connection. What the URL does not say is said here: how long to wait for the server, and how soon
/// to notice that it is gone.
pub(super) fn establish(url: &PostgresUrl, options: &DatabaseOptions) -> ConnectionResult<PgConnection> {
    let url = url.with_defaults(&[
        ("connect_timeout", options.connect_timeout.as_secs().max(1).to_string()),
        ("application_name", "sessionid".to_owned()),
        ("keepalives_idle", "5".to_owned()),
        ("keepalives_interval", "2".to_owned()),
        ("keepalives_count", "3".to_owned()),
        ("tcp_user_timeout", options.statement_timeout.as_millis().to_string()),
    ]);
    PgConnection::establish(&url)
}

/// What holds for every statement of a connection.
pub(super) fn prepare(conn: &mut PgConnection, options: &DatabaseOptions) -> QueryResult<()> {
    let milliseconds = |limit| DatabaseOptions::within_database(limit).as_millis();
    conn.batch_execute(&format!(
        "SET TIME ZONE 'UTC'; SET client_encoding = 'UTF8'; \
         SET default_transaction_isolation = 'read committed'; \
         SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = {}",
        milliseconds(options.statement_timeout),
        milliseconds(options.lock_timeout),
        milliseconds(options.statement_timeout),
    ))
}

/// A database in UTF-8 stores every character but NUL, one without an encoding every byte. Into any other the server
/// translates, and refuses a statement with a character that is not there.
pub(super) fn stores_unicode(conn: &mut PgConnection) -> QueryResult<bool> {
    let encoding = sql::<Text>("current_setting('server_encoding')");
    let encoding: String = diesel::select(encoding).get_result(conn)?;
    Ok(["UTF8", "SQL_ASCII"].contains(&encoding.as_str()))
}

/// Whether there is a table of sessions where this role looks for one.
pub(super) fn has_table(conn: &mut PgConnection) -> QueryResult<bool> {
    diesel::select(sql::<Bool>("to_regclass('django_session') IS NOT NULL")).get_result(conn)
}

/// Creates what is missing; `forget` makes Diesel forget what it has done. Programs that start at the same moment wait for each other.
pub(super) fn migrate(
    conn: &mut PgConnection,
    migrations: EmbeddedMigrations,
    forget: &str,
) -> Result<Vec<String>, Box<dyn std::error::Error + Send + Sync>> {
    let mut applied = Vec::new();
    conn.transaction(|conn| {
        // Any number that everybody who migrates this table agrees on.
        conn.batch_execute("SELECT pg_advisory_xact_lock(hashtext('django_session'))")?;
        let applied_before = conn.applied_migrations().map_err(QueryBuilderError)?;
        if !applied_before.is_empty() && !has_table(conn)? {
            conn.batch_execute(forget)?;
        }
        for migration in conn.pending_migrations(migrations).map_err(QueryBuilderError)? {
            conn.run_migration(&*migration).map_err(QueryBuilderError)?;
            applied.push(migration.name().to_string());
        }
        Ok::<_, diesel::result::Error>(())
    })?;
    Ok(applied)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// libpq quotes what it cannot take apart.
        #[test]
        fn what_libpq_says_of_a_url_shows_no_password(password in "[s-z7-9?:%&=,;\\[\\]$'\\\\]{4,12}") {
            for url in ["u:{}@127.0.0.1:1/site", "u@127.0.0.1:1/site?password={}"] {
                let Ok(url) = PostgresUrl::parse(&url.replace("{}", &password)) else { continue };
                let Err(error) = establish(&url, &DatabaseOptions::default()) else { panic!("nobody listens there") };
                let said = format!("{error} {error:?}");
                prop_assert!(said.contains("127.0.0.1"), "the URL is right: {}", said);
                let characters: Vec<_> = password.chars().collect();
                for piece in characters.windows(4).map(|piece| piece.iter().collect::<String>()) {
                    prop_assert!(!said.contains(&piece), "{:?} in {}", piece, said);
                }
            }
        }
    }
}
