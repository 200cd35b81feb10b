//! What every page of the lab has around its content.

use std::sync::Arc;

use serde::Serialize;
use tera::Context;

use super::Lab;
use super::exercises::{EXERCISES, Exercise, ExerciseView, Scene, note_session};
use super::learner::{Learner, Theme};
use super::panels::Panels;
use super::progress::Progress;
use super::record::Record;

/// Ages that can be chosen, in seconds.
const AGES: [i64; 8] = [5, 10, 30, 60, 120, 300, 900, 3600];

/// `SESSION_COOKIE_AGE` and `SESSION_SAVE_EVERY_REQUEST` as they are now.
#[derive(Debug, Serialize)]
struct LiveSettings {
    age: i64,
    save_every_request: bool,
    cookie_name: String,
    ages: Vec<i64>,
}

#[derive(Debug, Serialize)]
struct Frame<'a> {
    /// The page's place in the navigation.
    here: &'a str,
    /// Its address, to come back to.
    path: &'a str,
    theme: Theme,
    boot_id: &'a str,
    latest: u64,
    now_ms: i64,
    done: usize,
    total: usize,
    /// Whether a progress cookie was refused.
    refused: bool,
    /// Whether the browser was closed, and still sends a cookie that should have ended with it.
    restored: bool,
    started: bool,
}

impl Lab {
    /// The context of a page: frame, settings, exercises and panels, the ticks brought up to date.
    pub(super) async fn page(&self, here: &str, path: &str, learner: &mut Learner) -> Context {
        let panels = self.panels(learner).await;
        self.tick(learner, &panels);
        let policy = self.policy.get();
        let exercises: Vec<_> =
            EXERCISES.iter().map(|exercise| ExerciseView::new(exercise, &learner.progress)).collect();
        let mut ages = AGES.to_vec();
        if !ages.contains(&policy.cookie_age) {
            ages.push(policy.cookie_age);
            ages.sort_unstable();
        }
        let frame = Frame {
            here,
            path,
            theme: learner.theme,
            boot_id: self.recorder.boot_id(),
            latest: panels.latest,
            now_ms: self.now().timestamp_millis(),
            done: exercises.iter().filter(|exercise| exercise.done).count(),
            total: exercises.len(),
            refused: learner.refused,
            restored: learner.reopened && panels.cookie_ends_with_the_browser(),
            started: !learner.progress.attempts.is_empty(),
        };
        let settings = LiveSettings {
            age: policy.cookie_age,
            save_every_request: policy.save_every_request,
            cookie_name: policy.cookie_name.clone(),
            ages,
        };
        let mut context = Context::new();
        context.insert("frame", &frame);
        context.insert("settings", &settings);
        context.insert("exercises", &exercises);
        context.insert("panels", &panels);
        context
    }

    /// Ticks what is new, and notes the session before a restart; a note is a tick, too.
    fn tick(&self, learner: &mut Learner, panels: &Panels) {
        let answered = |record: &&Arc<Record>| record.in_session && record.status < 400;
        let records: Vec<_> = panels.records.iter().filter(answered).cloned().collect();
        let boot_id = self.recorder.boot_id();
        self.judge(&mut learner.progress, &records, panels);
        note_session(&mut learner.progress, boot_id, &records);
        self.judge(&mut learner.progress, &records, panels);
    }

    fn judge(&self, progress: &mut Progress, records: &[Arc<Record>], panels: &Panels) {
        for (number, attempt) in &mut progress.attempts {
            let Some(exercise) = Exercise::find(*number) else { continue };
            let since = attempt.since.clone();
            let scene = Scene {
                records,
                boot_id: self.recorder.boot_id(),
                since: &since,
                closed: progress.closed.as_ref(),
                noted: progress.noted.as_ref(),
                row: panels.row.as_ref(),
                now: self.now(),
            };
            exercise.tick(attempt, &scene);
        }
    }
}

/// A page of the lab to go back to, whatever a form says.
pub(super) fn way_back(asked: Option<&str>) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/_-?=&#".contains(&byte);
    let own = |path: &&str| {
        let rest = path.strip_prefix("/lab");
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
            && path.bytes().all(plain)
    };
    asked.filter(own).unwrap_or("/lab").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_leads_back_to_the_lab_and_nowhere_else() {
        for own in ["/lab", "/lab/exercise/9", "/lab/rows?cleared=3", "/lab/code#save"] {
            assert_eq!(way_back(Some(own)), own);
        }
        for foreign in
            ["", "/", "//example.com", "https://example.com/lab", "/lab\r\nX: y", "/laboratory", "/lab/%0d"]
        {
            assert_eq!(way_back(Some(foreign)), "/lab", "{foreign:?}");
        }
        assert_eq!(way_back(None), "/lab");
    }
}
