//! `understudy withdraw`: for the service manager, when the engine can't come back. Without an engine nobody defends the
//! addresses that it left, and the peer has long taken them over.

use std::ffi::OsString;
use std::fs::File;
use std::process::ExitCode;

use super::options::Options;
use crate::daemon::withdraw;

/// Removes what the state files name. Doing so twice is no error.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    let options =
        match Options::parse(arguments, &["unless-restarting"], &[]).and_then(Options::no_words) {
            Ok(options) => options,
            Err(text) => return super::usage(&text),
        };
    if options.has("unless-restarting") && is_restarted() {
        println!("the service manager restarts the engine: everything stays for it");
        return ExitCode::SUCCESS;
    }
    let paths = options.paths();
    if let Ok(lock) = File::open(paths.lock())
        && lock.try_lock_shared().is_err()
    {
        super::error("withdraw: an engine runs, and holds what it needs; stop it instead");
        return ExitCode::FAILURE;
    }
    if let Err(text) = withdraw::enter(&paths) {
        // With the namespace all that was in it has gone.
        println!("{text}");
        return ExitCode::SUCCESS;
    }
    let mut done = withdraw::vrrp(&paths);
    done.extend(withdraw::check(&paths));
    for line in &done {
        println!("{line}");
    }
    if done.is_empty() {
        println!("nothing was left");
    }
    ExitCode::SUCCESS
}

/// In `ExecStopPost=`: did the engine die in a way after which `Restart=` starts it again (systemd.exec(5))?
fn is_restarted() -> bool {
    let result = std::env::var("SERVICE_RESULT").unwrap_or_default();
    matches!(result.as_str(), "signal" | "core-dump" | "watchdog" | "oom-kill")
}
