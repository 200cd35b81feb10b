//! A connection to Redis, made anew when it breaks.

use std::sync::atomic::{AtomicU64, Ordering};

use redis::aio::MultiplexedConnection;
use redis::{Cmd, ErrorKind, FromRedisValue, RedisError, ServerErrorKind};
use tokio::sync::Mutex;

use super::sentinel::{Sentinels, check_sentinel_url, is_sentinel_url};
use super::server::{CONNECT, RedisServer, check_server_url, is_primary, named_error};
use crate::cache::connections::PerRuntime;
use crate::cache::error::{CacheError, LIMIT};

const NAME: &str = "Redis";

/// The servers, and a connection to the primary for each runtime.
#[derive(Debug)]
pub(super) struct Connections {
    servers: Servers,
    open: PerRuntime<Mutex<Option<Live>>>,
    /// Tells connections apart.
    opened: AtomicU64,
}

/// How the primary is found.
#[derive(Debug)]
enum Servers {
    /// It is the first of these that says so.
    Listed(Vec<RedisServer>),
    /// Others know.
    Watched(Sentinels),
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
    if is_sentinel_url(url) { check_sentinel_url(url) } else { check_server_url(url) }
}

impl Connections {
    pub(super) fn new(urls: &[String]) -> Self {
        let servers = match urls {
            [url] if is_sentinel_url(url) => Sentinels::new(url).map(Servers::Watched),
            _ => None,
        };
        let listed = || Servers::Listed(urls.iter().filter_map(|url| RedisServer::new(url, NAME)).collect());
        Self {
            servers: servers.unwrap_or_else(listed),
            open: PerRuntime::default(),
            opened: AtomicU64::new(0),
        }
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
        let servers = match &self.servers {
            Servers::Watched(sentinels) => {
                return sentinels.connect().await.map(|(connection, server)| self.number(connection, server));
            }
            Servers::Listed(servers) => servers,
        };
        if let [server] = servers.as_slice() {
            return Ok(self.number(server.connect(LIMIT).await?, server.name.clone()));
        }
        let (mut replica, mut failure) = (None, None);
        for server in servers {
            match server.connect(CONNECT).await {
                Ok(mut connection) => {
                    let is_primary = is_primary(&mut connection).await;
                    let live = self.number(connection, server.name.clone());
                    if is_primary {
                        return Ok(live);
                    }
                    replica = replica.or(Some(live));
                }
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        let none = || CacheError::Unreachable { server: NAME.to_owned(), reason: "no address".to_owned() };
        replica.ok_or_else(|| failure.unwrap_or_else(none))
    }

    fn number(&self, connection: MultiplexedConnection, server: String) -> Live {
        Live { connection, number: self.opened.fetch_add(1, Ordering::Relaxed), server }
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
            let mut looked_up_again = false;
            loop {
                let mut live = self.live().await?;
                number.store(live.number, Ordering::Relaxed);
                let error = match command.query_async(&mut live.connection).await {
                    Ok(answer) => return Ok(answer),
                    Err(error) => error,
                };
                // A replica that was a primary, or one that is still to be promoted: the primary is looked up again. What a
                // replica refuses it has not done.
                let is_replica = error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly);
                if is_replica || error.is_unrecoverable_error() || error.is_timeout() {
                    self.forget(live.number).await;
                }
                let again = (is_replica && !looked_up_again) || may_repeat(repeat, &error);
                if !again {
                    return Err(named_error(&live.server, &error));
                }
                looked_up_again |= is_replica;
                repeat = if is_replica { repeat } else { Repeat::Never };
            }
        };
        if let Ok(answer) = tokio::time::timeout(LIMIT, sent).await {
            return answer;
        }
        self.forget(number.into_inner()).await;
        Err(CacheError::TimedOut { server: self.servers.name() })
    }
}

fn may_repeat(repeat: Repeat, error: &RedisError) -> bool {
    repeat == Repeat::Once && error.is_connection_dropped()
}

impl Servers {
    fn name(&self) -> String {
        match self {
            Self::Listed(servers) => servers.first().map_or(NAME, |server| &server.name).to_owned(),
            Self::Watched(_) => NAME.to_owned(),
        }
    }
}
