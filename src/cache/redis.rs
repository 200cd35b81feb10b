//! Redis (`django.core.cache.backends.redis`), and what speaks its protocol, such as Valkey.
//!
//! Compare and swap is a script, which Redis runs as one step.

mod connection;
mod sentinel;
mod server;

use ::redis::{Cmd, Script, Value as Answer};
use chrono::{DateTime, Utc};

pub(super) use self::connection::check_url;
use self::connection::{Connections, Repeat};
use super::contract::{Cache, CacheFuture, Held, Listing, Renamed, Swapped, Until, Value};
use super::error::CacheError;

/// KEYS: key. ARGV: expected, value, seconds.
const SWAP: &str = "
local held = redis.call('GET', KEYS[1])
if not held then return 0 end
if held ~= ARGV[1] then return held end
if tonumber(ARGV[3]) > 0 then redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
else redis.call('DEL', KEYS[1]) end
return 1";

/// KEYS: from, to. ARGV: expected, value, seconds. Where there is no room for the new key, nothing has happened.
const RENAME: &str = "
local held = redis.call('GET', KEYS[1])
if not held then return 0 end
if held ~= ARGV[1] then return held end
if redis.call('EXISTS', KEYS[2]) == 1 then return 2 end
if tonumber(ARGV[3]) > 0 then redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3]) end
redis.call('DEL', KEYS[1])
return 1";

/// KEYS: keys. When each ends, in milliseconds since 1970; a Redis before 7 tells how long that is. What is no text is nothing of
/// a cache's.
const ENDS: &str = "
local ends = {}
for at, key in ipairs(KEYS) do
  local ending = redis.pcall('PEXPIRETIME', key)
  if type(ending) == 'table' then
    ending = redis.call('PTTL', key)
    if ending >= 0 then
      local time = redis.call('TIME')
      ending = time[1] * 1000 + math.floor(time[2] / 1000) + ending
    end
  end
  ends[at] = redis.call('TYPE', key).ok == 'string' and ending or -2
end
return ends";

/// Keys that one SCAN looks at, and whose ends are asked for together.
const BATCH: usize = 1000;
/// Values in a Redis.
#[derive(Debug)]
pub struct RedisCache {
    connections: Connections,
    swap: Script,
    rename: Script,
}

/// What a script answers.
enum Verdict {
    Gone,
    Stored,
    Taken,
    Changed(Value),
}

impl RedisCache {
    /// The primary by its URL, and perhaps others: the first that says it is a primary is used, so that a replica which was
    /// promoted is found. Or one URL of sentinels, which are asked who the primary is
    /// (`redis+sentinel://host:26379,host:26379/service/0`). URLs that are none are left out; [`CacheOptions`](super::CacheOptions) has refused them.
    #[must_use]
    pub fn new(urls: &[String]) -> Self {
        Self { connections: Connections::new(urls), swap: Script::new(SWAP), rename: Script::new(RENAME) }
    }

    /// Runs a script, by its hash where Redis knows it already.
    async fn run(
        &self,
        (script, text): (&Script, &str),
        keys: &[&str],
        expected: &[u8],
        value: &[u8],
        until: Until,
    ) -> Result<Verdict, CacheError> {
        let command = |name: &str, script: &str| {
            let mut command = ::redis::cmd(name);
            command.arg(script).arg(keys.len()).arg(keys).arg(expected).arg(value).arg(until.seconds());
            command
        };
        let by_hash = self.connections.send(&command("EVALSHA", script.get_hash()), Repeat::Never).await;
        let answer = match by_hash {
            Err(CacheError::Refused { reason, .. }) if reason.to_ascii_uppercase().contains("NOSCRIPT") => {
                self.connections.send(&command("EVAL", text), Repeat::Never).await
            }
            answer => answer,
        };
        Ok(match answer? {
            Answer::Int(0) => Verdict::Gone,
            Answer::Int(2) => Verdict::Taken,
            Answer::BulkString(held) => Verdict::Changed(held.into()),
            _ => Verdict::Stored,
        })
    }

    /// `SET`, or what Django does where nothing is to be kept.
    fn set_command(key: &str, value: &[u8], seconds: i64, condition: Option<&str>) -> Cmd {
        let mut command = ::redis::cmd("SET");
        command.arg(key).arg(value).arg("EX").arg(seconds).arg(condition);
        command
    }
}

impl Cache for RedisCache {
    fn get<'a>(&'a self, key: &'a str) -> CacheFuture<'a, Option<Held>> {
        Box::pin(async move {
            let value: Option<Vec<u8>> =
                self.connections.send(::redis::cmd("GET").arg(key), Repeat::Once).await?;
            Ok(value.map(|value| Held { value: value.into(), end: None, left: None }))
        })
    }

    fn add<'a>(&'a self, key: &'a str, value: &'a [u8], until: Until) -> CacheFuture<'a, bool> {
        Box::pin(async move {
            if until.seconds() <= 0 {
                let taken: bool =
                    self.connections.send(::redis::cmd("EXISTS").arg(key), Repeat::Once).await?;
                return Ok(!taken);
            }
            // Sent twice, it may find its own value; the key is then taken, and another is drawn.
            self.connections
                .send(&Self::set_command(key, value, until.seconds(), Some("NX")), Repeat::Once)
                .await
        })
    }

    fn set<'a>(&'a self, key: &'a str, value: &'a [u8], until: Until) -> CacheFuture<'a, ()> {
        Box::pin(async move {
            match until.seconds() {
                ..=0 => self.delete(key).await.map(drop),
                seconds => {
                    self.connections.send(&Self::set_command(key, value, seconds, None), Repeat::Once).await
                }
            }
        })
    }

    fn replace<'a>(&'a self, key: &'a str, value: &'a [u8], until: Until) -> CacheFuture<'a, bool> {
        Box::pin(async move {
            match until.seconds() {
                ..=0 => self.delete(key).await,
                seconds => {
                    self.connections
                        .send(&Self::set_command(key, value, seconds, Some("XX")), Repeat::Never)
                        .await
                }
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
        Box::pin(async move {
            Ok(match self.run((&self.swap, SWAP), &[key], expected, value, until).await? {
                Verdict::Gone => Swapped::Gone,
                Verdict::Changed(held) => Swapped::Changed(held),
                Verdict::Stored | Verdict::Taken => Swapped::Stored,
            })
        })
    }

    fn rename<'a>(
        &'a self,
        from: &'a str,
        expected: &'a [u8],
        to: &'a str,
        value: &'a [u8],
        until: Until,
    ) -> CacheFuture<'a, Renamed> {
        Box::pin(async move {
            Ok(match self.run((&self.rename, RENAME), &[from, to], expected, value, until).await? {
                Verdict::Gone => Renamed::Gone,
                Verdict::Changed(held) => Renamed::Changed(held),
                Verdict::Stored => Renamed::Stored,
                Verdict::Taken => Renamed::Taken,
            })
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> CacheFuture<'a, bool> {
        Box::pin(async move { self.connections.send(::redis::cmd("DEL").arg(key), Repeat::Once).await })
    }

    fn accepts(&self, _: &str) -> bool {
        true
    }

    fn ping(&self) -> CacheFuture<'_, ()> {
        Box::pin(async move { self.connections.send(&::redis::cmd("PING"), Repeat::Once).await })
    }

    fn risks(&self) -> CacheFuture<'_, Vec<String>> {
        Box::pin(async move {
            let mut risks = Vec::new();
            // Who may not ask is not warned: managed servers hide their configuration.
            let save = self.setting("save").await?;
            let append_only = self.setting("appendonly").await?;
            if save.as_deref() == Some("") && append_only.as_deref() == Some("no") {
                risks.push("This Redis writes nothing to a disk (save and appendonly are off): sessions are lost when it restarts.".to_owned());
            }
            if let Some(policy) = self.setting("maxmemory-policy").await?
                && policy.starts_with("allkeys")
                && self.setting("maxmemory").await?.is_some_and(|limit| limit != "0")
            {
                risks.push(format!("This Redis drops sessions that have not ended when it is full (maxmemory-policy {policy})."));
            }
            Ok(risks)
        })
    }

    fn listing(&self) -> Option<&dyn Listing> {
        Some(self)
    }
}

impl RedisCache {
    /// One line of Redis's configuration, where it tells.
    async fn setting(&self, name: &str) -> Result<Option<String>, CacheError> {
        let asked = self
            .connections
            .send::<Vec<String>>(::redis::cmd("CONFIG").arg("GET").arg(name), Repeat::Once)
            .await;
        match asked {
            Ok(answer) => Ok(answer.into_iter().nth(1)),
            Err(CacheError::Refused { .. } | CacheError::Denied { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn ends(&self, keys: Vec<String>) -> Result<Vec<(String, Option<DateTime<Utc>>)>, CacheError> {
        let command = ::redis::cmd("EVAL").arg(ENDS).arg(keys.len()).arg(&keys).to_owned();
        let ends: Vec<i64> = self.connections.send(&command, Repeat::Once).await?;
        // -2: it has ended meanwhile; -1: it never ends.
        let still = keys.into_iter().zip(ends).filter(|(_, end)| *end != -2);
        Ok(still
            .map(|(key, end)| (key, (end >= 0).then(|| DateTime::from_timestamp_millis(end)).flatten()))
            .collect())
    }
}

impl Listing for RedisCache {
    fn keys<'a>(&'a self, prefix: &'a str) -> CacheFuture<'a, Vec<(String, Option<DateTime<Utc>>)>> {
        Box::pin(async move {
            let mut pattern: String = prefix
                .chars()
                .flat_map(|character| {
                    "*?[]\\^-".contains(character).then_some('\\').into_iter().chain([character])
                })
                .collect();
            pattern.push('*');
            let (mut cursor, mut found) = ("0".to_owned(), std::collections::BTreeMap::new());
            loop {
                let scan = ::redis::cmd("SCAN")
                    .arg(&cursor)
                    .arg("MATCH")
                    .arg(&pattern)
                    .arg("COUNT")
                    .arg(BATCH)
                    .to_owned();
                let (next, keys): (String, Vec<Vec<u8>>) = self.connections.send(&scan, Repeat::Once).await?;
                let keys: Vec<_> = keys.into_iter().filter_map(|key| String::from_utf8(key).ok()).collect();
                if !keys.is_empty() {
                    found.extend(self.ends(keys).await?);
                }
                if next == "0" {
                    return Ok(found.into_iter().collect());
                }
                cursor = next;
            }
        })
    }

    fn end<'a>(&'a self, key: &'a str) -> CacheFuture<'a, Option<DateTime<Utc>>> {
        Box::pin(async move {
            let ends = self.ends(vec![key.to_owned()]).await?;
            Ok(ends.into_iter().next().and_then(|(_, end)| end))
        })
    }

    /// Redis does it by itself.
    fn clear_ended(&self, _: DateTime<Utc>) -> CacheFuture<'_, usize> {
        Box::pin(std::future::ready(Ok(0)))
    }
}
