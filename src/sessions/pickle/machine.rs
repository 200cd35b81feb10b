//! Runs a pickle as far as it builds plain data (Python's `pickle.py`, `_Unpickler`).

use std::collections::HashMap;

use super::error::{DIGITS, PickleError};
use super::integer::decimal_of_bytes;
use super::text::{raw_unicode_escape, surrogatepass, unquoted};
use crate::sessions::json::{RawJson, escape_key};

/// A value that a pickle builds; lists and dicts refer to others by their number, since a pickle may fill them later.
#[derive(Debug)]
pub(super) enum Node {
    /// A number, a boolean or None, as JSON writes it.
    Scalar(Box<str>),
    /// What JSON writes between the quotes.
    Text(Box<str>),
    List(Vec<usize>),
    Tuple(Vec<usize>),
    Dict(Vec<(usize, usize)>),
}

impl Node {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Scalar(_) => "a number, a boolean or None",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Tuple(_) => "a tuple",
            Self::Dict(_) => "a dict",
        }
    }
}

/// All values, and the number of the one that the pickle is.
pub(super) fn run(pickle: &[u8]) -> Result<(Vec<Node>, usize), PickleError> {
    let mut machine = Machine {
        pickle,
        at: 0,
        nodes: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
    };
    loop {
        let opcode = machine.byte()?;
        if opcode == b'.' {
            let root = machine.pop()?;
            return Ok((machine.nodes, root));
        }
        machine.step(opcode)?;
    }
}

struct Machine<'a> {
    pickle: &'a [u8],
    at: usize,
    nodes: Vec<Node>,
    stack: Vec<usize>,
    /// Where in the stack a MARK lies.
    marks: Vec<usize>,
    memo: HashMap<u64, usize>,
}

type Done = Result<(), PickleError>;

impl<'a> Machine<'a> {
    fn step(&mut self, opcode: u8) -> Done {
        match opcode {
            // PROTO and FRAME change nothing.
            0x80 => self.byte().map(drop),
            0x95 => self.take(8).map(drop),
            b'(' => {
                self.marks.push(self.stack.len());
                Ok(())
            }
            b'0' => self.discard(),
            b'1' => self.above_mark().map(drop),
            b'2' => {
                let top = self.top()?;
                self.stack.push(top);
                Ok(())
            }
            b'N' | 0x88 | 0x89 | b'K' | b'M' | b'J' | b'I' | b'L' | 0x8a | 0x8b | b'F' | b'G' => {
                self.scalar(opcode)
            }
            b'X' | 0x8c | 0x8d | b'V' | b'S' | b'T' | b'U' => self.text(opcode),
            b']' | b'l' | b')' | b't' | 0x85..=0x87 | b'}' | b'd' => self.container(opcode),
            b'a' | b'e' | b's' | b'u' => self.fill(opcode),
            b'p' | b'q' | b'r' | 0x94 | b'g' | b'h' | b'j' => self.remember(opcode),
            b'c' | 0x93 | b'R' | b'b' | b'i' | b'o' | 0x81 | 0x92 | 0x82..=0x84 => {
                Err(PickleError::Holds("a class or function"))
            }
            0x8f..=0x91 => Err(PickleError::Holds("a set")),
            b'B' | b'C' | 0x8e | 0x96 | 0x97 | 0x98 => Err(PickleError::Holds("bytes")),
            b'P' | b'Q' => Err(PickleError::Holds("a persistent reference")),
            _ => Err(self.malformed("an unknown opcode")),
        }
    }

    fn scalar(&mut self, opcode: u8) -> Done {
        let text: Box<str> = match opcode {
            b'N' => "null".into(),
            0x88 => "true".into(),
            0x89 => "false".into(),
            b'K' => self.byte()?.to_string().into(),
            b'M' => u16::from_le_bytes(self.array()?).to_string().into(),
            b'J' => i32::from_le_bytes(self.array()?).to_string().into(),
            b'I' => match self.line()? {
                b"00" => "false".into(),
                b"01" => "true".into(),
                digits => self.decimal(digits)?,
            },
            b'L' => {
                let line = self.line()?;
                self.decimal(line.strip_suffix(b"L").unwrap_or(line))?
            }
            0x8a => {
                let length = usize::from(self.byte()?);
                decimal_of_bytes(self.take(length)?)?
            }
            0x8b => {
                let length = self.length(4)?;
                decimal_of_bytes(self.take(length)?)?
            }
            b'G' => float(f64::from_be_bytes(self.array()?)),
            _ => {
                let line = self.line()?;
                let number = std::str::from_utf8(line).ok().and_then(|text| text.parse().ok());
                float(number.ok_or_else(|| self.malformed("no float"))?)
            }
        };
        self.push(Node::Scalar(text));
        Ok(())
    }

    fn text(&mut self, opcode: u8) -> Done {
        let text = match opcode {
            b'V' => raw_unicode_escape(self.line()?).ok_or_else(|| self.malformed("no escape"))?,
            // What Python 2 wrote as `str`: Python 3 reads it as ASCII.
            b'S' | b'T' | b'U' => {
                let bytes = match opcode {
                    b'S' => unquoted(self.line()?),
                    b'T' => {
                        let length = self.length(4)?;
                        Some(self.take(length)?)
                    }
                    _ => {
                        let length = usize::from(self.byte()?);
                        Some(self.take(length)?)
                    }
                };
                let ascii =
                    bytes.filter(|bytes| bytes.is_ascii()).and_then(|bytes| std::str::from_utf8(bytes).ok());
                escape_key(ascii.ok_or(PickleError::Holds("a text of Python 2"))?).into()
            }
            _ => {
                let length = match opcode {
                    0x8c => usize::from(self.byte()?),
                    b'X' => self.length(4)?,
                    _ => self.length(8)?,
                };
                let at = self.at;
                surrogatepass(self.take(length)?).ok_or(PickleError::Malformed { what: "no UTF-8", at })?
            }
        };
        self.push(Node::Text(text));
        Ok(())
    }

    fn container(&mut self, opcode: u8) -> Done {
        let node = match opcode {
            b']' => Node::List(Vec::new()),
            b')' => Node::Tuple(Vec::new()),
            b'}' => Node::Dict(Vec::new()),
            b'l' => Node::List(self.above_mark()?),
            b't' => Node::Tuple(self.above_mark()?),
            b'd' => Node::Dict(self.pairs_above_mark()?),
            _ => {
                let mut items = Vec::new();
                for _ in 0x85..=opcode {
                    items.insert(0, self.pop()?);
                }
                Node::Tuple(items)
            }
        };
        self.push(node);
        Ok(())
    }

    /// APPEND, APPENDS, SETITEM, SETITEMS.
    fn fill(&mut self, opcode: u8) -> Done {
        let (mut items, mut pairs) = (Vec::new(), Vec::new());
        match opcode {
            b'a' => items.push(self.pop()?),
            b'e' => items = self.above_mark()?,
            b's' => {
                let value = self.pop()?;
                pairs.push((self.pop()?, value));
            }
            _ => pairs = self.pairs_above_mark()?,
        }
        let (at, target) = (self.at, self.top()?);
        match self.nodes.get_mut(target) {
            Some(Node::List(list)) if matches!(opcode, b'a' | b'e') => list.append(&mut items),
            Some(Node::Dict(dict)) if matches!(opcode, b's' | b'u') => dict.append(&mut pairs),
            _ => return Err(PickleError::Malformed { what: "nothing that can be filled", at }),
        }
        Ok(())
    }

    /// PUT and MEMOIZE, GET.
    fn remember(&mut self, opcode: u8) -> Done {
        let name = match opcode {
            0x94 => self.memo.len() as u64,
            b'q' | b'h' => u64::from(self.byte()?),
            b'r' | b'j' => u64::from(u32::from_le_bytes(self.array()?)),
            _ => {
                let line = self.line()?;
                let name = std::str::from_utf8(line).ok().and_then(|text| text.parse().ok());
                name.ok_or_else(|| self.malformed("no number of a memo"))?
            }
        };
        if matches!(opcode, b'g' | b'h' | b'j') {
            let node = self.memo.get(&name).copied().ok_or_else(|| self.malformed("an unknown memo"))?;
            self.stack.push(node);
        } else {
            self.memo.insert(name, self.top()?);
        }
        Ok(())
    }

    fn push(&mut self, node: Node) {
        self.stack.push(self.nodes.len());
        self.nodes.push(node);
    }

    /// The place of the last MARK, below which nothing is taken.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn top(&self) -> Result<usize, PickleError> {
        let top = self.stack.last().filter(|_| self.stack.len() > self.floor());
        top.copied().ok_or_else(|| self.malformed("an empty stack"))
    }

    fn pop(&mut self) -> Result<usize, PickleError> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    /// POP, which takes a MARK where one is on top.
    fn discard(&mut self) -> Done {
        if self.stack.len() == self.floor() && self.marks.pop().is_some() {
            return Ok(());
        }
        self.pop().map(drop)
    }

    fn above_mark(&mut self) -> Result<Vec<usize>, PickleError> {
        let mark = self.marks.pop().ok_or_else(|| self.malformed("no mark"))?;
        Ok(self.stack.split_off(mark))
    }

    fn pairs_above_mark(&mut self) -> Result<Vec<(usize, usize)>, PickleError> {
        let items = self.above_mark()?;
        let (pairs, rest) = items.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(self.malformed("a key without a value"));
        }
        Ok(pairs.iter().map(|[key, value]| (*key, *value)).collect())
    }

    fn byte(&mut self) -> Result<u8, PickleError> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], PickleError> {
        let (array, _) = self.pickle[self.at..].split_first_chunk().ok_or(PickleError::Truncated)?;
        self.at += N;
        Ok(*array)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], PickleError> {
        let (taken, _) = self.pickle[self.at..].split_at_checked(length).ok_or(PickleError::Truncated)?;
        self.at += length;
        Ok(taken)
    }

    fn length(&mut self, bytes: usize) -> Result<usize, PickleError> {
        let mut length = [0; 8];
        length[..bytes].copy_from_slice(self.take(bytes)?);
        usize::try_from(u64::from_le_bytes(length)).map_err(|_| PickleError::Truncated)
    }

    /// Up to the next line feed, which is skipped.
    fn line(&mut self) -> Result<&'a [u8], PickleError> {
        let rest = &self.pickle[self.at..];
        let length = rest.iter().position(|byte| *byte == b'\n').ok_or(PickleError::Truncated)?;
        self.at += length + 1;
        Ok(&rest[..length])
    }

    fn decimal(&self, text: &[u8]) -> Result<Box<str>, PickleError> {
        let digits = text.strip_prefix(b"-").unwrap_or(text);
        let canonical =
            digits.iter().all(u8::is_ascii_digit) && (digits == b"0" || !digits.starts_with(b"0"));
        if digits.len() > DIGITS {
            return Err(PickleError::TooLarge);
        }
        let text = std::str::from_utf8(text).ok().filter(|_| canonical && !digits.is_empty());
        text.map(Into::into).ok_or_else(|| self.malformed("no integer"))
    }

    fn malformed(&self, what: &'static str) -> PickleError {
        PickleError::Malformed { what, at: self.at }
    }
}

/// As Python's `json` spells it.
fn float(value: f64) -> Box<str> {
    match value {
        _ if value.is_nan() => "NaN".into(),
        f64::INFINITY => "Infinity".into(),
        f64::NEG_INFINITY => "-Infinity".into(),
        _ => RawJson::new(&value).map_or_else(|_| "NaN".into(), |json| json.as_str().into()),
    }
}
