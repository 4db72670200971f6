//! How the engine was started: what all of its processes must know beside the configuration. The supervisor hands it on
//! in the environment.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::log::Sinks;

/// The variable in the environment of workers.
pub const VARIABLE: &str = "UNDERSTUDY_LAUNCH";

static CURRENT: OnceLock<Launch> = OnceLock::new();

/// What the command line said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launch {
    /// In place of keepalived: processes and files have its names.
    pub as_keepalived: bool,
    /// Where the log goes.
    pub log: Sinks,
    /// Wins over the configuration.
    pub umask: Option<u16>,
    /// All changes of addresses are logged.
    pub watch_addresses: bool,
    /// Network namespace and name of this engine among several on the host, as keepalived adds them to its names.
    pub identity: Option<String>,
}

impl Launch {
    /// Sets it for this process, once and first.
    pub fn adopt(self) {
        let _ = CURRENT.set(self);
    }

    /// Hands it on.
    pub fn pass_to(&self, command: &mut Command) {
        let text = serde_json::to_string(self).expect("plain data becomes JSON");
        command.env(VARIABLE, text);
    }
}

/// How this engine was started.
pub fn current() -> &'static Launch {
    CURRENT.get_or_init(|| {
        let told = std::env::var(VARIABLE).ok();
        told.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    })
}

/// keepalived's directory for dumps: `TMPDIR` if that is a directory's absolute path, else /tmp.
pub fn temporary_directory() -> PathBuf {
    let told = std::env::var_os("TMPDIR").map(PathBuf::from);
    told.filter(|path| path.is_absolute() && path.is_dir()).unwrap_or_else(|| "/tmp".into())
}
