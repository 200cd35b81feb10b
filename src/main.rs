//! The `manage` program.

use std::process::ExitCode;

use mimalloc::MiMalloc;
use sessionid::management;

// Less work for every request than with the C library's: see docs/performance.md.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let _log = management::start_logging();
    management::execute_from_command_line(std::env::args_os())
}
