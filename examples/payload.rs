//! Reads and writes the `session_data` column by hand.
//!
//! `payload decode` turns each line of its input from a signed payload into the JSON inside, and
//! `payload encode` turns each line from a JSON object into a payload signed now. `SECRET_KEY` and
//! `SECRET_KEY_FALLBACKS` are the ones that `manage` has, from `settings.toml` and the environment:
//!
//! ```text
//! $ sqlite3 db.sqlite3 'SELECT session_data FROM django_session' | cargo run --example payload decode
//! {"counter":1}
//! ```
//!
//! A line that is no payload, or no JSON object, becomes an empty line, with the reason on standard
//! error.

use std::io::{self, BufWriter, Write as _};
use std::process::ExitCode;

use sessionid::clock::Clock;
use sessionid::sessions::{JsonError, PayloadError, RawJson, SessionCodec, SessionData};
use sessionid::settings::{Settings, SettingsError};

fn main() -> ExitCode {
    let translate = match std::env::args().nth(1).as_deref() {
        Some("encode") => encode,
        Some("decode") => decode,
        _ => {
            eprintln!("Usage: payload encode|decode");
            return ExitCode::from(2);
        }
    };
    match translate_lines(translate) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("Error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn encode(codec: &SessionCodec, line: &str) -> Result<String, LineError> {
    // What is stored is ASCII: Django would read the bytes of an unescaped "é" as "Ã©".
    let json = RawJson::parse(line)?;
    let data = SessionData::from_json(json.as_str().as_bytes())?;
    Ok(codec.encode(&data, Clock::System.now()))
}

fn decode(codec: &SessionCodec, line: &str) -> Result<String, LineError> {
    Ok(codec.decode(line)?.to_json())
}

/// Whether every line could be translated.
fn translate_lines(
    translate: fn(&SessionCodec, &str) -> Result<String, LineError>,
) -> Result<bool, ProgramError> {
    let settings = Settings::load("settings.toml".as_ref(), std::env::vars_os())?;
    let fallbacks: Vec<_> = settings.secret_key_fallbacks.iter().map(String::as_str).collect();
    let codec = SessionCodec::new(&settings.secret_key, &fallbacks);
    let mut out = BufWriter::new(io::stdout().lock());
    let mut all = true;
    for (number, line) in io::stdin().lines().enumerate() {
        let translated = translate(&codec, &line?).unwrap_or_else(|error| {
            eprintln!("line {}: {error}", number + 1);
            all = false;
            String::new()
        });
        writeln!(out, "{translated}")?;
    }
    out.flush()?;
    Ok(all)
}

/// Why a line has no translation.
#[derive(Debug, thiserror::Error)]
enum LineError {
    #[error(transparent)]
    Payload(#[from] PayloadError),
    #[error(transparent)]
    Json(#[from] JsonError),
}

/// Why the program ends.
#[derive(Debug, thiserror::Error)]
enum ProgramError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error("cannot read or write: {0}")]
    Lines(#[from] io::Error),
}
