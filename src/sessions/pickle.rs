//! Python's pickles, as far as a session needs them: Django's caches hold a session as a pickled dict.
//!
//! A pickle is a program. This reads the part of it that builds plain data, in any protocol from 0 to 5, and runs nothing: a
//! class, a set, bytes or a datetime is an error that names it. `serde-pickle` does the same, and is not used since it forgets
//! the order of a dict, knows neither lone surrogates nor integers beyond 64 bits, and recurses.
//!
//! Values become the text that Python's `json.dumps` would make of them. Where JSON has no such type, a space that JSON
//! ignores keeps it: `[ 1,2]` is a tuple, and in `{ "1":2}` the key is the integer. So they pass through a change of another
//! key as what they were; a value that the application sets anew has no such spaces.

mod error;
mod integer;
mod machine;
mod render;
mod text;
mod writer;

use self::error::LIMIT;
pub use self::error::PickleError;
use self::machine::Node;
pub(super) use self::writer::Spaces;
use super::json::RawJson;

/// The items of a pickled dict, each under its key as JSON writes it.
pub(super) fn loads(pickle: &[u8]) -> Result<Vec<(Box<str>, RawJson)>, PickleError> {
    loads_within(pickle, LIMIT)
}

/// The same where neither the pickle nor what it becomes has more than `limit` bytes.
///
/// # Errors
///
/// [`PickleError::TooLarge`] without much work where it has.
pub(super) fn loads_within(pickle: &[u8], limit: usize) -> Result<Vec<(Box<str>, RawJson)>, PickleError> {
    if pickle.len() > limit {
        return Err(PickleError::TooLarge);
    }
    // Django's Redis cache writes an integer as it is.
    if !pickle.is_empty() && pickle.iter().all(|byte| byte.is_ascii_digit() || *byte == b'-') {
        return Err(PickleError::NotSession("an integer"));
    }
    let (nodes, root) = machine::run(pickle)?;
    let items = match nodes.get(root) {
        Some(Node::Dict(items)) => items,
        Some(node) => return Err(PickleError::NotSession(node.name())),
        None => return Err(PickleError::Truncated),
    };
    let mut left = limit;
    let item = |&(key, value): &(usize, usize)| {
        let Some(Node::Text(key)) = nodes.get(key) else {
            return Err(PickleError::NotSession("a dict with other keys"));
        };
        let text = render::value(&nodes, value, left)?;
        left -= text.len();
        let value = RawJson::parse(&text).map_err(|_| PickleError::Malformed { what: "a value", at: 0 })?;
        Ok((key.clone(), value))
    };
    items.iter().map(item).collect()
}

/// A pickle of a dict with these items, which every Python reads.
pub(super) fn dumps<'a>(items: impl Iterator<Item = (&'a str, &'a RawJson)>, spaces: Spaces) -> Vec<u8> {
    writer::dict(items, spaces)
}

#[cfg(test)]
mod tests {
    use super::error::DIGITS;
    use indexmap::IndexMap;
    use proptest::prelude::*;

    use super::*;

    fn json(pickle: &[u8]) -> Result<String, PickleError> {
        let items = loads(pickle)?.into_iter().map(|(key, value)| format!("\"{key}\":{value}"));
        Ok(format!("{{{}}}", items.collect::<Vec<_>>().join(",")))
    }

    fn again(json: &str) -> String {
        let data: IndexMap<Box<str>, RawJson> =
            loads(&pickled(json)).expect("a pickle of ours").into_iter().collect();
        let items = data.iter().map(|(key, value)| format!("\"{key}\":{value}"));
        format!("{{{}}}", items.collect::<Vec<_>>().join(","))
    }

    fn pickled(value: &str) -> Vec<u8> {
        let value = RawJson::parse(value).expect("JSON");
        dumps(std::iter::once(("k", &value)), Spaces::Tell)
    }

    /// `pickle.dumps({'a': 1, 'b': ['x', 2.5, None, True, (1, 2)], 'ü': -2**70}, protocol)`, protocols 0 to 5.
    const PROTOCOLS: [&[u8]; 6] = [
        b"(dp0\nVa\np1\nI1\nsVb\np2\n(lp3\nVx\np4\naF2.5\naNaI01\na(I1\nI2\ntp5\nasV\xfc\np6\nL-1180591620717411303424L\ns.",
        b"}q\x00(X\x01\x00\x00\x00aq\x01K\x01X\x01\x00\x00\x00bq\x02]q\x03(X\x01\x00\x00\x00xq\x04G@\x04\x00\x00\x00\x00\x00\x00NI01\n(K\x01K\x02tq\x05eX\x02\x00\x00\x00\xc3\xbcq\x06L-1180591620717411303424L\nu.",
        b"\x80\x02}q\x00(X\x01\x00\x00\x00aq\x01K\x01X\x01\x00\x00\x00bq\x02]q\x03(X\x01\x00\x00\x00xq\x04G@\x04\x00\x00\x00\x00\x00\x00N\x88K\x01K\x02\x86q\x05eX\x02\x00\x00\x00\xc3\xbcq\x06\x8a\t\x00\x00\x00\x00\x00\x00\x00\x00\xc0u.",
        b"\x80\x03}q\x00(X\x01\x00\x00\x00aq\x01K\x01X\x01\x00\x00\x00bq\x02]q\x03(X\x01\x00\x00\x00xq\x04G@\x04\x00\x00\x00\x00\x00\x00N\x88K\x01K\x02\x86q\x05eX\x02\x00\x00\x00\xc3\xbcq\x06\x8a\t\x00\x00\x00\x00\x00\x00\x00\x00\xc0u.",
        b"\x80\x04\x95=\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01a\x94K\x01\x8c\x01b\x94]\x94(\x8c\x01x\x94G@\x04\x00\x00\x00\x00\x00\x00N\x88K\x01K\x02\x86\x94e\x8c\x02\xc3\xbc\x94\x8a\t\x00\x00\x00\x00\x00\x00\x00\x00\xc0u.",
        b"\x80\x05\x95=\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01a\x94K\x01\x8c\x01b\x94]\x94(\x8c\x01x\x94G@\x04\x00\x00\x00\x00\x00\x00N\x88K\x01K\x02\x86\x94e\x8c\x02\xc3\xbc\x94\x8a\t\x00\x00\x00\x00\x00\x00\x00\x00\xc0u.",
    ];

    #[test]
    fn every_protocol_is_read() {
        for (protocol, pickle) in PROTOCOLS.into_iter().enumerate() {
            let text = r#"{"a":1,"b":["x",2.5,null,true,[ 1,2]],"\u00fc":-1180591620717411303424}"#;
            assert_eq!(json(pickle).as_deref(), Ok(text), "protocol {protocol}");
        }
    }

    #[test]
    fn a_pickle_cut_anywhere_is_an_error() {
        for pickle in PROTOCOLS {
            for length in 0..pickle.len() {
                assert!(loads(&pickle[..length]).is_err(), "{length}");
            }
        }
    }

    #[test]
    fn what_json_has_no_type_for_is_named() {
        for (pickle, what) in [
            (&b"\x80\x04\x95 \x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x01k\x94\x8c\x08datetime\x94\x8c\x04date\x94\x93\x94C\x04"[..], "a class or function"),
            (b"\x80\x04}\x8c\x01k\x8fs.", "a set"),
            (b"\x80\x04}\x8c\x01kC\x01xs.", "bytes"),
            (b"cos\nsystem\n(S'true'\ntR.", "a class or function"),
            (b"}X\x01\x00\x00\x00k(].", "no end"),
        ] {
            match loads(pickle) {
                Err(PickleError::Holds(found)) => assert_eq!(found, what),
                other => assert!(what == "no end" && other.is_err(), "{other:?}"),
            }
        }
        assert_eq!(loads(b"\x80\x04]."), Err(PickleError::NotSession("a list")));
        assert_eq!(loads(b"-17"), Err(PickleError::NotSession("an integer")));
        assert_eq!(loads(b"\x80\x04}K\x01K\x01s."), Err(PickleError::NotSession("a dict with other keys")));
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let nested = |depth: usize| {
            [&b"}X\x01\x00\x00\x00k"[..], &b"]".repeat(depth), &b"a".repeat(depth - 1), b"s."].concat()
        };
        assert!(loads(&nested(900)).is_ok());
        assert_eq!(loads(&nested(10_000)), Err(PickleError::TooDeep));
        assert_eq!(loads(&nested(1_000_000)), Err(PickleError::TooDeep));
        // A list that holds itself.
        assert_eq!(loads(b"}X\x01\x00\x00\x00k]q\x00h\x00as."), Err(PickleError::TooDeep));
        // Ten lists of ten of the one before: 10^40 numbers in 600 bytes.
        let mut laughs = b"(]K\x01aq\x00".to_vec();
        for level in 0..40_u8 {
            laughs.extend([&b"]("[..], &[b'h', level].repeat(10), &[b'e', b'q', level + 1]].concat());
        }
        laughs.extend(b"1}X\x01\x00\x00\x00kh\x28s.");
        assert_eq!(loads(&laughs), Err(PickleError::TooLarge));
        assert_eq!(loads(&vec![b'.'; LIMIT + 1]), Err(PickleError::TooLarge));
        let huge = [&b"}X\x01\x00\x00\x00k\x8b\x00\x00\x01\x00"[..], &vec![1; 0x10000], b"s."].concat();
        assert_eq!(loads(&huge), Err(PickleError::TooLarge));
    }

    #[test]
    fn values_come_back_as_they_were() {
        for value in [
            "0",
            "-1",
            "255",
            "256",
            "65535",
            "65536",
            "-2147483648",
            "2147483648",
            "9223372036854775807",
            "1180591620717411303424",
            "-1180591620717411303424",
            "1.0",
            "1e+16",
            "5e-324",
            "-0.0",
            "NaN",
            "Infinity",
            "-Infinity",
            "null",
            "true",
            "false",
            r#""""#,
            r#""\ud800""#,
            r#""\ud83d\ude00 \u00fc \u2028 \"\\\n""#,
            "[]",
            "{}",
            "[ ]",
            "[ [ 1],[2]]",
            r#"{"a":{"b":[null]},"c":[ {}]}"#,
            r#"{ "1":2,"1":3, "1.5":4, "true":5, "null":[6], "NaN":7}"#,
        ] {
            assert_eq!(again(value), format!("{{\"k\":{value}}}"));
        }
        let long = format!("\"{}\"", "x".repeat(70_000));
        assert_eq!(again(&long), format!("{{\"k\":{long}}}"));
        let digits = "9".repeat(DIGITS);
        assert_eq!(again(&digits), format!("{{\"k\":{digits}}}"));
    }

    #[test]
    fn spaces_can_be_meaningless() {
        let value = RawJson::parse(r#"[ { "1": [ 2 ] } ]"#).expect("JSON");
        let pickle = dumps(std::iter::once(("k", &value)), Spaces::Ignored);
        assert_eq!(json(&pickle).as_deref(), Ok(r#"{"k":[{"1":[2]}]}"#));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = loads(&bytes);
        }

        #[test]
        fn almost_a_pickle_never_panics(
            protocol in 0..6_usize,
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        ) {
            let mut pickle = PROTOCOLS[protocol].to_vec();
            for (at, byte) in changes {
                let at = at.index(pickle.len());
                pickle[at] = byte;
            }
            if let Ok(items) = loads(&pickle) {
                let data: IndexMap<_, _> = items.into_iter().collect();
                let again = dumps(data.iter().map(|(key, value)| (&**key, value)), Spaces::Tell);
                prop_assert_eq!(loads(&again).expect("ours").into_iter().collect::<IndexMap<_, _>>(), data);
            }
        }

        #[test]
        fn opcodes_in_any_order_never_panic(ops in prop::collection::vec(
            prop::sample::select(b"().012]}aesudltqrhjpgNKMJXVIFG\x85\x86\x87\x88\x89\x8a\x8c\x94\x95\x00\x01\n".to_vec()), 0..120)) {
            let _ = loads(&ops);
        }

        #[test]
        fn any_text_and_any_number_survive(text: String, integer: i128, bits: u64) {
            let text = RawJson::new(&text).expect("JSON");
            prop_assert_eq!(again(text.as_str()), format!("{{\"k\":{text}}}"));
            prop_assert_eq!(again(&integer.to_string()), format!("{{\"k\":{integer}}}"));
            let float = f64::from_bits(bits);
            prop_assume!(float.is_finite());
            let float = RawJson::new(&float).expect("JSON");
            prop_assert_eq!(again(float.as_str()), format!("{{\"k\":{float}}}"));
        }
    }
}
