//! The counter on axum, tower-sessions and SQLite. `peer-tower-sessions PORT DATABASE`

use std::error::Error;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Html;
use axum::routing::get;
use peers::{COUNTER, Page, argument};
use time::Duration;
use tower_sessions::{Expiry, Session, SessionManagerLayer};
use tower_sessions_sqlx_store::SqliteStore;
use tower_sessions_sqlx_store::sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};

async fn hello(session: Session, State(page): State<Arc<Page>>) -> Result<Html<String>, StatusCode> {
    let failed = |_| StatusCode::INTERNAL_SERVER_ERROR;
    let counter: i64 = session.get(COUNTER).await.map_err(failed)?.unwrap_or(0);
    session.insert(COUNTER, counter + 1).await.map_err(failed)?;
    page.render(counter).map(Html).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = SqliteConnectOptions::new()
        .filename(argument(2)?)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal);
    let store = SqliteStore::new(SqlitePoolOptions::new().connect_with(options).await?);
    store.migrate().await?;
    let sessions = SessionManagerLayer::new(store)
        .with_secure(false)
        .with_expiry(Expiry::OnInactivity(Duration::weeks(2)));
    let app =
        Router::new().route("/hello/world", get(hello)).layer(sessions).with_state(Arc::new(Page::load()?));
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{}", argument(1)?)).await?;
    Ok(axum::serve(listener, app).await?)
}
