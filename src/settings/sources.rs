//! Where the settings come from: the file, `.env` and the environment, each value with its source.

use std::ffi::OsString;
use std::fmt::Display;
use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use figment::providers::{Format, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Error, Figment, Metadata, Profile, Provider};

use super::dotenv::{self, Variable};
use super::error::SettingsError;
use super::names::{Kind, Name, all, classify, nearest, setting};
use super::warnings::warn_if_mistyped;

/// No part of these is ever shown: a database and a cache have passwords in their URLs.
const SECRETS: [&str; 4] = ["SECRET_KEY", "SECRET_KEY_FALLBACKS", "DATABASE_URL", "CACHES"];
/// The longest value that an error repeats, in bytes.
const LONGEST_SHOWN: usize = 60;
/// Holds other programs' variables too, so what is no setting of ours is left alone.
pub(super) const ENVIRONMENT: &str = "the environment";

/// All values, the winning one of each name first.
pub(super) struct Sources {
    figment: Figment,
    base_dir: PathBuf,
    file_name: String,
}

impl Sources {
    pub(super) fn read<K, V>(
        file: &Path,
        variables: impl IntoIterator<Item = (K, V)>,
        source_name: &str,
    ) -> Result<Self, SettingsError>
    where
        K: Into<OsString>,
        V: Into<OsString>,
    {
        let base_dir = match file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        let file_name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
        let figment = Figment::new()
            .merge(Named { name: file_name.clone(), values: read_toml(file, &file_name)? })
            .merge(Named { name: ".env".to_owned(), values: read_dotenv(&base_dir.join(".env"))? })
            .merge(Named { name: source_name.to_owned(), values: read_variables(variables, source_name)? });
        Ok(Self { figment, base_dir, file_name })
    }

    pub(super) fn base_dir(&self) -> &Path {
        &self.base_dir
    }

    pub(super) fn boolean(&self, name: &str) -> Result<Option<bool>, SettingsError> {
        self.value(name, "true or false", |value| match value {
            Value::Bool(_, boolean) => Some(*boolean),
            _ => None,
        })
    }

    pub(super) fn integer(
        &self,
        name: &str,
        range: &RangeInclusive<i64>,
        what: &str,
    ) -> Result<Option<i64>, SettingsError> {
        let allowed = format!("{what} from {} to {}", range.start(), range.end());
        self.value(name, &allowed, |value| match value {
            Value::Num(_, number) => {
                let number = number
                    .to_i128()
                    .or_else(|| number.to_u128().and_then(|number| i128::try_from(number).ok()))?;
                i64::try_from(number).ok().filter(|number| range.contains(number))
            }
            _ => None,
        })
    }

    pub(super) fn string(&self, name: &str) -> Result<Option<String>, SettingsError> {
        self.string_that(name, |_| true, "a text in quotes")
    }

    pub(super) fn string_that(
        &self,
        name: &str,
        rule: impl Fn(&str) -> bool,
        allowed: &str,
    ) -> Result<Option<String>, SettingsError> {
        self.value(name, allowed, |value| value.as_str().filter(|text| rule(text)).map(str::to_owned))
    }

    pub(super) fn parsed<T: FromStr>(&self, name: &str, allowed: &str) -> Result<Option<T>, SettingsError> {
        self.value(name, allowed, |value| value.as_str().and_then(|text| text.parse().ok()))
    }

    /// Like `parsed`, and an error shows what the parser says instead of what it was given.
    pub(super) fn parsed_secret<T>(&self, name: &str, allowed: &str) -> Result<Option<T>, SettingsError>
    where
        T: FromStr,
        T::Err: Display,
    {
        let Ok(value) = self.figment.find_value(name) else { return Ok(None) };
        match value.as_str().map(str::parse) {
            Some(Ok(parsed)) => Ok(Some(parsed)),
            Some(Err(reason)) => Err(self.invalid_because(name, &value, reason.to_string(), allowed)),
            None => Err(self.invalid(name, &value, allowed)),
        }
    }

    pub(super) fn list(&self, name: &str) -> Result<Option<Vec<String>>, SettingsError> {
        self.value(name, "a list of texts", strings)
    }

    /// The outer option is whether it is set, the inner one whether the attribute is printed.
    #[expect(clippy::option_option, reason = "unset, and set to false, are two things")]
    pub(super) fn samesite(&self, name: &str) -> Result<Option<Option<String>>, SettingsError> {
        self.value(name, "\"Lax\", \"Strict\", \"None\", or false to leave the attribute out", |value| {
            match value {
                Value::Bool(_, false) => Some(None),
                Value::String(_, text)
                    if ["lax", "strict", "none"].contains(&text.to_ascii_lowercase().as_str()) =>
                {
                    Some(Some(text.clone()))
                }
                _ => None,
            }
        })
    }

    /// A value of any type.
    pub(super) fn any(&self, name: &str) -> Option<Value> {
        self.figment.find_value(name).ok()
    }

    /// The error for a part of a setting, in words that repeat nothing of it.
    pub(super) fn refused_because(&self, name: &str, reason: &str, allowed: &str) -> SettingsError {
        match self.figment.find_value(name) {
            Ok(value) => self.invalid_because(name, &value, reason.to_owned(), allowed),
            Err(_) => self.refused(name, allowed),
        }
    }

    /// The error for a value that is well-typed and still not to be had.
    pub(super) fn refused(&self, name: &str, allowed: &str) -> SettingsError {
        match self.figment.find_value(name) {
            Ok(value) => self.invalid(name, &value, allowed),
            Err(_) => SettingsError::Missing {
                name: name.to_owned(),
                source_name: self.file_name.clone(),
                allowed: allowed.to_owned(),
            },
        }
    }

    fn value<T>(
        &self,
        name: &str,
        allowed: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>, SettingsError> {
        match self.figment.find_value(name) {
            Ok(value) => read(&value).map(Some).ok_or_else(|| self.invalid(name, &value, allowed)),
            Err(_) => Ok(None),
        }
    }

    fn invalid(&self, name: &str, value: &Value, allowed: &str) -> SettingsError {
        self.invalid_because(name, value, shown(name, value), allowed)
    }

    fn invalid_because(&self, name: &str, value: &Value, found: String, allowed: &str) -> SettingsError {
        let source = self
            .figment
            .get_metadata(value.tag())
            .map_or(self.file_name.as_str(), |source| source.name.as_ref());
        SettingsError::Invalid {
            name: name.to_owned(),
            source_name: source.to_owned(),
            found,
            allowed: allowed.to_owned(),
        }
    }
}

/// A value as an error shows it: in one line, and no secret.
fn shown(name: &str, value: &Value) -> String {
    match value {
        _ if SECRETS.contains(&name) => "what is there".to_owned(),
        // A missing quotation mark or line break may have put another setting into this one.
        Value::String(_, text) if text.len() > LONGEST_SHOWN || text.contains(['\n', '=', '@']) => {
            "what is there".to_owned()
        }
        Value::String(_, text) => format!("{text:?}"),
        Value::Char(_, character) => format!("{character:?}"),
        Value::Bool(_, boolean) => boolean.to_string(),
        Value::Num(_, number) => number
            .to_i128()
            .map_or_else(|| number.to_f64().unwrap_or_default().to_string(), |number| number.to_string()),
        Value::Empty(..) => "nothing".to_owned(),
        Value::Array(_, list) if list.is_empty() => "an empty list".to_owned(),
        Value::Array(..) => "this list".to_owned(),
        Value::Dict(..) => "this table".to_owned(),
    }
}

pub(super) fn strings(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}

/// Values under the name of where they were written.
struct Named {
    name: String,
    values: Dict,
}

impl Provider for Named {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

fn read_toml(file: &Path, file_name: &str) -> Result<Dict, SettingsError> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Dict::new()),
        Err(error) => return Err(SettingsError::File { path: file.to_owned(), reason: error.to_string() }),
    };
    // What the parser says repeats the line, which may be the one with the key.
    let values: Dict = Toml::from_str(&text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.split('\n').count();
        let reason = format!("line {line} is no valid TOML (a text stands in quotes; a name is set once)");
        SettingsError::Syntax { path: file.to_owned(), reason }
    })?;
    values.keys().try_for_each(|name| known(name, file_name))?;
    Ok(values)
}

/// `.env` may hold other programs' variables; only what looks like a setting of ours has to be one.
fn read_dotenv(file: &Path) -> Result<Dict, SettingsError> {
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Dict::new()),
        Err(error) => return Err(SettingsError::File { path: file.to_owned(), reason: error.to_string() }),
    };
    let variables = dotenv::parse(&bytes)
        .map_err(|error| SettingsError::Syntax { path: file.to_owned(), reason: error.to_string() })?;
    let mut values = Dict::new();
    for Variable { name, value } in variables {
        if name.starts_with("SESSION_") {
            known(&name, ".env")?;
        }
        if let Some((_, kind)) = setting(&name) {
            let value = from_text(kind, &value);
            values.insert(name, value);
        } else {
            warn_if_mistyped(&name, ".env");
        }
    }
    Ok(values)
}

fn read_variables<K, V>(
    variables: impl IntoIterator<Item = (K, V)>,
    source_name: &str,
) -> Result<Dict, SettingsError>
where
    K: Into<OsString>,
    V: Into<OsString>,
{
    let mut values = Dict::new();
    for (name, text) in variables {
        let Ok(name) = name.into().into_string() else { continue };
        let Some((_, kind)) = setting(&name) else {
            if source_name != ENVIRONMENT {
                known(&name, source_name)?;
            }
            warn_if_mistyped(&name, source_name);
            continue;
        };
        let text = text.into().into_string().map_err(|_| SettingsError::Invalid {
            name: name.clone(),
            source_name: source_name.to_owned(),
            found: "a value that is not UTF-8".to_owned(),
            allowed: "text".to_owned(),
        })?;
        values.insert(name, from_text(kind, &text));
    }
    Ok(values)
}

/// A variable's text as a value of the setting's type; text that is not of the type stays text, and
/// is refused where the setting is read.
fn from_text(kind: Kind, text: &str) -> Value {
    let trimmed = text.trim();
    match kind {
        Kind::Boolean => match trimmed.to_ascii_lowercase().as_str() {
            "true" | "1" => true.into(),
            "false" | "0" => false.into(),
            _ => text.into(),
        },
        Kind::StringOrFalse if ["false", "0"].contains(&trimmed.to_ascii_lowercase().as_str()) => {
            false.into()
        }
        Kind::Integer => trimmed.parse::<i64>().map_or_else(|_| text.into(), Into::into),
        Kind::List => text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(Value::from)
            .collect::<Vec<_>>()
            .into(),
        Kind::String | Kind::StringOrFalse | Kind::Table => text.into(),
    }
}

fn known(name: &str, source_name: &str) -> Result<(), SettingsError> {
    // In quotes, TOML takes anything for a name, a URL with its password as well.
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    let shown = if plain { name.to_owned() } else { "a name with special characters".to_owned() };
    let source_name = source_name.to_owned();
    match classify(name) {
        Name::Known(_) => Ok(()),
        Name::Meaningless => Err(SettingsError::Meaningless { name: shown, source_name, allowed: all() }),
        Name::Unknown => Err(SettingsError::Unknown {
            name: shown,
            source_name,
            nearest: nearest(name).to_owned(),
            allowed: all(),
        }),
    }
}
