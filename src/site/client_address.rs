//! Whose request it is, where a proxy stands between.

use std::net::{IpAddr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, HeaderName};
use actix_web::web::Data;
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// `TRUSTED_PROXIES`: those whose `X-Forwarded-For` is believed.
///
/// `Forwarded` is not: a proxy that writes one of the two headers passes the other on as the client has written it.
#[derive(Clone, Debug, Default)]
pub(crate) struct TrustedProxies(pub(crate) Vec<IpNet>);

impl TrustedProxies {
    fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Each trusted proxy has appended the address that it was called from, so the client is the last one that is not a
    /// proxy's. What stands before that, the client may have written itself.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let lists: Vec<_> = headers.get_all(X_FORWARDED_FOR).filter_map(|list| list.to_str().ok()).collect();
        let mut hops = lists.iter().rev().flat_map(|list| list.rsplit(','));
        let mut client = peer.to_canonical();
        while self.trust(client) {
            match hops.next().and_then(address) {
                Some(before) => client = before,
                None => break,
            }
        }
        client
    }
}

/// The client's address for the log; `-` where there is none.
pub(crate) fn client_address(request: &HttpRequest) -> String {
    let Some(peer) = request.peer_addr() else { return "-".to_owned() };
    let client = match request.app_data::<Data<TrustedProxies>>() {
        Some(proxies) => proxies.client(peer.ip(), request.headers()),
        None => peer.ip().to_canonical(),
    };
    client.to_string()
}

/// With or without a port, as proxies write it.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bracketed = || text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'))?.parse().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let address: Option<IpAddr> = text.parse().ok().or_else(with_port).or_else(bracketed);
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_what_it_has_appended() {
        let proxies = ["127.0.0.1/32", "10.0.0.0/8", "fd00::/8"].map(|network| network.parse().unwrap());
        let proxies = TrustedProxies(proxies.to_vec());
        let cases: [(&str, &[&str], &str); 16] = [
            ("203.0.113.7", &["198.51.100.1"], "203.0.113.7"),
            ("127.0.0.1", &[], "127.0.0.1"),
            ("127.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("::ffff:127.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("127.0.0.2", &["198.51.100.1"], "127.0.0.2"),
            ("127.0.0.1", &["192.0.2.66, 198.51.100.1"], "198.51.100.1"),
            ("127.0.0.1", &["192.0.2.66", "198.51.100.1"], "198.51.100.1"),
            ("127.0.0.1", &["192.0.2.66, 198.51.100.1, 10.1.2.3"], "198.51.100.1"),
            ("127.0.0.1", &["192.0.2.66, 198.51.100.1", "10.1.2.3"], "198.51.100.1"),
            ("fd00::1", &["10.9.9.9,[2001:db8::1]:443"], "2001:db8::1"),
            ("127.0.0.1", &["2001:db8::1"], "2001:db8::1"),
            ("127.0.0.1", &["[2001:db8::1]"], "2001:db8::1"),
            ("127.0.0.1", &["198.51.100.1:5000"], "198.51.100.1"),
            ("127.0.0.1", &["::ffff:198.51.100.1"], "198.51.100.1"),
            ("127.0.0.1", &["198.51.100.1, unknown"], "127.0.0.1"),
            ("127.0.0.1", &["198.51.100.1, \u{1b}[31m"], "127.0.0.1"),
        ];
        for (peer, lists, expected) in cases {
            let mut headers = HeaderMap::new();
            for list in lists {
                let value = HeaderValue::from_str(list);
                headers.append(X_FORWARDED_FOR, value.unwrap_or(HeaderValue::from_static("?")));
            }
            assert_eq!(proxies.client(peer.parse().unwrap(), &headers).to_string(), expected, "{lists:?}");
        }
    }
}
