//! The engine's binary: everything that touches the host.
#![deny(unsafe_code)]
#![allow(dead_code)] // until every part has its user

mod cli;
mod config_files;
mod daemon;
mod log;
mod netlink;
mod notify;
mod probe;
#[allow(unsafe_code)]
mod sys;

use std::process::ExitCode;

use lexopt::{Arg, Parser};

fn main() -> ExitCode {
    let mut arguments = Parser::from_env();
    match arguments.next() {
        Ok(Some(Arg::Value(command))) if command == "check" => cli::check::run(arguments),
        Ok(Some(Arg::Value(command))) if command == "show" => cli::show::run(arguments),
        _ => {
            eprintln!("usage: understudy check|show ...");
            ExitCode::from(64)
        }
    }
}
