//! `load`: clients in a closed loop, each sending its next request when the last one is answered. Every
//! answer is checked. One line of JSON tells the rest.

mod answer;
mod checks;
mod clients;
mod connection;
mod options;
mod report;
mod run;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    match run::run(&options::Options::parse()) {
        Ok(report) => {
            println!("{}", serde_json::json!(report));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}
