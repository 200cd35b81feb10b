//! What a request changed in its session, so that it can be applied to what the row holds by then.

use std::error::Error as StdError;
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::SessionError;
use super::json::RawJson;
use super::serializers::SessionData;

/// What becomes of the value that is there.
pub(crate) type Update = Box<dyn Fn(Option<&RawJson>) -> Result<RawJson, SessionError> + Send>;

/// What hears of a value that is taken out.
type Taken = Box<dyn Fn(Option<RawJson>) -> Result<(), SessionError> + Send>;

/// `f` of the value under `key`, or of `default`.
pub(crate) fn update<T, E, F>(key: &str, default: T, f: F) -> Update
where
    T: Serialize + DeserializeOwned + Clone + Send + 'static,
    E: Into<Box<dyn StdError + Send + Sync>>,
    F: FnOnce(T) -> Result<T, E> + Clone + Send + 'static,
{
    let key = key.to_owned();
    Box::new(move |current| {
        let current = current.map_or_else(|| Ok(default.clone()), |value| read(&key, value))?;
        write(&key, &apply(&key, f.clone(), current)?)
    })
}

/// `f` of a value, which it may refuse.
pub(crate) fn apply<T, E: Into<Box<dyn StdError + Send + Sync>>>(
    key: &str,
    f: impl FnOnce(T) -> Result<T, E>,
    value: T,
) -> Result<T, SessionError> {
    f(value).map_err(|error| {
        let source: Box<dyn StdError + Send + Sync> = error.into();
        SessionError::Refused { key: key.to_owned(), source: source.into() }
    })
}

/// One change, in the order in which the request made it.
enum Change {
    Set(String, RawJson),
    Remove(String),
    Update(String, Update),
    Take(String, Taken),
    Clear,
    /// An update that went along with what was taken out.
    Nothing,
}

impl Change {
    fn removed(&self) -> Option<&str> {
        if let Self::Remove(key) = self { Some(key) } else { None }
    }

    /// Whether the value of `key` does not depend on what was there before.
    fn settles(&self, key: &str) -> bool {
        match self {
            Self::Set(own, _) | Self::Remove(own) => own == key,
            Self::Clear => true,
            Self::Update(..) | Self::Take(..) | Self::Nothing => false,
        }
    }
}

/// The removals that `changes` begin with.
fn removals(changes: &[Change]) -> &[Change] {
    let count = changes.iter().take_while(|change| change.removed().is_some()).count();
    &changes[..count]
}

/// The changes of one request.
#[derive(Default)]
pub(crate) struct WriteSet {
    changes: Vec<Change>,
    /// How many of them stay as they are, whatever follows.
    marked: usize,
}

impl WriteSet {
    pub(crate) fn set(&mut self, key: &str, value: RawJson) {
        // A loop that sets one key again and again leaves one change.
        match self.changes[self.marked..].last_mut() {
            Some(Change::Set(last, old)) if last == key => *old = value,
            _ => self.changes.push(Change::Set(key.to_owned(), value)),
        }
    }

    pub(crate) fn remove(&mut self, key: String) {
        self.changes.push(Change::Remove(key));
    }

    /// Applies `update` to the value under `key`; again at every merge.
    pub(crate) fn update(&mut self, key: &str, update: Update) {
        self.changes.push(Change::Update(key.to_owned(), update));
    }

    /// Takes `key` out, and hands what was there to `taken`; again at every merge.
    pub(crate) fn take(
        &mut self,
        key: &str,
        taken: impl Fn(Option<RawJson>) -> Result<(), SessionError> + Send + 'static,
    ) {
        self.changes.push(Change::Take(key.to_owned(), Box::new(taken)));
    }

    /// Whether what `key` is to hold is known, whatever the row holds.
    pub(crate) fn settles(&self, key: &str) -> bool {
        self.changes.iter().any(|change| change.settles(key))
    }

    /// Takes the updates of `key` out.
    pub(crate) fn drain_updates(&mut self, key: &str) -> Vec<Update> {
        let drain = |change: &mut Change| match std::mem::replace(change, Change::Nothing) {
            Change::Update(own, update) if own == key => Some(update),
            other => {
                *change = other;
                None
            }
        };
        self.changes.iter_mut().filter_map(drain).collect()
    }

    /// Whatever was there is gone, and so is what the changes before this one make of it. These are kept: a
    /// [`truncate`](Self::truncate) can bring them back.
    pub(crate) fn clear(&mut self) {
        self.changes.push(Change::Clear);
    }

    /// The data that the row is to hold, given what it holds now.
    pub(crate) fn apply(&self, mut data: SessionData) -> Result<SessionData, SessionError> {
        let mut changes = &self.changes[self.last_clear().unwrap_or(0)..];
        while let Some((change, rest)) = changes.split_first() {
            changes = rest;
            match change {
                Change::Set(key, value) => data.insert(key, value.clone()),
                Change::Remove(key) => {
                    let more = removals(rest);
                    match more {
                        [] => drop(data.remove(key)),
                        more => {
                            let all = std::iter::once(change).chain(more);
                            data.remove_all(all.filter_map(Change::removed));
                        }
                    }
                    changes = &rest[more.len()..];
                }
                Change::Update(key, update) => {
                    let value = update(data.get(key))?;
                    data.insert(key, value);
                }
                Change::Take(key, taken) => taken(data.remove(key))?,
                Change::Clear => data = SessionData::default(),
                Change::Nothing => {}
            }
        }
        Ok(data)
    }

    /// Whether nothing of what is there stays, whatever it is.
    pub(crate) fn replaces_all(&self) -> bool {
        self.last_clear().is_some()
    }

    fn last_clear(&self) -> Option<usize> {
        self.changes.iter().rposition(|change| matches!(change, Change::Clear))
    }

    /// How many changes there are, for [`truncate`](Self::truncate).
    pub(crate) fn mark(&mut self) -> usize {
        self.marked = self.changes.len();
        self.marked
    }

    /// Forgets what was changed after a [`mark`](Self::mark).
    pub(crate) fn truncate(&mut self, mark: usize) {
        self.changes.truncate(mark);
        self.marked = mark.min(self.changes.len());
    }
}

impl fmt::Debug for WriteSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changes = self.changes.iter().map(|change| match change {
            Change::Set(key, _) => format!("set {key:?}"),
            Change::Remove(key) => format!("remove {key:?}"),
            Change::Update(key, _) => format!("update {key:?}"),
            Change::Take(key, _) => format!("take {key:?}"),
            Change::Clear => "clear".to_owned(),
            Change::Nothing => "nothing".to_owned(),
        });
        f.debug_list().entries(changes).finish()
    }
}

/// A stored value as a Rust type.
pub(crate) fn read<T: DeserializeOwned>(key: &str, value: &RawJson) -> Result<T, SessionError> {
    value.get().map_err(|source| SessionError::Type { key: key.to_owned(), source: source.into() })
}

/// A Rust value as it is stored.
pub(crate) fn write<T: Serialize + ?Sized>(key: &str, value: &T) -> Result<RawJson, SessionError> {
    RawJson::new(value)
        .map_err(|source| SessionError::Serialize { key: key.to_owned(), source: source.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(json: &str) -> SessionData {
        SessionData::from_json(json.as_bytes()).expect("a JSON object")
    }

    fn by<T, F>(key: &str, default: T, f: F) -> Update
    where
        T: Serialize + DeserializeOwned + Clone + Send + 'static,
        F: Fn(T) -> T + Clone + Send + 'static,
    {
        update(key, default, move |value| Ok::<_, std::convert::Infallible>(f(value)))
    }

    fn number(value: i64) -> RawJson {
        RawJson::from_integer(value)
    }

    #[test]
    fn changes_are_applied_to_what_the_row_holds_by_then() {
        let mut changes = WriteSet::default();
        changes.set("mine", number(1));
        changes.remove("gone".to_owned());
        changes.update("counter", by("counter", 0, |counter: i64| counter + 1));
        let merged = changes.apply(data(r#"{"theirs":7,"gone":1,"counter":41}"#)).expect("merged");
        assert_eq!(merged.to_json(), r#"{"theirs":7,"counter":42,"mine":1}"#);
    }

    #[test]
    fn removals_in_a_row_are_one_pass_and_change_nothing_else() {
        let mut changes = WriteSet::default();
        for key in ["a", "é", "none", "c"] {
            changes.remove(key.to_owned());
        }
        changes.set("a", number(9));
        changes.remove("b".to_owned());
        let merged = changes.apply(data(r#"{"a":1,"b":2,"\u00e9":3,"c":4,"d":5}"#)).expect("merged");
        assert_eq!(merged.to_json(), r#"{"d":5,"a":9}"#);
    }

    #[test]
    fn an_update_starts_from_its_default_and_follows_a_set() {
        let mut changes = WriteSet::default();
        changes.update("a", by("a", 5, |value: i64| value * 2));
        changes.set("b", number(3));
        changes.update("b", by("b", 0, |value: i64| value + 1));
        assert_eq!(changes.apply(data(r#"{"b":100}"#)).expect("merged").to_json(), r#"{"b":4,"a":10}"#);
    }

    #[test]
    fn clear_forgets_what_came_before_it() {
        let mut changes = WriteSet::default();
        changes.set("a", number(1));
        changes.clear();
        changes.set("b", number(2));
        assert_eq!(changes.apply(data(r#"{"c":3}"#)).expect("merged").to_json(), r#"{"b":2}"#);
        // What is gone need not be of the right type.
        let mut changes = WriteSet::default();
        changes.update("c", by("c", String::new(), |text: String| text));
        changes.clear();
        assert_eq!(changes.apply(data(r#"{"c":3}"#)).expect("merged").to_json(), "{}");
    }

    #[test]
    fn a_truncate_leaves_what_had_been_marked() {
        let mut changes = WriteSet::default();
        changes.set("a", number(1));
        let mark = changes.mark();
        changes.set("a", number(2));
        changes.clear();
        changes.truncate(mark);
        assert_eq!(changes.apply(data(r#"{"b":0}"#)).expect("merged").to_json(), r#"{"b":0,"a":1}"#);
    }

    #[test]
    fn an_update_of_another_type_is_an_error() {
        let mut changes = WriteSet::default();
        changes.update("counter", by("counter", 0, |counter: i64| counter + 1));
        let error = changes.apply(data(r#"{"counter":"many"}"#)).expect_err("another type");
        assert!(matches!(error, SessionError::Type { key, .. } if key == "counter"));
    }
}
