//! The cookie's value is the row's primary key: the learner names its first characters.

use super::exercise::{Answer, Exercise, Hooks, Observed, Question, Tick, Ticking, Verdict};
use crate::lab::drawing::Column;

/// Characters of the key that are asked for.
const PREFIX: usize = 6;

pub(super) static EXERCISE: Exercise = Exercise {
    number: 3,
    title: "32 characters",
    choices: "abcd",
    right: "c",
    ticks: &[Tick {
        before: "what your cookie's value is in the table",
        seen: "the key that you typed is that of a row",
    }],
    finding: "The cookie's value is the primary key of a row in django_session.",
    // No request shows that somebody has read the table.
    columns: &[Column::Request, Column::SentKey, Column::RowFound, Column::KeyAfter],
    observe: |_| Observed::default(),
    ticking: Ticking::OneByOne,
    hooks: Hooks {
        question: Some(Question {
            field: "prefix",
            check,
            instead_of_evidence: "You found it in the table yourself. No request shows that.",
        }),
        ..Hooks::NONE
    },
};

/// Whether these are the first characters of a key that this browser was given, and its row is in the table, live or
/// expired. Fewer characters would be easy to guess.
fn check(answer: &Answer<'_>) -> Result<Verdict, &'static str> {
    let prefix = answer.text.trim();
    let length = prefix.chars().count();
    if length > PREFIX {
        return Err("the first 6 characters of the key are enough");
    }
    Ok(if length < PREFIX {
        Verdict::Wrong("short")
    } else if answer.own.iter().any(|key| key.has_row) {
        Verdict::Right
    } else if !answer.own.is_empty() {
        Verdict::Wrong("deleted")
    } else if answer.is_of_another_row {
        Verdict::Wrong("foreign")
    } else {
        Verdict::Wrong("unknown")
    })
}

#[cfg(test)]
mod tests {
    use super::super::exercise::OwnKey;
    use super::*;

    #[test]
    fn the_first_six_characters_of_a_key_with_a_row_are_the_answer() {
        let (none, with, without) = (&[][..], &[OwnKey { has_row: true }], &[OwnKey { has_row: false }]);
        for (text, own, is_of_another_row, verdict) in [
            ("abcdef", &with[..], false, Ok(Verdict::Right)),
            (" abcdef ", with, false, Ok(Verdict::Right)),
            ("abcdef", &[OwnKey { has_row: false }, OwnKey { has_row: true }], false, Ok(Verdict::Right)),
            ("abcdef", with, true, Ok(Verdict::Right)),
            ("abcdef", without, false, Ok(Verdict::Wrong("deleted"))),
            ("abcdef", without, true, Ok(Verdict::Wrong("deleted"))),
            ("abcdef", none, true, Ok(Verdict::Wrong("foreign"))),
            ("abcdef", none, false, Ok(Verdict::Wrong("unknown"))),
            ("äöüßéè", none, false, Ok(Verdict::Wrong("unknown"))),
            ("", with, false, Ok(Verdict::Wrong("short"))),
            ("abcde", with, false, Ok(Verdict::Wrong("short"))),
            ("äöüßé", none, false, Ok(Verdict::Wrong("short"))),
            ("abcdefg", with, false, Err("the first 6 characters of the key are enough")),
        ] {
            let answer = Answer { text, own, is_of_another_row };
            assert_eq!(check(&answer), verdict, "{text:?}");
        }
    }
}
