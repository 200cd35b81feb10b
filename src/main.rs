//! The `manage` program.

use std::process::ExitCode;

use mimalloc::MiMalloc;
use sessionid::management;

// Less work for every request than with the C library's: see docs/performance.md.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info,actix_server=warn"))
        .init();
    management::execute_from_command_line(std::env::args_os())
}
