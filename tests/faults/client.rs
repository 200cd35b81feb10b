//! A browser by hand: HTTP/1.1 on a connection that is kept, and one cookie.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::server::Server;

pub(crate) const COUNTER: &str = "/hello/world";
pub(crate) const LOOK: &str = "/hello/world2";
pub(crate) const PLAIN: &str = "/hello/plain";

/// Nothing takes longer, or it hangs.
const HANGS: Duration = Duration::from_secs(20);
const CONTINUE: u16 = 100;

/// An answer.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.as_str())
    }

    pub(crate) fn body(&self) -> &str {
        &self.body
    }

    /// The session's new or confirmed key; `None` without a cookie, or with one that is deleted.
    pub(crate) fn key(&self) -> Option<&str> {
        let (key, attributes) = self.header("Set-Cookie")?.strip_prefix("sessionid=")?.split_once(';')?;
        (!attributes.contains("Max-Age=0")).then_some(key)
    }

    /// The number on the seed's page.
    pub(crate) fn counter(&self) -> u64 {
        assert_eq!(self.status, 200, "{self:?}");
        let (_, number) = self.body.split_once("Counter : <b>").expect("a counter on the page");
        number.split_once("</b>").unwrap().0.parse().expect("a number")
    }

    /// A 503 that says when to come again, and leaves the client's cookie alone.
    pub(crate) fn assert_unavailable(&self) {
        assert_eq!(self.status, 503, "{self:?}");
        let seconds: u32 = self.header("Retry-After").and_then(|text| text.parse().ok()).unwrap_or_default();
        assert!(seconds > 0, "{self:?}");
        assert_eq!(self.header("Set-Cookie"), None, "{self:?}");
    }
}

/// A connection to a server.
pub(crate) struct Connection(BufReader<TcpStream>);

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(HANGS))?;
        stream.set_write_timeout(Some(HANGS))?;
        Ok(Self(BufReader::new(stream)))
    }

    pub(crate) fn to(server: &Server) -> Self {
        Self::open(server.address()).unwrap()
    }

    /// Asks for a page, with a Cookie header as it stands.
    pub(crate) fn get(&mut self, path: &str, cookie: Option<&[u8]>) -> io::Result<Response> {
        self.send(path, cookie, "")?;
        self.receive()
    }

    /// The same with more header lines, each with its end.
    pub(crate) fn get_with(&mut self, path: &str, headers: &str) -> io::Result<Response> {
        self.send(path, None, headers)?;
        self.receive()
    }

    pub(crate) fn plain(&mut self) -> Response {
        self.get(PLAIN, None).unwrap()
    }

    fn send(&mut self, path: &str, cookie: Option<&[u8]>, more: &str) -> io::Result<()> {
        let mut request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}").into_bytes();
        if let Some(cookie) = cookie {
            request.extend_from_slice(b"Cookie: ");
            request.extend_from_slice(cookie);
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        self.0.get_mut().write_all(&request)
    }

    fn receive(&mut self) -> io::Result<Response> {
        let status_line = self.line()?;
        let status = status_line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or(io::ErrorKind::InvalidData)?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(": ") else { break };
            headers.push((name.to_owned(), value.to_owned()));
        }
        let mut response = Response { status, headers, body: String::new() };
        let length = response.header("Content-Length").and_then(|length| length.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        self.0.read_exact(&mut body)?;
        response.body = String::from_utf8_lossy(&body).into_owned();
        Ok(response)
    }

    /// A line of a head, which ends as RFC 9112 says or was broken off.
    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        line.strip_suffix("\r\n").map(str::to_owned).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

/// The Cookie header of a key.
pub(crate) fn cookie(key: &str) -> Vec<u8> {
    format!("sessionid={key}").into_bytes()
}

/// Somebody who visits the counter, and keeps the cookie.
pub(crate) struct Visitor {
    connection: Connection,
    key: Option<String>,
}

impl Visitor {
    pub(crate) fn new(server: &Server) -> Self {
        Self { connection: Connection::to(server), key: None }
    }

    /// Somebody who has a cookie already.
    pub(crate) fn with_key(server: &Server, key: &str) -> Self {
        Self { connection: Connection::to(server), key: Some(key.to_owned()) }
    }

    /// Somebody new, who came so many times.
    pub(crate) fn after_visits(server: &Server, visits: u64) -> Self {
        let mut visitor = Self::new(server);
        for visit in 0..visits {
            assert_eq!(visitor.visit().counter(), visit);
        }
        visitor
    }

    /// Visits the counter.
    pub(crate) fn visit(&mut self) -> Response {
        self.try_visit().unwrap()
    }

    /// The same of a server that may die meanwhile.
    pub(crate) fn try_visit(&mut self) -> io::Result<Response> {
        let response = self.connection.get(COUNTER, self.cookie().as_deref())?;
        self.keep(&response);
        Ok(response)
    }

    /// Visits the page that only reads the counter.
    pub(crate) fn look(&mut self) -> Response {
        let response = self.connection.get(LOOK, self.cookie().as_deref()).unwrap();
        self.keep(&response);
        response
    }

    /// Begins a visit to the counter, and returns once the server is at it: its `100 Continue` says so.
    pub(crate) fn begin_visit(&mut self) {
        let cookie = self.cookie();
        self.connection.send(COUNTER, cookie.as_deref(), "Expect: 100-continue\r\n").unwrap();
        assert_eq!(self.connection.receive().unwrap().status, CONTINUE);
    }

    /// The answer to the visit that has begun.
    pub(crate) fn end_visit(&mut self) -> Response {
        self.connection.receive().unwrap()
    }

    pub(crate) fn key(&self) -> &str {
        self.key.as_deref().expect("a key from an earlier visit")
    }

    fn cookie(&self) -> Option<Vec<u8>> {
        self.key.as_deref().map(cookie)
    }

    fn keep(&mut self, response: &Response) {
        if response.header("Set-Cookie").is_some() {
            self.key = response.key().map(str::to_owned);
        }
    }
}
