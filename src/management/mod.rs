//! The commands of `manage`; the only file that knows `clap`.
//!
//! ```
//! use std::process::ExitCode;
//! use sessionid::management::execute_from_command_line;
//!
//! assert_eq!(execute_from_command_line(["manage", "--version"].map(Into::into)), ExitCode::SUCCESS);
//! ```

mod commands;
mod logging;

use std::ffi::OsString;
use std::io::ErrorKind;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use self::commands::output::visible;
use self::commands::{
    CommandError, backup, check, clearsessions, migrate, runserver, sessions, testserver, walkthrough,
};
pub use self::logging::{Log, start_logging};
use crate::error::chain;
use crate::settings::{Settings, SettingsError};

/// Django's sessions, in Rust: a counter site that reproduces and teaches them.
#[derive(Debug, Parser)]
#[command(name = "manage", version, disable_help_subcommand = true)]
struct Cli {
    /// The settings file instead of ./settings.toml. Relative paths start at its folder, and templates and static files in it
    /// replace those that are built in.
    #[arg(long, global = true, value_name = "FILE")]
    settings: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the site (the default command). Ctrl-C stops it.
    Runserver {
        /// PORT, or ADDR:PORT.
        #[arg(value_name = "PORT | ADDR:PORT", default_value = runserver::DEFAULT_ADDRESS)]
        address: String,
    },
    /// Create the tables that are missing.
    Migrate,
    /// Delete expired sessions. May run beside a live server.
    Clearsessions,
    /// Copy the SQLite database to a new file. May run beside a live server.
    Backup {
        /// The new file; it must not exist.
        file: PathBuf,
    },
    /// List, show or delete stored sessions.
    #[command(subcommand)]
    Sessions(SessionsCommand),
    /// Report settings that are likely to be mistakes.
    Check {
        /// Also report what is dangerous once the site is public.
        #[arg(long)]
        deploy: bool,
        /// The lowest level of a finding that makes the exit code 1.
        #[arg(long, value_enum, default_value_t = FailLevel::Error)]
        fail_level: FailLevel,
    },
    /// Serve a temporary site for tests: its clock is set over HTTP. Prints one line of JSON when it is ready, and ends with
    /// its parent.
    Testserver {
        /// ADDR:PORT of this machine; port 0 is any free port.
        #[arg(value_name = "ADDR:PORT", default_value = testserver::DEFAULT_ADDRESS)]
        address: std::net::SocketAddr,
        /// SESSION_ENGINE.
        #[arg(long)]
        engine: Option<String>,
        /// SESSION_COOKIE_AGE, in whole seconds.
        #[arg(long, value_name = "SECONDS")]
        age: Option<i64>,
        /// Any other setting, in the form of a variable; may be given several times.
        #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
        set: Vec<(String, String)>,
        /// DATABASE_URL of existing sessions, instead of a temporary file. They are only read.
        #[arg(long, value_name = "URL")]
        database: Option<String>,
        /// Allow requests and tests to change that database.
        #[arg(long, requires = "database")]
        write: bool,
        /// Do not end when standard input is closed.
        #[arg(long)]
        stay: bool,
    },
    /// Perform every step of the document "Django sessions" against a site of its own, and show what happens.
    Walkthrough {
        /// SESSION_COOKIE_AGE for the walk, in whole seconds.
        #[arg(long, value_name = "SECONDS", default_value_t = walkthrough::DEFAULT_AGE, value_parser = clap::value_parser!(i64).range(2..=60))]
        age: i64,
    },
}

#[derive(Debug, Subcommand)]
enum SessionsCommand {
    /// List sessions, the latest expiry first.
    List {
        /// Rows per page.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        /// The page to show.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        page: u32,
        /// As a JSON list, for other programs.
        #[arg(long)]
        json: bool,
    },
    /// Show one session: its expiry, its signature and its data.
    Show {
        /// The sessionid.
        key: String,
    },
    /// Delete one, which logs its user out.
    Delete {
        /// The sessionid.
        key: String,
    },
}

/// Django's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
enum FailLevel {
    Warning,
    Error,
}

/// Runs the command that `arguments` name, as Django's `execute_from_command_line`.
///
/// What goes wrong is one line on standard error and the exit code 1; a command line that is none
/// has the exit code 2, what Ctrl-C has interrupted 130.
///
/// ```
/// use std::process::ExitCode;
/// use sessionid::management::execute_from_command_line;
///
/// let arguments = ["manage", "migrat"].map(Into::into);
/// assert_eq!(execute_from_command_line(arguments), ExitCode::from(2)); // "… 'migrate'"
/// ```
pub fn execute_from_command_line(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<_> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            // A closed pipe leaves nobody to tell.
            let _ = presentable(error, &arguments).print();
            return ExitCode::from(code);
        }
    };
    ignore_file_size_signal();
    match without_panic(cli) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the output has read enough.
        Err(CommandError::Output(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {}", visible(&chain(&error).replace('\n', " ")));
            // The shell's code for what Ctrl-C ended.
            if error.is_interruption() { ExitCode::from(130) } else { ExitCode::FAILURE }
        }
    }
}

#[cfg(not(unix))]
fn ignore_file_size_signal() {}

/// Past RLIMIT_FSIZE a write fails like one to a full disk, where it would end the process otherwise. A handler that does
/// nothing of note is enough for that, and the only way without `unsafe`.
#[cfg(unix)]
fn ignore_file_size_signal() {
    let ignored = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, std::sync::Arc::default());
    if let Err(error) = ignored {
        log::debug!("SIGXFSZ is not ignored: {error}");
    }
}

/// What clap says of a command line, without what would move a terminal's cursor.
fn presentable(error: clap::Error, arguments: &[OsString]) -> clap::Error {
    let visible = arguments.iter().map(|argument| visible(&argument.to_string_lossy()));
    Cli::try_parse_from(visible).err().unwrap_or(error)
}

/// Libraries panic when a process may not have another thread or file.
fn without_panic(cli: Cli) -> Result<(), CommandError> {
    panic::catch_unwind(AssertUnwindSafe(|| execute(cli))).unwrap_or_else(|panic| {
        let message = panic.downcast_ref::<String>().cloned();
        let message = message.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
        Err(CommandError::Panic(message.unwrap_or_default()))
    })
}

fn execute(cli: Cli) -> Result<(), CommandError> {
    let named = cli.settings.clone();
    let file = settings_file(cli.settings)?;
    let default = Command::Runserver { address: runserver::DEFAULT_ADDRESS.to_owned() };
    let settings = || Settings::load(&file, std::env::vars_os());
    match cli.command.unwrap_or(default) {
        Command::Runserver { address } => runserver::execute(&settings()?, &file, &address),
        Command::Migrate => migrate::execute(&settings()?),
        Command::Clearsessions => clearsessions::execute(&settings()?),
        Command::Backup { file } => backup::execute(&settings()?, &file),
        Command::Sessions(SessionsCommand::List { limit, page, json }) => {
            sessions::list(&settings()?, limit, page, json)
        }
        Command::Sessions(SessionsCommand::Show { key }) => sessions::show(&settings()?, &key),
        Command::Sessions(SessionsCommand::Delete { key }) => sessions::delete(&settings()?, &key),
        Command::Check { deploy, fail_level } => {
            check::execute(&settings()?, &file, deploy, fail_level == FailLevel::Warning)
        }
        Command::Walkthrough { age } => walkthrough::execute(settings()?, age),
        // Its settings are its own: variables of the environment would make every test's server another one.
        Command::Testserver { address, engine, age, set, database, write, stay } => {
            let options = testserver::Options { address, engine, age, set, database, write, stay };
            testserver::execute(named.as_deref(), &options)
        }
    }
}

/// `NAME=VALUE`.
fn assignment(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) =
        text.split_once('=').ok_or("allowed is NAME=VALUE, such as SESSION_COOKIE_NAME=key")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Without a file in this folder, the environment may say everything; a file that was named must be
/// there.
fn settings_file(named: Option<PathBuf>) -> Result<PathBuf, SettingsError> {
    match named {
        Some(path) if !path.is_file() => {
            Err(SettingsError::File { path, reason: "there is no such file".to_owned() })
        }
        Some(path) => Ok(path),
        None => Ok(PathBuf::from("settings.toml")),
    }
}
