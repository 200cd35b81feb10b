//! A kept-alive connection with one request in flight.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::Instant;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use crate::clients::Client;

pub struct Connection {
    stream: TcpStream,
    token: Token,
    pub clients: Vec<Client>,
    pub turn: usize,
    pub received: Vec<u8>,
    pub sent_at: Instant,
    /// Whether a request waits for its answer.
    pub waiting: bool,
}

impl Connection {
    pub fn open(
        registry: &Registry,
        token: Token,
        address: SocketAddr,
        clients: Vec<Client>,
    ) -> io::Result<Self> {
        let stream = connect(registry, token, address)?;
        let received = Vec::with_capacity(4096);
        Ok(Self { stream, token, clients, turn: 0, received, sent_at: Instant::now(), waiting: false })
    }

    pub fn reopen(&mut self, registry: &Registry, address: SocketAddr) -> io::Result<()> {
        self.stream = connect(registry, self.token, address)?;
        self.received.clear();
        self.waiting = false;
        Ok(())
    }

    /// Sends the request of the client whose turn it is.
    pub fn send(&mut self) -> io::Result<()> {
        self.sent_at = Instant::now();
        self.waiting = true;
        // A request is far smaller than an empty socket buffer, so it goes in one piece.
        self.stream.write_all(self.clients[self.turn].request())
    }

    /// Reads what is there; `false` at the end of the stream.
    pub fn receive(&mut self) -> io::Result<bool> {
        let mut piece = [0; 8192];
        loop {
            match self.stream.read(&mut piece) {
                Ok(0) => return Ok(false),
                Ok(length) => {
                    self.received.extend_from_slice(&piece[..length]);
                    // A short read has emptied the socket; the next bytes are a new event.
                    if length < piece.len() {
                        return Ok(true);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Connected by the time it returns: connecting is no part of what is measured.
fn connect(registry: &Registry, token: Token, address: SocketAddr) -> io::Result<TcpStream> {
    let stream = std::net::TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    let mut stream = TcpStream::from_std(stream);
    registry.register(&mut stream, token, Interest::READABLE)?;
    Ok(stream)
}
