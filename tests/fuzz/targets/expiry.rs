//! `set_expiry`, and what others may have stored as a session's expiry.

use std::sync::Arc;

use chrono::{DateTime, FixedOffset, SubsecRound as _, TimeDelta, Utc};
use sessionid::clock::ManualClock;
use sessionid::sessions::backends::Entry;
use sessionid::sessions::{
    Expiry, RawJson, SessionCodec, SessionData, SessionKey, SessionPolicy, SessionStore, Storage,
};

use super::memory::MemoryBackend;
use super::{SECRET_KEY, block_on, choice};

const STORED: &str = "2b1189a188b44ad18c35e113ac6ceead";

/// The first byte says what the rest is: numbers for one of `set_expiry`'s types, or JSON that is stored.
///
/// # Panics
///
/// If an expiry is accepted and can then not be told or saved, or is another once it is saved.
pub(super) fn run(data: &[u8]) {
    let (kind, rest) = choice(data);
    let (number, other) = (integer(rest), rest.get(8..).map_or(0, integer));
    let nanos = u32::try_from(other.unsigned_abs() % 1_000_000_000).unwrap_or_default();
    let expiry = match kind % 4 {
        0 => Some(Expiry::from(number)),
        1 => moment(number, nanos, other).map(Expiry::from),
        2 => TimeDelta::new(number, nanos).map(Expiry::from),
        _ => return block_on(stored(&String::from_utf8_lossy(rest))),
    };
    if let Some(expiry) = expiry {
        block_on(given(expiry));
    }
}

/// The first eight bytes, the lowest first; what is missing is 0.
fn integer(data: &[u8]) -> i64 {
    let mut bytes = [0; 8];
    let length = data.len().min(8);
    bytes[..length].copy_from_slice(&data[..length]);
    i64::from_le_bytes(bytes)
}

fn moment(seconds: i64, nanos: u32, offset: i64) -> Option<DateTime<FixedOffset>> {
    let offset = FixedOffset::east_opt(i32::try_from(offset % 86_400).ok()?)?;
    DateTime::from_timestamp(seconds, nanos).map(|moment| moment.with_timezone(&offset))
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_371_850, 250_000_000).unwrap()
}

fn session(memory: &MemoryBackend, key: Option<SessionKey>) -> SessionStore {
    let storage = Storage::new(memory.clone(), SessionCodec::new(SECRET_KEY, &[]));
    SessionStore::new(key, storage, Arc::new(SessionPolicy::default()), ManualClock::new(now()).into())
}

async fn given(expiry: Expiry) {
    let memory = MemoryBackend::default();
    let mut session = session(&memory, None);
    session.load().await.unwrap();
    if session.set_expiry(expiry).is_err() {
        assert!(session.entries().unwrap().is_empty(), "what is refused is not there");
        return;
    }
    let told = (session.get_expiry_age().unwrap(), session.get_expiry_date().unwrap());
    if let Expiry::At(moment) = expiry {
        assert_eq!(told.1, moment.trunc_subsecs(6));
        assert_eq!(told.1.offset(), moment.offset());
    }
    let at_close = session.get_expire_at_browser_close().unwrap();
    assert_eq!(at_close, expiry == Expiry::Seconds(0));
    session.create().await.unwrap();
    if told.1 > now() {
        let mut again = self::session(&memory, session.session_key().cloned());
        again.load().await.unwrap();
        assert_eq!((again.get_expiry_age().unwrap(), again.get_expiry_date().unwrap()), told);
    }
}

/// Whatever it says, it is told or an error, and what can be told can be saved.
async fn stored(json: &str) {
    let Ok(json) = RawJson::parse(json) else { return };
    let mut data = SessionData::default();
    data.insert("_session_expiry", json);
    let payload = SessionCodec::new(SECRET_KEY, &[]).encode(&data, now());
    let memory = MemoryBackend::default();
    let entry = Entry {
        payload: payload.into_bytes().into(),
        expire_date: now() + TimeDelta::days(1),
        saved_at: now(),
    };
    memory.with(|stored| stored.insert(STORED.to_owned(), entry));
    let mut session = session(&memory, Some(SessionKey::try_from(STORED).unwrap()));
    session.load().await.unwrap();
    assert_eq!(session.entries().unwrap(), &data);
    let (age, date) = (session.get_expiry_age(), session.get_expiry_date());
    if let (Ok(age), Ok(date)) = (&age, &date) {
        let difference = (*age - (date.to_utc() - now()).num_seconds()).abs();
        assert!(difference <= 1, "{age} seconds and {date}");
    }
    // To Django, what cannot be read does not end with the browser.
    assert!(age.is_ok() || !session.get_expire_at_browser_close().unwrap());
    session.insert("counter", &1).unwrap();
    assert_eq!(session.save().await.is_ok(), date.is_ok());
}
