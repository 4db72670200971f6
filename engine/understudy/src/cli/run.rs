//! `understudy run`: the daemon, in the foreground.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use super::options::Options;
use crate::config_files;
use crate::daemon::load::Source;
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
    run(
        supervisor::Options {
            source,
            paths: options.paths(),
            namespace: None,
            pid_file: options.value(&["pid-file"]).map(PathBuf::from),
        },
        verbose,
    )
}

/// Runs the engine and turns its end into an exit status.
pub fn run(options: supervisor::Options, verbose: bool) -> ExitCode {
    let level = if verbose { Level::Debug } else { level() };
    log::init("understudy", level);
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
