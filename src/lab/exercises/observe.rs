//! When the server ticks: pure functions of what was recorded after the prediction.

use std::sync::Arc;

use chrono::TimeDelta;

use super::{Observed, Scene};
use crate::lab::record::{Record, RowState, Rule, Told};

const PLAIN: &str = "/hello/plain";
const POKE: &str = "/hello/poke";
const WORLD: &str = "/hello/world";
const WORLD2: &str = "/hello/world2";

/// The candidate with the most ticks; of several, the newest.
fn best<const N: usize>(candidates: impl Iterator<Item = ([bool; N], Vec<u64>)>) -> Observed {
    let count = |ticks: &[bool]| ticks.iter().filter(|tick| **tick).count();
    candidates
        .map(|(ticks, evidence)| Observed { ticks: ticks.to_vec(), evidence })
        .max_by_key(|observed| count(&observed.ticks))
        .unwrap_or_default()
}

/// The exercise that an answer ticks.
pub(super) fn nothing(_: &Scene<'_>) -> Observed {
    Observed::default()
}

/// No cookie sent, not accessed, none set.
pub(super) fn plain_visit(scene: &Scene<'_>) -> Observed {
    best(scene.recent().iter().filter(|record| record.path == PLAIN).map(|record| {
        let ticks = [record.sent_key.is_none(), !record.accessed, record.cookie == Told::None];
        (ticks, vec![record.n])
    }))
}

/// A cookie without Max-Age, and a new key.
pub(super) fn poke(scene: &Scene<'_>) -> Observed {
    best(scene.recent().iter().filter(|record| record.path == POKE).map(|record| {
        let set = record.cookie == Told::Set;
        let new = record.key_out.is_some() && record.key_out != record.sent_key;
        ([set, set && record.max_age.is_none(), set && new], vec![record.n])
    }))
}

/// The sent key is that of an earlier answer, and its row is live.
pub(super) fn return_visit(scene: &Scene<'_>) -> Observed {
    let start = scene.start();
    best(scene.records.iter().enumerate().skip(start).filter(|(_, record)| record.in_session).map(
        |(at, record)| {
            let earlier = scene.records[..at].iter().rev().find(|earlier| {
                record.sent_key.is_some() && earlier.cookie == Told::Set && earlier.key_out == record.sent_key
            });
            let sent = record.sent_key.is_some();
            let ticks = [sent, earlier.is_some(), sent && record.row_state == RowState::Live];
            (ticks, earlier.iter().map(|earlier| earlier.n).chain([record.n]).collect())
        },
    ))
}

/// `/hello/world` and `/hello/world2` with one key.
pub(super) fn two_views(scene: &Scene<'_>) -> Observed {
    let visits = |path: &'static str| scene.recent().iter().filter(move |record| record.path == path);
    let pairs = visits(WORLD).flat_map(|one| visits(WORLD2).map(move |other| (Some(one), Some(other))));
    let alone = [(visits(WORLD).next_back(), None), (None, visits(WORLD2).next_back())];
    best(alone.into_iter().chain(pairs).map(|(one, other)| {
        let same = one.zip(other).is_some_and(|(one, other)| {
            one.saved && other.row_state == RowState::Live && one.key_out == other.key_out
        });
        let evidence = one.iter().chain(&other).map(|record| record.n).collect();
        ([one.is_some(), other.is_some(), same], evidence)
    }))
}

/// The session that the browser had before a request: what the newest earlier answer told it to keep, unless
/// that was nothing.
fn session_before(records: &[Arc<Record>], at: usize) -> Option<&Arc<Record>> {
    let told = records[..at].iter().rev().find(|record| record.cookie != Told::None)?;
    (told.cookie == Told::Set).then_some(told)
}

/// A new key for a request without one; and whether the session before it was live then.
fn new_clients<'a>(scene: &'a Scene<'_>) -> impl Iterator<Item = (&'a Arc<Record>, &'a Arc<Record>, bool)> {
    let without_cookie = |record: &Record| record.in_session && record.sent_key.is_none();
    let recent = scene.records.iter().enumerate().skip(scene.start());
    recent.filter(move |(_, record)| without_cookie(record)).filter_map(|(at, record)| {
        let before = session_before(scene.records, at)?;
        Some((before, record, before.expire_after()? > record.at))
    })
}

/// No cookie although the browser was not closed, the old row live, a new key.
pub(super) fn lost_cookie(scene: &Scene<'_>) -> Observed {
    // One that came back with its cookie had not lost it by closing.
    let was_open = |before: &Record| {
        scene
            .closed_after(before)
            .is_none_or(|closed| !closed.without_sessionid && closed.noticed.n == before.n)
    };
    best(new_clients(scene).filter(|(before, ..)| was_open(before)).map(|(before, record, live)| {
        let new = record.key_out.is_some() && record.key() != before.key();
        ([true, live, live && new], vec![before.n, record.n])
    }))
}

/// No cookie, the old row expired, a new key, the counter at 0.
pub(super) fn silence(scene: &Scene<'_>) -> Observed {
    best(new_clients(scene).map(|(before, record, live)| {
        let new = !live && record.key_out.is_some() && record.key() != before.key();
        let zero = new && record.path == WORLD && record.counter == Some(0);
        ([true, !live, new, zero], vec![before.n, record.n])
    }))
}

/// Four saves of one session, the counter and the expiry rising.
pub(super) fn kept_alive(scene: &Scene<'_>) -> Observed {
    const VISITS: usize = 4;
    let saves: Vec<_> = scene.recent().iter().filter(|record| record.path == WORLD && record.saved).collect();
    best((1..=saves.len()).map(|end| {
        let run = &saves[end.saturating_sub(VISITS)..end];
        let pairs = || run.iter().zip(&run[1..]);
        let whole = run.len() == VISITS && pairs().all(|(one, next)| one.key() == next.key());
        let counted = pairs().all(|(one, next)| next.counter == one.counter.map(|counter| counter + 1));
        let rising = pairs().all(|(one, next)| next.expire_after() > one.expire_after());
        ([whole, whole && counted, whole && rising], run.iter().map(|record| record.n).collect())
    }))
}

/// Three reads that save nothing, the last in the second half of the session's life, the expiry unmoved.
pub(super) fn reading(scene: &Scene<'_>) -> Observed {
    const READS: usize = 3;
    let in_session: Vec<_> = scene.recent().iter().filter(|record| record.in_session).collect();
    let is_read =
        |record: &Record| record.path == WORLD2 && record.row_state == RowState::Live && record.accessed;
    best((READS..=in_session.len()).map(|end| {
        let run = &in_session[end - READS..end];
        let last = run[READS - 1];
        let reads = run.iter().all(|record| is_read(record) && !record.saved && record.key() == last.key());
        let left = last.expire_before().map(|end| end - last.at);
        let save = scene
            .records
            .iter()
            .rev()
            .find(|record| record.saved && record.expire_after() == last.expire_before());
        let life = save.and_then(|save| save.life_s()).unwrap_or(last.age);
        let late = left.is_some_and(|left| left * 2 < TimeDelta::seconds(life));
        let moments = || run.iter().flat_map(|record| [record.expire_before(), record.expire_after()]);
        let unmoved = moments().all(|moment| moment.is_some() && moment == last.expire_after());
        ([reads, reads && late, reads && unmoved], run.iter().map(|record| record.n).collect())
    }))
}

/// A cookie for as long as the browser is open; the browser closed; the row live.
pub(super) fn closed_browser(scene: &Scene<'_>) -> Observed {
    let for_now = |record: &&Arc<Record>| record.cookie == Told::Set && record.max_age.is_none();
    let Some(set) = scene.recent().iter().rev().find(for_now) else { return Observed::default() };
    let closed = scene.closed_after(set).is_some_and(|closed| closed.without_sessionid);
    let live = scene.row.is_some_and(|row| Some(row.key.as_str()) == set.key() && row.is_live(scene.now));
    Observed { ticks: vec![true, closed, closed && live], evidence: vec![set.n] }
}

/// The noted session again, in another run of the server.
pub(super) fn restart(scene: &Scene<'_>) -> Observed {
    let Some(noted) = scene.noted else { return Observed::default() };
    if noted.boot_id == scene.boot_id {
        return Observed { ticks: vec![true], evidence: Vec::new() };
    }
    let nobody_yet = std::iter::once(([true, true, false, false], Vec::new()));
    let visits = scene.recent().iter().filter(|record| record.in_session);
    best(nobody_yet.chain(visits.map(|record| {
        let same =
            record.sent_key.as_deref() == Some(noted.key.as_str()) && record.row_state == RowState::Live;
        ([true, true, same, same && record.counter == Some(noted.counter)], vec![record.n])
    })))
}

/// An expired row under a sent key: untouched, read, and written.
pub(super) fn stale_cookie(scene: &Scene<'_>) -> Observed {
    let find = |matches: fn(&Record) -> bool| {
        let stale = |record: &&Arc<Record>| {
            record.in_session && record.row_state == RowState::Expired && matches(record)
        };
        scene.recent().iter().rev().find(stale).map(|record| record.n)
    };
    let untouched =
        find(|record| !record.accessed && record.rule == Rule::Leave && record.cookie == Told::None);
    let read = find(|record| record.accessed && record.cookie == Told::Delete);
    let written =
        find(|record| record.saved && record.key_out.is_some() && record.key_out != record.sent_key);
    let found = [untouched, read, written];
    Observed {
        ticks: found.map(|found| found.is_some()).to_vec(),
        evidence: found.into_iter().flatten().collect(),
    }
}
