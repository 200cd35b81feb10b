//! The writer's hold on a SQLite file: opened, lost, opened again.
//!
//! Once its path names another file or none, nothing is answered any more. The WAL is checkpointed into the file that it belongs
//! to, wherever that is now, so that it can do no harm beside another. Then every connection is closed, and the path is checked
//! until something usable is there. Connections of two files,
//! or to two logs of one, are never open at the same time.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Integer;

use super::checkpoints::Checkpoints;
use super::connection::{Connector, DbConnection};
use super::error::{DbError, FileLoss};
use super::file::OpenedFiles;
use super::migrations;
use super::options::Purpose;
use super::readers::{Current, Readers};
use super::row_cache::RowCache;
use crate::clock::Stopwatch;
use crate::error::chain;

/// How soon another file is opened: by then other servers have noticed as well, and closed the old one.
const SETTLE: Duration = Duration::from_secs(1);
/// How often all files are checked; after a loss, whether what is there now has come to rest.
const LOOK: Duration = Duration::from_millis(200);
/// How long a checkpoint waits for those who read the WAL.
const READERS_FINISH: &str = "PRAGMA busy_timeout = 100";
const FOREIGN_LOG: &str =
    "the -wal beside it belongs to the file that was there before; remove both the -wal and the -shm";

pub(super) struct LocalFile {
    path: PathBuf,
    connector: Connector,
    current: Current,
    state: State,
}

enum State {
    InUse(InUse),
    Lost(Lost),
}

/// What the writer has of files that are where they were.
pub(super) struct InUse {
    /// `None` after a failure.
    pub(super) conn: Option<DbConnection>,
    pub(super) rows: Arc<RowCache>,
    pub(super) checkpoints: Checkpoints,
    pub(super) files: Arc<OpenedFiles>,
    connector: Connector,
    looked: Stopwatch,
    /// Whether the database may change more rows than a job has noted.
    triggers: bool,
}

impl InUse {
    fn start(path: &Path, connector: &Connector, conn: DbConnection) -> Result<(Self, Readers), DbError> {
        let files = OpenedFiles::at(path).map_err(|_| FileLoss::Missing(path.to_owned()))?;
        let files = Arc::new(files);
        let readers = Readers::start(path, &files, connector);
        let in_use = Self {
            conn: Some(conn),
            rows: Arc::clone(&readers.rows),
            checkpoints: Checkpoints::start(connector.beside(&files, Purpose::Checkpoint))?,
            connector: connector.beside(&files, connector.purpose),
            files,
            looked: Stopwatch::start(),
            triggers: true,
        };
        Ok((in_use, readers))
    }

    /// Whether the files were where they should be a moment ago.
    fn check(&mut self) -> Result<(), FileLoss> {
        if self.looked.elapsed() < LOOK {
            return Ok(());
        }
        self.looked = Stopwatch::start();
        self.files.check()
    }

    /// The connection, opened anew after a failure, and what is known of the table's triggers.
    pub(super) fn connection(&mut self) -> Result<(&mut DbConnection, &mut bool), DbError> {
        if self.conn.is_none() {
            self.conn = Some(self.connector.open()?);
        }
        let conn = self.conn.as_mut().ok_or(DbError::Gone)?;
        Ok((conn, &mut self.triggers))
    }
}

impl LocalFile {
    /// Takes over the connection to a file that is migrated.
    pub(super) fn start(
        path: &Path,
        connector: Connector,
        conn: DbConnection,
    ) -> Result<(Self, Current), DbError> {
        let (in_use, readers) = InUse::start(path, &connector, conn)?;
        let current = Current::new(readers);
        let file =
            Self { path: path.to_owned(), connector, current: current.clone(), state: State::InUse(in_use) };
        Ok((file, current))
    }

    /// The file, if it is where it was, or can be opened again by now.
    pub(super) fn in_use(&mut self) -> Result<&mut InUse, FileLoss> {
        if let State::InUse(in_use) = &mut self.state
            && let Err(loss) = in_use.check()
        {
            self.lose(loss);
        }
        if let State::Lost(lost) = &mut self.state {
            match lost.find(&self.path, &self.connector) {
                Ok((in_use, readers)) => {
                    let seconds = lost.since.elapsed().as_secs();
                    log::warn!(
                        "the database file {} is in use again, after {seconds} s",
                        self.path.display()
                    );
                    self.state = State::InUse(in_use);
                    self.current.set(Ok(readers));
                }
                Err(loss) => self.current.set_loss(loss),
            }
        }
        match &mut self.state {
            State::InUse(in_use) => Ok(in_use),
            State::Lost(lost) => Err(lost.loss.clone()),
        }
    }

    /// Nothing is read or written until a file is there again.
    pub(super) fn lose(&mut self, loss: FileLoss) {
        log::error!("{loss}; until then sessions are answered with 503");
        self.current.set(Err(loss.clone()));
        if let State::InUse(in_use) = &mut self.state {
            // All else that was in use is closed with the state; a connection remains for the checkpoint.
            let conn = in_use.conn.take().filter(|_| self.connector.writes());
            let files = Arc::clone(&in_use.files);
            let mut lost =
                Lost { loss, since: Stopwatch::start(), looked: Stopwatch::start(), files, conn, seen: None };
            lost.checkpoint();
            self.state = State::Lost(lost);
        }
    }
}

/// Files that are not where they were.
struct Lost {
    loss: FileLoss,
    since: Stopwatch,
    files: Arc<OpenedFiles>,
    /// Kept until their WAL is checkpointed.
    conn: Option<DbConnection>,
    looked: Stopwatch,
    /// Length and modification of what was there at the last look.
    seen: Option<(u64, Option<SystemTime>)>,
}

impl Lost {
    /// Opens what is there now.
    fn find(&mut self, path: &Path, connector: &Connector) -> Result<(InUse, Readers), FileLoss> {
        if self.looked.elapsed() < LOOK {
            return Err(self.loss.clone());
        }
        self.looked = Stopwatch::start();
        self.checkpoint();
        let closed = self.conn.is_none() && Arc::strong_count(&self.files) == 1;
        let found = path.metadata().ok().map(|found| (found.len(), found.modified().ok()));
        let settled = found == std::mem::replace(&mut self.seen, found);
        if !closed || !settled || self.since.elapsed() < SETTLE {
            return Err(self.loss.clone());
        }
        let opened = match found {
            None => Err(FileLoss::Missing(path.to_owned())),
            Some(_) if self.files.have_left_a_log() => Err(unusable(path, FOREIGN_LOG.to_owned())),
            Some(_) => open(path, connector).map_err(|error| unusable(path, chain(&error))),
        };
        opened.inspect_err(|loss| {
            if *loss != self.loss {
                log::error!("{loss}");
                self.loss = loss.clone();
            }
        })
    }

    /// Every answered write is in the file afterwards, be it unlinked or under another name, and the WAL is empty.
    fn checkpoint(&mut self) {
        let Some(DbConnection::Sqlite(conn)) = &mut self.conn else { return };
        match truncate(conn) {
            Ok(true) => {}
            // Somebody reads in it, and is waited for.
            Ok(false) => return,
            Err(error) => log::error!("the log of {} cannot be saved: {error}", self.files.path().display()),
        }
        self.conn = None;
    }
}

fn unusable(path: &Path, reason: String) -> FileLoss {
    FileLoss::Unusable { path: path.to_owned(), reason }
}

/// A file that has its table; nothing is created.
fn open(path: &Path, connector: &Connector) -> Result<(InUse, Readers), DbError> {
    let mut conn = connector.open()?;
    migrations::check(&mut conn, &connector.url)?;
    InUse::start(path, connector, conn)
}

#[derive(QueryableByName)]
struct Checkpoint {
    #[diesel(sql_type = Integer)]
    busy: i32,
}

/// Whether all of the WAL is checkpointed now, and truncated.
fn truncate(conn: &mut SqliteConnection) -> QueryResult<bool> {
    conn.batch_execute(READERS_FINISH)?;
    let done: Checkpoint = diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result(conn)?;
    Ok(done.busy == 0)
}
