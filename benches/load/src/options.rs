//! What the command line says.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Load {
    /// Each connection keeps its own session.
    Returning,
    /// No request has a cookie.
    New,
    /// All connections use one session.
    Hot,
}

/// Clients in a closed loop that check every answer.
#[derive(Parser)]
pub struct Options {
    /// Where the server listens.
    pub address: SocketAddr,
    /// The counter page: it shows `<b>N</b>`, what it found, and stores one more.
    #[arg(long, default_value = "/hello/world")]
    pub path: String,
    #[arg(long, value_enum, default_value = "returning")]
    pub load: Load,
    #[arg(long, default_value_t = 64)]
    pub connections: usize,
    #[arg(long, default_value_t = 4.0)]
    pub seconds: f64,
    /// Seconds that are checked and not counted.
    #[arg(long, default_value_t = 0.5)]
    pub warm_up: f64,
    /// The session cookie's name.
    #[arg(long, default_value = "sessionid")]
    pub cookie: String,
    /// The server knows no sessions: only the status and the shape of the page are checked.
    #[arg(long)]
    pub no_session: bool,
    /// A session's cookie is the session: it is another after each save, and two of one second may be the same.
    #[arg(long)]
    pub stateless: bool,
    /// Existing sessions for returning clients, one cookie value per line; the connections share them out
    /// and each takes its own in turn.
    #[arg(long)]
    pub cookies: Option<PathBuf>,
    /// Measure until standard input ends instead of for `--seconds`; says "measuring" on standard error when
    /// the warm-up is over.
    #[arg(long)]
    pub until_eof: bool,
}

impl Options {
    pub fn warm_up(&self) -> Duration {
        Duration::from_secs_f64(self.warm_up)
    }

    pub fn duration(&self) -> Duration {
        if self.until_eof { Duration::from_secs(3600) } else { Duration::from_secs_f64(self.seconds) }
    }
}
