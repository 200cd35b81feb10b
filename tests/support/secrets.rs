//! Nothing that is said of a setting shows a secret. A plain function of its inputs, so that a fuzz target can call it.

use std::error::Error;
use std::path::Path;

use sessionid::db::DatabaseUrl;
use sessionid::settings::{Settings, SettingsError};

/// Where a setting is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Toml,
    Dotenv,
    /// A variable of this name.
    Variable(&'static str),
}

/// What somebody may write, right or wrong, with a secret in the place of `{}`.
pub(crate) const SHAPES: [(Place, &str); 43] = [
    (Place::Toml, "SECRET_KEY = {}"),
    (Place::Toml, "SECRET_KEY = '{}"),
    (Place::Toml, "SECRET_KEY = \"\"\"{}"),
    (Place::Toml, "SECRET_KEY = ['{}']"),
    (Place::Toml, "SECRET_KEY.\"{}\" = 1\nSECRET_KEY.\"{}\" = 1"),
    (Place::Toml, "SECRET_KEY = 'x' '{}'"),
    (Place::Toml, "SECRET_KEY_FALLBACKS = '{}'"),
    (Place::Toml, "SECRET_KEY_FALLBACKS = ['{}', 1]"),
    (Place::Toml, "{}"),
    (Place::Toml, "SECRET_KEY '{}'"),
    (Place::Toml, "SESSION_COOKIE_NAME = '''a\nSECRET_KEY={}'''"),
    (Place::Toml, "\"EMAIL_HOST=smtp://u:{}@h\" = 1"),
    (Place::Toml, "DATABASE_URL = 'postgres://u:{}@h/site'"),
    (Place::Toml, "DATABASE_URL = {}\nDATABASE_URL = {}"),
    (Place::Toml, "DATABASE_URL = ['mysql://u:{}@h/site']"),
    (Place::Toml, "\"postgres://u:{}@h/site\" = 1"),
    (Place::Toml, "CACHES = 'redis://:{}@h'"),
    (Place::Toml, "CACHES.default = { BACKEND = 'x.y', LOCATION = ['redis://:{}@h', 1] }"),
    (Place::Toml, "CACHES.default = { BACKEND = 'x.y', LOCATION = 'redis://:{}@h' }"),
    (Place::Toml, "CACHES.default.BACKEND = 'redis://:{}@h'"),
    (Place::Toml, "SESSION_ENGINE = 'cache'\nCACHES = 'redis://:{}@h'"),
    (Place::Toml, "SESSION_ENGINE = 'cached_db'\nCACHES = 'redis://h,redis://:{}@h:x'"),
    (Place::Toml, "SESSION_ENGINE = 'cache'\nCACHES = 'memcached://u:{}@h:11211'"),
    (
        Place::Toml,
        "SESSION_ENGINE = 'cache'\nCACHES.default = { BACKEND = 'django.core.cache.backends.redis.RedisCache', LOCATION = 'redis://h?password={}' }",
    ),
    (Place::Toml, "SESSION_ENGINE = 'cache'\nSESSION_CACHE_ALIAS = 'x'\nCACHES = 'redis://:{}@h'"),
    (Place::Dotenv, "SECRET_KEY={}"),
    (Place::Dotenv, "SECRET_KEY='{}"),
    (Place::Dotenv, "SECRET_KEY {}"),
    (Place::Dotenv, "{}"),
    (Place::Dotenv, "OTHER={} {}"),
    (Place::Dotenv, "export {}"),
    (Place::Dotenv, "SESSION_COOKIE_NAME=\"a\nSECRET_KEY={}\""),
    (Place::Dotenv, "DATABASE_URL=postgres://u:{}@h/site"),
    (Place::Dotenv, "SECRET_KEY={}\nSECRET_KEY={}"),
    (Place::Variable("SECRET_KEY"), "{}"),
    (Place::Variable("SESSION_COOKIE_AGE"), "30 SECRET_KEY={}"),
    (Place::Variable("DATABASE_URL"), "{}"),
    (Place::Variable("DATABASE_URL"), "mysql://u:{}@h/site"),
    (Place::Variable("DATABASE_URL"), "postgres://u:{}@h/site"),
    (Place::Variable("DATABASE_URL"), "postgres://u:{}@[::g]/site"),
    (Place::Variable("DATABASE_URL"), "postgres://u:p@h/site?password={}"),
    (Place::Variable("DATABASE_URL"), " postgresql://u:{}@h:x/site?sslmod=1&="),
    (Place::Variable("CACHES"), "redis://:{}@h"),
];

/// What is refused with the names of all settings; a message may say those whatever the secret is.
const NO_SETTING: &str = "NO_SETTING = 1";

/// Loads a shape with a secret in it, from a file `settings.toml` in `folder`.
///
/// # Panics
///
/// If what is said of it holds a piece of the secret: four characters in a row, which it does not hold when a secret of
/// the same form is in its place.
pub(crate) fn assert_not_shown(folder: &Path, (place, shape): (Place, &str), secret: &str) {
    let said = everything_said(folder, place, &shape.replace("{}", secret));
    let otherwise = everything_said(folder, place, &shape.replace("{}", &another(secret)));
    let characters: Vec<_> = secret.chars().collect();
    for piece in characters.windows(4).map(|piece| piece.iter().collect::<String>()) {
        let known = [shape, &otherwise].iter().any(|text| text.contains(&piece));
        let shown = !known && said.contains(&piece);
        assert!(
            !shown || everything_said(folder, Place::Toml, NO_SETTING).contains(&piece),
            "{piece:?} of {secret:?} in {place:?} {shape:?}: {said}"
        );
    }
}

/// A secret that has other letters and digits, and means the same to a parser.
fn another(secret: &str) -> String {
    let other = |character: char| match character {
        '1'..='9' => '1',
        'a'..='f' | 'A'..='F' => 'e',
        _ if character.is_alphabetic() => 'j',
        _ => character,
    };
    secret.chars().map(other).collect()
}

/// Every way in which the program may speak of these settings.
fn everything_said(folder: &Path, place: Place, text: &str) -> String {
    let (mut toml, mut dotenv, mut environment) = (String::new(), String::new(), vec![("DEBUG", "true")]);
    match place {
        Place::Toml => text.clone_into(&mut toml),
        Place::Dotenv => text.clone_into(&mut dotenv),
        Place::Variable(name) => environment.push((name, text)),
    }
    std::fs::write(folder.join("settings.toml"), toml).unwrap();
    std::fs::write(folder.join(".env"), dotenv).unwrap();
    // An environment with a NUL in it is none.
    let environment = environment.into_iter().filter(|(_, value)| !value.contains('\0'));
    let mut said = match Settings::load(&folder.join("settings.toml"), environment) {
        Ok(settings) => described(&settings),
        Err(error) => chain(&without_name(error)),
    };
    if let Place::Variable("DATABASE_URL") = place {
        said +=
            &text.parse::<DatabaseUrl>().map_or_else(|error| chain(&error), |url| format!("{url} {url:?}"));
    }
    said.replace(&folder.display().to_string(), "FOLDER")
}

/// A name is shown as it is written, so that its writer finds it: what stands in the place of one is no secret, unless it has
/// characters that no name has.
fn without_name(mut error: SettingsError) -> SettingsError {
    let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    if let SettingsError::Unknown { name, .. } | SettingsError::Meaningless { name, .. } = &mut error
        && name.bytes().all(in_name)
    {
        "NAME".clone_into(name);
    }
    error
}

fn described(settings: &Settings) -> String {
    let url = &settings.database_url;
    format!("{settings:?} {:?} {url} {url:?} {:?}", settings.caches, settings.session)
}

fn chain(error: &(impl Error + 'static)) -> String {
    let errors = std::iter::successors(Some(error as &(dyn Error + 'static)), |error| (*error).source());
    errors.map(|error| format!("{error} {error:?}")).collect::<Vec<_>>().join(" ")
}
