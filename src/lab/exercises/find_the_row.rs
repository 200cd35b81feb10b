//! The cookie's value is the row's primary key: the learner names its first characters.

use super::exercise::{Answer, Exercise, Hooks, Observed, Question, Tick, Ticking};

/// Characters of the key that are asked for.
const PREFIX: usize = 6;

pub(super) static EXERCISE: Exercise = Exercise {
    number: 3,
    title: "Find the row",
    choices: "abc",
    right: "c",
    ticks: &[Tick {
        before: "you found what the cookie's value leads to",
        seen: "you named the key of a row",
    }],
    finding: "The cookie's value is the primary key of a row in django_session.",
    // No request shows that somebody has read the table.
    observe: |_| Observed::default(),
    ticking: Ticking::OneByOne,
    hooks: Hooks {
        question: Some(Question {
            field: "prefix",
            check,
            instead_of_evidence: "You named the key yourself.",
        }),
        ..Hooks::NONE
    },
};

/// Whether these are the first characters of the key that the browser sends, and its row is live. The key of another
/// client's row is wrong, and so is a shorter prefix, which would be easy to guess.
fn check(answer: &Answer<'_>) -> Result<bool, &'static str> {
    let prefix = answer.text.trim();
    if prefix.chars().count() > PREFIX {
        return Err("the first 6 characters of the key are enough");
    }
    let row = answer.row.filter(|row| row.is_live(answer.now));
    Ok(row.is_some_and(|row| prefix.len() == PREFIX && row.key.starts_with(prefix)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::log::{Record, RowView};

    #[test]
    fn the_first_six_characters_of_a_live_key_are_the_answer() {
        let row = RowView::fake("abcdefghij", Record::moment(30), None);
        for (text, row, second, verdict) in [
            ("abcdef", Some(&row), 29, Ok(true)),
            (" abcdef ", Some(&row), 0, Ok(true)),
            ("abcdef", Some(&row), 30, Ok(false)),
            ("abcdef", None, 0, Ok(false)),
            ("", Some(&row), 0, Ok(false)),
            ("abcde", Some(&row), 0, Ok(false)),
            ("bcdefg", Some(&row), 0, Ok(false)),
            ("ABCDEF", Some(&row), 0, Ok(false)),
            ("äöüßéè", Some(&row), 0, Ok(false)),
            ("abcdefg", Some(&row), 0, Err("the first 6 characters of the key are enough")),
        ] {
            let answer = Answer { text, row, now: Record::moment(second) };
            assert_eq!(check(&answer), verdict, "{text:?} at {second}");
        }
    }
}
