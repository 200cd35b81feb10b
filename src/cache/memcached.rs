//! memcached (`django.core.cache.backends.memcached`), as Django's `PyMemcacheCache` and `PyLibMCCache` use it.
//!
//! Compare and swap is memcached's own: each value has a number that changes with every store, and a store or a deletion can
//! be made to depend on it. The client speaks the meta protocol of memcached 1.6.

use std::time::Duration;

use ::memcache::exp::{AsyncMetaClient, Error, Meta, MutationStatus, SetMode};
use chrono::TimeDelta;
use tokio::sync::Mutex;

use super::connections::PerRuntime;
use super::contract::{Cache, CacheFuture, Held, Listing, Renamed, Swapped, Until, Value};
use super::error::{CacheError, LIMIT};
use super::keys::is_of_a_key;
use super::rendezvous::RendezvousHash;
use crate::clock::Clock;

/// Marks a pickle, to pymemcache and pylibmc alike. Values with other flags are texts, numbers or compressed.
const FLAG_PICKLE: u32 = 1;
/// What stands before a value that is no pickle: no pickle begins so, and nobody takes it for one.
const NO_PICKLE: &[u8] = b"\0flags ";
/// From here on memcached takes seconds for a date.
const THIRTY_DAYS: i64 = 60 * 60 * 24 * 30;
/// memcached's longest key, in bytes.
const LONGEST_KEY: usize = 250;
/// Values that any memcached takes; most take a megabyte.
const SMALL: usize = 32 << 10;
/// Connections to each server, for each runtime.
const CONNECTIONS: usize = 64;
/// How long one attempt to connect may take.
const CONNECT: Duration = Duration::from_secs(2);

/// Values in one or several memcached servers.
#[derive(Debug)]
pub struct MemcachedCache {
    servers: Vec<String>,
    name: String,
    clients: PerRuntime<Mutex<Option<AsyncMetaClient>>>,
}

/// Whether a call may be made once more when its connection has died.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeat {
    /// Doing it twice is the same as doing it once.
    Once,
    /// It may have been done.
    Never,
}

/// A value, and the number that it has until somebody stores another.
struct Numbered {
    value: Value,
    cas: u64,
    left: Option<TimeDelta>,
}

impl MemcachedCache {
    /// Servers as `host:port`.
    #[must_use]
    pub fn new(servers: &[String]) -> Self {
        let name = format!("memcached at {}", servers.join(", "));
        Self { servers: servers.to_vec(), name, clients: PerRuntime::default() }
    }

    /// Names are resolved here, and again after an error.
    async fn client(&self) -> Result<AsyncMetaClient, CacheError> {
        let slot = self.clients.get()?;
        let mut slot = slot.lock().await;
        if let Some(client) = &*slot {
            return Ok(client.clone());
        }
        let connecting = AsyncMetaClient::builder()
            .router(RendezvousHash)
            .connect_timeout(Some(CONNECT))
            .io_timeout(Some(LIMIT))
            .max_connections(Some(CONNECTIONS))
            .max_idle(CONNECTIONS)
            .connect_multiple_async(&self.servers);
        let client = connecting.await.map_err(|error| self.error(error))?;
        *slot = Some(client.clone());
        Ok(client)
    }

    /// Runs a call within the limit. A connection that died while nobody used it is found out only by using it; where doing it
    /// twice is the same as doing it once, it is then done on another.
    fn call<'a, T, F>(
        &'a self,
        repeat: Repeat,
        work: impl Fn(AsyncMetaClient) -> F + Send + Sync + 'a,
    ) -> CacheFuture<'a, T>
    where
        F: Future<Output = Result<T, Error>> + Send + 'a,
        T: Send + 'a,
    {
        Box::pin(async move {
            let called = async {
                let first = self.call_once(&work).await;
                match first {
                    Err(CacheError::Unreachable { .. }) if repeat == Repeat::Once => {
                        self.call_once(&work).await
                    }
                    first => first,
                }
            };
            if let Ok(answer) = tokio::time::timeout(LIMIT, called).await {
                return answer;
            }
            self.forget();
            Err(CacheError::TimedOut { server: self.name.clone() })
        })
    }

    async fn call_once<T, F>(&self, work: impl Fn(AsyncMetaClient) -> F) -> Result<T, CacheError>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let answer = work(self.client().await?).await.map_err(|error| self.error(error));
        if let Err(CacheError::Unreachable { .. } | CacheError::TimedOut { .. }) = answer {
            self.forget();
        }
        answer
    }

    /// Leaves all connections of this runtime; others are made, to where the names lead then.
    fn forget(&self) {
        if let Ok(slot) = self.clients.get()
            && let Ok(mut slot) = slot.try_lock()
        {
            *slot = None;
        }
    }

    fn error(&self, error: Error) -> CacheError {
        let server = self.name.clone();
        match error {
            Error::Timeout { .. } => CacheError::TimedOut { server },
            Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => {
                CacheError::TimedOut { server }
            }
            Error::Io(error) => CacheError::Unreachable { server, reason: error.to_string() },
            Error::Ambiguous { source, .. } => self.error(*source),
            // The key is in some of the other messages, and who knows a session's key has the session.
            Error::Server(reason) => CacheError::Refused { server, reason },
            Error::Rejected(_) => CacheError::Refused {
                server,
                reason: "it does not know the commands of memcached 1.6".to_owned(),
            },
            _ => CacheError::Refused { server, reason: "its answer is none of memcached's".to_owned() },
        }
    }
}

/// memcached's `exptime`; `None` keeps nothing.
///
/// A date is by the server's clock, which is taken to be that of this machine, as Django does.
fn exptime(until: Until) -> Option<u32> {
    let seconds = until.seconds();
    let exptime = match seconds {
        ..=0 => return None,
        1..=THIRTY_DAYS => seconds,
        _ => Clock::System.now().timestamp().saturating_add(seconds),
    };
    // memcached's dates end in 2038.
    Some(u32::try_from(exptime).unwrap_or(u32::MAX).min(i32::MAX.unsigned_abs()))
}

async fn read(client: &AsyncMetaClient, key: &str) -> Result<Option<Numbered>, Error> {
    let found = client.get(key).meta(Meta::default().cas().ttl()).send().await?;
    let (Some(value), Some(cas)) = (found.value, found.item.cas) else { return Ok(None) };
    let value = match found.client_flags {
        Some(FLAG_PICKLE) => value.into(),
        flags => [NO_PICKLE, flags.unwrap_or(0).to_string().as_bytes(), b"\n", &value].concat().into(),
    };
    // -1 is told of what never ends.
    let left = found.item.ttl.filter(|left| *left >= 0).and_then(TimeDelta::try_seconds);
    Ok(Some(Numbered { value, cas, left }))
}

async fn store(
    client: &AsyncMetaClient,
    mode: SetMode,
    key: &str,
    value: &[u8],
    exptime: u32,
) -> Result<bool, Error> {
    if mode != SetMode::Add {
        check_size(client, key, value).await?;
    }
    let set = client.set(key, value).mode(mode).client_flags(FLAG_PICKLE).ttl_raw(exptime);
    Ok(set.send().await?.applied())
}

/// Where a value is too large, memcached not only refuses it but also drops the one that it was to replace. So a large one is
/// first stored under a key of its own for a second, which tells.
async fn check_size(client: &AsyncMetaClient, key: &str, value: &[u8]) -> Result<(), Error> {
    if value.len() > SMALL {
        client.set(format!("{key}.size"), value).ttl_raw(1).send().await?;
    }
    Ok(())
}

impl Cache for MemcachedCache {
    fn get<'a>(&'a self, key: &'a str) -> CacheFuture<'a, Option<Held>> {
        self.call(Repeat::Once, move |client| async move {
            Ok(read(&client, key).await?.map(|found| Held {
                value: found.value,
                end: None,
                left: found.left,
            }))
        })
    }

    fn add<'a>(&'a self, key: &'a str, value: &'a [u8], until: Until) -> CacheFuture<'a, bool> {
        self.call(Repeat::Once, move |client| async move {
            match exptime(until) {
                Some(exptime) => store(&client, SetMode::Add, key, value, exptime).await,
                None => Ok(read(&client, key).await?.is_none()),
            }
        })
    }

    fn set<'a>(&'a self, key: &'a str, value: &'a [u8], until: Until) -> CacheFuture<'a, ()> {
        self.call(Repeat::Once, move |client| async move {
            if let Some(exptime) = exptime(until) {
                store(&client, SetMode::Set, key, value, exptime).await?;
            } else {
                client.delete(key).send().await?;
            }
            Ok(())
        })
    }

    fn replace<'a>(&'a self, key: &'a str, value: &'a [u8], until: Until) -> CacheFuture<'a, bool> {
        self.call(Repeat::Never, move |client| async move {
            match exptime(until) {
                Some(exptime) => store(&client, SetMode::Replace, key, value, exptime).await,
                None => Ok(client.delete(key).send().await?.applied()),
            }
        })
    }

    fn swap<'a>(
        &'a self,
        key: &'a str,
        expected: &'a [u8],
        value: &'a [u8],
        until: Until,
    ) -> CacheFuture<'a, Swapped> {
        self.call(Repeat::Never, move |client| async move {
            loop {
                let Some(held) = read(&client, key).await? else { return Ok(Swapped::Gone) };
                if *held.value != *expected {
                    return Ok(Swapped::Changed(held.value));
                }
                let status = match exptime(until) {
                    Some(exptime) => {
                        check_size(&client, key, value).await?;
                        let set = client.set(key, value).client_flags(FLAG_PICKLE).ttl_raw(exptime);
                        set.compare_cas(held.cas).send().await?.status
                    }
                    None => client.delete(key).compare_cas(held.cas).send().await?.status,
                };
                match status {
                    MutationStatus::Applied => return Ok(Swapped::Stored),
                    MutationStatus::NotFound => return Ok(Swapped::Gone),
                    // Somebody was faster; what he has stored may be the same bytes again.
                    _ => {}
                }
            }
        })
    }

    /// memcached has no step that takes two keys, so this is two: the new key is added, then the old one is deleted if nobody
    /// has stored anything there since it was read.
    ///
    /// - Nothing is lost. Until the deletion the old key is as it was, and the deletion takes exactly what `value` was made
    ///   from: whoever stores there in between changes the number, the deletion fails, and the new key is taken back.
    /// - What was ended stays ended. Where the old key was deleted in between, the deletion finds nothing, and the new key is
    ///   taken back.
    /// - A process that dies between the two leaves the old key as it was, and under the new one a copy that ends with its
    ///   session. Nobody comes for it: a key is sent to its client only after this has returned, and cannot be guessed.
    ///
    /// The other order, a tombstone in the place of the old key and then the new key, would lose the session there, with every
    /// update that was answered before.
    fn rename<'a>(
        &'a self,
        from: &'a str,
        expected: &'a [u8],
        to: &'a str,
        value: &'a [u8],
        until: Until,
    ) -> CacheFuture<'a, Renamed> {
        self.call(Repeat::Never, move |client| async move {
            loop {
                let Some(held) = read(&client, from).await? else { return Ok(Renamed::Gone) };
                if *held.value != *expected {
                    return Ok(Renamed::Changed(held.value));
                }
                let added = match exptime(until) {
                    Some(exptime) => store(&client, SetMode::Add, to, value, exptime).await?,
                    None => read(&client, to).await?.is_none(),
                };
                if !added {
                    return Ok(Renamed::Taken);
                }
                match client.delete(from).compare_cas(held.cas).send().await?.status {
                    MutationStatus::Applied => return Ok(Renamed::Stored),
                    MutationStatus::NotFound => {
                        client.delete(to).send().await?;
                        return Ok(Renamed::Gone);
                    }
                    _ => drop(client.delete(to).send().await?),
                }
            }
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> CacheFuture<'a, bool> {
        self.call(Repeat::Once, move |client| async move { Ok(client.delete(key).send().await?.applied()) })
    }

    /// As Django's `validate_key`: of any other key nobody is asked.
    fn accepts(&self, key: &str) -> bool {
        key.len() + ".size".len() <= LONGEST_KEY && key.bytes().all(is_of_a_key)
    }

    fn ping(&self) -> CacheFuture<'_, ()> {
        self.call(Repeat::Once, move |client| async move { client.noop().await })
    }

    fn risks(&self) -> CacheFuture<'_, Vec<String>> {
        let risk = "memcached keeps sessions in memory: they are lost when it restarts, and when it is full it drops what was not used for longest.";
        Box::pin(std::future::ready(Ok(vec![risk.to_owned()])))
    }

    /// memcached does not tell its keys.
    fn listing(&self) -> Option<&dyn Listing> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_thirty_days_on_seconds_are_a_date() {
        let now = Clock::System.now();
        let of = |seconds| exptime(Until { now, end: now + TimeDelta::seconds(seconds) });
        assert_eq!((of(-1), of(0), of(1), of(THIRTY_DAYS)), (None, None, Some(1), Some(2_592_000)));
        let date = of(THIRTY_DAYS + 1).map(i64::from).expect("a date") - now.timestamp();
        assert!((THIRTY_DAYS + 1..THIRTY_DAYS + 60).contains(&date));
        assert_eq!(of(100 * 365 * 24 * 3600), Some(2_147_483_647));
    }
}
