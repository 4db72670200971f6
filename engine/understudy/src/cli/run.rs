//! `understudy run`: the daemon, in the foreground.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use super::keepalived;
use super::options::Options;
use crate::config_files;
use crate::daemon::launch::{self, Launch};
use crate::daemon::load::Source;
use crate::daemon::pid_files::Told;
use crate::daemon::supervisor::{self, Failure};
use crate::log::{self, Level};

/// Runs the daemon.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    let flags = ["v", "verbose", "no-json"];
    let options = match Options::parse(arguments, &flags, &["f", "file", "config-id", "pid-file"])
        .and_then(Options::no_words)
    {
        Ok(options) => options,
        Err(text) => return super::usage(&text),
    };
    let source = Source {
        file: options
            .value(&["f", "file"])
            .map_or_else(|| config_files::default_file().into(), PathBuf::from),
        config_id: options.value(&["config-id"]).map(|v| v.to_string_lossy().into_owned()),
        ..Source::default()
    };
    let verbose = options.has("v") || options.has("verbose");
    let pid_file = options.value(&["pid-file"]).map(PathBuf::from);
    run(
        supervisor::Options {
            source,
            paths: options.paths(),
            namespace: None,
            pid_files: Told { engine: pid_file, ..Told::default() },
            ignore_sigint: false,
            dont_respawn: false,
            leave: [false; 2],
        },
        Launch::default(),
        if verbose { Level::Debug } else { level() },
    )
}

/// Runs the engine and turns its end into an exit status.
pub fn run(options: supervisor::Options, launch: Launch, level: Level) -> ExitCode {
    let name = if launch.as_keepalived { "" } else { "understudy" };
    launch.adopt();
    log::open(&launch::current().log, "");
    if name.is_empty() {
        log::init(&keepalived::log_name(name), level);
    } else {
        log::init(name, level);
    }
    match supervisor::run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { code, text }) => {
            super::error(&text);
            ExitCode::from(code)
        }
    }
}

/// Down to which level is logged.
pub fn level() -> Level {
    match std::env::var("UNDERSTUDY_LOG").as_deref() {
        Ok("debug") => Level::Debug,
        Ok("warning") => Level::Warning,
        _ => Level::Info,
    }
}
