//! One server that speaks Redis's protocol, by its URL.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ErrorKind, IntoConnectionInfo as _, RedisError,
    Value as Answer, parse_redis_url,
};

use crate::cache::error::{CacheError, LIMIT};

/// How long one attempt to connect may take where another server can be tried.
pub(super) const CONNECT: Duration = Duration::from_secs(1);

/// A server, which nobody has connected to yet.
pub(super) struct RedisServer {
    client: Client,
    pub(super) name: String,
}

/// What is wrong with a URL, if anything is.
pub(super) fn check_server_url(url: &str) -> Result<(), &'static str> {
    let parsed = parse_redis_url(url).ok_or("it is no URL of a Redis")?;
    let is_socket = parsed.scheme().ends_with("unix");
    if !is_socket && parsed.query().is_some_and(|query| !query.is_empty()) {
        return Err("what follows '?' is not supported; the database is a number after the last '/'");
    }
    if parsed.fragment().is_some() {
        return Err("a '#' has to be written as %23");
    }
    if ["rediss", "valkeys"].contains(&parsed.scheme()) && cfg!(not(feature = "redis-tls")) {
        return Err("TLS needs a program that is built with --features redis-tls");
    }
    match parsed.into_connection_info() {
        Ok(info) if info.redis_settings().db() >= 0 => Ok(()),
        _ => Err("the host or the number of the database is none"),
    }
}

impl RedisServer {
    /// By a URL, and what it is called beside its address; `None` where the URL is none.
    pub(super) fn new(url: &str, kind: &str) -> Option<Self> {
        // Whoever has chosen before has chosen.
        #[cfg(feature = "redis-tls")]
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::open(url).ok()?;
        let name = match client.get_connection_info().addr() {
            ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
                format!("{kind} at {host}:{port}")
            }
            ConnectionAddr::Unix(path) => format!("{kind} at {}", path.display()),
            _ => kind.to_owned(),
        };
        Some(Self { client, name })
    }

    /// A new connection, within `limit`.
    pub(super) async fn connect(&self, limit: Duration) -> Result<MultiplexedConnection, CacheError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(limit))
            .set_response_timeout(Some(LIMIT));
        let connecting = self.client.get_multiplexed_async_connection_with_config(&config);
        connecting.await.map_err(|error| self.error(&error))
    }

    pub(super) fn error(&self, error: &RedisError) -> CacheError {
        named_error(&self.name, error)
    }
}

impl std::fmt::Debug for RedisServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

pub(super) fn named_error(server: &str, error: &RedisError) -> CacheError {
    let server = server.to_owned();
    let reason = error.to_string();
    let denied = matches!(error.code(), Some("NOAUTH" | "WRONGPASS" | "NOPERM"));
    // What the library makes of a NOAUTH that answers its SELECT.
    let denied = denied || reason.contains("Authentication required");
    if denied || error.kind() == ErrorKind::AuthenticationFailed {
        CacheError::Denied { server, reason }
    } else if error.is_timeout() {
        CacheError::TimedOut { server }
    } else if error.kind() == ErrorKind::Io || error.is_connection_dropped() {
        CacheError::Unreachable { server, reason }
    } else {
        CacheError::Refused { server, reason }
    }
}

/// Whether a server says so; one that does not let itself be asked is taken for a primary.
pub(super) async fn is_primary(connection: &mut MultiplexedConnection) -> bool {
    let role: Result<Vec<Answer>, _> = redis::cmd("ROLE").query_async(connection).await;
    !matches!(role.as_deref(), Ok([Answer::BulkString(role), ..]) if role != b"master")
}
