//! The error of the database room.

/// Why the database did not do its work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DbError {
    /// A connection cannot be had.
    #[error("cannot open the database {url}")]
    Connect {
        /// Which database, without a password.
        url: String,
        /// What Diesel says.
        source: diesel::ConnectionError,
    },
    /// No connection was free within the time limit.
    #[error("no database connection is to be had")]
    Pool(#[from] r2d2::Error),
    /// A statement failed.
    #[error("the database refused a statement")]
    Query(#[from] diesel::result::Error),
    /// A transaction that this job was part of was rolled back.
    #[error("the transaction was rolled back: {0}")]
    RolledBack(String),
    /// A migration failed.
    #[error("the database cannot be migrated")]
    Migrate(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The answer did not come within the time limit.
    #[error("the database did not answer within {} ms", .0.as_millis())]
    Timeout(std::time::Duration),
    /// More is waiting to be written than the queue holds.
    #[error("too many writes are waiting")]
    QueueFull,
    /// A function that was to work on the database panicked.
    #[error("a job on the database panicked")]
    JobPanicked,
    /// The thread that does the work is gone.
    #[error("the database thread gave no answer")]
    Gone,
}
