//! Two requests of one session that wait for each other, so that they overlap whenever a learner wants to see it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::error::LabError;
use crate::sessions::{Session, SessionKey};

const COUNTER: &str = "counter";
/// How long a request waits for the other. Who has no scripts presses a button twice within that time.
const PATIENCE: Duration = Duration::from_secs(2);
/// Requests that may wait at once.
const MOST: usize = 256;

/// How a request counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    GetThenSet,
    FetchUpdate,
}

impl Count {
    /// The one that an operation of `/play` names.
    pub(super) fn of(operation: &str) -> Option<Self> {
        match operation {
            "get_then_set_at_once" => Some(Self::GetThenSet),
            "fetch_update_at_once" => Some(Self::FetchUpdate),
            _ => None,
        }
    }
}

/// Counts as a slow view does: between its look at the counter and its save another request comes. Both have loaded the
/// session then, and neither has saved it.
pub(super) async fn count(how: Count, session: &Session, meetings: &Meetings) -> Result<String, LabError> {
    let counter: i64 = session.get(COUNTER)?.unwrap_or(0);
    let Some(key) = session.session_key()? else {
        return Ok("there is no session yet that two requests could share".to_owned());
    };
    let others = if meetings.meet(&key).await { "so did the other request" } else { "no other request came" };
    let next = counter.saturating_add(1);
    Ok(match how {
        Count::GetThenSet => {
            session.insert(COUNTER, next)?;
            format!("saw {counter}, {others}; stores {next}")
        }
        Count::FetchUpdate => {
            session.fetch_update(COUNTER, 0, |counter: i64| counter.saturating_add(1))?;
            format!("saw {counter}, {others}; adds one to what the row then holds")
        }
    })
}

/// Who waits for another request of its session.
pub(super) struct Meetings {
    waiting: Mutex<HashMap<SessionKey, oneshot::Sender<()>>>,
    patience: Duration,
}

enum Arrival {
    /// The other was there.
    Second,
    /// It may come yet.
    First(oneshot::Receiver<()>),
    /// Nobody waits any more where so many do.
    TooMany,
}

impl Meetings {
    pub(super) fn new() -> Self {
        Self::with_patience(PATIENCE)
    }

    fn with_patience(patience: Duration) -> Self {
        Self { waiting: Mutex::default(), patience }
    }

    /// Waits for another request of the session, and tells whether it came.
    async fn meet(&self, key: &SessionKey) -> bool {
        match self.arrive(key) {
            Arrival::Second => true,
            Arrival::First(other) => timeout(self.patience, other).await.is_ok_and(|came| came.is_ok()),
            Arrival::TooMany => false,
        }
    }

    fn arrive(&self, key: &SessionKey) -> Arrival {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        // Who has waited too long, or whose client is gone.
        waiting.retain(|_, other| !other.is_closed());
        if waiting.remove(key).is_some_and(|other| other.send(()).is_ok()) {
            return Arrival::Second;
        }
        if waiting.len() >= MOST {
            return Arrival::TooMany;
        }
        let (sender, receiver) = oneshot::channel();
        waiting.insert(key.clone(), sender);
        Arrival::First(receiver)
    }
}

impl fmt::Debug for Meetings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meetings").field("patience", &self.patience).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join;

    use super::*;

    fn key(letter: &str) -> SessionKey {
        SessionKey::try_from(letter.repeat(32).as_str()).expect("a key")
    }

    #[actix_web::test]
    async fn two_requests_of_one_session_meet_and_those_of_two_sessions_do_not() {
        let meetings = Meetings::new();
        assert_eq!(join(meetings.meet(&key("a")), meetings.meet(&key("a"))).await, (true, true));
        let meetings = Meetings::with_patience(Duration::from_millis(1));
        assert_eq!(join(meetings.meet(&key("a")), meetings.meet(&key("b"))).await, (false, false));
    }

    #[actix_web::test]
    async fn who_has_waited_in_vain_meets_nobody_later() {
        let meetings = Meetings::with_patience(Duration::ZERO);
        assert!(!meetings.meet(&key("a")).await);
        assert!(!meetings.meet(&key("a")).await, "the first is gone");
    }

    #[test]
    fn only_so_many_wait_at_once() {
        let meetings = Meetings::new();
        let keys = (0..MOST).map(|n| SessionKey::try_from(format!("{n:032}").as_str()).expect("a key"));
        let waiting: Vec<_> = keys.map(|key| meetings.arrive(&key)).collect();
        assert!(waiting.iter().all(|arrival| matches!(arrival, Arrival::First(_))));
        assert!(matches!(meetings.arrive(&key("a")), Arrival::TooMany));
        drop(waiting);
        assert!(
            matches!(meetings.arrive(&key("a")), Arrival::First(_)),
            "those whose clients are gone do not count"
        );
    }
}
