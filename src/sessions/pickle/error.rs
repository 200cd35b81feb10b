//! Why a pickle cannot be read, and up to what size it is.

use crate::signing::INFLATED_LIMIT;

/// Pickles, and the texts that are made of them, up to this size, as much as a payload may inflate to.
pub(super) const LIMIT: usize = INFLATED_LIMIT;
/// Python's `json` writes integers of up to so many digits.
pub(super) const DIGITS: usize = 4300;

/// Why a pickle holds no session that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PickleError {
    /// It ends before its end.
    #[error("the pickle is cut off")]
    Truncated,
    /// It is no pickle, or a damaged one.
    #[error("this is no pickle: {what} at byte {at}")]
    Malformed {
        /// What is wrong.
        what: &'static str,
        /// Where.
        at: usize,
    },
    /// It holds a value of a Python type that JSON has nothing for.
    #[error("the pickle holds {0}, which is nothing that JSON has")]
    Holds(&'static str),
    /// It is something else than a dict of texts.
    #[error("the pickle holds {0} instead of a dict whose keys are texts")]
    NotSession(&'static str),
    /// It is larger than a session may be, or becomes so when it is unpacked.
    #[error("the pickle holds more than {LIMIT} bytes")]
    TooLarge,
    /// It is nested deeper than Python reads JSON, or holds itself.
    #[error("the pickle is nested too deep")]
    TooDeep,
}
