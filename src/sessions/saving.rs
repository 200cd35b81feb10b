//! Saving, once for every engine: encode, compare and swap, and where the store holds something else by then, apply
//! the changes to that and try again.
//!
//! So no engine loses an update of an overlapping request, be it in this process, in another or in both, and what was
//! ended stays ended: a session is stored only in the place of what its request has loaded, or of what somebody has
//! stored there since. Where there is nothing any more, nothing is stored.

mod merge;
mod pending;
mod queue;

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;

use self::merge::{Base, Batch, Merged};
pub(crate) use self::pending::{Pending, Saved};
pub(super) use self::queue::Queues;
use self::queue::{Next, Place, PlaceAlone, Serve, Turn};
use super::backends::{Entry, Inserted, Payload, Renamed, Replaced, SessionBackend};
use super::error::SessionError;
use super::heavy::Heavy;
use super::key::{NewKeys, SessionKey};
use super::serializers::PayloadCodec;
use crate::clock::Stopwatch;

/// How often another key is drawn when a new one is taken, and how often a store is believed that holds something else
/// than what is expected, and shows just that.
const TRIES: usize = 5;

const TAKEN: &str = "the new key is taken, says the store";
const BUSY: &str = "the session was changed by others at each try";
const REFUSED: &str = "the store holds what is expected there, and does not replace it";

const NO_KEY: &str = "the codec of this engine makes no texts, and so no keys";

/// The key that a payload is by itself.
pub(super) fn key_of(payload: &Payload) -> Option<SessionKey> {
    SessionKey::try_from(payload.as_str()?).ok()
}

/// What writes sessions into a store.
#[derive(Debug)]
pub(super) struct Saving {
    pub(super) backend: Arc<dyn SessionBackend>,
    pub(super) codec: Arc<dyn PayloadCodec>,
    pub(super) queues: Queues,
    pub(super) keys: NewKeys,
    pub(super) heavy: Heavy,
}

/// How a session is stored in the place of what is there.
enum Verb<'a> {
    Replace(&'a SessionKey),
    Rename { from: &'a SessionKey, to: &'a SessionKey },
}

/// What became of that.
enum Swapped {
    Stored,
    Changed(Payload),
    Gone,
    Taken,
}

impl Verb<'_> {
    /// The key that the session has afterwards.
    fn key(&self) -> &SessionKey {
        match self {
            Self::Replace(key) | Self::Rename { to: key, .. } => key,
        }
    }
}

/// What is to be stored, merged and encoded.
struct Prepared {
    merged: Merged,
    entry: Entry,
}

/// What became of an attempt to store it.
enum Attempt {
    Stored(Saved),
    Changed(Payload),
}

impl Saving {
    /// What is said is saved: of a session whose key is its payload.
    pub(super) async fn sign(self: &Arc<Self>, pending: Pending) -> Result<Saved, SessionError> {
        let Prepared { merged, entry } = self.prepare(Batch::of(pending), Base::AsLoaded).await?.1?;
        let key = key_of(&entry.payload).ok_or_else(|| SessionError::unavailable(NO_KEY))?;
        Ok(merged.stored(&key, entry))
    }

    /// Stores a new session under a key that nobody had before.
    pub(super) async fn create(self: &Arc<Self>, pending: Pending) -> Result<Saved, SessionError> {
        let Prepared { merged, entry } = self.prepare(Batch::of(pending), Base::AsLoaded).await?.1?;
        for _ in 0..TRIES {
            let key = self.keys.draw();
            if self.backend.insert(&key, entry.clone()).await? == Inserted::Stored {
                return Ok(merged.stored(&key, entry));
            }
        }
        Err(SessionError::unavailable("every new key is taken, says the store"))
    }

    /// The same under a key that somebody may have seen, and that is final for that.
    async fn create_under(
        self: &Arc<Self>,
        key: &SessionKey,
        pending: Pending,
    ) -> Result<Saved, SessionError> {
        let Prepared { merged, entry } = self.prepare(Batch::of(pending), Base::AsLoaded).await?.1?;
        match self.backend.insert(key, entry.clone()).await? {
            Inserted::Stored => Ok(merged.stored(key, entry)),
            Inserted::Taken => Err(SessionError::unavailable(TAKEN)),
        }
    }

    /// Stores a session under its key; [`SessionError::Interrupted`] when that has none any more.
    pub(super) async fn save(
        self: &Arc<Self>,
        key: &SessionKey,
        pending: Pending,
    ) -> Result<Saved, SessionError> {
        if !self.backend.holds(key) {
            return Err(SessionError::Interrupted);
        }
        match self.queues.enter(self, key, pending) {
            Place::First(turn, pending) => {
                let saved = self.write_alone(&Verb::Replace(key), pending, Base::AsLoaded).await;
                turn.pass(|| Base::after(&saved));
                saved
            }
            Place::Waits(answer) => self.waited_for(answer).await?,
        }
    }

    /// Moves a session to the key `to`; [`SessionError::Interrupted`] when there is none any more under `from`. A
    /// session without an earlier key is stored there.
    pub(super) async fn cycle_key(
        self: &Arc<Self>,
        from: Option<SessionKey>,
        to: SessionKey,
        pending: Pending,
    ) -> Result<Saved, SessionError> {
        let Some(from) = from.filter(|from| self.backend.holds(from)) else {
            return self.create_under(&to, pending).await;
        };
        let (turn, base) = match self.queues.enter_alone(self, &from) {
            PlaceAlone::First(turn) => (turn, Base::AsLoaded),
            PlaceAlone::Waits(turn) => self.waited_for(turn).await?,
        };
        let saved = self.write_alone(&Verb::Rename { from: &from, to: &to }, pending, base).await;
        turn.pass(|| Base::AsLoaded);
        saved
    }

    /// What others in this process send, as long as anything is waited for.
    async fn waited_for<T>(&self, sent: oneshot::Receiver<T>) -> Result<T, SessionError> {
        match timeout(self.backend.timeout(), sent).await {
            Ok(Ok(sent)) => Ok(sent),
            Ok(Err(_)) => Err(SessionError::unavailable("the server stops")),
            Err(_) => Err(SessionError::unavailable("the saves before this one take too long")),
        }
    }

    async fn write_alone(
        self: &Arc<Self>,
        verb: &Verb<'_>,
        pending: Pending,
        base: Base,
    ) -> Result<Saved, SessionError> {
        self.write(verb, Batch::of(pending), base).await.0
    }

    /// Writes saves of one session together. An error is that of every save which is right by itself; what is wrong with
    /// the others tells the batch, which is lost when the server stops.
    async fn write(
        self: &Arc<Self>,
        verb: &Verb<'_>,
        mut batch: Batch,
        mut base: Base,
    ) -> (Result<Saved, SessionError>, Option<Batch>) {
        let (began, limit) = (Stopwatch::start(), self.backend.timeout());
        let (mut left, mut refused) = (None, 0);
        loop {
            let prepared = match self.prepare(batch, base).await {
                Ok((returned, prepared)) => {
                    batch = returned;
                    prepared
                }
                Err(error) => return (Err(error), None),
            };
            let expected = prepared.as_ref().ok().and_then(|prepared| prepared.merged.expected.clone());
            let attempt = match prepared {
                Ok(prepared) => self.attempt(verb, prepared, left).await,
                Err(error) => Err(error),
            };
            match attempt {
                Ok(Attempt::Stored(saved)) => return (Ok(saved), Some(batch)),
                Err(error) => return (Err(error), Some(batch)),
                Ok(Attempt::Changed(found)) => {
                    refused += usize::from(expected.as_ref() == Some(&found));
                    if refused == TRIES {
                        return (Err(SessionError::unavailable(REFUSED)), Some(batch));
                    }
                    base = Base::Stored(found);
                }
            }
            // A store keeps the time of one call; several calls share it.
            left = Some(limit.saturating_sub(began.elapsed()));
        }
    }

    /// Merges and encodes, on a thread that may take its time where that takes long.
    async fn prepare(
        self: &Arc<Self>,
        mut batch: Batch,
        base: Base,
    ) -> Result<(Batch, Result<Prepared, SessionError>), SessionError> {
        let (base, heavy) = base.lightly_decoded(&*self.codec);
        let heavy = heavy || batch.is_heavy();
        let this = Arc::clone(self);
        let work = move || {
            let prepared = batch.merge(base, &*this.codec).map(|merged| {
                let payload = this.codec.encode(&merged.data, merged.now);
                let entry = Entry { payload, saved_at: merged.now, expire_date: merged.expire_date };
                Prepared { merged, entry }
            });
            (batch, prepared)
        };
        if heavy { self.heavy.run(work).await } else { Ok(work()) }
    }

    async fn attempt(
        &self,
        verb: &Verb<'_>,
        Prepared { merged, entry }: Prepared,
        left: Option<Duration>,
    ) -> Result<Attempt, SessionError> {
        let swap = self.swap(verb, merged.expected.as_ref(), entry.clone());
        let swapped = match left {
            None => swap.await?,
            Some(left) => {
                timeout(left, swap).await.unwrap_or_else(|_| Err(SessionError::unavailable(BUSY)))?
            }
        };
        match swapped {
            Swapped::Stored => Ok(Attempt::Stored(merged.stored(verb.key(), entry))),
            Swapped::Changed(found) => Ok(Attempt::Changed(found)),
            Swapped::Gone => Err(SessionError::Interrupted),
            Swapped::Taken => Err(SessionError::unavailable(TAKEN)),
        }
    }

    async fn swap(
        &self,
        verb: &Verb<'_>,
        expected: Option<&Payload>,
        entry: Entry,
    ) -> Result<Swapped, SessionError> {
        match verb {
            Verb::Replace(key) => Ok(match self.backend.replace(key, expected, entry).await? {
                Replaced::Stored => Swapped::Stored,
                Replaced::Changed(payload) => Swapped::Changed(payload),
                Replaced::Gone => Swapped::Gone,
            }),
            Verb::Rename { from, to } => Ok(match self.backend.rename(from, expected, to, entry).await? {
                Renamed::Stored => Swapped::Stored,
                Renamed::Changed(payload) => Swapped::Changed(payload),
                Renamed::Gone => Swapped::Gone,
                Renamed::Taken => Swapped::Taken,
            }),
        }
    }

    /// Writes what has waited, and passes the session on to those who have come since.
    async fn write_waiting(self: Arc<Self>, turn: Turn, next: Next, base: Base) {
        match next {
            Next::Alone(sender) => {
                // Who no longer waits drops its turn, which passes it on.
                drop(sender.send((turn, base)));
            }
            Next::Saves(saves) => {
                let Some(key) = turn.key().cloned() else { return };
                let (saves, replies): (Vec<_>, Vec<_>) = saves.into_iter().unzip();
                let Some(batch) = Batch::new(saves) else { return };
                let (saved, batch) = self.write(&Verb::Replace(&key), batch, base).await;
                turn.pass(|| Base::after(&saved));
                let verdicts = batch.into_iter().flat_map(Batch::verdicts);
                let verdicts = verdicts.chain(std::iter::repeat_with(|| Ok(())));
                for (reply, verdict) in replies.into_iter().zip(verdicts) {
                    // Who no longer waits needs no answer.
                    let _ = reply.send(verdict.and_then(|()| saved.clone()));
                }
            }
        }
    }
}

impl Serve for Saving {
    fn serve(self: Arc<Self>, turn: Turn, next: Next, base: Base, runtime: Option<Handle>) {
        // Not in the request that has just written: that is answered meanwhile, or given up, and its runtime may have
        // nothing to do any more, or be gone.
        if let Some(runtime) = runtime {
            drop(runtime.spawn(self.write_waiting(turn, next, base)));
        }
    }
}
