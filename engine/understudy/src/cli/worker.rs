//! `understudy worker vrrp|check|load`: the processes that the supervisor starts.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use super::keepalived;
use super::options::Options;
use crate::daemon::check_worker::CheckWorker;
use crate::daemon::launch;
use crate::daemon::load::{self, Source};
use crate::daemon::scheduling::{Role, Scheduler};
use crate::daemon::turn;
use crate::daemon::vrrp_worker::VrrpWorker;
use crate::log;
use crate::sys::process;

/// Becomes one of them.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    let flags = [
        "without-vrrp",
        "without-check",
        "without-bfd",
        "strict-includes",
        "all",
        "show",
        "no-json",
    ];
    let options = match Options::parse(arguments, &flags, &["config-id", "generation"]) {
        Ok(options) => options,
        Err(text) => return super::usage(&text),
    };
    let words: Vec<&str> = options.words.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["vrrp"] => {
            become_known(c"understudy-vrrp", "understudy-vrrp", "_vrrp");
            turn::drive::<VrrpWorker>(Scheduler::new(Role::Vrrp, "understudy-vrrp"))
        }
        ["check"] => {
            become_known(c"understudy-chk", "understudy-check", "_healthcheckers");
            turn::drive::<CheckWorker>(Scheduler::new(Role::Check, "understudy-chk"))
        }
        ["load", file] => {
            become_known(c"understudy-load", "understudy-load", "_load");
            let source = Source {
                file: PathBuf::from(file),
                without_vrrp: options.has("without-vrrp"),
                without_check: options.has("without-check"),
                without_bfd: options.has("without-bfd"),
                strict_includes: options.has("strict-includes"),
                all_workers: options.has("all"),
                show: options.has("show"),
                config_id: options.value(&["config-id"]).map(|v| v.to_string_lossy().into_owned()),
            };
            let generation = options.value(&["generation"]).and_then(|v| v.to_str()?.parse().ok());
            load::run(&source, generation)
        }
        _ => return super::usage("the engine starts its workers itself"),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // The supervisor tells it.
        Err(_) => ExitCode::FAILURE,
    }
}

/// `suffix` tells keepalived's processes apart.
fn become_known(process_name: &std::ffi::CStr, log_name: &str, suffix: &str) {
    process::set_name(process_name);
    let launch = launch::current();
    log::open(&launch.log, suffix);
    if launch.as_keepalived {
        log::init(&keepalived::log_name(suffix), super::run::level());
    } else {
        log::init(log_name, super::run::level());
    }
}
