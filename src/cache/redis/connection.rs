//! A connection to Redis, made anew when it breaks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ErrorKind, FromRedisValue, IntoConnectionInfo as _,
    RedisError, ServerErrorKind, Value as Answer, parse_redis_url,
};
use tokio::sync::Mutex;

use crate::cache::connections::PerRuntime;
use crate::cache::error::{CacheError, LIMIT};

/// How long one attempt to connect may take where another server can be tried.
const CONNECT: Duration = Duration::from_secs(1);

/// The servers, and a connection to the primary for each runtime.
#[derive(Debug)]
pub(super) struct Connections {
    servers: Vec<RedisServer>,
    open: PerRuntime<Mutex<Option<Live>>>,
    /// Tells connections apart.
    opened: AtomicU64,
}

struct RedisServer {
    client: Client,
    name: String,
}

/// An open connection, which all calls of a runtime share.
#[derive(Clone)]
struct Live {
    connection: MultiplexedConnection,
    number: u64,
    server: String,
}

/// Whether a call that was sent over a connection that has died may be sent once more.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// Doing it twice is the same as doing it once.
    Once,
    /// It may have been done.
    Never,
}

/// What is wrong with a URL, if anything is.
pub(in crate::cache) fn check_url(url: &str) -> Result<(), &'static str> {
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
    fn new(url: &str) -> Option<Self> {
        // Whoever has chosen before has chosen.
        #[cfg(feature = "redis-tls")]
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::open(url).ok()?;
        let name = match client.get_connection_info().addr() {
            ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
                format!("Redis at {host}:{port}")
            }
            ConnectionAddr::Unix(path) => format!("Redis at {}", path.display()),
            _ => "Redis".to_owned(),
        };
        Some(Self { client, name })
    }

    fn error(&self, error: &RedisError) -> CacheError {
        named_error(&self.name, error)
    }
}

impl std::fmt::Debug for RedisServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

fn named_error(server: &str, error: &RedisError) -> CacheError {
    let server = server.to_owned();
    let reason = error.to_string();
    let denied = matches!(error.code(), Some("NOAUTH" | "WRONGPASS" | "NOPERM"));
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

impl Connections {
    pub(super) fn new(urls: &[String]) -> Self {
        let servers = urls.iter().filter_map(|url| RedisServer::new(url)).collect();
        Self { servers, open: PerRuntime::default(), opened: AtomicU64::new(0) }
    }

    async fn live(&self) -> Result<Live, CacheError> {
        let slot = self.open.get()?;
        let mut slot = slot.lock().await;
        if let Some(live) = &*slot {
            return Ok(live.clone());
        }
        let live = self.connect().await?;
        *slot = Some(live.clone());
        Ok(live)
    }

    async fn connect(&self) -> Result<Live, CacheError> {
        if let [server] = self.servers.as_slice() {
            return self.connect_to(server, LIMIT).await;
        }
        let (mut replica, mut failure) = (None, None);
        for server in &self.servers {
            match self.connect_to(server, CONNECT).await {
                Ok(mut live) => {
                    if is_primary(&mut live.connection).await {
                        return Ok(live);
                    }
                    replica = replica.or(Some(live));
                }
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        let none = || CacheError::Unreachable { server: "Redis".to_owned(), reason: "no address".to_owned() };
        replica.ok_or_else(|| failure.unwrap_or_else(none))
    }

    async fn connect_to(&self, server: &RedisServer, limit: Duration) -> Result<Live, CacheError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(limit))
            .set_response_timeout(Some(LIMIT));
        let connecting = server.client.get_multiplexed_async_connection_with_config(&config);
        let connection = connecting.await.map_err(|error| server.error(&error))?;
        let number = self.opened.fetch_add(1, Ordering::Relaxed);
        Ok(Live { connection, number, server: server.name.clone() })
    }

    /// Closes a connection that answers no more, unless another has taken its place.
    async fn forget(&self, number: u64) {
        if let Ok(slot) = self.open.get() {
            let mut slot = slot.lock().await;
            if slot.as_ref().is_some_and(|live| live.number == number) {
                *slot = None;
            }
        }
    }

    /// Sends a command.
    pub(super) async fn send<T: FromRedisValue>(
        &self,
        command: &Cmd,
        mut repeat: Repeat,
    ) -> Result<T, CacheError> {
        let number = AtomicU64::new(u64::MAX);
        let sent = async {
            loop {
                let mut live = self.live().await?;
                number.store(live.number, Ordering::Relaxed);
                let error = match command.query_async(&mut live.connection).await {
                    Ok(answer) => return Ok(answer),
                    Err(error) => error,
                };
                // A replica that was a primary, or one that is still to be promoted, is looked up again.
                let is_replica = error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly);
                if is_replica || error.is_unrecoverable_error() || error.is_timeout() {
                    self.forget(live.number).await;
                }
                if repeat == Repeat::Never || !error.is_connection_dropped() {
                    return Err(named_error(&live.server, &error));
                }
                repeat = Repeat::Never;
            }
        };
        if let Ok(answer) = tokio::time::timeout(LIMIT, sent).await {
            return answer;
        }
        self.forget(number.into_inner()).await;
        let server = self.servers.first().map_or("Redis", |server| &server.name).to_owned();
        Err(CacheError::TimedOut { server })
    }
}

/// Whether a server says so; one that does not let itself be asked is taken for a primary.
async fn is_primary(connection: &mut MultiplexedConnection) -> bool {
    let role: Result<Vec<Answer>, _> = redis::cmd("ROLE").query_async(connection).await;
    !matches!(role.as_deref(), Ok([Answer::BulkString(role), ..]) if role != b"master")
}
