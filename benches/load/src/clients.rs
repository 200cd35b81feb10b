//! A client: its cookie, the request that it sends, and the counter that it must see next.

use std::fs;
use std::io;

use crate::options::Options;

pub struct Client {
    request: Vec<u8>,
    /// Where the cookie's value lies in `request`; empty while there is none.
    cookie: std::ops::Range<usize>,
    head: usize,
    name: String,
    pub expected: Option<u64>,
}

impl Client {
    pub fn new(options: &Options) -> Self {
        let head = format!("GET {} HTTP/1.1\r\nHost: {}\r\n", options.path, options.address);
        let request = format!("{head}\r\n").into_bytes();
        Self { request, cookie: 0..0, head: head.len(), name: options.cookie.clone(), expected: Some(0) }
    }

    pub fn with_cookie(options: &Options, cookie: &[u8]) -> Self {
        let mut client = Self::new(options);
        client.set_cookie(cookie);
        client.expected = None;
        client
    }

    pub fn request(&self) -> &[u8] {
        &self.request
    }

    pub fn cookie(&self) -> &[u8] {
        &self.request[self.cookie.clone()]
    }

    pub fn has_cookie(&self) -> bool {
        !self.cookie.is_empty()
    }

    pub fn set_cookie(&mut self, value: &[u8]) {
        if self.cookie() == value {
            return;
        }
        self.request.truncate(self.head);
        self.request.extend_from_slice(b"Cookie: ");
        self.request.extend_from_slice(self.name.as_bytes());
        self.request.push(b'=');
        let start = self.request.len();
        self.request.extend_from_slice(value);
        self.cookie = start..self.request.len();
        self.request.extend_from_slice(b"\r\n\r\n");
    }
}

/// The clients of each connection, which takes them in turn: one, unless a file names sessions.
pub fn shared_out(options: &Options) -> io::Result<Vec<Vec<Client>>> {
    let mut turns: Vec<Vec<Client>> = (0..options.connections).map(|_| Vec::new()).collect();
    if let Some(file) = &options.cookies {
        for (index, cookie) in fs::read(file)?.trim_ascii().split(|byte| *byte == b'\n').enumerate() {
            turns[index % options.connections].push(Client::with_cookie(options, cookie.trim_ascii()));
        }
    }
    for clients in turns.iter_mut().filter(|clients| clients.is_empty()) {
        clients.push(Client::new(options));
    }
    Ok(turns)
}
