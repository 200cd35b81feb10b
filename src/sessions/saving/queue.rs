//! Who writes a session at this moment, and who waits for it, in this process.
//!
//! One at a time, since those who come meanwhile can then be merged in memory and written together: a session that
//! many requests change at once costs each of them a merge and not a COMMIT. Other processes are met in the store.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::merge::Base;
use super::pending::{Pending, Saved};
use crate::sessions::error::SessionError;
use crate::sessions::key::SessionKey;

/// Where the answer to a save goes.
pub(super) type Reply = oneshot::Sender<Result<Saved, SessionError>>;

/// Who waits for a session that is being written.
struct Waiting {
    what: What,
    /// Where it waits, and so a runtime that is at work.
    runtime: Option<Handle>,
}

enum What {
    /// A save, for whoever writes next.
    Save(Pending, Reply),
    /// Somebody who writes alone, since the session gets another key.
    Alone(oneshot::Sender<(Turn, Base)>),
}

impl Waiting {
    fn here(what: What) -> Self {
        Self { what, runtime: Handle::try_current().ok() }
    }
}

/// The queues of the sessions that are being written.
#[derive(Clone, Default)]
pub(in crate::sessions) struct Queues {
    sessions: Arc<Mutex<HashMap<SessionKey, VecDeque<Waiting>>>>,
}

/// What a save finds.
pub(super) enum Place {
    /// Nobody writes this session.
    First(Turn, Pending),
    /// Somebody does, and will see to it.
    Waits(oneshot::Receiver<Result<Saved, SessionError>>),
}

/// What a rename finds.
pub(super) enum PlaceAlone {
    First(Turn),
    Waits(oneshot::Receiver<(Turn, Base)>),
}

/// What comes after a write.
pub(super) enum Next {
    /// These, together.
    Saves(Vec<(Pending, Reply)>),
    /// This one, alone.
    Alone(oneshot::Sender<(Turn, Base)>),
}

/// What goes on with a session when somebody has written it and others wait.
pub(super) trait Serve: Send + Sync {
    /// Sees to `next` on its runtime with the `turn`, whose session holds `base` as far as is known. Must not wait.
    fn serve(self: Arc<Self>, turn: Turn, next: Next, base: Base, runtime: Option<Handle>);
}

impl Queues {
    pub(super) fn enter(
        &self,
        server: &Arc<impl Serve + 'static>,
        key: &SessionKey,
        pending: Pending,
    ) -> Place {
        match self.lock().entry(key.clone()) {
            Entry::Vacant(place) => {
                place.insert(VecDeque::new());
                Place::First(self.turn(server, key), pending)
            }
            Entry::Occupied(mut queue) => {
                let (reply, answer) = oneshot::channel();
                queue.get_mut().push_back(Waiting::here(What::Save(pending, reply)));
                Place::Waits(answer)
            }
        }
    }

    pub(super) fn enter_alone(&self, server: &Arc<impl Serve + 'static>, key: &SessionKey) -> PlaceAlone {
        match self.lock().entry(key.clone()) {
            Entry::Vacant(place) => {
                place.insert(VecDeque::new());
                PlaceAlone::First(self.turn(server, key))
            }
            Entry::Occupied(mut queue) => {
                let (sender, turn) = oneshot::channel();
                queue.get_mut().push_back(Waiting::here(What::Alone(sender)));
                PlaceAlone::Waits(turn)
            }
        }
    }

    fn turn(&self, server: &Arc<impl Serve + 'static>, key: &SessionKey) -> Turn {
        let server: Arc<dyn Serve> = server.clone();
        Turn(Some(Session { server, queues: self.clone(), key: key.clone() }))
    }

    /// Who waits for a session, and where; without anybody the session is free again.
    fn next(&self, key: &SessionKey) -> Option<(Next, Option<Handle>)> {
        let mut sessions = self.lock();
        let queue = sessions.get_mut(key)?;
        let (mut saves, mut first) = (Vec::new(), None);
        while let Some(Waiting { what, runtime }) = queue.pop_front() {
            match what {
                // Who no longer waits has given its save up.
                What::Save(_, reply) if reply.is_closed() => {}
                What::Alone(sender) if sender.is_closed() => {}
                What::Save(pending, reply) => {
                    saves.push((pending, reply));
                    first = first.or(runtime);
                }
                What::Alone(sender) if saves.is_empty() => return Some((Next::Alone(sender), runtime)),
                alone @ What::Alone(_) => {
                    queue.push_front(Waiting { what: alone, runtime });
                    break;
                }
            }
        }
        if saves.is_empty() {
            sessions.remove(key);
            return None;
        }
        Some((Next::Saves(saves), first))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionKey, VecDeque<Waiting>>> {
        // Nothing that can panic happens under the lock.
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Queues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Queues({} sessions)", self.lock().len())
    }
}

/// The right to write a session, until it is passed on or dropped.
pub(super) struct Turn(Option<Session>);

struct Session {
    server: Arc<dyn Serve>,
    queues: Queues,
    key: SessionKey,
}

impl Turn {
    pub(super) fn key(&self) -> Option<&SessionKey> {
        self.0.as_ref().map(|session| &session.key)
    }

    /// Hands the session on to those who wait, together with what the store is known to hold.
    pub(super) fn pass(mut self, base: impl FnOnce() -> Base) {
        self.pass_on(base);
    }

    fn pass_on(&mut self, base: impl FnOnce() -> Base) {
        let Some(session) = self.0.take() else { return };
        if let Some((next, runtime)) = session.queues.next(&session.key) {
            let server = Arc::clone(&session.server);
            server.serve(Self(Some(session)), next, base(), runtime);
        }
    }
}

/// A request can be given up while it writes, when its client is gone. Those who wait for it need not know.
impl Drop for Turn {
    fn drop(&mut self) {
        self.pass_on(|| Base::AsLoaded);
    }
}
