//! Redis Sentinel: which server is the primary is asked of those that watch them.
//!
//! The client library has a client for sentinels as well. It asks with limits of its own and needs exclusive access for each
//! question. Here all sentinels are asked at once, so that those that died with the primary hold nobody up, and what they say is
//! checked as [the guidelines for clients](https://redis.io/docs/latest/develop/reference/sentinel-clients/) want it.

use std::collections::BTreeSet;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use redis::aio::MultiplexedConnection;
use tokio::time::timeout;

use super::server::{CONNECT, RedisServer, check_server_url, is_primary};
use crate::cache::error::CacheError;

const KIND: &str = "Redis Sentinel";
const PORT: &str = "26379";
const PRIMARY: &str = "Redis";

/// Those that watch a primary and its replicas.
pub(super) struct Sentinels {
    watching: Vec<RedisServer>,
    url: SentinelUrl,
}

/// `redis+sentinel://[[user]:password@]host[:port][,…]/service[/database]`, as Python's clients of Sentinel have it, perhaps
/// with `?sentinel_username=…&sentinel_password=…`; `rediss+sentinel` speaks TLS with both.
struct SentinelUrl {
    scheme: &'static str,
    /// The login of the primary with its `@`, or nothing.
    login: String,
    hosts: Vec<String>,
    service: String,
    database: u32,
    /// The login of the sentinels, likewise.
    sentinel_login: String,
}

/// Whether a URL names sentinels.
pub(super) fn is_sentinel_url(url: &str) -> bool {
    url.split_once("://").is_some_and(|(scheme, _)| scheme.ends_with("+sentinel"))
}

/// What is wrong with a URL of sentinels, if anything is.
pub(super) fn check_sentinel_url(url: &str) -> Result<(), &'static str> {
    let parsed = SentinelUrl::parse(url)?;
    check_server_url(&parsed.of_server("host", 1))?;
    parsed.of_sentinels().try_for_each(|url| check_server_url(&url))
}

impl SentinelUrl {
    fn parse(url: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = url.split_once("://").ok_or("it is no URL")?;
        let scheme = match scheme {
            "redis+sentinel" => "redis",
            "rediss+sentinel" => "rediss",
            _ => return Err("the scheme is none"),
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').ok_or(NO_SERVICE)?;
        let (login, hosts) = match authority.rsplit_once('@') {
            Some((login, hosts)) => (format!("{login}@"), hosts),
            None => (String::new(), authority),
        };
        let (service, database) = path.trim_end_matches('/').split_once('/').unwrap_or((path, "0"));
        let service = service.trim_end_matches('/');
        let is_of_a_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if service.is_empty() || !service.bytes().all(is_of_a_name) {
            return Err(NO_SERVICE);
        }
        Ok(Self {
            scheme,
            login,
            hosts: hosts.split(',').map(|host| with_port(host.trim())).collect::<Result<_, _>>()?,
            service: service.to_owned(),
            database: database.parse().map_err(|_| "the database is no number")?,
            sentinel_login: sentinel_login(query)?,
        })
    }

    fn of_server(&self, host: &str, port: u16) -> String {
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        format!("{}://{}{host}:{port}/{}", self.scheme, self.login, self.database)
    }

    fn of_sentinels(&self) -> impl Iterator<Item = String> {
        self.hosts.iter().map(|host| format!("{}://{}{host}", self.scheme, self.sentinel_login))
    }
}

const NO_SERVICE: &str = "after the sentinels stands a '/' and the name by which they know the primary";

fn with_port(host: &str) -> Result<String, &'static str> {
    match host {
        "" => Err("a sentinel without a host"),
        _ if host.ends_with(']') || !host.contains(':') => Ok(format!("{host}:{PORT}")),
        _ => Ok(host.to_owned()),
    }
}

fn sentinel_login(query: &str) -> Result<String, &'static str> {
    let (mut user, mut password) = ("", "");
    for option in query.split('&').filter(|option| !option.is_empty()) {
        match option.split_once('=') {
            Some(("sentinel_username", value)) => user = value,
            Some(("sentinel_password", value)) => password = value,
            _ => return Err("after '?' stand only sentinel_username and sentinel_password"),
        }
    }
    if [user, password].iter().any(|value| value.contains(['/', '@', ':', '#'])) {
        return Err("in a sentinel's login, '/', '@', ':' and '#' are written as %2F, %40, %3A and %23");
    }
    Ok(if password.is_empty() { String::new() } else { format!("{user}:{password}@") })
}

impl Sentinels {
    pub(super) fn new(url: &str) -> Option<Self> {
        let url = SentinelUrl::parse(url).ok()?;
        let watching = url.of_sentinels().filter_map(|url| RedisServer::new(&url, KIND)).collect();
        Some(Self { watching, url })
    }

    /// A connection to the primary, and its name.
    ///
    /// The sentinels may be of different minds for a while, and one that was cut off from the others names a server that is
    /// dead, or a replica again. So whatever any of them names is tried, in the order of their answers.
    pub(super) async fn connect(&self) -> Result<(MultiplexedConnection, String), CacheError> {
        let mut answers: FuturesUnordered<_> =
            self.watching.iter().map(|sentinel| self.ask(sentinel)).collect();
        let (mut tried, mut failure) = (BTreeSet::new(), None);
        while let Some(answer) = answers.next().await {
            let connected = match answer {
                Ok(address) if tried.contains(&address) => continue,
                Ok(address) => {
                    let connected = self.connect_to(&address.0, address.1).await;
                    tried.insert(address);
                    connected
                }
                Err(error) => Err(error),
            };
            match connected {
                Ok(primary) => return Ok(primary),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        Err(failure.unwrap_or_else(|| no_address(KIND)))
    }

    async fn connect_to(&self, host: &str, port: u16) -> Result<(MultiplexedConnection, String), CacheError> {
        let server = RedisServer::new(&self.url.of_server(host, port), PRIMARY);
        let server = server.ok_or_else(|| no_address(PRIMARY))?;
        let mut connection = server.connect(CONNECT).await?;
        match timeout(CONNECT, is_primary(&mut connection)).await {
            Ok(true) => Ok((connection, server.name)),
            Ok(false) => Err(CacheError::Refused { server: server.name, reason: STILL.to_owned() }),
            Err(_) => Err(CacheError::TimedOut { server: server.name }),
        }
    }

    async fn ask(&self, sentinel: &RedisServer) -> Result<(String, u16), CacheError> {
        let asked = async {
            let mut connection = sentinel.connect(CONNECT).await?;
            let mut question = redis::cmd("SENTINEL");
            question.arg("GET-MASTER-ADDR-BY-NAME").arg(&self.url.service);
            let answer: Result<Option<(String, u16)>, _> = question.query_async(&mut connection).await;
            let unknown =
                || CacheError::Refused { server: sentinel.name.clone(), reason: UNKNOWN.to_owned() };
            answer.map_err(|error| sentinel.error(&error))?.ok_or_else(unknown)
        };
        let timed_out = |_| Err(CacheError::TimedOut { server: sentinel.name.clone() });
        timeout(CONNECT, asked).await.unwrap_or_else(timed_out)
    }
}

const STILL: &str = "the sentinels name it as the primary, and it is a replica still";
const UNKNOWN: &str = "it watches no primary of that name";

fn no_address(server: &str) -> CacheError {
    CacheError::Unreachable { server: server.to_owned(), reason: "no address".to_owned() }
}

/// The URL has passwords in it.
impl std::fmt::Debug for Sentinels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.watching).finish()
    }
}
