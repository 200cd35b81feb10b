//! How a database is used: time limits, connections, durability.

use std::str::FromStr;
use std::time::Duration;

/// How long to wait, and for how many at once.
///
/// Each limit is the client's: nine tenths of it are waited, so that an answer is there within it.
///
/// ```
/// use std::time::Duration;
/// use sessionid::db::DatabaseOptions;
///
/// // A script has the patience that a browser has not.
/// let options = DatabaseOptions { lock_timeout: Duration::from_secs(60), ..DatabaseOptions::default() };
/// assert_eq!(options.pool_size, 10);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatabaseOptions {
    /// `DATABASE_CONNECT_TIMEOUT`: for a new connection to PostgreSQL, in whole seconds.
    pub connect_timeout: Duration,
    /// `DATABASE_POOL_TIMEOUT`: for a connection that others use.
    pub pool_timeout: Duration,
    /// `DATABASE_STATEMENT_TIMEOUT`: for what a statement on PostgreSQL finds.
    pub statement_timeout: Duration,
    /// `DATABASE_LOCK_TIMEOUT`: for a lock that others hold.
    pub lock_timeout: Duration,
    /// `DATABASE_POOL_SIZE`: connections; on SQLite, those for reading.
    pub pool_size: u32,
    /// `DATABASE_SYNCHRONOUS`: what an answered write to SQLite has outlived.
    pub synchronous: Synchronous,
}

impl Default for DatabaseOptions {
    /// 5 s for everything, ten connections, on the disk.
    fn default() -> Self {
        let limit = Duration::from_secs(5);
        Self {
            connect_timeout: limit,
            pool_timeout: limit,
            statement_timeout: limit,
            lock_timeout: limit,
            pool_size: 10,
            synchronous: Synchronous::Full,
        }
    }
}

impl DatabaseOptions {
    /// How long anything is waited for, so that its client has an answer within the limit.
    pub(super) fn within(limit: Duration) -> Duration {
        limit * 9 / 10
    }

    /// How long the database itself waits: a little less, so that what it says stands in the answer.
    pub(super) fn within_database(limit: Duration) -> Duration {
        Self::within(Self::within(limit))
    }

    /// The longest wait of all.
    pub(super) fn answer_timeout(self) -> Duration {
        let limits = [self.connect_timeout, self.pool_timeout, self.statement_timeout, self.lock_timeout];
        Self::within(limits.into_iter().max().unwrap_or_default())
    }
}

/// `DATABASE_SYNCHRONOUS`: what an answered write to SQLite has outlived.
///
/// ```
/// use sessionid::db::Synchronous;
///
/// assert_eq!("FULL".parse(), Ok(Synchronous::Full));
/// assert!("OFF".parse::<Synchronous>().is_err()); // a crash could damage the file
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// The end of the machine's power: it is on the disk.
    #[default]
    Full,
    /// The end of the process: the last writes before a power cut may be lost, but never a part of one.
    Normal,
}

impl Synchronous {
    /// What the setting may be.
    pub const ALLOWED: &str = "\"FULL\" or \"NORMAL\"";

    pub(super) fn pragma(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Normal => "NORMAL",
        }
    }
}

impl FromStr for Synchronous {
    type Err = UnknownSynchronous;

    fn from_str(name: &str) -> Result<Self, UnknownSynchronous> {
        let all = [Self::Full, Self::Normal];
        all.into_iter().find(|known| known.pragma() == name).ok_or(UnknownSynchronous)
    }
}

/// A text is no [`Synchronous`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is neither FULL nor NORMAL")]
pub struct UnknownSynchronous;

/// What a connection is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    /// Reading on a thread that must not wait.
    ReadAtOnce,
    Read,
    Write,
    /// Checkpoints.
    Checkpoint,
}
