//! The engine's binary: everything that touches the host.
#![deny(unsafe_code)]

mod cli;
mod config_files;
mod control;
mod daemon;
mod diagnostics;
mod log;
mod netlink;
mod notify;
mod probe;
#[allow(unsafe_code)]
mod sys;
mod watch;
mod wire;

fn main() -> std::process::ExitCode {
    cli::main()
}
