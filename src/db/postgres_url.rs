//! `postgres://…`, taken apart where libpq takes it apart.
//!
//! libpq's grammar is its own (several hosts, sockets' folders as hosts, a user without a host), so a parser of web addresses
//! refuses what is right here. What two readers could take apart differently is refused, as is what libpq would quote in an
//! error: the text that it quotes may be a part of the password.

use std::fmt;
use std::net::Ipv6Addr;

use super::error::InvalidDatabaseUrl;

/// `postgres://user:password@host:port/database?parameters`. What is shown of it has no password.
///
/// ```
/// use sessionid::db::DatabaseUrl;
///
/// let url: DatabaseUrl = "postgres://site:secret@db.example/site?sslmode=require".parse()?;
/// assert_eq!(url.to_string(), "postgres://site:***@db.example/site?sslmode=require");
/// # Ok::<(), sessionid::db::InvalidDatabaseUrl>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    /// `user` or `user:password`, still percent-encoded, as is all that follows.
    login: Option<String>,
    /// Host, port and database.
    address: String,
    parameters: Vec<(String, String)>,
}

/// The parameters of libpq 18 (`PQconninfoOptions` in `fe-connect.c`), and `ssl`, which JDBC's URLs have.
const PARAMETERS: [&str; 51] = [
    "application_name",
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "dbname",
    "fallback_application_name",
    "gssdelegation",
    "gssencmode",
    "gsslib",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "krbsrvname",
    "load_balance_hosts",
    "max_protocol_version",
    "min_protocol_version",
    "oauth_client_id",
    "oauth_client_secret",
    "oauth_issuer",
    "oauth_scope",
    "options",
    "passfile",
    "password",
    "port",
    "replication",
    "require_auth",
    "requirepeer",
    "scram_client_key",
    "scram_server_key",
    "service",
    "ssl",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcert",
    "sslcertmode",
    "sslcompression",
    "sslcrl",
    "sslcrldir",
    "sslkey",
    "sslkeylogfile",
    "sslmode",
    "sslnegotiation",
    "sslpassword",
    "sslrootcert",
    "sslsni",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];
const SECRET_PARAMETERS: [&str; 5] =
    ["oauth_client_secret", "password", "scram_client_key", "scram_server_key", "sslpassword"];

impl PostgresUrl {
    /// Takes apart what stands behind `postgres://`.
    pub(super) fn parse(text: &str) -> Result<Self, InvalidDatabaseUrl> {
        if text.contains(|character: char| character.is_whitespace() || character.is_control()) {
            return Err(InvalidDatabaseUrl::Blank);
        }
        if !text.split('%').skip(1).all(starts_with_an_octet) {
            return Err(InvalidDatabaseUrl::Percent);
        }
        let (authority, parameters) = text.split_once('?').unwrap_or((text, ""));
        let (login, address) = match authority.split_once('@') {
            Some((login, address)) => (Some(login.to_owned()), address),
            None => (None, authority),
        };
        let (hosts, database) = address.split_once('/').unwrap_or((address, ""));
        // A second `@`, or one behind these, is where libpq and others find the end of the password in different places.
        let ambiguous = login.as_ref().is_some_and(|login| login.contains('/'))
            || address.contains('@')
            || parameters.contains('@')
            || database.contains('/')
            || text.contains('#');
        if ambiguous {
            return Err(InvalidDatabaseUrl::Reserved);
        }
        if !hosts.is_empty() && !hosts.split(',').all(is_host) {
            return Err(InvalidDatabaseUrl::Host);
        }
        let given = parameters.split('&').filter(|parameter| !parameter.is_empty());
        let parameters = given.map(parameter).collect::<Option<_>>().ok_or(InvalidDatabaseUrl::Parameter)?;
        Ok(Self { login, address: address.to_owned(), parameters })
    }

    /// The URL for libpq, with the parameters that it does not give itself.
    pub(super) fn with_defaults(&self, defaults: &[(&str, String)]) -> String {
        let given = self.parameters.iter().map(|(name, value)| format!("{name}={value}"));
        let missing = |name: &str| self.parameters.iter().all(|(given, _)| given != name);
        let defaults = defaults.iter().filter(|(name, _)| missing(name));
        let defaults = defaults.map(|(name, value)| format!("{name}={value}"));
        self.assembled(self.login.clone(), &given.chain(defaults).collect::<Vec<_>>())
    }

    fn assembled(&self, login: Option<String>, parameters: &[String]) -> String {
        let login = login.map_or_else(String::new, |login| login + "@");
        let query = if parameters.is_empty() { "" } else { "?" };
        format!("postgres://{login}{}{query}{}", self.address, parameters.join("&"))
    }
}

/// Whether this, behind a `%`, is a byte of a text: two hexadecimal digits, and not NUL.
fn starts_with_an_octet(text: &str) -> bool {
    text.get(..2)
        .is_some_and(|digits| digits != "00" && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

/// `host`, `host:port` or `[address]:port`; a folder of sockets is a percent-encoded host.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').map(|text| text.split_once(']')) {
        Some(Some((address, port))) => {
            let address = address.split('%').next().unwrap_or_default();
            (address.parse::<Ipv6Addr>().is_ok(), port.strip_prefix(':').unwrap_or(port))
        }
        Some(None) => return false,
        None => {
            let (host, port) = text.split_once(':').unwrap_or((text, ""));
            (!host.contains(['[', ']']), port)
        }
    };
    host && (port.is_empty()
        || (port.bytes().all(|digit| digit.is_ascii_digit())
            && port.parse::<u16>().is_ok_and(|port| port > 0)))
}

fn parameter(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=')?;
    (PARAMETERS.contains(&name) && !value.contains('=')).then(|| (name.to_owned(), value.to_owned()))
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let login = self.login.as_ref().map(|login| match login.split_once(':') {
            Some((user, _)) => format!("{user}:***"),
            None => login.clone(),
        });
        let shown = |(name, value): &(String, String)| {
            let secret = SECRET_PARAMETERS.contains(&name.as_str());
            format!("{name}={}", if secret { "***" } else { value })
        };
        f.write_str(&self.assembled(login, &self.parameters.iter().map(shown).collect::<Vec<_>>()))
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_url_says_itself_is_left_as_it_is() {
        let limits = [("connect_timeout", "5".to_owned()), ("application_name", "sessionid".to_owned())];
        for (url, full) in [
            ("db/site", "postgres://db/site?connect_timeout=5&application_name=sessionid"),
            ("db/site?", "postgres://db/site?connect_timeout=5&application_name=sessionid"),
            (
                "db/site?&ssl=true&",
                "postgres://db/site?ssl=true&connect_timeout=5&application_name=sessionid",
            ),
            (
                "db/site?connect_timeout=2&sslmode=require&application_name=mine",
                "postgres://db/site?connect_timeout=2&sslmode=require&application_name=mine",
            ),
            (
                "site:p:w@/?host=/run/postgresql&connect_timeout=1",
                "postgres://site:p:w@/?host=/run/postgresql&connect_timeout=1&application_name=sessionid",
            ),
        ] {
            assert_eq!(PostgresUrl::parse(url).expect("an URL").with_defaults(&limits), full);
        }
    }

    #[test]
    fn what_libpq_allows_is_allowed() {
        for url in [
            "",
            "/site",
            "site@/site",
            "db",
            "db:5432",
            "db1:5432,db2:5433/site?target_session_attrs=read-write",
            "%2Frun%2Fpostgresql/site",
            "site:p%3Fw%40%2F@[::1]:5432/site",
            "site@[fe80::1%25eth0]/site",
            "/site?options=-c%20geqo%3Doff",
            "site:пароль@db/site",
        ] {
            let parsed = PostgresUrl::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
            assert_eq!(parsed.with_defaults(&[]), format!("postgres://{url}"));
        }
    }

    #[test]
    fn what_can_be_taken_apart_in_two_ways_is_refused_with_the_reason() {
        use InvalidDatabaseUrl::{Blank, Host, Parameter, Percent, Reserved};
        for (url, reason) in [
            ("u:p?w@h/site", Reserved),
            ("u:p/w@h/site", Reserved),
            ("u:p@w@h/site", Reserved),
            ("u:p#w@h/site", Reserved),
            ("u:5?password=w@h/site", Reserved),
            ("h/site#1", Reserved),
            ("u:p w@h/site", Blank),
            ("h/site\n", Blank),
            ("u:p%w@h/site", Percent),
            ("u:p%@h/site", Percent),
            ("u:p%00@h/site", Percent),
            ("u:p%é@h/site", Percent),
            ("h:port/site", Host),
            ("h:0/site", Host),
            ("h:+1/site", Host),
            ("h:65536/site", Host),
            ("h1,h2:x/site", Host),
            ("[::g]/site", Host),
            ("[::1/site", Host),
            ("[]/site", Host),
            ("[::1]x/site", Host),
            ("h/site?sslmod=require", Parameter),
            ("h/site?sslmode", Parameter),
            ("h/site?options=-c a=b", Blank),
            ("h/site?options=a=b", Parameter),
            ("h/site?=x", Parameter),
        ] {
            assert_eq!(PostgresUrl::parse(url).err(), Some(reason), "{url}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            ("site:p:word@db:5433/site", "postgres://site:***@db:5433/site"),
            ("site:@db", "postgres://site:***@db"),
            ("db/site?user=site&password=secret", "postgres://db/site?user=site&password=***"),
            ("db/site?sslpassword=secret", "postgres://db/site?sslpassword=***"),
            ("db/site?scram_client_key=secret", "postgres://db/site?scram_client_key=***"),
            ("/site?host=/run/postgresql", "postgres:///site?host=/run/postgresql"),
        ] {
            let parsed = PostgresUrl::parse(url).expect("an URL");
            assert_eq!(parsed.to_string(), shown);
            assert_eq!(format!("{parsed:?}"), format!("PostgresUrl({shown})"));
        }
    }
}
