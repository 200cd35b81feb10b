//! Three questions about cases that no exercise has shown, asked when all exercises are done. Their texts are in
//! `templates/lab/parts/transfer.html`.

use std::collections::BTreeMap;

use serde::Serialize;

/// A question with several answers to choose from, of which one is right.
pub(super) struct Question {
    pub(super) number: u8,
    choices: &'static str,
    right: &'static str,
}

pub(super) const QUESTIONS: [Question; 3] = [
    Question { number: 1, choices: "abcd", right: "b" },
    Question { number: 2, choices: "abcd", right: "c" },
    Question { number: 3, choices: "abcd", right: "a" },
];

impl Question {
    pub(super) fn find(number: u8) -> Option<&'static Self> {
        QUESTIONS.iter().find(|question| question.number == number)
    }

    pub(super) fn has_choice(&self, choice: &str) -> bool {
        choice.len() == 1 && self.choices.contains(choice)
    }
}

/// A question as the report shows it.
#[derive(Debug, Serialize)]
pub(super) struct QuestionView {
    number: u8,
    /// What was answered.
    choice: Option<String>,
    /// `None` until there is an answer.
    right: Option<&'static str>,
}

impl QuestionView {
    pub(super) fn all(answers: &BTreeMap<u8, String>) -> Vec<Self> {
        let view = |question: &Question| {
            let choice = answers.get(&question.number).cloned();
            let right = choice.as_ref().map(|_| question.right);
            Self { number: question.number, choice, right }
        };
        QUESTIONS.iter().map(view).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_keeps_its_answer_to_itself_until_there_is_one() {
        let views = QuestionView::all(&[(2, "a".to_owned())].into());
        let shown: Vec<_> = views.iter().map(|view| (view.number, view.right)).collect();
        assert_eq!(shown, [(1, None), (2, Some("c")), (3, None)]);
        assert!(QUESTIONS.iter().all(|question| question.has_choice(question.right)));
        assert!(
            !QUESTIONS[0].has_choice("e") && !QUESTIONS[0].has_choice("ab") && !QUESTIONS[0].has_choice("")
        );
    }
}
