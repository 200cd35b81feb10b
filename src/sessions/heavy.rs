//! Work on sessions that are too large for a thread that serves others meanwhile.
//!
//! A megabyte of JSON takes tens of milliseconds to read or write, and many times its size in memory. So it is worked on
//! by threads that may take their time, at most as many at once as there are cores, and only a few such sessions are in
//! memory at the same time. Requests of all other sessions notice little of it.

use std::collections::HashMap;
use std::num::NonZero;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::error::SessionError;
use super::key::SessionKey;
use super::payload::Payload;
use super::serializers::{PayloadError, SessionData};

/// Bytes of JSON that a worker reads or writes in less than a millisecond.
pub(super) const LARGEST_LIGHT: usize = 32 << 10;
/// How many heavy sessions are in memory at once.
const AT_ONCE: usize = 2;

/// The right to have a heavy session in memory.
#[derive(Debug)]
pub(crate) struct Room(#[expect(dead_code, reason = "it counts by being held")] OwnedSemaphorePermit);

type Decoded = Arc<Result<SessionData, PayloadError>>;

/// A payload that is being decoded, for all who load it meanwhile.
#[derive(Debug)]
struct Flight {
    payload: Payload,
    decoded: OnceCell<Decoded>,
}

/// What bounds the work on heavy sessions.
#[derive(Debug)]
pub(super) struct Heavy {
    threads: Arc<Semaphore>,
    room: Arc<Semaphore>,
    flights: Mutex<HashMap<SessionKey, Weak<Flight>>>,
}

impl Heavy {
    pub(super) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            threads: Arc::new(Semaphore::new(cores)),
            room: Arc::new(Semaphore::new(AT_ONCE)),
            flights: Mutex::default(),
        }
    }

    /// Waits until there is room for one more.
    pub(super) async fn room(&self, limit: Duration) -> Result<Room, SessionError> {
        match timeout(limit, Arc::clone(&self.room).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Room(permit)),
            _ => Err(SessionError::unavailable("too many large sessions are in use at once")),
        }
    }

    /// Runs `work` on a thread that may take its time.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, SessionError> {
        let thread = Arc::clone(&self.threads).acquire_owned().await.map_err(SessionError::unavailable)?;
        let work = tokio::task::spawn_blocking(move || {
            let _thread = thread;
            work()
        });
        work.await.map_err(SessionError::unavailable)
    }

    /// The data in a payload. Those who load the same at the same time share the decoding, and have a copy each.
    pub(super) async fn decode(
        &self,
        key: &SessionKey,
        payload: &Payload,
        decode: impl FnOnce() -> Result<SessionData, PayloadError> + Send + 'static,
    ) -> Result<Result<SessionData, PayloadError>, SessionError> {
        let flight = self.flight(key, payload);
        let decoded = flight.decoded.get_or_try_init(|| self.run(|| Arc::new(decode())));
        let decoded = Arc::clone(decoded.await?);
        // The last of them needs no copy.
        drop(flight);
        self.run(move || Arc::unwrap_or_clone(decoded)).await
    }

    fn flight(&self, key: &SessionKey, payload: &Payload) -> Arc<Flight> {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |flight: &Arc<Flight>| flight.payload == *payload;
        if let Some(flight) = flights.get(key).and_then(Weak::upgrade).filter(same) {
            return flight;
        }
        flights.retain(|_, flight| flight.strong_count() > 0);
        let flight = Arc::new(Flight { payload: payload.clone(), decoded: OnceCell::new() });
        flights.insert(key.clone(), Arc::downgrade(&flight));
        flight
    }
}

/// Drops what takes long to drop, elsewhere; where there is no elsewhere, here.
pub(super) fn discard<T: Send + 'static>(value: T) {
    if let Ok(runtime) = Handle::try_current() {
        drop(runtime.spawn_blocking(move || drop(value)));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn those_who_load_the_same_at_once_share_the_decoding_and_have_a_copy_each() {
        let heavy = Heavy::new();
        let key = SessionKey::random();
        let (one, other) = (Payload::from(b"one".to_vec()), Payload::from(b"other".to_vec()));
        let decoded = Arc::new(AtomicUsize::new(0));
        let load = |payload| {
            let decoded = Arc::clone(&decoded);
            heavy.decode(&key, payload, move || {
                decoded.fetch_add(1, Ordering::SeqCst);
                SessionData::from_json(br#"{"a":1}"#).map_err(|error| PayloadError::Unreadable(error.into()))
            })
        };
        actix_web::rt::System::new().block_on(async {
            let loads = (0..20).map(|at| load(if at % 5 == 4 { &other } else { &one }));
            for data in futures_util::future::join_all(loads).await {
                assert_eq!(data.expect("a thread").expect("data").to_json(), r#"{"a":1}"#);
            }
            assert!(decoded.load(Ordering::SeqCst) < 10, "20 loads of two payloads");
            drop(load(&one).await.expect("a thread"));
        });
        let flights = heavy.flights.lock().expect("no panic");
        assert!(flights.values().all(|flight| flight.strong_count() == 0), "nothing is kept");
    }

    #[test]
    fn there_is_room_for_a_few_and_an_end_to_waiting() {
        let heavy = Heavy::new();
        actix_web::rt::System::new().block_on(async {
            let mut rooms = Vec::new();
            for _ in 0..AT_ONCE {
                rooms.push(heavy.room(Duration::ZERO).await.expect("room"));
            }
            assert!(heavy.room(Duration::ZERO).await.is_err());
            rooms.pop();
            assert!(heavy.room(Duration::ZERO).await.is_ok());
        });
    }
}
