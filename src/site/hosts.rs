//! `ALLOWED_HOSTS`: which names this site answers to.

use std::net::SocketAddr;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::HOST;
use actix_web::http::{StatusCode, Version};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, ResponseError};

use super::client_address::client_address;

/// Django's `ALLOWED_HOSTS` and `validate_host`.
///
/// ```
/// use sessionid::site::AllowedHosts;
///
/// let hosts = AllowedHosts::new(vec![".example.com".to_owned()], false);
/// assert!(hosts.allow("www.example.com:8000"));
/// assert!(!hosts.allow("example.org"));
/// ```
#[derive(Clone, Debug)]
pub struct AllowedHosts {
    patterns: Vec<String>,
}

impl AllowedHosts {
    /// The hosts of the setting; with `debug` and none of them, this machine's own names.
    ///
    /// ```
    /// # use sessionid::site::AllowedHosts;
    /// assert!(AllowedHosts::new(vec![], true).allow("localhost:8000"));
    /// assert!(!AllowedHosts::new(vec![], false).allow("localhost:8000"));
    /// ```
    #[must_use]
    pub fn new(patterns: Vec<String>, debug: bool) -> Self {
        let local = [".localhost", "127.0.0.1", "[::1]"];
        let patterns = if debug && patterns.is_empty() { local.map(str::to_owned).into() } else { patterns };
        Self { patterns: patterns.iter().map(|pattern| pattern.to_lowercase()).collect() }
    }

    /// Whether a `Host` header names one of them.
    ///
    /// ```
    /// # use sessionid::site::AllowedHosts;
    /// let hosts = AllowedHosts::new(vec!["example.com".to_owned()], false);
    /// assert!(hosts.allow("EXAMPLE.com.:443"));
    /// assert!(!hosts.allow("www.example.com"));
    /// ```
    #[must_use]
    pub fn allow(&self, header: &str) -> bool {
        let header = header.to_lowercase();
        domain(&header).is_some_and(|domain| self.patterns.iter().any(|pattern| same_domain(domain, pattern)))
    }

    /// Answers 400 to any other name.
    ///
    /// ```
    /// use actix_web::{App, middleware::from_fn, test, web};
    /// use sessionid::site::AllowedHosts;
    ///
    /// # #[actix_web::main]
    /// # async fn main() {
    /// let hosts = web::Data::new(AllowedHosts::new(vec!["example.com".to_owned()], false));
    /// let app = test::init_service(App::new().app_data(hosts).wrap(from_fn(AllowedHosts::check))).await;
    /// let request = test::TestRequest::get().insert_header(("Host", "example.org")).to_request();
    /// assert_eq!(test::call_service(&app, request).await.status(), 400);
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the service behind it.
    pub async fn check<B: MessageBody + 'static>(
        hosts: Data<Self>,
        request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<EitherBody<B>>, Error> {
        let host = host(&request);
        if host.as_deref().is_some_and(|host| hosts.allow(host)) {
            return next.call(request).await.map(ServiceResponse::map_into_left_body);
        }
        let client = client_address(request.request());
        log::warn!(target: "django.security.DisallowedHost", "Invalid HTTP_HOST header: {host:?} from {client}. You may need to add it to ALLOWED_HOSTS.");
        Ok(request.error_response(DisallowedHost(host)).map_into_right_body())
    }
}

/// What the page says in `DEBUG`, as Django's does; the log has the header itself.
#[derive(Debug, thiserror::Error)]
#[error("Invalid Host header: {}. {}", self.named(), self.what_to_do())]
struct DisallowedHost(Option<String>);

impl DisallowedHost {
    fn named(&self) -> String {
        self.0.as_ref().map_or_else(|| "none, or more than one".to_owned(), |host| format!("{host:?}"))
    }

    /// In `settings.toml`, `.env` or the environment; the dot of `.localhost` stands for its subdomains.
    fn what_to_do(&self) -> String {
        let name = self.0.as_deref().and_then(domain).unwrap_or("www.example.com");
        format!(
            "To serve this host, add it to ALLOWED_HOSTS, for example ALLOWED_HOSTS={name} in .env or the environment, and restart. Without that setting a site with DEBUG on answers to localhost, its subdomains, 127.0.0.1 and [::1] only."
        )
    }
}

impl ResponseError for DisallowedHost {
    fn status_code(&self) -> StatusCode {
        StatusCode::BAD_REQUEST
    }
}

/// The host that a request names. One of HTTP/1.0 need not name any, and then it is the server's own, as Django's
/// `_get_raw_host` has it; two are none (RFC 9112, section 3.2).
fn host(request: &ServiceRequest) -> Option<String> {
    let mut named = request.headers().get_all(HOST);
    match (named.next(), named.next()) {
        (Some(host), None) => host.to_str().ok().map(str::to_owned),
        (None, _) if request.version() < Version::HTTP_11 => {
            Some(server_name(request.app_config().local_addr()))
        }
        _ => None,
    }
}

/// `SERVER_NAME` and `SERVER_PORT` as Django's `runserver` has them.
fn server_name(address: SocketAddr) -> String {
    let ip = address.ip().to_canonical();
    if ip.is_loopback() || ip.is_unspecified() {
        return format!("localhost:{}", address.port());
    }
    SocketAddr::new(ip, address.port()).to_string()
}

/// Django's `split_domain_port` of a header in lower case: the domain without its port and final dot, if there
/// is one.
fn domain(header: &str) -> Option<&str> {
    let end = if header.starts_with('[') {
        header.find(']')? + 1
    } else {
        header.find(':').unwrap_or(header.len())
    };
    let (domain, port) = header.split_at(end);
    let is_port = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    let is_domain = match domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => is_bracketed(address),
        None => domain.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-')),
    };
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    (is_port && is_domain && !domain.is_empty()).then_some(domain)
}

/// `[a-f0-9]*:[a-f0-9.:]+`, which Django takes for an IPv6 address.
fn is_bracketed(address: &str) -> bool {
    let is_hexadecimal = |byte: u8| matches!(byte, b'a'..=b'f' | b'0'..=b'9');
    address.split_once(':').is_some_and(|(first, rest)| {
        first.bytes().all(is_hexadecimal)
            && !rest.is_empty()
            && rest.bytes().all(|byte| is_hexadecimal(byte) || matches!(byte, b'.' | b':'))
    })
}

/// Django's `is_same_domain`, and `*` for any.
fn same_domain(host: &str, pattern: &str) -> bool {
    match pattern.strip_prefix('.') {
        Some(parent) => host == parent || host.ends_with(pattern),
        None => pattern == "*" || host == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(patterns: &[&str], debug: bool) -> AllowedHosts {
        AllowedHosts::new(patterns.iter().map(|pattern| (*pattern).to_owned()).collect(), debug)
    }

    #[test]
    fn debug_without_hosts_means_this_machine() {
        for host in [
            "localhost",
            "LOCALHOST:8000",
            "shop.localhost",
            "127.0.0.1:8000",
            "[::1]",
            "[::1]:8000",
            "localhost.",
        ] {
            assert!(hosts(&[], true).allow(host), "{host}");
        }
        for host in ["", "example.com", "127.0.0.2", "localhost.example.com", "::1", "evillocalhost"] {
            assert!(!hosts(&[], true).allow(host), "{host}");
        }
    }

    #[test]
    fn patterns_are_djangos() {
        let allowed = hosts(&["example.com", ".Example.org", "[2001:db8::1]"], false);
        for host in [
            "example.com",
            "example.com:80",
            "EXAMPLE.com.",
            "example.org",
            "a.b.example.org",
            "[2001:DB8::1]:443",
        ] {
            assert!(allowed.allow(host), "{host}");
        }
        for host in [
            "www.example.com",
            "notexample.org",
            "localhost",
            "example.com:",
            "example.com:8a",
            "example.com/x",
            "a@example.com",
            "example.com:80:80",
        ] {
            assert!(!allowed.allow(host), "{host}");
        }
        assert!(hosts(&["*"], false).allow("anything.at.all"));
        assert!(!hosts(&["*"], false).allow("any thing"));
        assert!(!hosts(&["", "."], false).allow("."), "an empty pattern matches nothing");
    }

    /// What Django's `split_domain_port` says; `tests/django/hosts_test.py` asks Django itself.
    #[test]
    fn a_host_is_split_as_django_splits_it() {
        for (header, expected) in [
            ("example.com", Some("example.com")),
            ("example.com:0", Some("example.com")),
            ("example.com:99999999", Some("example.com")),
            ("example.com..", Some("example.com.")),
            ("..", Some(".")),
            ("-", Some("-")),
            ("1.2.3.4:80", Some("1.2.3.4")),
            ("[::]", Some("[::]")),
            ("[::1]:80", Some("[::1]")),
            ("[f:.]", Some("[f:.]")),
            ("[:1]", Some("[:1]")),
            ("[1:2:3]", Some("[1:2:3]")),
            ("", None),
            (".", None),
            (".:80", None),
            (":", None),
            (":80", None),
            ("[", None),
            ("]", None),
            ("[]", None),
            ("[:]", None),
            ("[f:]", None),
            ("[.:1]", None),
            ("[f.:1]", None),
            ("[1]", None),
            ("[::1", None),
            ("::1]", None),
            ("[::1].", None),
            ("[::1]x", None),
            ("[::1]:", None),
            ("[::g]", None),
            ("[fe80::1%eth0]", None),
            ("[[::1]]", None),
            ("a[::1]", None),
            ("example_com", None),
            ("example.com:+80", None),
            ("example.com:8 0", None),
            ("a,b", None),
            ("a b", None),
            ("é.com", None),
        ] {
            assert_eq!(domain(header), expected, "{header:?}");
        }
    }
}
