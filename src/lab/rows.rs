//! The rows of one room. The table is everybody's: a room has those that it has made, the main room all that no other has.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::error::LabError;
use super::log::RowView;
use super::rooms::{Room, Rooms};
use crate::sessions::backends::Count;

/// Rows that are read in one go.
const BATCH: u32 = 200;
/// Rows that are looked at or deleted at once.
const AT_ONCE: usize = 16;

/// Rows, and how many there are in all.
type Page = (Vec<RowView>, Count);

/// The rows of a room at one moment.
pub(super) struct RoomRows<'a> {
    room: &'a Room,
    now: DateTime<Utc>,
    /// Where the room is the main one, the keys of all others; else its own.
    keys: HashSet<String>,
}

impl<'a> RoomRows<'a> {
    pub(super) fn new(rooms: &Rooms, room: &'a Room, now: DateTime<Utc>) -> Self {
        let keys =
            if room.is_main() { rooms.keys_of_others() } else { room.keys.all().into_iter().collect() };
        Self { room, now, keys }
    }

    /// A page of them, the latest expiry first. `None` where the engine cannot list its sessions.
    pub(super) async fn page(&self, limit: u32, offset: u64) -> Result<Option<Page>, LabError> {
        let table = &self.room.table;
        if !table.can_list() {
            return Ok(None);
        }
        let mut known = self.known().await?;
        let count = self.count(&known);
        if !self.room.is_main() {
            known.sort_by(|one, other| {
                other.expire_date.cmp(&one.expire_date).then_with(|| one.key.cmp(&other.key))
            });
            let skipped = usize::try_from(offset).unwrap_or(usize::MAX);
            let page = known.into_iter().skip(skipped).take(limit as usize).collect();
            return Ok(Some((page, count)));
        }
        let all = table.count(self.now).await?;
        let count = Count {
            all: all.all.saturating_sub(count.all),
            expired: all.expired.saturating_sub(count.expired),
        };
        Ok(Some((self.page_of_main(limit, offset).await?, count)))
    }

    async fn page_of_main(&self, limit: u32, offset: u64) -> Result<Vec<RowView>, LabError> {
        let table = &self.room.table;
        if self.keys.is_empty() {
            return table.list(limit, offset).await;
        }
        let (mut page, mut to_skip, mut at) = (Vec::new(), offset, 0);
        loop {
            let batch = table.list(BATCH, at).await?;
            let is_last = batch.len() < BATCH as usize;
            at += u64::from(BATCH);
            for row in batch.into_iter().filter(|row| !self.keys.contains(&row.key)) {
                if to_skip > 0 {
                    to_skip -= 1;
                } else if page.len() < limit as usize {
                    page.push(row);
                }
            }
            if is_last || page.len() == limit as usize {
                return Ok(page);
            }
        }
    }

    /// Deletes those that have expired, and tells how many.
    pub(super) async fn clear_expired(&self) -> Result<usize, LabError> {
        let table = &self.room.table;
        if self.room.is_main() && self.keys.is_empty() {
            return table.clear_expired(self.now).await;
        }
        let rows = if self.room.is_main() { self.all_of_main().await? } else { self.known().await? };
        let expired = rows.into_iter().filter(|row| self.has_expired(row));
        let deleted = stream::iter(expired).map(|row| async move { table.delete(&row.key).await });
        let deleted = deleted.buffer_unordered(AT_ONCE);
        deleted.try_fold(0, |count, deleted| async move { Ok(count + usize::from(deleted)) }).await
    }

    async fn all_of_main(&self) -> Result<Vec<RowView>, LabError> {
        self.page_of_main(u32::MAX, 0).await
    }

    /// The rows of the keys.
    async fn known(&self) -> Result<Vec<RowView>, LabError> {
        let table = &self.room.table;
        let found = stream::iter(&self.keys).map(|key| table.find(key)).buffer_unordered(AT_ONCE);
        found.try_filter_map(|row| async move { Ok(row) }).try_collect().await
    }

    fn count(&self, rows: &[RowView]) -> Count {
        let expired = rows.iter().filter(|row| self.has_expired(row)).count();
        Count { all: rows.len() as u64, expired: expired as u64 }
    }

    fn has_expired(&self, row: &RowView) -> bool {
        row.expire_date.is_some_and(|end| end <= self.now)
    }
}
