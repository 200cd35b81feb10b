//! What the walk prints.

use std::io::{Stdout, Write as _, stdout};

use crate::testing::Exchange;

/// Prints as it goes, and counts what failed.
#[derive(Debug)]
pub(super) struct Report {
    out: Stdout,
    steps: usize,
    checks: usize,
    failures: usize,
}

impl Report {
    pub(super) fn new() -> Self {
        Self { out: stdout(), steps: 0, checks: 0, failures: 0 }
    }

    pub(super) fn step(&mut self, claim: &str) {
        self.steps += 1;
        self.print(&format!("\n{}. {claim}", self.steps));
    }

    pub(super) fn check(&mut self, what: &str, holds: bool) {
        self.checks += 1;
        self.failures += usize::from(!holds);
        self.print(&format!("   {} {what}", if holds { "✔" } else { "✘" }));
    }

    pub(super) fn note(&self, text: &str) {
        self.print(&format!("   · {text}"));
    }

    /// Both header blocks, and the page's counter where it has one.
    pub(super) fn exchange(&self, exchange: &Exchange, counter: Option<i64>) {
        self.print("");
        for line in &exchange.request {
            self.print(&format!("   > {line}"));
        }
        self.print(&format!("   < HTTP/1.1 {}", exchange.status));
        let mut headers: Vec<_> = exchange.headers.iter().collect();
        headers.sort_by_key(|(name, _)| name.as_str());
        for (name, value) in headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            self.print(&format!("   < {}: {value}", capitals(name.as_str())));
        }
        if let Some(counter) = counter {
            self.note(&format!("Counter : {counter}"));
        }
    }

    pub(super) fn summary(&self) {
        let kept = self.checks - self.failures;
        self.print(&format!(
            "\n{} steps, {kept} of {} checks as the document says.",
            self.steps, self.checks
        ));
    }

    pub(super) fn failures(&self) -> usize {
        self.failures
    }

    /// A closed pipe ends the reading, not the walk.
    fn print(&self, line: &str) {
        let _ = writeln!(self.out.lock(), "{line}");
    }
}

/// A header's name as documents show it; `http` keeps names in lower case.
fn capitals(name: &str) -> String {
    let capital = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    name.split('-').map(capital).collect::<Vec<_>>().join("-")
}
