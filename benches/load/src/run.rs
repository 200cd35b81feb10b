//! The closed loop.

use std::io;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};

use crate::answer;
use crate::checks::Checks;
use crate::clients::{Client, shared_out};
use crate::connection::Connection;
use crate::options::{Load, Options};
use crate::report::{Hot, Report, quantile};

/// How long an answer may take before the run is given up.
const PATIENCE: Duration = Duration::from_secs(30);

struct Run<'a> {
    options: &'a Options,
    poll: Poll,
    connections: Vec<Connection>,
    checks: Checks,
    latencies: Vec<u64>,
    reconnects: u64,
    measure_from: Instant,
    measure_until: Instant,
    in_flight: usize,
}

pub fn run(options: &Options) -> io::Result<Report> {
    let mut turns = shared_out(options)?;
    let mut checks = Checks::new(options);
    if options.load == Load::Hot && !options.no_session {
        let session = first_visit(options, &mut checks)?;
        turns.iter_mut().for_each(|clients| *clients = vec![Client::with_cookie(options, &session)]);
    }
    let poll = Poll::new()?;
    let mut connections = Vec::with_capacity(turns.len());
    for (index, clients) in turns.into_iter().enumerate() {
        connections.push(Connection::open(poll.registry(), Token(index), options.address, clients)?);
    }
    let measure_from = Instant::now() + options.warm_up();
    let mut run = Run {
        options,
        poll,
        connections,
        checks,
        latencies: Vec::with_capacity(1 << 20),
        reconnects: 0,
        measure_from,
        measure_until: measure_from + options.duration(),
        in_flight: 0,
    };
    run.to_the_end()?;
    let hot = run.hot()?;
    Ok(run.report(hot))
}

/// One request by itself; its session is the hot one.
fn first_visit(options: &Options, checks: &mut Checks) -> io::Result<Vec<u8>> {
    let (_, cookie) = single(options, &Client::new(options))?;
    checks.answered += 1;
    cookie.ok_or_else(|| io::Error::other("the first visit got no session cookie"))
}

/// What the page shows, and the cookie that came with it.
fn single(options: &Options, client: &Client) -> io::Result<(u64, Option<Vec<u8>>)> {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(options.address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(client.request())?;
    let mut received = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let length = stream.read(&mut piece)?;
        received.extend_from_slice(&piece[..length]);
        if let Some(answer) =
            answer::read(&received, options.cookie.as_bytes()).map_err(io::Error::other)?
        {
            let counter = answer.counter.filter(|_| answer.status == 200);
            let counter = counter.ok_or_else(|| io::Error::other(format!("status {}", answer.status)))?;
            return Ok((counter, answer.set_cookie.map(<[u8]>::to_vec)));
        }
        if length == 0 {
            return Err(io::Error::other("the server closed the connection"));
        }
    }
}

impl Run<'_> {
    fn to_the_end(&mut self) -> io::Result<()> {
        let input_ended = Arc::new(AtomicBool::new(false));
        if self.options.until_eof {
            watch_input(input_ended.clone(), self.options.warm_up());
        }
        for index in 0..self.connections.len() {
            self.connections[index].send()?;
            self.in_flight += 1;
        }
        let mut events = Events::with_capacity(self.connections.len());
        while self.in_flight > 0 {
            match self.poll.poll(&mut events, Some(PATIENCE)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            if events.is_empty() {
                return Err(io::Error::other(format!("{} requests without an answer", self.in_flight)));
            }
            if self.options.until_eof && input_ended.load(Ordering::Relaxed) {
                self.measure_until = self.measure_until.min(Instant::now());
            }
            for event in &events {
                self.ready(event.token().0)?;
            }
        }
        Ok(())
    }

    fn ready(&mut self, index: usize) -> io::Result<()> {
        let connection = &mut self.connections[index];
        let open = connection.receive().unwrap_or(false);
        let received = mem::take(&mut connection.received);
        match answer::read(&received, self.options.cookie.as_bytes()) {
            Ok(Some(answer)) if connection.waiting => {
                let now = Instant::now();
                connection.waiting = false;
                self.in_flight -= 1;
                if now >= self.measure_from && now < self.measure_until {
                    let latency = now - connection.sent_at;
                    self.latencies.push(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
                }
                self.checks.judge(&mut connection.clients[connection.turn], &answer);
                connection.turn = (connection.turn + 1) % connection.clients.len();
                let closes = answer.closes || !open;
                if received.len() > answer.length {
                    self.broken(index, "more bytes than one answer");
                }
                self.next(index, received, closes, now)
            }
            Ok(_) if open => {
                connection.received = received;
                Ok(())
            }
            // An idle connection may be closed at any time.
            Ok(_) if !connection.waiting => connection.reopen(self.poll.registry(), self.options.address),
            Ok(_) => self.start_over(index, "the connection ended before the answer"),
            Err(reason) => self.start_over(index, reason),
        }
    }

    fn next(&mut self, index: usize, mut buffer: Vec<u8>, closes: bool, now: Instant) -> io::Result<()> {
        let connection = &mut self.connections[index];
        buffer.clear();
        connection.received = buffer;
        if now >= self.measure_until {
            return Ok(());
        }
        if closes {
            self.reconnects += 1;
            connection.reopen(self.poll.registry(), self.options.address)?;
        }
        self.in_flight += 1;
        if connection.send().is_err() {
            return self.start_over(index, "a request could not be sent");
        }
        Ok(())
    }

    fn start_over(&mut self, index: usize, reason: &str) -> io::Result<()> {
        self.broken(index, reason);
        self.in_flight -= 1;
        self.connections[index].reopen(self.poll.registry(), self.options.address)?;
        self.next(index, Vec::new(), false, Instant::now())
    }

    fn broken(&mut self, index: usize, reason: &str) {
        self.checks.wrong.broken += 1;
        self.checks.wrong.note(|| reason.to_owned());
        let connection = &mut self.connections[index];
        connection.clients[connection.turn].expected = None;
    }

    /// The page shows what it found: every increment that was answered, or some are lost.
    fn hot(&mut self) -> io::Result<Option<Hot>> {
        if self.options.load != Load::Hot || self.options.no_session {
            return Ok(None);
        }
        let (total, _) = single(self.options, &self.connections[0].clients[0])?;
        let answered = self.checks.answered;
        if total > answered + self.checks.wrong.total() {
            self.checks.wrong.counter += 1;
            self.checks.wrong.note(|| format!("{total} increments where {answered} were asked for"));
        }
        #[expect(clippy::cast_precision_loss)]
        let lost_percent = answered.saturating_sub(total) as f64 * 100.0 / answered as f64;
        Ok(Some(Hot { answered, total, lost_percent }))
    }

    fn report(mut self, hot: Option<Hot>) -> Report {
        self.latencies.sort_unstable();
        let seconds = (self.measure_until - self.measure_from).as_secs_f64();
        #[expect(clippy::cast_precision_loss)]
        let per_second = self.latencies.len() as f64 / seconds;
        Report {
            seconds,
            requests: self.latencies.len() as u64,
            per_second,
            p50_ms: quantile(&self.latencies, 0.5),
            p99_ms: quantile(&self.latencies, 0.99),
            max_ms: quantile(&self.latencies, 1.0),
            wrong_answers: self.checks.wrong.total(),
            wrong: self.checks.wrong,
            reconnects: self.reconnects,
            hot,
        }
    }
}

fn watch_input(ended: Arc<AtomicBool>, warm_up: Duration) {
    thread::spawn(move || {
        thread::sleep(warm_up);
        eprintln!("measuring");
        // An error ends the input as well.
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        ended.store(true, Ordering::Relaxed);
    });
}
