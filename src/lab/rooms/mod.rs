//! A room for each browser: a log, a policy, and rows of its own, below a path of its own.
//!
//! The first browser has the site as it stands, the main room; the others have one each below `/room/<id>`. What a room holds is
//! in memory and bounded.

mod ids;
mod keys;
mod owner;
mod registry;
mod room;

pub(super) use self::ids::{BrowserId, RoomId};
pub(super) use self::registry::Rooms;
pub(super) use self::room::{Room, RoomParts};
