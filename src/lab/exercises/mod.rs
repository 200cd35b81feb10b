//! The exercises. Each is one file here (what it asks, when it ticks, its tests), one template in
//! `templates/lab/exercises/`, and one entry in [`EXERCISES`].

mod at_once;
mod clear_sessions;
mod closed_browser;
mod endings;
mod exercise;
mod find_the_row;
mod fixation;
mod foreign_form;
mod forged_key;
mod judge;
mod kept_alive;
mod lost_cookie;
mod nested_value;
mod own_expiry;
mod plain_visit;
mod poke;
mod reading;
mod restart;
mod return_visit;
mod save_every_request;
mod scene;
mod script;
mod server_error;
mod silence;
mod stale_cookie;
mod stock;
mod stolen_key;
mod two_views;
mod view;

pub(super) use self::closed_browser::EXERCISE as CLOSED_BROWSER;
pub(super) use self::exercise::{Answer, Exercise, OwnKey, Verdict};
pub(super) use self::judge::{judge, leftover_key};
pub(super) use self::scene::Leftover;
pub(super) use self::view::ExerciseView;

/// In the order in which they are shown and lead to each other.
pub(super) static EXERCISES: &[&Exercise] = &[
    &plain_visit::EXERCISE,
    &poke::EXERCISE,
    &find_the_row::EXERCISE,
    &return_visit::EXERCISE,
    &two_views::EXERCISE,
    &lost_cookie::EXERCISE,
    &kept_alive::EXERCISE,
    &silence::EXERCISE,
    &reading::EXERCISE,
    &save_every_request::EXERCISE,
    &nested_value::EXERCISE,
    &closed_browser::EXERCISE,
    &at_once::EXERCISE,
    &endings::EXERCISE,
    &restart::EXERCISE,
    &stale_cookie::EXERCISE,
    &clear_sessions::EXERCISE,
    &server_error::EXERCISE,
    &forged_key::EXERCISE,
    &own_expiry::EXERCISE,
    &stock::EXERCISE,
    &fixation::EXERCISE,
    &stolen_key::EXERCISE,
    &script::EXERCISE,
    &foreign_form::EXERCISE,
];

/// The exercise of a page's address.
pub(super) fn find(number: u8) -> Option<&'static Exercise> {
    EXERCISES.iter().copied().find(|exercise| exercise.number == number)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// The letters of a template's choices or answers, in their order.
    fn letters(template: &str, before: &str) -> String {
        template.split(before).skip(1).filter_map(|rest| rest.chars().next()).collect()
    }

    fn template_of(exercise: &Exercise) -> String {
        let name = format!("templates/lab/exercises/{}.html", exercise.number);
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect("a template")
    }

    /// What stands between two tags, each time.
    fn between<'a>(text: &'a str, begin: &str, end: &'a str) -> impl Iterator<Item = &'a str> {
        text.split(begin).skip(1).filter_map(move |rest| Some(rest.split_once(end)?.0))
    }

    /// The figures that quote Django (`Django`) or this program (`Here`): the file of each, and its body.
    fn figures<'a>(template: &'a str, of: &str) -> Vec<(&'a str, &'a str)> {
        let begin = format!("{{% <source of=\"{of}\" file=\"");
        let figure = |rest: &'a str| {
            let (file, rest) = rest.split_once('"').expect("the file's name ends");
            (file, rest.split_once("%}").expect("the tag ends").1)
        };
        between(template, &begin, "{% </source> %}").map(figure).collect()
    }

    /// A figure's lines as they stand in the file.
    fn quoted(figure: &str) -> String {
        let text = figure.replace("<mark>", "").replace("</mark>", "");
        text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
    }

    #[test]
    fn the_lines_that_an_exercise_quotes_stand_in_this_program() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for exercise in EXERCISES {
            for (file, figure) in figures(&template_of(exercise), "Here") {
                let source = fs::read_to_string(root.join(file)).expect(file);
                let text = quoted(figure);
                for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && *line != "…") {
                    let found = source.lines().any(|ours| ours.trim() == line);
                    assert!(found, "{} quotes `{line}`, which is not in {file}", exercise.number);
                }
            }
        }
    }

    #[test]
    fn the_whole_function_has_the_quoted_lines() {
        let functions = crate::lab::code::excerpts();
        for exercise in EXERCISES {
            let template = template_of(exercise);
            let places = template.split("{% <source of=\"Here\" ").skip(1);
            for (place, (file, figure)) in places.zip(figures(&template, "Here")) {
                let Some(anchor) =
                    between(place.split("%}").next().unwrap_or_default(), "anchor=\"", "\"").next()
                else {
                    continue;
                };
                let function = functions.iter().find(|function| function.anchor == anchor).expect(anchor);
                let text = quoted(figure);
                for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && *line != "…") {
                    assert!(
                        function.text.contains(line),
                        "{}: `{line}` of {file} is not in #{anchor}",
                        exercise.number
                    );
                }
            }
        }
    }

    #[test]
    fn each_side_of_an_exercise_quotes_a_line_that_fired() {
        for exercise in EXERCISES {
            for of in ["Django", "Here"] {
                let template = template_of(exercise);
                let figures = figures(&template, of);
                assert!(!figures.is_empty(), "{}: {of}", exercise.number);
                for (file, figure) in figures {
                    assert!(figure.contains("<mark>"), "{}: {file}", exercise.number);
                }
            }
        }
    }

    /// The words of a part of a page, without its tags.
    fn words(page: &str) -> String {
        let page = page.replace("<br>", " ");
        let texts = page.split('<').map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text));
        texts.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_document_is_quoted_word_for_word() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/lab/learn");
        let parts = fs::read_dir(folder).expect("the document").map(|part| part.expect("a part").path());
        let document =
            words(&parts.map(|part| fs::read_to_string(part).expect("a part")).collect::<String>());
        for exercise in EXERCISES {
            let template = template_of(exercise);
            let quotations: Vec<_> = between(&template, "{% <seed> %}", "{% </seed> %}").collect();
            let pieces = quotations.iter().flat_map(|quotation| quotation.split("<br>"));
            for piece in pieces.flat_map(|line| line.split('…')) {
                let piece = words(&piece.replace(" [sic]", ""));
                assert!(document.contains(&piece), "{}: {piece}", exercise.number);
            }
        }
    }

    #[test]
    fn numbers_rise_and_each_template_has_its_blocks_and_an_answer_to_each_choice() {
        assert!(EXERCISES.is_sorted_by(|one, next| one.number < next.number));
        for exercise in EXERCISES {
            let template = template_of(exercise);
            assert_eq!(letters(&template, "{% <choice value=\""), exercise.choices, "{}", exercise.title);
            assert_eq!(letters(&template, "{% <answer to=\""), exercise.choices, "{}", exercise.title);
            for block in
                ["question", "choices", "do", "answer", "why", "code", "hint", "bigger_hint", "solution"]
            {
                let tag = format!("{{% block {block} %}}");
                assert_eq!(template.matches(&tag).count(), 1, "{}: {block}", exercise.title);
            }
            assert!(exercise.has_choice(exercise.right), "{}", exercise.title);
            assert!((1..=8).contains(&exercise.ticks.len()), "{}: they are kept as a byte", exercise.title);
        }
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/lab/exercises");
        assert_eq!(fs::read_dir(folder).expect("templates").count(), EXERCISES.len());
    }
}
