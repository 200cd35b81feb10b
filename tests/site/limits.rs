//! Clients that take their time, and more of them than there is room for.

use std::time::Duration;

use actix_web::rt::time::timeout;
use sessionid::settings::ServerLimits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::world::World;

/// Nothing takes longer, or it hangs.
const HANGS: Duration = Duration::from_secs(10);
const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

fn short() -> ServerLimits {
    // Actix reads the clock twice a second, so a head may have half a second less.
    let (head_timeout, body_timeout) = (Duration::from_secs(2), Duration::from_millis(200));
    ServerLimits { head_timeout, body_timeout, ..ServerLimits::default() }
}

async fn connect(world: &World) -> TcpStream {
    TcpStream::connect(world.origin().trim_start_matches("http://")).await.unwrap()
}

/// All that the server says until it closes the connection.
async fn said(mut connection: TcpStream) -> String {
    let mut said = Vec::new();
    let closed = timeout(HANGS, connection.read_to_end(&mut said)).await;
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(closed.is_ok(), "still open after {said:?}");
    said
}

fn status(said: &str) -> &str {
    said.split(' ').nth(1).unwrap_or_default()
}

#[actix_web::test]
async fn a_head_or_a_body_that_does_not_come_is_a_408() {
    let world = World::start_within(&[], short());
    for request in [
        "GET /hello".to_owned(),
        format!("POST /play/set HTTP/1.1\r\nHost: localhost\r\n{FORM}\r\nContent-Length: 10\r\n\r\nkey"),
        format!(
            "POST /play/set HTTP/1.1\r\nHost: localhost\r\n{FORM}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nkey\r\n"
        ),
        format!("POST /lab/settings HTTP/1.1\r\nHost: localhost\r\n{FORM}\r\nContent-Length: 10\r\n\r\n"),
    ] {
        let mut connection = connect(&world).await;
        connection.write_all(request.as_bytes()).await.unwrap();
        let said = said(connection).await;
        assert_eq!(status(&said), "408", "{request:?}: {said}");
    }
    assert_eq!(world.rows(), []);
}

#[actix_web::test]
async fn a_body_that_drips_has_no_more_time_than_one_that_does_not_come() {
    let world = World::start_within(&[], short());
    let mut connection = connect(&world).await;
    let head =
        format!("POST /play/set HTTP/1.1\r\nHost: localhost\r\n{FORM}\r\nContent-Length: 5000\r\n\r\n");
    connection.write_all(head.as_bytes()).await.unwrap();
    let (mut reader, mut writer) = connection.into_split();
    let dripping = actix_web::rt::spawn(async move {
        let mut drip = actix_web::rt::time::interval(Duration::from_millis(20));
        loop {
            drip.tick().await;
            if writer.write_all(b"a").await.is_err() {
                break;
            }
        }
    });
    let mut said = [0; 12];
    timeout(HANGS, reader.read_exact(&mut said)).await.unwrap().unwrap();
    assert_eq!(&said, b"HTTP/1.1 408");
    dripping.abort();
}

#[actix_web::test]
async fn a_body_that_nobody_reads_does_not_keep_the_connection() {
    let world = World::start_within(&[], short());
    for (request, expected) in [
        ("GET /hello/plain HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n", "200"),
        ("GET /hello/plain HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", "200"),
        ("POST /hello/plain HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n", "405"),
        ("POST /nothing HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", "404"),
        ("POST /nothing HTTP/1.1\r\nHost: other.example\r\nTransfer-Encoding: chunked\r\n\r\n", "400"),
    ] {
        let mut connection = connect(&world).await;
        connection.write_all(request.as_bytes()).await.unwrap();
        let said = said(connection).await;
        assert_eq!(status(&said), expected, "{request:?}: {said}");
    }
}

#[actix_web::test]
async fn a_body_that_comes_leaves_the_connection_open() {
    let world = World::start_within(&[], short());
    let mut connection = connect(&world).await;
    let post = format!(
        "POST /play/set HTTP/1.1\r\nHost: localhost\r\n{FORM}\r\nContent-Length: 13\r\n\r\nkey=a&value=1"
    );
    let get = "GET /hello/plain HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    connection.write_all((post + get).as_bytes()).await.unwrap();
    let said = said(connection).await;
    assert_eq!(status(&said), "303", "{said}");
    assert_eq!(said.matches("HTTP/1.1 200").count(), 1, "{said}");
}

#[actix_web::test]
async fn connections_beyond_the_limit_wait_for_one_that_ends() {
    let limits = ServerLimits { max_connections: 1, ..ServerLimits::default() };
    let world = World::start_within(&[], limits);
    let request = b"GET /hello/plain HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut first = connect(&world).await;
    first.write_all(request).await.unwrap();
    let mut said = [0; 12];
    first.read_exact(&mut said).await.unwrap();
    let mut second = connect(&world).await;
    second.write_all(request).await.unwrap();
    let early = timeout(Duration::from_millis(200), second.read_exact(&mut said)).await;
    assert!(early.is_err(), "the second is answered beside the first");
    drop(first);
    timeout(HANGS, second.read_exact(&mut said)).await.unwrap().unwrap();
    assert_eq!(&said, b"HTTP/1.1 200");
}

#[actix_web::test]
async fn the_site_deletes_what_has_expired_where_it_is_told_to() {
    let mut world = World::start_with(&[("SESSION_CLEAN_UP_EVERY", "1")]);
    world.get("/hello/world").await;
    world.advance(31);
    let gone = async {
        while !world.rows().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    assert!(timeout(HANGS, gone).await.is_ok(), "{:?}", world.rows());
}
