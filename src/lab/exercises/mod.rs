//! The exercises. Each is one file here (what it asks, when it ticks, its tests), one template in
//! `templates/lab/exercises/`, and one entry in [`EXERCISES`].

mod closed_browser;
mod exercise;
mod find_the_row;
mod judge;
mod kept_alive;
mod lost_cookie;
mod plain_visit;
mod poke;
mod reading;
mod restart;
mod return_visit;
mod scene;
mod silence;
mod stale_cookie;
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

    /// The letters of the choices in a template, in their order.
    fn letters(template: &str) -> String {
        template.split("{% <choice value=\"").skip(1).filter_map(|rest| rest.chars().next()).collect()
    }

    #[test]
    fn numbers_rise_and_each_template_has_the_choices() {
        assert!(EXERCISES.is_sorted_by(|one, next| one.number < next.number));
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/lab/exercises");
        for exercise in EXERCISES {
            let template =
                fs::read_to_string(folder.join(format!("{}.html", exercise.number))).expect("a template");
            assert_eq!(letters(&template), exercise.choices, "{}", exercise.title);
            assert!(exercise.has_choice(exercise.right), "{}", exercise.title);
            assert!((1..=8).contains(&exercise.ticks.len()), "{}: they are kept as a byte", exercise.title);
        }
        assert_eq!(fs::read_dir(&folder).expect("templates").count(), EXERCISES.len());
    }
}
