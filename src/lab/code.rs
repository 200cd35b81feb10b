//! The rules as they stand in this program's own source, cut out by their functions' names.

use serde::Serialize;

const OUTCOME: &str = include_str!("../sessions/actix/outcome.rs");
const MIDDLEWARE: &str = include_str!("../sessions/actix/middleware.rs");
const BASE: &str = include_str!("../sessions/base.rs");
const COOKIE: &str = include_str!("../sessions/actix/cookie.rs");
const EXPIRY: &str = include_str!("../sessions/expiry.rs");

/// A function of the session layer.
#[derive(Debug, Serialize)]
pub(super) struct Excerpt {
    pub(super) anchor: &'static str,
    title: &'static str,
    file: &'static str,
    django: &'static str,
    pub(super) text: String,
}

struct Place {
    anchor: &'static str,
    title: &'static str,
    file: &'static str,
    source: &'static str,
    signature: &'static str,
    django: &'static str,
}

const PLACES: [Place; 8] = [
    Place {
        anchor: "decision",
        title: "Which of three things happens",
        file: "actix/outcome.rs",
        source: OUTCOME,
        signature: "fn new(sent: bool,",
        django: "django/contrib/sessions/middleware.py, process_response",
    },
    Place {
        anchor: "process_request",
        title: "A request gets its session, and nothing is loaded",
        file: "actix/middleware.rs",
        source: MIDDLEWARE,
        signature: "fn process_request(",
        django: "django/contrib/sessions/middleware.py, process_request",
    },
    Place {
        anchor: "process_response",
        title: "The end of a request",
        file: "actix/middleware.rs",
        source: MIDDLEWARE,
        signature: "async fn process_response(",
        django: "django/contrib/sessions/middleware.py, process_response",
    },
    Place {
        anchor: "save",
        title: "Saving, and setting the cookie",
        file: "actix/middleware.rs",
        source: MIDDLEWARE,
        signature: "async fn save(",
        django: "django/contrib/sessions/middleware.py, process_response, where the status is below 500",
    },
    Place {
        anchor: "max_age",
        title: "How long the browser keeps the cookie",
        file: "actix/middleware.rs",
        source: MIDDLEWARE,
        signature: "fn max_age(",
        django: "django/contrib/sessions/middleware.py, get_expire_at_browser_close and get_expiry_age",
    },
    Place {
        anchor: "load",
        title: "The first look at the data",
        file: "base.rs",
        source: BASE,
        signature: "fn access(&mut self)",
        django: "django/contrib/sessions/backends/base.py, _get_session",
    },
    Place {
        anchor: "expiry",
        title: "When the row ends",
        file: "expiry.rs",
        source: EXPIRY,
        signature: "fn date(&self, now",
        django: "django/contrib/sessions/backends/base.py, get_expiry_date",
    },
    Place {
        anchor: "delete_cookie",
        title: "Deleting the cookie",
        file: "actix/cookie.rs",
        source: COOKIE,
        signature: "fn delete(",
        django: "django/http/response.py, delete_cookie",
    },
];

pub(super) fn excerpts() -> Vec<Excerpt> {
    PLACES.iter().map(Excerpt::of).collect()
}

impl Excerpt {
    fn of(place: &Place) -> Self {
        let &Place { anchor, title, file, source, signature, django } = place;
        Self { anchor, title, file, django, text: function(source, signature) }
    }
}

/// A function with the comment above it, moved to the left.
fn function(source: &str, signature: &str) -> String {
    let lines: Vec<_> = source.lines().collect();
    let Some(at) = lines.iter().position(|line| line.contains(signature)) else { return String::new() };
    let indent = lines[at].len() - lines[at].trim_start().len();
    let comments = lines[..at].iter().rev().take_while(|line| line.trim_start().starts_with("//")).count();
    let closes = |line: &&str| line.trim() == "}" && line.len() == indent + 1;
    let length = lines[at..].iter().position(closes).map_or(1, |last| last + 1);
    let moved = lines[at - comments..at + length].iter().map(|line| line.get(indent..).unwrap_or_default());
    moved.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_found_whole() {
        for (excerpt, place) in excerpts().iter().zip(&PLACES) {
            assert!(excerpt.text.contains(place.signature), "{}", place.anchor);
            assert!(excerpt.text.starts_with("///") && excerpt.text.ends_with("\n}"), "{}", excerpt.text);
            assert!(excerpt.text.lines().count() < 45, "{}", excerpt.text);
        }
    }
}
