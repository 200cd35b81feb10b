//! Who sees the lab: this machine alone, since its pages show every visitor's sessionid.

use std::net::{IpAddr, SocketAddr};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;
use actix_web::{Error, ResponseError};

/// The page's explanation in `DEBUG`, where alone the lab is.
#[derive(Debug, thiserror::Error)]
#[error(
    "the lab shows everybody's session keys, so it answers only this machine itself: open it there at \
     http://localhost:{port}/, or from elsewhere through `ssh -L {port}:localhost:{port}`"
)]
struct NotLoopback {
    port: u16,
}

impl ResponseError for NotLoopback {
    fn status_code(&self) -> StatusCode {
        StatusCode::FORBIDDEN
    }
}

/// Answers 403 to everybody but the machine that the server runs on. What a header says of the client does not
/// count: anyone can write one.
pub(super) async fn check<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    if is_loopback(request.request().peer_addr()) {
        return next.call(request).await.map(ServiceResponse::map_into_left_body);
    }
    let port = request.app_config().local_addr().port();
    Ok(request.error_response(NotLoopback { port }).map_into_right_body())
}

pub(super) fn is_loopback(peer: Option<SocketAddr>) -> bool {
    peer.is_some_and(|peer| address_is_loopback(peer.ip()))
}

/// `127.0.0.0/8` and `::1`, and the former as a socket for both protocols writes it (`::ffff:127.0.0.1`).
pub(crate) fn address_is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_machine_itself_is_loopback() {
        for (peer, expected) in [
            ("127.0.0.1:1", true),
            ("127.8.9.10:65535", true),
            ("[::1]:1", true),
            ("[::ffff:127.0.0.1]:1", true),
            ("[::ffff:7f00:1]:1", true),
            ("192.168.0.7:1", false),
            ("10.0.0.1:1", false),
            ("0.0.0.0:1", false),
            ("[::]:1", false),
            ("[::2]:1", false),
            ("[::127.0.0.1]:1", false),
            ("[::ffff:192.168.0.7]:1", false),
            ("[fe80::1]:1", false),
        ] {
            assert_eq!(is_loopback(peer.parse().ok()), expected, "{peer}");
        }
        assert!(!is_loopback(None), "nobody knows who that is");
    }
}
