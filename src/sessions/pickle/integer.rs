//! Integers of any size, from bytes to digits.

use super::error::{DIGITS, PickleError};

/// An integer in two's complement, the lowest byte first.
pub(super) fn decimal_of_bytes(bytes: &[u8]) -> Result<Box<str>, PickleError> {
    const BILLION: u64 = 1_000_000_000;
    // Three digits take more than a byte.
    if bytes.len() > DIGITS / 2 {
        return Err(PickleError::TooLarge);
    }
    let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    let mut carry = negative;
    let mut magnitude: Vec<u8> = bytes.to_vec();
    if negative {
        for byte in &mut magnitude {
            (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
        }
    }
    // Long division by a billion, the highest byte first.
    let mut groups = Vec::new();
    while magnitude.iter().any(|byte| *byte != 0) {
        let mut rest = 0;
        for byte in magnitude.iter_mut().rev() {
            let dividend = rest << 8 | u64::from(*byte);
            #[expect(clippy::cast_possible_truncation, reason = "the rest is less than a billion")]
            let quotient = (dividend / BILLION) as u8;
            (*byte, rest) = (quotient, dividend % BILLION);
        }
        while magnitude.last() == Some(&0) {
            magnitude.pop();
        }
        groups.push(rest);
    }
    let mut digits = groups.pop().unwrap_or(0).to_string();
    digits.extend(groups.iter().rev().map(|group| format!("{group:09}")));
    if digits.len() > DIGITS {
        return Err(PickleError::TooLarge);
    }
    Ok(if negative { format!("-{digits}").into() } else { digits.into() })
}
