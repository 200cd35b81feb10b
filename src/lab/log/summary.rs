//! What a request did, in one line beside the button that sent it.

use super::record::{Record, Rule, Told};

impl Record {
    /// Such as `#14: read, not saved; no cookie set`.
    pub(in crate::lab) fn summary(&self) -> String {
        let mut parts = vec![self.what_happened(), self.what_was_told()];
        parts.extend(self.note.clone());
        format!("#{}: {}", self.n, parts.join("; "))
    }

    fn what_happened(&self) -> String {
        match self.rule {
            Rule::Outside => format!("answered {} without the session", self.status),
            Rule::Failed => format!("answered {}: the session failed", self.status),
            Rule::ServerError => format!("answered {}: modified, but not saved", self.status),
            _ if self.saved => match self.key_out {
                Some(_) if self.key_out != self.sent_key => "saved under a new key".to_owned(),
                _ => "saved".to_owned(),
            },
            _ if self.accessed => "read, not saved".to_owned(),
            _ => "the session was not touched".to_owned(),
        }
    }

    fn what_was_told(&self) -> String {
        match (self.cookie, self.max_age) {
            (Told::None, _) => "no cookie set".to_owned(),
            (Told::Set, Some(seconds)) => format!("cookie set for {seconds} s"),
            (Told::Set, None) => "cookie set until the browser closes".to_owned(),
            (Told::Delete, _) => "cookie deleted".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_told_in_a_line() {
        let visit = |path| Record { n: 7, ..Record::visit(path) };
        for (record, line) in [
            (visit("/hello/plain"), "#7: the session was not touched; no cookie set"),
            (visit("/hello/world").saves("a"), "#7: saved under a new key; cookie set for 30 s"),
            (visit("/hello/world").sends("a", 20, 1).saves("a"), "#7: saved; cookie set for 30 s"),
            (
                visit("/hello/poke").saves("a").until_close(),
                "#7: saved under a new key; cookie set until the browser closes",
            ),
            (visit("/hello/world2").sends("a", 20, 1).reads(), "#7: read, not saved; no cookie set"),
            (visit("/hello/world2").unknown("a").reads(), "#7: read, not saved; cookie deleted"),
            (
                Record { rule: Rule::ServerError, ..visit("/play/fail").status(500) },
                "#7: answered 500: modified, but not saved; no cookie set",
            ),
            (
                Record { rule: Rule::Outside, ..visit("/nowhere").status(404) },
                "#7: answered 404 without the session; no cookie set",
            ),
            (
                Record { note: Some("took 3".to_owned()), ..visit("/play/pop").saves("a") },
                "#7: saved under a new key; cookie set for 30 s; took 3",
            ),
        ] {
            assert_eq!(record.summary(), line);
        }
    }
}
