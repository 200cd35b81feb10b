//! The rooms that are open, bounded.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use super::ids::{RoomId, RoomIds};
use super::room::{Room, RoomParts, root};
use crate::lab::log::RequestLog;
use crate::sessions::{SessionPolicy, SharedPolicy};

/// Rooms that are open at once, beside the main one.
const CAPACITY: usize = 64;
/// How long an open room waits for its next request.
const IDLE: TimeDelta = TimeDelta::hours(2);

/// The main room, and those of other browsers. A room opens with the first request below its path, whenever that comes, and
/// closes when it is idle, or when another needs its place: the one that was used longest ago.
#[derive(Debug)]
pub(in crate::lab) struct Rooms {
    main: Arc<Room>,
    ids: RoomIds,
    parts: RoomParts,
    /// What each room's policy begins with.
    policy: SessionPolicy,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    rooms: HashMap<String, Entry>,
    /// Uses so far.
    uses: u64,
    /// The highest number in a log that is closed. A room that opens again goes on after it, so that a number of this
    /// run of the server is never given twice.
    highest: u64,
}

#[derive(Debug)]
struct Entry {
    room: Arc<Room>,
    use_number: u64,
    used: DateTime<Utc>,
}

impl Rooms {
    /// The main room under the site's own policy; the others begin with a copy of it as it is now.
    pub(in crate::lab) fn new(
        secret_key: &str,
        fallbacks: &[String],
        parts: RoomParts,
        policy: SharedPolicy,
    ) -> Self {
        let initial = SessionPolicy::clone(&policy.get());
        Self {
            main: Arc::new(Room::new(None, &parts, policy, RequestLog::new())),
            ids: RoomIds::new(secret_key, fallbacks),
            parts,
            policy: initial,
            open: Mutex::default(),
        }
    }

    pub(in crate::lab) fn main(&self) -> &Arc<Room> {
        &self.main
    }

    /// A name for a room that nobody has entered yet. Nothing is kept until somebody does.
    pub(in crate::lab) fn make_id(&self) -> RoomId {
        self.ids.make()
    }

    /// The room of an id, which opens if it has to. `None` for an id that was not made here.
    pub(in crate::lab) fn enter(&self, id: &str, now: DateTime<Utc>) -> Option<Arc<Room>> {
        let mut open = self.open();
        if !open.rooms.contains_key(id) {
            let id = self.ids.read(id)?;
            open.make_place(now);
            let log = self.main.log.beside(open.highest);
            let policy = SessionPolicy { cookie_path: root(&id), ..self.policy.clone() };
            let key = id.as_str().to_owned();
            let room = Arc::new(Room::new(Some(id), &self.parts, policy.into(), log));
            open.rooms.insert(key, Entry { room, use_number: 0, used: now });
        }
        open.uses += 1;
        let uses = open.uses;
        let entry = open.rooms.get_mut(id)?;
        (entry.use_number, entry.used) = (uses, now);
        Some(Arc::clone(&entry.room))
    }

    /// The id that a text is, and its room if that is open.
    pub(in crate::lab) fn find(&self, id: &str) -> Option<(RoomId, Option<Arc<Room>>)> {
        let id = self.ids.read(id)?;
        let room = self.open().rooms.get(id.as_str()).map(|entry| Arc::clone(&entry.room));
        Some((id, room))
    }

    /// The keys that are no rows of the main room.
    pub(in crate::lab) fn keys_of_others(&self) -> HashSet<String> {
        let rooms: Vec<_> = self.open().rooms.values().map(|entry| Arc::clone(&entry.room)).collect();
        rooms.iter().flat_map(|room| room.keys.all()).collect()
    }

    /// Whether a session was made in a room, or belongs to the main room, which has what no other has.
    pub(in crate::lab) fn owns(&self, room: &Room, key: &str) -> bool {
        if room.is_main() {
            return !self.open().rooms.values().any(|entry| entry.room.keys.contains(key));
        }
        room.keys.contains(key)
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        // Nothing that can panic happens under the lock.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Closes what is idle, and one more room where there is no place for another.
    fn make_place(&mut self, now: DateTime<Utc>) {
        let idle = |entry: &Entry| now - entry.used >= IDLE;
        let mut closing: Vec<_> =
            self.rooms.iter().filter(|(_, entry)| idle(entry)).map(|(id, _)| id.clone()).collect();
        if closing.is_empty() && self.rooms.len() >= CAPACITY {
            let longest_ago = self.rooms.iter().min_by_key(|(_, entry)| entry.use_number);
            closing.extend(longest_ago.map(|(id, _)| id.clone()));
        }
        for id in closing {
            if let Some(entry) = self.rooms.remove(&id) {
                self.highest = self.highest.max(entry.room.log.snapshot().latest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::lab::log::{Ends, Place, Record};
    use crate::sessions::backends::{FileBackend, FileCodec};
    use crate::sessions::{SessionCodec, Storage};

    fn rooms(folder: &tempfile::TempDir) -> Rooms {
        let codec = FileCodec::new(SessionCodec::new("secret", &[]));
        let backend = FileBackend::open(folder.path(), SharedPolicy::default(), codec.clone());
        let storage = Storage::new(backend.expect("a folder"), codec);
        let place =
            Place { text: String::new(), kind: "file", before_key: String::new(), ends: Ends::ExpireDate };
        let parts = RoomParts { storage, place, clock: Clock::System };
        Rooms::new("secret", &[], parts, SharedPolicy::default())
    }

    fn hour(hour: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hour)
    }

    #[test]
    fn a_thousand_strangers_get_a_room_each_and_64_are_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let rooms = rooms(&folder);
        let busy = rooms.make_id();
        let room = rooms.enter(busy.as_str(), hour(0)).expect("a room");
        for _ in 0..1000 {
            let id = rooms.make_id();
            rooms.enter(id.as_str(), hour(0)).expect("a room").log.push(Record::visit("/hello/plain"));
            let again = rooms.enter(busy.as_str(), hour(0)).expect("a room");
            assert!(Arc::ptr_eq(&room, &again), "who is here keeps the room");
            assert!(rooms.open().rooms.len() <= CAPACITY);
        }
        assert_eq!(rooms.open().rooms.len(), CAPACITY);
    }

    #[test]
    fn idle_rooms_close_and_open_again_with_numbers_that_go_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let rooms = rooms(&folder);
        let (idle, used) = (rooms.make_id(), rooms.make_id());
        let room = rooms.enter(idle.as_str(), hour(0)).expect("a room");
        (0..7).for_each(|_| room.log.push(Record::visit("/hello/plain")));
        room.policy.update(|policy| policy.cookie_age = 5);
        rooms.enter(used.as_str(), hour(1));
        rooms.enter(rooms.make_id().as_str(), hour(2));
        assert_eq!(rooms.open().rooms.len(), 2);
        let again = rooms.enter(idle.as_str(), hour(2)).expect("the same name");
        again.log.push(Record::visit("/hello/plain"));
        let log = again.log.snapshot();
        assert_eq!((log.records.len(), log.latest, &log.boot_id), (1, 8, &room.log.snapshot().boot_id));
        assert_eq!(again.policy.get().cookie_age, SessionPolicy::default().cookie_age);
    }

    #[test]
    fn a_room_has_a_path_and_a_policy_of_its_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let rooms = rooms(&folder);
        let id = rooms.make_id();
        let room = rooms.enter(id.as_str(), hour(0)).expect("a room");
        assert_eq!(room.root, format!("/room/{}", id.as_str()));
        assert_eq!(room.policy.get().cookie_path, room.root);
        room.policy.update(|policy| policy.cookie_age = 5);
        assert_ne!(rooms.main().policy.get().cookie_age, 5);
        assert_eq!((rooms.main().root.as_str(), rooms.main().policy.get().cookie_path.as_str()), ("", "/"));
        assert!(rooms.enter("aaaaaaaaaaaaaaaaaaaaaa", hour(0)).is_none());
        assert!(rooms.find("..").is_none());
    }

    #[test]
    fn a_row_is_that_of_the_room_that_made_it_or_of_the_main_room() {
        let folder = tempfile::tempdir().expect("a folder");
        let rooms = rooms(&folder);
        let room = |id: &RoomId| rooms.enter(id.as_str(), hour(0)).expect("a room");
        let (one, other) = (room(&rooms.make_id()), room(&rooms.make_id()));
        one.keys.add("a");
        assert!(rooms.owns(&one, "a") && !rooms.owns(&other, "a") && !rooms.owns(rooms.main(), "a"));
        assert!(!rooms.owns(&one, "b") && rooms.owns(rooms.main(), "b"));
        assert_eq!(rooms.keys_of_others(), HashSet::from(["a".to_owned()]));
    }
}
