//! Why a cache cannot be used.

use std::time::Duration;

/// The longest that a call takes, connecting included: less than the 5 s within which a client has its answer.
pub(crate) const LIMIT: Duration = Duration::from_millis(4500);

/// Why a cache did not do what it was asked for. A server is named by host and port alone; no message has a password in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// Nobody listens there, or the connection broke.
    #[error("{server} cannot be reached: {reason}")]
    Unreachable {
        /// Host and port.
        server: String,
        /// What the system or the client library says.
        reason: String,
    },
    /// The connection stands, or is being made, and no answer comes.
    #[error("{server} did not answer in time")]
    TimedOut {
        /// Host and port.
        server: String,
    },
    /// The server wants a password, or another one.
    #[error("{server} refuses the login: {reason}")]
    Denied {
        /// Host and port.
        server: String,
        /// What the server says.
        reason: String,
    },
    /// The server answers, and does not do it.
    #[error("{server} refuses: {reason}{}", advice(reason))]
    Refused {
        /// Host and port.
        server: String,
        /// What the server says.
        reason: String,
    },
    /// A cache was called outside of a Tokio runtime, or there is none to be had.
    #[error("there is no Tokio runtime for the cache")]
    NoRuntime,
}

/// What to do about a refusal that everybody meets one day.
fn advice(reason: &str) -> &'static str {
    const ADVICE: [(&str, &str); 6] = [
        ("OOM", "; raise its maxmemory, or let it evict what expires first (maxmemory-policy volatile-ttl)"),
        ("READONLY", "; it is a replica: name the primary first in LOCATION"),
        ("MISCONF", "; it cannot write its snapshot to the disk: see its own log"),
        ("LOADING", "; it is reading its data from the disk"),
        ("too large", "; memcached takes values of up to 1 MB, unless it is started with a larger -I"),
        ("out of memory", "; start it with a larger -m"),
    ];
    ADVICE.iter().find(|(word, _)| reason.contains(word)).map_or("", |(_, advice)| advice)
}
