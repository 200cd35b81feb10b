//! `.env`: dotenvy parses it, and a setting that it would read differently from what is written is refused.
//!
//! dotenvy substitutes `$NAME`, resolves backslashes, joins quoted parts and cuts off comments, as a shell does. That
//! silently turns one SECRET_KEY into another. So the value is compared with the text after the `=`: they have to be
//! the same, apart from one pair of quotes.

use std::cell::Cell;
use std::io::{self, Read};

use super::names::{Kind, setting};

/// One `NAME=value` of the file.
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) value: String,
}

/// Why the file is refused. A message quotes nothing of the file but names of settings: the rest may be secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum DotenvError {
    #[error("line {line} is not UTF-8")]
    Encoding { line: usize },
    #[error("line {line} is not NAME=value; put a value with spaces or special characters in single quotes")]
    Syntax { line: usize },
    #[error(
        "line {line}: {name} cannot be read exactly as it is written; put its value on one line in single quotes \
         (a value with a single quote: in double quotes, if it has no $, \\ or \"; otherwise in settings.toml)"
    )]
    Changed { line: usize, name: &'static str },
    #[error("line {line}: a quotation mark opens here and closes only on line {end}, after {name}; close it")]
    Swallowed { line: usize, end: usize, name: &'static str },
    #[error("line {line}: {name} is already set on line {first}; remove one of them")]
    Twice { line: usize, first: usize, name: &'static str },
}

/// The variables of a file, those of other programs included.
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<Variable>, DotenvError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| DotenvError::Encoding { line: line_at(&bytes[..error.valid_up_to()]) })?;
    // dotenvy keeps a byte order mark, and refuses a blank at the very end of a file.
    let text = format!("{}\n", text.strip_prefix('\u{feff}').unwrap_or(text));
    let position = Cell::new(0);
    let mut parsed = dotenvy::from_read_iter(LineByLine { text: &text, position: &position });
    let (mut variables, mut settings) = (Vec::new(), Vec::new());
    loop {
        let start = position.get();
        let Some(item) = parsed.next() else { return Ok(variables) };
        let source = Source::between(&text, start, position.get());
        let (name, value) = item.map_err(|_| source.unreadable())?;
        source.check(&name, &value)?;
        if let Some((name, _)) = setting(&name) {
            if let Some((_, first)) = settings.iter().find(|(known, _)| *known == name) {
                return Err(DotenvError::Twice { line: source.line, first: *first, name });
            }
            settings.push((name, source.line));
        }
        variables.push(Variable { name, value });
    }
}

/// Gives dotenvy one line at a time, so that `position` tells which lines a variable was read from.
struct LineByLine<'a> {
    text: &'a str,
    position: &'a Cell<usize>,
}

impl Read for LineByLine<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = &self.text.as_bytes()[self.position.get()..];
        let line = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1);
        let count = line.min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.position.set(self.position.get() + count);
        Ok(count)
    }
}

/// The lines that one variable was read from: one, unless a quotation mark spans several.
struct Source<'a> {
    text: &'a str,
    /// The number of the first line.
    line: usize,
}

impl<'a> Source<'a> {
    /// What dotenvy has consumed for a variable, without the blank lines and comments before it.
    fn between(text: &'a str, start: usize, end: usize) -> Self {
        let mut start = start;
        for line in text[start..end].split_inclusive('\n') {
            let content = line.trim_start();
            if !content.is_empty() && !content.starts_with('#') {
                break;
            }
            start += line.len();
        }
        Self { text: &text[start..end], line: line_at(&text.as_bytes()[..start]) }
    }

    fn unreadable(&self) -> DotenvError {
        match self.text.lines().next().and_then(setting_on) {
            Some((name, _)) => DotenvError::Changed { line: self.line, name },
            None => DotenvError::Syntax { line: self.line },
        }
    }

    /// Another program's value may be anything, unless it swallows a setting.
    fn check(&self, name: &str, value: &str) -> Result<(), DotenvError> {
        if let Some((name, kind)) = setting(name) {
            return match written(self.text, kind) {
                Some(written) if written == value => Ok(()),
                _ => Err(DotenvError::Changed { line: self.line, name }),
            };
        }
        match self.text.lines().skip(1).find_map(setting_on) {
            Some((name, _)) => {
                let end = self.line + self.text.lines().count() - 1;
                Err(DotenvError::Swallowed { line: self.line, end, name })
            }
            None => Ok(()),
        }
    }
}

/// The setting that a line sets, if it sets one.
fn setting_on(line: &str) -> Option<(&'static str, Kind)> {
    let (name, _) = line.split_once('=')?;
    setting(name.trim().trim_start_matches("export").trim_start())
}

/// The value as it is written, without the quotes around it; `None` if that cannot be said.
fn written(source: &str, kind: Kind) -> Option<&str> {
    let (_, value) = source.split_once('=')?;
    let value = value.trim_end_matches(['\r', '\n']).trim_matches([' ', '\t']);
    let value = match value.chars().next() {
        Some(quote @ ('\'' | '"')) => {
            let (inside, behind) = value[1..].split_once(quote)?;
            // A quotation mark in the comment may as well be the one that was to close the value.
            let comment = behind.is_empty() || behind.trim_start_matches([' ', '\t']).starts_with('#');
            (comment && !behind.contains(quote)).then_some(inside)?
        }
        // A comment cannot be meant as a part of these.
        _ if matches!(kind, Kind::Boolean | Kind::Integer) => {
            value.split_once(" #").map_or(value, |(value, _)| value.trim_end())
        }
        _ => value,
    };
    let plain = |character: char| !character.is_control() || character == '\t';
    value.chars().all(plain).then_some(value)
}

/// The number of the line that follows this text.
fn line_at(before: &[u8]) -> usize {
    before.split(|byte| *byte == b'\n').count()
}
