//! RLIMIT_FSIZE, whose signal ends a process that does not expect it.

use std::process::Command;
use std::time::Duration;

use crate::client::{Connection, Response, Visitor};
use crate::database::DatabaseFile;
use crate::server::{PROGRAM, Server, configure};
use crate::timing::{eventually, timed, undisturbed};

/// 256 kB for each file.
const BLOCKS: u32 = 512;
const VISITS: usize = 2000;

#[test]
fn past_the_limit_a_write_is_a_503_and_the_log_has_a_line_a_second() {
    let _alone = undisturbed();
    let file = DatabaseFile::new();
    let mut command = Command::new("sh");
    let script = format!(r#"ulimit -f {BLOCKS}; exec "$0" "$@""#);
    command.args(["-c", &script, PROGRAM, "runserver", "127.0.0.1:0"]);
    configure(&mut command, &file.path());
    let server = Server::start(command);

    let (refused, took) = timed(|| {
        let visits = (0..VISITS).map(|_| Visitor::new(&server).visit());
        let refused = visits.filter(|visit| visit.status != 200).inspect(Response::assert_unavailable);
        refused.count()
    });
    assert!(refused > VISITS / 4, "{refused} of {VISITS} were refused");
    assert_eq!(Connection::to(&server).plain().status, 200);

    // The first of a cause, then one for each second; there may be a second cause or two.
    server.logs("more times within 1 s");
    let lines = server.has_logged("the session store did not answer");
    let seconds = usize::try_from(took.as_secs()).unwrap() + 2;
    assert!(lines <= 4 * seconds, "{lines} lines for {refused} errors in {took:?}");
    eventually("every one is counted", Duration::from_secs(5), || counted(&server.log()) == refused);
    file.empty_the_log();
    assert_eq!(Visitor::new(&server).visit().status, 200);
}

/// How many errors the lines tell of.
fn counted(log: &str) -> usize {
    let lines = log.lines().filter(|line| line.contains("the session store did not answer"));
    lines
        .map(|line| {
            line.rsplit_once(" (").and_then(|(_, times)| times.split(' ').next()?.parse().ok()).unwrap_or(1)
        })
        .sum()
}
