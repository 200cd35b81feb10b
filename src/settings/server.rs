//! What the server allows its clients, and whom it believes.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use ipnet::IpNet;

use super::error::SettingsError;
use super::sources::Sources;

const CONNECTIONS: RangeInclusive<i64> = 1..=1_000_000;

/// How much of the server a client may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerLimits {
    /// `MAX_CONNECTIONS`: those that are served at the same time; the next ones wait in the system's queue.
    ///
    /// The default leaves room for the database's files under the usual limit of 1,024 open files.
    pub max_connections: usize,
    /// How long a connection may take for its first request's head, before it is answered 408 and closed.
    pub head_timeout: Duration,
    /// How long a request may take for its whole body, before it is answered 408 and closed.
    pub body_timeout: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            max_connections: 800,
            head_timeout: Duration::from_secs(5),
            body_timeout: Duration::from_secs(30),
        }
    }
}

pub(super) fn server_limits(sources: &Sources) -> Result<ServerLimits, SettingsError> {
    let default = ServerLimits::default();
    let connections = sources.integer("MAX_CONNECTIONS", &CONNECTIONS, "a number of connections")?;
    let max_connections = connections.and_then(|number| usize::try_from(number).ok());
    Ok(ServerLimits { max_connections: max_connections.unwrap_or(default.max_connections), ..default })
}

pub(super) fn trusted_proxies(sources: &Sources) -> Result<Vec<IpNet>, SettingsError> {
    let listed = sources.list("TRUSTED_PROXIES")?.unwrap_or_default();
    let networks = listed.iter().map(|text| network(text)).collect::<Option<_>>();
    let allowed = "a list of addresses or networks, such as 127.0.0.1, 10.0.0.0/8 or fd00::/8";
    networks.ok_or_else(|| sources.refused("TRUSTED_PROXIES", allowed))
}

fn network(text: &str) -> Option<IpNet> {
    let address = || text.parse::<IpAddr>().ok().map(|address| IpNet::from(address.to_canonical()));
    text.parse().ok().or_else(address)
}
