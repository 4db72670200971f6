//! The files that signals ask for, in keepalived's form: exporters read them (reference §3.12, §3.13). Each worker writes
//! its own at once; a reader finds the old content or the new, never a part.

mod global;
mod page;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use understudy_core::command::Command;
use understudy_core::node::process::EngineSettings;
use understudy_core::node::settings::ProcessSettings;

pub use global::global;
pub use page::Page;

use super::launch;
use crate::notify::user;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// Everything, for people.
    Data,
    /// The counters.
    Stats,
    /// The counters, which then begin anew.
    StatsClear,
    /// The instances as JSON.
    Json,
}

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dump {
    /// With what.
    pub what: What,
    /// Its name.
    pub path: PathBuf,
}

/// Mode bits that are taken away where nothing else is said.
const MASK: u16 = 0o177;

impl What {
    /// The file of `process` (nothing for the VRRP worker, `_check`, `_parent`) in `directory`.
    pub fn path(self, directory: &Path, process: &str, settings: &ProcessSettings) -> PathBuf {
        match self {
            Self::Stats | Self::StatsClear => directory.join("keepalived.stats"),
            Self::Json => directory.join("keepalived.json"),
            Self::Data => data_path(directory, process, settings),
        }
    }
}

/// `state_dump_file` names a file, or with a slash at its end a directory; what tells processes and engines apart comes
/// before its last dot.
fn data_path(directory: &Path, process: &str, settings: &ProcessSettings) -> PathBuf {
    let engine = &settings.engine;
    let told = engine.dump_file.as_deref().unwrap_or("keepalived.data");
    let told = if told.ends_with('/') { format!("{told}keepalived.data") } else { told.to_owned() };
    let path = directory.join(told);
    let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let (stem, ending) = match name.rfind('.') {
        Some(dot) if dot > 0 => name.split_at(dot),
        _ => (name.as_str(), ""),
    };
    let names: Vec<&str> = [&settings.namespaces.net, &engine.instance]
        .into_iter()
        .flatten()
        .filter(|_| engine.data_use_instance)
        .map(String::as_str)
        .collect();
    let dot = if names.is_empty() { "" } else { "." };
    path.with_file_name(format!("{stem}{process}{dot}{}{ending}", names.join("_")))
}

/// Replaces the file as a whole. Its directory may be everybody's: nothing that lies there is followed or kept open.
pub fn write(path: &Path, content: &str, engine: &EngineSettings) -> io::Result<()> {
    let mode = 0o666 & !u32::from(launch::current().umask.or(engine.umask).unwrap_or(MASK));
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    let new = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let _ = fs::remove_file(&new);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(mode).custom_flags(libc::O_NOFOLLOW);
    let written = options.open(&new).and_then(|mut file| file.write_all(content.as_bytes()));
    let done = written.and_then(|()| fs::rename(&new, path));
    if done.is_err() {
        let _ = fs::remove_file(&new);
    }
    done
}

/// `'PROGRAM' 'ARGUMENT'`
pub fn quoted(command: &Command) -> String {
    let words: Vec<String> = command.argv.iter().map(|word| format!("'{word}'")).collect();
    words.join(" ")
}

/// `UID:GID` of whom a program runs as.
pub fn owner(command: &Command, process: &ProcessSettings) -> String {
    let who = command.run_as.as_ref().or(process.script_user.as_ref());
    let found = who.and_then(|who| user::look_up(who).ok());
    found.map_or_else(|| "0:0".to_owned(), |who| format!("{}:{}", who.uid, who.gid))
}

/// `yes` and the like, in the three ways that keepalived has.
pub const fn word(on: bool, words: [&'static str; 2]) -> &'static str {
    if on { words[0] } else { words[1] }
}

/// `true`, `false`.
pub const TRUE: [&str; 2] = ["true", "false"];
/// `yes`, `no`.
pub const YES: [&str; 2] = ["yes", "no"];
/// `enabled`, `disabled`.
pub const ENABLED: [&str; 2] = ["enabled", "disabled"];

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, symlink};

    use super::*;

    fn named(dump_file: Option<&str>, instance: Option<&str>, process: &str) -> String {
        let engine = EngineSettings {
            dump_file: dump_file.map(str::to_owned),
            instance: instance.map(str::to_owned),
            data_use_instance: true,
            ..EngineSettings::default()
        };
        let settings = ProcessSettings { engine, ..ProcessSettings::default() };
        What::Data.path(Path::new("/tmp"), process, &settings).display().to_string()
    }

    #[test]
    fn a_dump_is_named_as_keepalived_names_it() {
        assert_eq!(named(None, None, ""), "/tmp/keepalived.data");
        assert_eq!(named(None, None, "_check"), "/tmp/keepalived_check.data");
        // keepalived 2.2.7: keepalived.blue.data, keepalived_parent.blue.data
        assert_eq!(named(None, Some("blue"), ""), "/tmp/keepalived.blue.data");
        assert_eq!(named(None, Some("blue"), "_parent"), "/tmp/keepalived_parent.blue.data");
        assert_eq!(named(Some("x.txt"), None, "_check"), "/tmp/x_check.txt");
        assert_eq!(named(Some("/var/d.e/x"), None, "_check"), "/var/d.e/x_check");
        assert_eq!(named(Some("/var/d/"), None, ""), "/var/d/keepalived.data");
        let settings = ProcessSettings::default();
        let path = |what: What| what.path(Path::new("/tmp"), "", &settings).display().to_string();
        assert_eq!(path(What::StatsClear), "/tmp/keepalived.stats");
        assert_eq!(path(What::Json), "/tmp/keepalived.json");
    }

    #[test]
    fn a_dump_follows_no_link_and_is_nobody_elses() {
        let directory =
            std::env::temp_dir().join(format!("understudy-dump-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let (path, other) = (directory.join("a.data"), directory.join("other"));
        fs::write(&other, "precious").unwrap();
        symlink(&other, &path).unwrap();
        let mut engine = EngineSettings::default();
        write(&path, "new", &engine).unwrap();
        assert_eq!(fs::read_to_string(&other).unwrap(), "precious");
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::symlink_metadata(&path).unwrap().mode() & 0o7777, 0o600);
        engine.umask = Some(0o022);
        write(&path, "newer", &engine).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o644);
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 2, "nothing is left over");
        fs::remove_dir_all(&directory).unwrap();
    }
}
