//! `manage check`: Django's system checks that concern sessions.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{CommandError, output};
use crate::db::DatabaseUrl;
use crate::sessions::Engine;
use crate::settings::{DEMO_SECRET_KEY, Settings};

/// How long a cache is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// How bad an issue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Info,
    Warning,
}

struct Issue {
    level: Level,
    /// Django's, where Django has the check.
    id: &'static str,
    message: String,
}

/// Django's SECRET_KEY_MIN_LENGTH and SECRET_KEY_MIN_UNIQUE_CHARACTERS.
const SHORTEST_KEY: usize = 50;
const FEWEST_CHARACTERS: usize = 5;
const INSECURE_PREFIX: &str = "django-insecure-";

pub(crate) fn execute(
    settings: &Settings,
    settings_file: &Path,
    deploy: bool,
    fail_on_warnings: bool,
) -> Result<(), CommandError> {
    let mut issues = local_issues(settings);
    issues.extend(cache_issues(settings));
    if deploy {
        issues.extend(deployment_issues(settings));
        issues.extend(advice(settings));
        issues.extend(file_issues(settings, settings_file));
    }
    if issues.is_empty() {
        return Ok(output::line("System check identified no issues (0 silenced).")?);
    }
    output::line("System check identified some issues:")?;
    for (level, title) in [(Level::Warning, "WARNINGS"), (Level::Info, "INFOS")] {
        let mut of_level = issues.iter().filter(|issue| issue.level == level).peekable();
        if of_level.peek().is_some() {
            output::line(format_args!("\n{title}:"))?;
        }
        for issue in of_level {
            output::line(format_args!("?: ({}) {}", issue.id, output::visible(&issue.message)))?;
        }
    }
    let plural = if issues.len() == 1 { "issue" } else { "issues" };
    output::line(format_args!("\nSystem check identified {} {plural} (0 silenced).", issues.len()))?;
    let failed = issues.iter().filter(|issue| issue.level >= Level::Warning).count();
    if fail_on_warnings && failed > 0 { Err(CommandError::Check(failed)) } else { Ok(()) }
}

/// What bites on one's own machine.
fn local_issues(settings: &Settings) -> Vec<Issue> {
    let session = &settings.session;
    let mut issues = Vec::new();
    let mut add = |level, id, message: String| issues.push(Issue { level, id, message });
    if settings.debug && session.cookie_secure {
        add(Level::Warning, "sessionid.W001", "SESSION_COOKIE_SECURE is set to True, and this server speaks plain HTTP: a browser keeps the cookie from any address but localhost, so that every visit starts a new session.".to_owned());
    }
    if session.cookie_samesite.as_deref().is_some_and(|samesite| samesite.eq_ignore_ascii_case("none"))
        && !session.cookie_secure
    {
        add(Level::Warning, "sessionid.W002", "SESSION_COOKIE_SAMESITE is set to 'None' without SESSION_COOKIE_SECURE: browsers refuse such a cookie.".to_owned());
    }
    if has_prefix(&session.cookie_name, "__Host-")
        && (!session.cookie_secure || session.cookie_domain.is_some() || session.cookie_path != "/")
    {
        add(Level::Warning, "sessionid.W003", "SESSION_COOKIE_NAME begins with '__Host-': browsers refuse such a cookie without Secure, with a Domain, or with a Path other than '/'.".to_owned());
    }
    if has_prefix(&session.cookie_name, "__Secure-") && !session.cookie_secure {
        add(Level::Warning, "sessionid.W004", "SESSION_COOKIE_NAME begins with '__Secure-': browsers refuse such a cookie without SESSION_COOKIE_SECURE.".to_owned());
    }
    if settings.debug && session.cookie_name == "sessionid" {
        add(Level::Info, "sessionid.I001", "Cookies know no ports: another site on this host whose session cookie is also 'sessionid', such as a Django on port 8001, takes this one's sessions away and loses its own. Share its database and SECRET_KEY, set another SESSION_COOKIE_NAME, or open one site at localhost and the other at 127.0.0.1.".to_owned());
    }
    issues
}

/// What loses sessions in a cache, where it is all that keeps them.
fn cache_issues(settings: &Settings) -> Vec<Issue> {
    let Some(cache) = settings.session_cache.as_ref().filter(|_| settings.session_engine == Engine::Cache)
    else {
        return Vec::new();
    };
    let (id, messages) = match cache.risks(PATIENCE) {
        Ok(risks) => ("sessionid.W021", risks),
        Err(error) => ("sessionid.W022", vec![format!("{error}: views with a session answer 503.")]),
    };
    messages.into_iter().map(|message| Issue { level: Level::Warning, id, message }).collect()
}

/// What `manage.py check --deploy` warns of, under Django's ids where it has one.
fn deployment_issues(settings: &Settings) -> Vec<Issue> {
    let session = &settings.session;
    let mut issues = Vec::new();
    let mut warn = |id, message: String| issues.push(Issue { level: Level::Warning, id, message });
    if is_weak(&settings.secret_key) {
        warn("security.W009", weak_key("SECRET_KEY"));
    }
    for (index, _) in settings.secret_key_fallbacks.iter().enumerate().filter(|(_, key)| is_weak(key)) {
        warn("security.W025", weak_key(&format!("SECRET_KEY_FALLBACKS[{index}]")));
    }
    if !session.cookie_secure {
        warn("security.W012", "SESSION_COOKIE_SECURE is not set to True. Without it the cookie also travels over plain HTTP, where anyone on the way can read it and take the session over.".to_owned());
    }
    if !session.cookie_httponly {
        warn("security.W015", "SESSION_COOKIE_HTTPONLY is not set to True. With it a script that was smuggled into a page cannot read the cookie.".to_owned());
    }
    if settings.debug {
        warn("security.W018", "You should not have DEBUG set to True in deployment.".to_owned());
    }
    if settings.allowed_hosts.is_empty() {
        warn("security.W020", "ALLOWED_HOSTS must not be empty in deployment.".to_owned());
    }
    if session.cookie_samesite.as_deref().is_none_or(|samesite| samesite.eq_ignore_ascii_case("none")) {
        warn("sessionid.W005", "SESSION_COOKIE_SAMESITE is not set to 'Lax' or 'Strict'. Without it other sites can send requests in a visitor's session.".to_owned());
    }
    issues
}

/// What is better than a browser's defaults.
fn advice(settings: &Settings) -> Vec<Issue> {
    let session = &settings.session;
    let mut issues = Vec::new();
    let mut add = |id, message: String| issues.push(Issue { level: Level::Info, id, message });
    let prefixed = ["__Host-", "__Secure-"].iter().any(|prefix| has_prefix(&session.cookie_name, prefix));
    if session.cookie_secure && !prefixed {
        let whole_site = session.cookie_domain.is_none() && session.cookie_path == "/";
        let prefix = if whole_site { "__Host-" } else { "__Secure-" };
        add(
            "sessionid.I002",
            format!(
                "SESSION_COOKIE_NAME could begin with '{prefix}': browsers then take it from HTTPS only{}.",
                if whole_site { ", and from no other host of the domain" } else { "" }
            ),
        );
    }
    add("sessionid.I003", "HSTS (Django's SECURE_HSTS_SECONDS) is a header of the proxy that speaks TLS: see that it sends Strict-Transport-Security, as deploy/nginx.conf does. Without it the first request of a visitor may go over plain HTTP.".to_owned());
    issues
}

/// Browsers know the prefixes in any case (RFC 6265bis, section 5.7).
fn has_prefix(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Files with secrets and sessions that every user of the machine can read or change.
fn file_issues(settings: &Settings, settings_file: &Path) -> Vec<Issue> {
    let mut files = vec![settings.base_dir.join(".env")];
    if fs::read_to_string(settings_file).is_ok_and(|text| text.lines().any(holds_a_secret)) {
        files.push(settings_file.to_owned());
    }
    match &settings.database_url {
        DatabaseUrl::Sqlite(path) => files.extend(["", "-wal", "-shm"].map(|suffix| {
            let mut name = path.clone().into_os_string();
            name.push(suffix);
            PathBuf::from(name)
        })),
        #[cfg(feature = "postgres")]
        DatabaseUrl::Postgres(_) => {}
    }
    let open = files.iter().filter(|file| mode(file) & 0o006 != 0);
    let message = |file: &PathBuf| {
        let (name, mode) = (file.display(), mode(file));
        format!(
            "{name} is open to every user of this machine (mode {mode:04o}): whoever reads it can take sessions over. Use chmod 600."
        )
    };
    open.map(|file| Issue { level: Level::Warning, id: "sessionid.W006", message: message(file) }).collect()
}

/// A file's mode; 0 for a file that is not there.
#[cfg(unix)]
fn mode(file: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;

    fs::metadata(file).map_or(0, |metadata| metadata.permissions().mode() & 0o7777)
}

/// There are no modes, so nothing is known of a file.
#[cfg(not(unix))]
fn mode(_file: &Path) -> u32 {
    0
}

fn holds_a_secret(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("SECRET_KEY") && !line.contains(DEMO_SECRET_KEY)
        || line.starts_with("DATABASE_URL") && line.contains('@')
}

fn is_weak(key: &str) -> bool {
    let distinct = key.chars().collect::<BTreeSet<_>>().len();
    key.chars().count() < SHORTEST_KEY || distinct < FEWEST_CHARACTERS || key.starts_with(INSECURE_PREFIX)
}

fn weak_key(name: &str) -> String {
    format!(
        "Your {name} has less than {SHORTEST_KEY} characters, less than {FEWEST_CHARACTERS} unique characters, or it's prefixed with '{INSECURE_PREFIX}'. Set a long and random one that nobody else knows: whoever knows it can forge sessions."
    )
}
