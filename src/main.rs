//! The `manage` program.

use std::process::ExitCode;

use sessionid::management;

fn main() -> ExitCode {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info,actix_server=warn"))
        .init();
    management::execute_from_command_line(std::env::args_os())
}
