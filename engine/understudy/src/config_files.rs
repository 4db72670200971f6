//! Configuration files on this host, and what else a configuration depends on here.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use understudy_core::config::glob::{is_pattern, matches};
use understudy_core::config::{self, Environment, Parsed, Source};

/// Where the configuration lies if nothing is said; the first that is there.
const DEFAULTS: [&str; 2] = ["/etc/understudy/understudy.conf", "/etc/keepalived/keepalived.conf"];

/// Reads from the disk; the name `-` is the standard input.
#[derive(Debug, Default)]
pub struct ConfigFiles;

impl Source for ConfigFiles {
    fn glob(&mut self, pattern: &str) -> Vec<String> {
        let mut found = vec![if pattern.starts_with('/') { "/".to_owned() } else { String::new() }];
        for part in pattern.split('/').filter(|part| !part.is_empty()) {
            found = found.iter().flat_map(|folder| entries(folder, part)).collect();
        }
        found.sort();
        found
    }

    fn read(&mut self, name: &str) -> Result<Vec<u8>, String> {
        if name == "-" {
            let mut bytes = Vec::new();
            std::io::stdin().read_to_end(&mut bytes).map_err(|e| e.to_string())?;
            return Ok(bytes);
        }
        let about = fs::metadata(name).map_err(|e| e.to_string())?;
        if about.is_dir() {
            return Err("a directory".to_owned());
        }
        if !about.is_file() {
            return Err("not a regular file".to_owned());
        }
        // keepalived skips these, so that a script never becomes a configuration.
        if about.permissions().mode() & 0o111 != 0 {
            return Err("an executable file is no configuration (chmod a-x)".to_owned());
        }
        fs::read(name).map_err(|e| e.to_string())
    }
}

/// Names in `folder` that match one part of a pattern.
fn entries(folder: &str, part: &str) -> Vec<String> {
    let join = |name: &str| match folder {
        "" => name.to_owned(),
        folder if folder.ends_with('/') => format!("{folder}{name}"),
        folder => format!("{folder}/{name}"),
    };
    if !is_pattern(part) {
        let name = join(part);
        return if Path::new(&name).exists() { vec![name] } else { Vec::new() };
    }
    let Ok(listing) = fs::read_dir(if folder.is_empty() { "." } else { folder }) else {
        return Vec::new();
    };
    listing
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| matches(part, name))
        .map(|name| join(&name))
        .collect()
}

/// The file to read if none is named.
#[must_use]
pub fn default_file() -> &'static str {
    DEFAULTS.into_iter().find(|file| Path::new(file).exists()).unwrap_or(DEFAULTS[0])
}

/// The name of this host.
#[must_use]
pub fn host_name() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned()
}

/// What a configuration may ask for on this host; `config_id` is the option `-i`, `strict_includes` is `-e`.
#[must_use]
pub fn environment(config_id: Option<String>, strict_includes: bool) -> Environment {
    let own = host_name().split('.').next().unwrap_or_default().to_owned();
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Environment {
        config_id: config_id.unwrap_or(own),
        variables,
        seed: u64::from(now.subsec_nanos()) | now.as_secs() << 30,
        directory: std::env::current_dir()
            .ok()
            .and_then(|path| path.into_os_string().into_string().ok())
            .unwrap_or_default(),
        strict_includes,
    }
}

/// Reads `file` and what it includes.
#[must_use]
pub fn parse(file: &str, config_id: Option<String>) -> Parsed {
    config::parse(&mut ConfigFiles, file, &environment(config_id, false))
}
