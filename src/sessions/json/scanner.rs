//! Takes JSON in Python's dialect apart.

use super::text::{JsonError, escape_beyond_ascii, escape_units, units};

/// Takes a JSON text apart without recursion, so that no depth can exhaust the stack.
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The members of an object, in order, each under its key in the form of [`escape_key`](super::escape_key).
    pub(crate) fn members(&mut self, mut member: impl FnMut(Box<str>, Box<str>)) -> Result<(), JsonError> {
        self.expect(b'{', "an object")?;
        if self.next_is(b'}') {
            return Ok(());
        }
        loop {
            let key = self.key()?;
            member(key, self.value()?);
            if self.next_is(b'}') {
                return Ok(());
            }
            self.expect(b',', "',' or '}'")?;
        }
    }

    /// One value of any kind, as ASCII.
    pub(crate) fn value(&mut self) -> Result<Box<str>, JsonError> {
        self.skip_spaces();
        let start = self.at;
        self.skip_value()?;
        Ok(escape_beyond_ascii(&self.text[start..self.at]).into())
    }

    /// Nothing but white space is left.
    pub(crate) fn end(&mut self) -> Result<(), JsonError> {
        self.skip_spaces();
        if self.at == self.text.len() { Ok(()) } else { Err(self.expected("the end")) }
    }

    fn key(&mut self) -> Result<Box<str>, JsonError> {
        self.skip_spaces();
        let start = self.at + 1;
        self.skip_string()?;
        let inside = &self.text[start..self.at - 1];
        self.expect(b':', "':'")?;
        let plain = inside.is_ascii() && !inside.contains(['\\', '\x7f']);
        Ok(if plain { inside.into() } else { escape_units(units(inside).into_iter()).into() })
    }

    fn skip_value(&mut self) -> Result<(), JsonError> {
        let mut open = Vec::new();
        loop {
            self.skip_spaces();
            match self.peek() {
                Some(b'{') => {
                    self.at += 1;
                    if !self.next_is(b'}') {
                        self.key()?;
                        open.push(b'}');
                        continue;
                    }
                }
                Some(b'[') => {
                    self.at += 1;
                    if !self.next_is(b']') {
                        open.push(b']');
                        continue;
                    }
                }
                Some(b'"') => self.skip_string()?,
                _ => self.skip_scalar()?,
            }
            if !self.more(&mut open)? {
                return Ok(());
            }
        }
    }

    /// After a value: closes what ends here, and tells whether another value follows.
    fn more(&mut self, open: &mut Vec<u8>) -> Result<bool, JsonError> {
        while let Some(close) = open.last() {
            if self.next_is(*close) {
                open.pop();
                continue;
            }
            self.expect(b',', "',' or a closing bracket")?;
            if *close == b'}' {
                self.key()?;
            }
            return Ok(true);
        }
        Ok(false)
    }

    fn skip_string(&mut self) -> Result<(), JsonError> {
        if self.peek() != Some(b'"') {
            return Err(self.expected("a string"));
        }
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.skip_escape()?,
                Some(0x20..) => self.at += 1,
                _ => return Err(self.expected("a string without control characters")),
            }
        }
    }

    fn skip_escape(&mut self) -> Result<(), JsonError> {
        let escape = &self.text.as_bytes()[self.at + 1..];
        let length = match escape {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
            [b'u', hex @ ..] if hex.len() >= 4 && hex[..4].iter().all(u8::is_ascii_hexdigit) => 6,
            _ => return Err(self.expected("an escape")),
        };
        self.at += length;
        Ok(())
    }

    fn skip_scalar(&mut self) -> Result<(), JsonError> {
        let rest = &self.text[self.at..];
        let words = ["null", "true", "false", "NaN", "Infinity", "-Infinity"];
        let length = match words.into_iter().find(|word| rest.starts_with(word)) {
            Some(word) => word.len(),
            None => number_length(rest.as_bytes()).ok_or_else(|| self.expected("a value"))?,
        };
        self.at += length;
        Ok(())
    }

    fn skip_spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next_is(&mut self, byte: u8) -> bool {
        self.skip_spaces();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), JsonError> {
        if self.next_is(byte) { Ok(()) } else { Err(self.expected(expected)) }
    }

    fn expected(&self, expected: &'static str) -> JsonError {
        JsonError { expected, at: self.at }
    }
}

/// `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?`, as far as it goes.
fn number_length(text: &[u8]) -> Option<usize> {
    let digits = |from: usize| text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let sign = usize::from(text.first() == Some(&b'-'));
    let mut length = sign + if text.get(sign) == Some(&b'0') { 1 } else { digits(sign) };
    if length == sign {
        return None;
    }
    if text.get(length) == Some(&b'.') && digits(length + 1) > 0 {
        length += 1 + digits(length + 1);
    }
    if matches!(text.get(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(length + 1), Some(b'-' | b'+')));
        let exponent = digits(length + 1 + sign.min(text.len() - length - 1));
        if exponent > 0 {
            length += 1 + sign + exponent;
        }
    }
    Some(length)
}
