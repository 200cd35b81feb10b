//! JSON as Python's `json` module reads and writes it.
//!
//! A session's values stay the text they came as until somebody asks for one, so that what Rust has
//! no type for (2^70, `NaN`, lone surrogates) passes through untouched.

mod finite;
mod scanner;
mod text;

use std::fmt;
use std::io;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::ser::Formatter;
use serde_json::value::RawValue;

use self::finite::Finite;
pub(super) use self::scanner::Scanner;
pub use self::text::JsonError;
use self::text::escape_beyond_ascii;
pub(super) use self::text::{escape_key, escape_units, unescape_key, units, without_spaces};

/// How deep a value may be nested that is read as a Rust type; Python's `json` reads about a thousand levels.
pub(super) const DEEPEST: usize = 1000;
/// How deep any stack holds it.
const SHALLOW: usize = 100;

/// One JSON value as text: ASCII, since Django escapes everything else.
///
/// ```
/// use sessionid::sessions::RawJson;
///
/// let value = RawJson::new("naïve")?;
/// assert_eq!(value.as_str(), r#""na\u00efve""#);
/// assert_eq!(value.get::<String>()?, "naïve");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawJson(Box<str>);

impl RawJson {
    /// Serializes a value as Python's `json.dumps(value, separators=(",", ":"))` would.
    ///
    /// # Errors
    ///
    /// What `Serialize` of the value reports, a map whose keys are no strings, or a float that is NaN or infinite: JSON has
    /// none, and Python's spelling of them is no JSON to others.
    pub fn new<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        let mut json = Vec::with_capacity(32);
        value.serialize(&mut serde_json::Serializer::with_formatter(&mut json, PythonFormatter))?;
        // `serde_json` writes null for a float that is no number. Where there is a null, it has to be one.
        if json.windows(4).any(|token| token == b"null") {
            value.serialize(Finite)?;
        }
        // The formatter writes ASCII alone, so nothing is lost here.
        Ok(Self(String::from_utf8_lossy(&json).into()))
    }

    /// The value as a Rust type.
    ///
    /// ```
    /// # use sessionid::sessions::RawJson;
    /// assert_eq!(RawJson::parse("[1, 2]")?.get::<Vec<i64>>()?, [1, 2]);
    /// assert!(RawJson::parse("NaN")?.get::<f64>().is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The value is of another type, or one that Rust does not have.
    pub fn get<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        let depth = depth(&self.0);
        if depth <= SHALLOW {
            return serde_json::from_str(&self.0);
        }
        if depth > DEEPEST {
            return Err(serde_json::Error::custom(format_args!(
                "it is nested more than {DEEPEST} levels deep"
            )));
        }
        let mut deserializer = serde_json::Deserializer::from_str(&self.0);
        deserializer.disable_recursion_limit();
        T::deserialize(serde_stacker::Deserializer::new(&mut deserializer))
    }

    /// The JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes a text that is one JSON value in Python's dialect.
    ///
    /// ```
    /// # use sessionid::sessions::RawJson;
    /// let huge = RawJson::parse("1180591620717411303424")?; // 2**70 passes through untouched
    /// assert_eq!(huge.as_str(), "1180591620717411303424");
    /// assert!(RawJson::parse("{'a': 1}").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`JsonError`] names the byte at which it is not.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        let mut scanner = Scanner::new(text);
        let value = scanner.value()?;
        scanner.end()?;
        Ok(Self(value))
    }

    /// A value that a [`Scanner`] has found.
    pub(super) fn scanned(text: Box<str>) -> Self {
        Self(text)
    }

    pub(super) fn from_integer(value: i64) -> Self {
        Self(value.to_string().into())
    }

    /// A string of which no character needs an escape.
    pub(super) fn from_plain_text(text: &str) -> Self {
        Self(format!("\"{text}\"").into())
    }
}

impl fmt::Display for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// As the JSON that it is, for a value that is passed on unread.
impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_string()).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

/// Any JSON, for a value that is passed on unread; `NaN` and `Infinity` are no JSON to serde, and
/// are had from [`SessionData::get`](super::SessionData::get).
impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::new(&raw).map_err(serde::de::Error::custom)
    }
}

/// How `json.dumps` writes what `serde_json` writes otherwise: non-ASCII escaped, floats in
/// Python's notation.
struct PythonFormatter;

impl Formatter for PythonFormatter {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        writer.write_all(escape_beyond_ascii(fragment).as_bytes())
    }

    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        // `{:?}` turns to an exponent where Python's repr does; only the exponent's form differs.
        let text = format!("{value:?}");
        match text.split_once('e') {
            None => writer.write_all(text.as_bytes()),
            Some((digits, exponent)) => {
                let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
                write!(writer, "{digits}e{sign}{exponent:0>2}")
            }
        }
    }

    fn write_raw_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let compact = without_spaces(fragment);
        writer.write_all(escape_beyond_ascii(&compact).as_bytes())
    }
}

/// How deep a value is nested.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_written_as_python_writes_them() {
        let written = |value: &serde_json::Value| RawJson::new(value).expect("JSON").to_string();
        assert_eq!(
            written(&serde_json::json!({"a": [1, true, null], "é": "\u{7f}\n😀/"})),
            r#"{"a":[1,true,null],"\u00e9":"\u007f\n\ud83d\ude00/"}"#
        );
        for (value, python) in [
            (1.0, "1.0"),
            (1e16, "1e+16"),
            (123_456_789.5, "123456789.5"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (5e-324, "5e-324"),
            (1.797_693_134_862_315_7e308, "1.7976931348623157e+308"),
            (-0.0, "-0.0"),
        ] {
            assert_eq!(RawJson::new(&value).expect("JSON").as_str(), python);
        }
    }

    #[test]
    fn a_float_that_is_no_number_is_an_error_wherever_it_is() {
        #[derive(Serialize)]
        enum Price {
            Known { amount: f64, note: Option<&'static str> },
            Guess(f32),
        }
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(RawJson::new(&bad).is_err());
            assert!(RawJson::new(&[None, Some(bad)]).is_err());
            assert!(RawJson::new(&std::collections::BTreeMap::from([("a", (1, bad))])).is_err());
            assert!(RawJson::new(&Price::Known { amount: bad, note: None }).is_err());
            #[expect(clippy::cast_possible_truncation, reason = "an infinity stays one")]
            let guess = Price::Guess(bad as f32);
            assert!(RawJson::new(&guess).is_err());
        }
        let good = Price::Known { amount: 0.5, note: None };
        assert_eq!(RawJson::new(&good).expect("JSON").as_str(), r#"{"Known":{"amount":0.5,"note":null}}"#);
        assert_eq!(RawJson::new(&((), "null", None::<f64>)).expect("JSON").as_str(), r#"[null,"null",null]"#);
    }

    #[test]
    fn nine_hundred_levels_are_read_and_a_million_do_no_harm() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let read = |depth| RawJson::parse(&nested(depth)).expect("JSON").get::<serde_json::Value>();
        for depth in [1, 127, 128, 900, DEEPEST] {
            assert!(read(depth).is_ok(), "{depth}");
        }
        for depth in [DEEPEST + 1, 10_000, 1_000_000] {
            assert!(read(depth).is_err(), "{depth}");
        }
        let in_text = format!("[{:?}]", nested(5000));
        assert_eq!(RawJson::parse(&in_text).expect("JSON").get::<Vec<String>>().expect("texts").len(), 1);
        let objects = format!("{}1{}", r#"{"a":"#.repeat(900), "}".repeat(900));
        assert!(RawJson::parse(&objects).expect("JSON").get::<serde_json::Value>().is_ok());
    }

    proptest! {
        #[test]
        fn floats_are_exact_both_ways(bits: u64) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            let read: f64 = RawJson::new(&value).expect("JSON").get().expect("a float");
            prop_assert_eq!(read.to_bits(), bits);
        }
    }

    #[test]
    fn a_raw_value_loses_its_spaces_but_not_those_in_strings() {
        let raw = RawValue::from_string("{ \"a b\" : [ 1 , \"\\\" ü \" ] }".to_owned()).expect("JSON");
        assert_eq!(RawJson::new(&raw).expect("JSON").as_str(), r#"{"a b":[1,"\" \u00fc "]}"#);
    }

    #[test]
    fn a_value_can_be_passed_on_unread() {
        let value: RawJson = serde_json::from_str(r#"{ "big": 1180591620717411303424 }"#).expect("JSON");
        assert_eq!(value.as_str(), r#"{"big":1180591620717411303424}"#);
        assert_eq!(RawJson::new(&value).expect("JSON"), value);
        assert_eq!(serde_json::to_string(&[&value]).expect("JSON"), r#"[{"big":1180591620717411303424}]"#);
        assert!(RawJson::new(&RawJson::parse("NaN").expect("Python's JSON")).is_err());
    }

    #[test]
    fn what_rust_has_no_type_for_passes_as_text() {
        for json in ["1180591620717411303424", "NaN", "-Infinity", r#""\ud800""#, "[[[]],{}]", "-0.5e-7"] {
            assert_eq!(RawJson::parse(json).expect("Python's JSON").as_str(), json);
        }
        let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
        assert!(RawJson::parse(&deep).is_ok());
    }

    #[test]
    fn what_python_refuses_is_refused() {
        for json in [
            "",
            "nul",
            "01",
            "-",
            "1.",
            ".5",
            "+1",
            "1e",
            "[1,]",
            "{\"a\":1,}",
            "{a:1}",
            "{\"a\" 1}",
            "\"\u{1}\"",
            r#""\x""#,
            r#""\u12g4""#,
            "\"",
            "[",
            "{\"a\":",
            "1 2",
            "[1}",
        ] {
            assert!(RawJson::parse(json).is_err(), "{json:?}");
        }
    }

    #[test]
    fn a_key_has_one_form_however_it_was_escaped() {
        let key_of = |json: &str| {
            let mut keys = Vec::new();
            Scanner::new(json).members(|key, _| keys.push(key)).expect("an object");
            keys.remove(0)
        };
        for (json, key) in [
            (r#"{"\u0061\/b":1}"#, "a/b"),
            (r#"{"\u00E9":1}"#, "é"),
            (r#"{"\uD83D\uDE00\n":1}"#, "😀\n"),
            ("{\"a\\\"b\\\\\":1}", "a\"b\\"),
        ] {
            assert_eq!(*key_of(json), *escape_key(key));
            assert_eq!(unescape_key(&key_of(json)), key);
        }
        assert_eq!(&*key_of(r#"{"\uD800":1}"#), "\\ud800");
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in any::<String>()) {
            let _ = RawJson::parse(&text);
        }

        #[test]
        fn almost_json_never_panics(text in r#"[\[\]{}",:\\u0-9eE.+\-a ]{0,40}"#) {
            if let Ok(value) = RawJson::parse(&text) {
                prop_assert_eq!(RawJson::parse(value.as_str()).expect("still JSON"), value);
            }
        }

        #[test]
        fn any_string_survives_as_value_and_as_key(text in any::<String>()) {
            let value = RawJson::new(&text).expect("JSON");
            prop_assert!(value.as_str().is_ascii());
            prop_assert_eq!(value.get::<String>().expect("a string"), text.clone());
            prop_assert_eq!(unescape_key(&escape_key(&text)), text);
        }
    }
}
