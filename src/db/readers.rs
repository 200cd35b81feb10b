//! Connections for reading a SQLite file, and what has become of the file.

use std::num::NonZero;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use super::connection::{Connector, LogPoolError};
use super::error::{DbError, FileLoss};
use super::file::OpenedFiles;
use super::filesystem;
use super::options::{DatabaseOptions, Purpose};
use super::row_cache::RowCache;
use super::wal_index::WalIndex;

/// What all of it lives as long as: the files that were found when they were opened.
#[derive(Debug)]
pub(super) struct Readers {
    /// For one row at a time, on the thread that asks: they wait for nobody's lock.
    pub(super) inline: r2d2::Pool<Connector>,
    pub(super) pool: r2d2::Pool<Connector>,
    pub(super) rows: Arc<RowCache>,
}

impl Readers {
    /// Connections to files that the writer has open.
    pub(super) fn start(path: &Path, files: &Arc<OpenedFiles>, connector: &Connector) -> Self {
        let options = connector.options;
        let pool = |size: u32, idle: u32, purpose| {
            r2d2::Pool::builder()
                .max_size(size)
                .min_idle(Some(idle))
                .connection_timeout(DatabaseOptions::within(options.pool_timeout))
                .test_on_check_out(false)
                .error_handler(Box::new(LogPoolError))
                .build_unchecked(connector.beside(files, purpose))
        };
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
        let threads = u32::try_from(threads).unwrap_or(u32::MAX);
        Self {
            inline: pool(threads, threads, Purpose::ReadAtOnce),
            pool: pool(options.pool_size, 1, Purpose::Read),
            rows: Arc::new(RowCache::new(connector.writes().then(|| index(path)).flatten())),
        }
    }
}

/// Without one there are no copies of rows.
fn index(path: &Path) -> Option<WalIndex> {
    match filesystem::shared(path) {
        None => WalIndex::open(path),
        Some(kind) => {
            log::warn!(
                "the database file {} lies on {kind}: only one machine may use it at a time, and every row is read from it anew (docs/engines.md)",
                path.display()
            );
            None
        }
    }
}

/// What those who read have in common with the one who writes; clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Current(Arc<RwLock<Result<Arc<Readers>, FileLoss>>>);

impl Current {
    pub(super) fn new(readers: Readers) -> Self {
        Self(Arc::new(RwLock::new(Ok(Arc::new(readers)))))
    }

    /// The connections, while the file is there.
    pub(super) fn readers(&self) -> Result<Arc<Readers>, DbError> {
        let current = self.0.read().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().map(Arc::clone).map_err(|loss| loss.clone().into())
    }

    /// Tells what is the matter now, if it was something else before.
    pub(super) fn set_loss(&self, loss: FileLoss) {
        if !matches!(self.readers(), Err(DbError::File(told)) if told == loss) {
            self.set(Err(loss));
        }
    }

    pub(super) fn set(&self, readers: Result<Readers, FileLoss>) {
        let mut readers = readers.map(Arc::new);
        {
            let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::swap(&mut *current, &mut readers);
        }
        // The old connections are closed here, and hold nobody up.
        drop(readers);
    }
}
