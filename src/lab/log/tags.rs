//! The two letters and the colour by which a session's key is told from others, on every page alike.

use std::collections::VecDeque;

use serde::Serialize;

/// Colours in `static/lab.css`: `key-0` and so on.
const COLOURS: u8 = 8;
/// Keys whose colour is remembered: more than the kept requests can name.
const REMEMBERED: usize = 512;

/// What stands for a key where there is no room for all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(in crate::lab) struct KeyTag {
    /// The key's first two characters.
    pub(in crate::lab) letters: String,
    /// The number of its colour.
    pub(in crate::lab) colour: u8,
}

/// Which key has which colour. They are given in turn, so that keys which follow each other differ.
#[derive(Clone, Debug, Default)]
pub(super) struct Colours {
    /// The newest last.
    given: VecDeque<(String, u8)>,
    next: u8,
}

impl Colours {
    /// The tag of a key that the log meets: from now on its colour is its own.
    pub(super) fn meet(&mut self, key: &str) -> KeyTag {
        if self.find(key).is_none() {
            if self.given.len() == REMEMBERED {
                self.given.pop_front();
            }
            self.given.push_back((key.to_owned(), self.next));
            self.next = (self.next + 1) % COLOURS;
        }
        self.tag(key)
    }

    /// The tag of any key. One that the log has never met, such as that of an old row, has the colour that its text gives.
    pub(super) fn tag(&self, key: &str) -> KeyTag {
        let letters = key.chars().take(2).collect();
        KeyTag { letters, colour: self.find(key).unwrap_or_else(|| of_text(key)) }
    }

    fn find(&self, key: &str) -> Option<u8> {
        // The newest is asked for most.
        self.given.iter().rev().find(|(known, _)| known == key).map(|(_, colour)| *colour)
    }
}

/// The same in every run of the server.
fn of_text(key: &str) -> u8 {
    let sum = key.bytes().fold(7_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
    (sum >> 3) % COLOURS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_the_order_of_the_log_have_colours_in_turn() {
        let mut colours = Colours::default();
        let met: Vec<_> =
            ["a8x", "f3x", "a8x", "b1x", "f3x"].map(|key| colours.meet(key)).into_iter().collect();
        let tag = |letters: &str, colour| KeyTag { letters: letters.to_owned(), colour };
        assert_eq!(met, [tag("a8", 0), tag("f3", 1), tag("a8", 0), tag("b1", 2), tag("f3", 1)]);
    }

    #[test]
    fn neighbours_never_have_one_colour() {
        let mut colours = Colours::default();
        let given: Vec<_> = (0..40).map(|n| colours.meet(&format!("key {n}")).colour).collect();
        for near in given.windows(usize::from(COLOURS)) {
            assert!((1..near.len()).all(|at| !near[at..].contains(&near[at - 1])), "{near:?}");
        }
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_newest_stays() {
        let mut colours = Colours::default();
        (0..=REMEMBERED).for_each(|n| drop(colours.meet(&n.to_string())));
        assert_eq!((colours.given.len(), colours.find("0")), (REMEMBERED, None));
        assert_eq!(colours.find(&REMEMBERED.to_string()), Some(0));
    }

    #[test]
    fn any_text_has_a_tag() {
        let colours = Colours::default();
        for (key, letters) in [("", ""), ("é", "é"), ("éüx", "éü"), ("<b>", "<b")] {
            let tag = colours.tag(key);
            assert_eq!((tag.letters.as_str(), tag.colour < COLOURS), (letters, true), "{key:?}");
            assert_eq!(colours.tag(key), tag);
        }
        let keys = (0..200).map(|n| colours.tag(&format!("{n:032x}")).colour);
        assert_eq!(keys.collect::<std::collections::BTreeSet<_>>().len(), 8, "all colours are used");
    }

    /// WCAG's relative luminance of `#rgb` or `#rrggbb`.
    fn luminance(colour: &str) -> f64 {
        let digits = colour.trim_start_matches('#');
        let channel = |at: usize| {
            let text = if digits.len() == 3 {
                digits[at..=at].repeat(2)
            } else {
                digits[2 * at..2 * at + 2].to_owned()
            };
            let value = f64::from(u8::from_str_radix(&text, 16).expect("a colour")) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(0) + 0.7152 * channel(1) + 0.0722 * channel(2)
    }

    fn contrast(one: &str, other: &str) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn letters_can_be_read_and_bars_seen_in_light_and_dark() {
        let css = include_str!("../../../static/lab.css");
        let pair = |text: &str, name: &str| {
            let (_, rest) = text.split_once(&format!("{name}: light-dark(")).expect("two colours");
            let (both, _) = rest.split_once(')').expect("an end");
            let (light, dark) = both.split_once(", ").expect("two");
            [light.to_owned(), dark.to_owned()]
        };
        let panel = pair(css, "--panel");
        for colour in 0..COLOURS {
            let line = css.lines().find(|line| line.starts_with(&format!(".key-{colour} "))).expect("a line");
            for (at, (key, letters)) in pair(line, "--key").iter().zip(pair(line, "--on-key")).enumerate() {
                assert!(contrast(key, &letters) >= 4.5, "{line}: {:.2}", contrast(key, &letters));
                assert!(contrast(key, &panel[at]) >= 3.0, "{line}: {:.2}", contrast(key, &panel[at]));
            }
        }
    }
}
