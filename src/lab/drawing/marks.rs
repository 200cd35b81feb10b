//! What a request did to its session, as a shape and as a word.

use serde::Serialize;

use crate::lab::log::{Record, Rule, Told};

/// The shapes, each with a word of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::lab) enum Shape {
    /// ○: nobody looked at the session.
    Untouched,
    /// ◌: read, and not saved.
    Read,
    /// ●: saved.
    Saved,
    /// ⊖: the browser was told to delete its cookie.
    Deleted,
    /// ✕: an error; nothing was saved.
    Failed,
}

impl Shape {
    pub(in crate::lab) fn of(record: &Record) -> Self {
        match record.rule {
            Rule::Failed | Rule::ServerError => Self::Failed,
            _ if record.saved => Self::Saved,
            _ if record.cookie == Told::Delete => Self::Deleted,
            _ if record.status >= 400 => Self::Failed,
            _ if record.accessed => Self::Read,
            _ => Self::Untouched,
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Untouched => "session untouched",
            Self::Read => "only read",
            Self::Saved => "saved",
            Self::Deleted => "cookie deleted",
            Self::Failed => "failed, not saved",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_has_a_shape() {
        let visit = || Record::visit("/hello/world");
        for (record, shape) in [
            (visit(), Shape::Untouched),
            (visit().sends("a", 30, 1), Shape::Untouched),
            (visit().reads(), Shape::Read),
            (visit().sends("a", 30, 1).saves("a"), Shape::Saved),
            (visit().unknown("zz").reads(), Shape::Deleted),
            (visit().status(405), Shape::Failed),
            (Record { rule: Rule::ServerError, modified: true, ..visit().status(500) }, Shape::Failed),
            (Record { rule: Rule::Failed, ..visit().status(503) }, Shape::Failed),
            (visit().saves("a").status(404), Shape::Saved),
        ] {
            assert_eq!(Shape::of(&record), shape, "{:?} {}", record.rule, record.status);
        }
    }
}
