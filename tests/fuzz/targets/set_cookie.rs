//! The Set-Cookie headers that `testing::Client` gets.

use std::cell::OnceCell;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use actix_web::http::header::HeaderValue;
use chrono::{DateTime, TimeDelta, Utc};
use sessionid::clock::{Clock, ManualClock};
use sessionid::testing::Client;

use super::block_on;

/// No browser keeps a cookie for longer than 400 days.
const LONGER_THAN_ANY: TimeDelta = TimeDelta::days(401);

/// Each line is a header of its own.
///
/// # Panics
///
/// If a cookie is sent that is no header, or is still there when every cookie has expired and the browser was closed.
pub(super) fn run(data: &[u8]) {
    thread_local! {
        static SITE: OnceCell<Site> = const { OnceCell::new() };
    }
    let headers: Vec<_> = data.split(|byte| *byte == b'\n').collect();
    if headers.iter().all(|header| HeaderValue::from_bytes(header).is_ok()) {
        SITE.with(|site| block_on(visits(site.get_or_init(Site::start), &headers)));
    }
}

async fn visits(site: &Site, headers: &[&[u8]]) {
    let clock = ManualClock::new("2026-11-22T18:24:10Z".parse().unwrap());
    let mut client = Client::new(format!("http://{}", site.address), Clock::from(clock.clone()));
    site.set_cookies(headers);
    // Too many headers, or too long ones, are an error of the HTTP client.
    if client.get("/a/b").await.is_err() {
        return;
    }
    site.set_cookies(&[]);
    let again = client.get("/a/b").await.unwrap();
    assert_eq!(again.sent_cookies.is_some(), again.request.iter().any(|line| line.starts_with("Cookie: ")));
    clock.advance(LONGER_THAN_ANY);
    client.close();
    assert_eq!(client.get("/a/b").await.unwrap().sent_cookies, None);
    site.set_cookies(headers);
    for extreme in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
        clock.set(extreme);
        client.get("/").await.unwrap();
    }
}

/// A server that sets what it is told to.
struct Site {
    address: SocketAddr,
    head: Arc<Mutex<Vec<u8>>>,
}

impl Site {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, head) = (listener.local_addr().unwrap(), Arc::default());
        let site = Self { address, head: Arc::clone(&head) };
        std::thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let head = Arc::clone(&head);
                std::thread::spawn(move || serve(connection, &head));
            }
        });
        site
    }

    fn set_cookies(&self, headers: &[&[u8]]) {
        let mut head = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n".to_vec();
        for header in headers {
            head.extend([b"Set-Cookie: ", *header, b"\r\n"].concat());
        }
        head.extend(b"\r\n");
        *self.head.lock().unwrap() = head;
    }
}

/// Answers each request until the client is gone.
fn serve(connection: TcpStream, head: &Mutex<Vec<u8>>) {
    let Ok(mut sender) = connection.try_clone() else { return };
    let _ = connection.set_nodelay(true);
    for line in BufReader::new(connection).split(b'\n').map_while(Result::ok) {
        if line == b"\r" {
            let head = head.lock().unwrap().clone();
            if sender.write_all(&head).is_err() {
                return;
            }
        }
    }
}
