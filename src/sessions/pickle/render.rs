//! What a pickle has built, as JSON, with spaces where a Python type has none there.

use super::error::PickleError;
use super::machine::Node;
use crate::sessions::json::DEEPEST;

/// The text of one value, of at most `limit` bytes.
///
/// A value may be in several places, and even in itself: the text is bounded in size and depth, whatever the pickle.
pub(super) fn value(nodes: &[Node], root: usize, limit: usize) -> Result<String, PickleError> {
    let mut text = String::new();
    let mut open = Vec::new();
    begin(nodes, root, &mut text, &mut open)?;
    while let Some((node, next)) = open.last_mut() {
        let at = *next;
        *next += 1;
        let (length, close) = match node {
            Node::List(items) | Node::Tuple(items) => (items.len(), ']'),
            Node::Dict(items) => (items.len(), '}'),
            Node::Scalar(_) | Node::Text(_) => (0, ' '),
        };
        if at == length {
            text.push(close);
            open.pop();
            continue;
        }
        if at > 0 {
            text.push(',');
        }
        let child = match node {
            Node::List(items) | Node::Tuple(items) => items[at],
            Node::Dict(items) => {
                key(nodes, items[at].0, &mut text)?;
                items[at].1
            }
            Node::Scalar(_) | Node::Text(_) => continue,
        };
        begin(nodes, child, &mut text, &mut open)?;
        if text.len() > limit {
            return Err(PickleError::TooLarge);
        }
    }
    if text.len() > limit { Err(PickleError::TooLarge) } else { Ok(text) }
}

fn begin<'a>(
    nodes: &'a [Node],
    at: usize,
    text: &mut String,
    open: &mut Vec<(&'a Node, usize)>,
) -> Result<(), PickleError> {
    let node = nodes.get(at).ok_or(PickleError::Truncated)?;
    match node {
        Node::Scalar(scalar) => text.push_str(scalar),
        Node::Text(inside) => quote(inside, text),
        Node::List(_) => text.push('['),
        Node::Tuple(_) => text.push_str("[ "),
        Node::Dict(_) => text.push('{'),
    }
    if matches!(node, Node::List(_) | Node::Tuple(_) | Node::Dict(_)) {
        open.push((node, 0));
        if open.len() > DEEPEST {
            return Err(PickleError::TooDeep);
        }
    }
    Ok(())
}

/// JSON's keys are texts; the space before one says that it was none.
fn key(nodes: &[Node], at: usize, text: &mut String) -> Result<(), PickleError> {
    match nodes.get(at) {
        Some(Node::Text(inside)) => quote(inside, text),
        Some(Node::Scalar(scalar)) => {
            text.push(' ');
            quote(scalar, text);
        }
        _ => return Err(PickleError::Holds("a dict with a tuple as a key")),
    }
    text.push(':');
    Ok(())
}

fn quote(inside: &str, text: &mut String) {
    text.push('"');
    text.push_str(inside);
    text.push('"');
}
