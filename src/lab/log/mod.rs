//! What the lab has written down: every request with the row before and after it, and the session table as it is now.

mod record;
mod requests;
mod row;
mod stock;
mod summary;
mod table;
mod tags;
mod text;

pub(super) use self::record::{FAVICON, Note, Record, RowState, Rule, THIEF, Told};
pub(super) use self::requests::{RequestLog, Snapshot};
pub(super) use self::row::RowView;
pub(crate) use self::row::{Ends, Place};
pub(super) use self::stock::StockVisit;
pub(super) use self::table::SessionTable;
pub(super) use self::tags::KeyTag;
pub(super) use self::text::shortened;
