//! The exercises. Each is one file here (what it asks, when it ticks, its tests), one template in
//! `templates/lab/exercises/`, and one entry in [`EXERCISES`].

mod closed_browser;
mod exercise;
mod find_the_row;
mod forged_key;
mod judge;
mod kept_alive;
mod lost_cookie;
mod own_expiry;
mod plain_visit;
mod poke;
mod reading;
mod restart;
mod return_visit;
mod scene;
mod silence;
mod stale_cookie;
mod stock;
mod two_views;
mod view;

pub(super) use self::closed_browser::EXERCISE as CLOSED_BROWSER;
pub(super) use self::exercise::{Answer, Exercise};
pub(super) use self::judge::judge;
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
    &closed_browser::EXERCISE,
    &restart::EXERCISE,
    &stale_cookie::EXERCISE,
    &forged_key::EXERCISE,
    &own_expiry::EXERCISE,
    &stock::EXERCISE,
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

    /// The figures that quote this program: the file of each, and its lines as they stand there.
    fn quoted(template: &str) -> impl Iterator<Item = (&str, String)> {
        template.split("{% <source of=\"Here\" file=\"").skip(1).map(|figure| {
            let (file, rest) = figure.split_once('"').expect("the file's name ends");
            let (_, body) = rest.split_once("%}").expect("the tag ends");
            let (body, _) = body.split_once("{% </source> %}").expect("the figure ends");
            let text = body.replace("<mark>", "").replace("</mark>", "");
            (
                file,
                text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&"),
            )
        })
    }

    #[test]
    fn the_lines_that_an_exercise_quotes_stand_in_this_program() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut figures = 0;
        for exercise in EXERCISES {
            let name = format!("templates/lab/exercises/{}.html", exercise.number);
            let template = fs::read_to_string(root.join(&name)).expect("a template");
            for (file, text) in quoted(&template) {
                let source = fs::read_to_string(root.join(file)).expect(file);
                for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && *line != "…") {
                    let found = source.lines().any(|ours| ours.trim() == line);
                    assert!(found, "{name} quotes `{line}`, which is not in {file}");
                }
                figures += 1;
            }
        }
        assert!(figures > 0, "the test finds them");
    }

    #[test]
    fn numbers_rise_and_each_template_has_the_choices() {
        assert!(EXERCISES.is_sorted_by(|one, next| one.number < next.number));
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/lab/exercises");
        for exercise in EXERCISES {
            let template =
                fs::read_to_string(folder.join(format!("{}.html", exercise.number))).expect("a template");
            assert_eq!(letters(&template, "{% <choice value=\""), exercise.choices, "{}", exercise.title);
            assert!(exercise.has_choice(exercise.right), "{}", exercise.title);
            assert!((1..=8).contains(&exercise.ticks.len()), "{}: they are kept as a byte", exercise.title);
        }
        assert_eq!(fs::read_dir(&folder).expect("templates").count(), EXERCISES.len());
    }
}
