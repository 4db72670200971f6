//! From a command as configured to the file that is run and the user it is run as (reference §1.9).

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use understudy_core::command::{Command, RunAs};
use understudy_core::node::settings::ProcessSettings;

use super::user;
use crate::say;
use crate::sys::process::{self, Credentials};

/// Whom scripts run as when the configuration names nobody, if there is such a user.
const DEFAULT_USER: &str = "keepalived_script";

/// Looked up once for each configuration.
#[derive(Debug)]
pub struct Programs {
    default_user: Option<RunAs>,
    strict: bool,
    symlink_paths: bool,
    supplementary: bool,
    known: BTreeMap<(String, String, String), (PathBuf, Option<Credentials>)>,
}

impl Programs {
    /// By the rules of this configuration.
    pub fn new(process: &ProcessSettings) -> Self {
        Self {
            default_user: process.script_user.clone(),
            strict: process.script_security,
            symlink_paths: process.engine.use_symlink_paths,
            supplementary: process.engine.supplementary_groups,
            known: BTreeMap::new(),
        }
    }

    /// The file and the user; or why it must not or can't be run.
    pub fn resolve(&mut self, command: &Command) -> Result<(PathBuf, Option<Credentials>), String> {
        let name = command.argv.first().ok_or("an empty command")?;
        let who = command.run_as.as_ref().or(self.default_user.as_ref());
        let key = (
            name.clone(),
            who.map_or_else(String::new, |w| w.user.clone()),
            who.and_then(|w| w.group.clone()).unwrap_or_default(),
        );
        if let Some(known) = self.known.get(&key) {
            return Ok(known.clone());
        }
        let credentials = self.credentials(who)?;
        let path = locate(name)?;
        let runs_as = credentials.clone().unwrap_or_else(|| Credentials {
            uid: process::effective_uid(),
            gid: process::effective_gid(),
            groups: Vec::new(),
        });
        is_executable(&path, &runs_as)?;
        if let Some(danger) = insecure(&path, &runs_as)? {
            if self.strict {
                return Err(format!("{danger}; refused because of enable_script_security"));
            }
            say!(
                Warning,
                "SECURITY VIOLATION: {danger}; it is run because enable_script_security is not set"
            );
        }
        let path = match self.symlink_paths {
            true => path,
            false => fs::canonicalize(&path).map_err(|e| format!("{}: {e}", path.display()))?,
        };
        self.known.insert(key, (path.clone(), credentials.clone()));
        Ok((path, credentials))
    }

    /// `set_supplementary_groups` does for all users what a `:` before the group does for one.
    fn with_groups(&self, who: &RunAs) -> RunAs {
        let group = match &who.group {
            group if !self.supplementary => group.clone(),
            Some(group) if group.starts_with(':') => Some(group.clone()),
            group => Some(format!(":{}", group.as_deref().unwrap_or(""))),
        };
        RunAs { user: who.user.clone(), group }
    }

    fn credentials(&self, who: Option<&RunAs>) -> Result<Option<Credentials>, String> {
        let found = match who {
            Some(who) => user::look_up(&self.with_groups(who))?,
            None => {
                let who = RunAs { user: DEFAULT_USER.to_owned(), group: None };
                match user::look_up(&self.with_groups(&who)) {
                    Ok(found) => found,
                    Err(_) if self.strict => {
                        return Err(format!(
                            "no user to run it as: set script_user, or create `{DEFAULT_USER}` (enable_script_security)"
                        ));
                    }
                    Err(_) => return Ok(None),
                }
            }
        };
        let us = process::effective_uid();
        if us == 0 {
            return Ok(Some(found));
        }
        if found.uid == us {
            return Ok(None);
        }
        Err(format!("only root can run it as user {}", found.uid))
    }
}

/// Every directory on the way must be a real one, or a link that only root can redirect (as /bin often is); the last
/// component may be a link.
fn locate(name: &str) -> Result<PathBuf, String> {
    let path = if name.contains('/') {
        clean(Path::new(name))
    } else {
        let found = search(name).ok_or_else(|| format!("{name}: not found in PATH"))?;
        say!(Info, "script {name}: found as {}; better write the full path", found.display());
        found
    };
    for directory in path.ancestors().skip(1).filter(|d| !d.as_os_str().is_empty()) {
        let kind = fs::symlink_metadata(directory)
            .map_err(|e| format!("{name}: {}: {e}", directory.display()))?
            .file_type();
        if kind.is_symlink() {
            let real = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
            let redirected_by = directory.ancestors().find_map(|part| {
                fs::symlink_metadata(part).ok().and_then(|meta| writable_by(&meta))
            });
            let Some(by) = redirected_by else {
                // keepalived refuses this, too: on most systems every program in /bin.
                say!(
                    Debug,
                    "script {name}: {} is a link; its real path is {}",
                    directory.display(),
                    real.display()
                );
                return Ok(real);
            };
            return Err(format!(
                "{name}: {} is a symbolic link that can be redirected by {by}; write {}",
                directory.display(),
                real.display()
            ));
        }
        if !kind.is_dir() {
            return Err(format!("{name}: {} is not a directory", directory.display()));
        }
    }
    Ok(path)
}

fn search(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/sbin:/usr/bin:/sbin:/bin".into());
    std::env::split_paths(&path)
        .filter_map(|directory| fs::canonicalize(directory).ok())
        .map(|directory| directory.join(name))
        .find(|file| fs::metadata(file).is_ok_and(|m| m.is_file() && m.mode() & 0o111 != 0))
}

/// Without `.` and `..`, by text alone.
fn clean(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

fn is_executable(path: &Path, who: &Credentials) -> Result<(), String> {
    let meta = fs::metadata(path).map_err(|e| format!("{}: {e}", path.display()))?;
    if !meta.is_file() {
        return Err(format!("{}: not a file", path.display()));
    }
    let mode = meta.permissions().mode();
    let allowed = if who.uid == 0 {
        mode & 0o111 != 0
    } else if meta.uid() == who.uid {
        mode & 0o100 != 0
    } else if meta.gid() == who.gid || who.groups.contains(&meta.gid()) {
        mode & 0o010 != 0
    } else {
        mode & 0o001 != 0
    };
    if allowed {
        return Ok(());
    }
    Err(format!(
        "{}: user {} may not execute it (mode {:04o})",
        path.display(),
        who.uid,
        mode & 0o7777
    ))
}

/// A program that runs as root must be out of everybody else's reach. `Some`: who could change it.
fn insecure(path: &Path, who: &Credentials) -> Result<Option<String>, String> {
    let meta = fs::metadata(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let as_root = who.uid == 0
        || who.gid == 0
        || meta.uid() == 0 && meta.mode() & 0o4000 != 0
        || meta.gid() == 0 && meta.mode() & 0o2000 != 0;
    if !as_root {
        return Ok(None);
    }
    let real = fs::canonicalize(path).map_err(|e| format!("{}: {e}", path.display()))?;
    for part in path.ancestors().chain(real.ancestors()) {
        let Ok(meta) = fs::metadata(part) else { continue };
        if let Some(by) = writable_by(&meta) {
            return Ok(Some(format!(
                "{} runs as root, but {} is writable by {by}",
                path.display(),
                part.display()
            )));
        }
    }
    Ok(None)
}

fn writable_by(meta: &Metadata) -> Option<&'static str> {
    // In a sticky directory nobody can replace another's file.
    let sticky = meta.is_dir() && meta.mode() & 0o1000 != 0 || meta.is_symlink();
    if meta.uid() != 0 {
        Some("its owner, who is not root")
    } else if meta.mode() & 0o002 != 0 && !sticky {
        Some("everybody")
    } else if meta.mode() & 0o020 != 0 && meta.gid() != 0 && !sticky {
        Some("its group")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_followed_unless_told_and_groups_are_added_when_told() {
        let root = std::env::temp_dir().join(format!("understudy-link-{}", std::process::id()));
        fs::create_dir_all(&root).unwrap();
        let (file, link) = (root.join("file"), root.join("link"));
        fs::write(&file, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let command = Command { argv: vec![link.display().to_string()], run_as: None };
        let mut process = ProcessSettings::default();
        assert_eq!(Programs::new(&process).resolve(&command).unwrap().0, file);
        process.engine.use_symlink_paths = true;
        assert_eq!(Programs::new(&process).resolve(&command).unwrap().0, link);
        fs::remove_dir_all(&root).unwrap();

        let who =
            |group: Option<&str>| RunAs { user: "web".to_owned(), group: group.map(str::to_owned) };
        assert_eq!(Programs::new(&process).with_groups(&who(None)), who(None));
        process.engine.supplementary_groups = true;
        let programs = Programs::new(&process);
        assert_eq!(programs.with_groups(&who(None)), who(Some(":")));
        assert_eq!(programs.with_groups(&who(Some("adm"))), who(Some(":adm")));
        assert_eq!(programs.with_groups(&who(Some(":adm"))), who(Some(":adm")));
    }

    #[test]
    fn dots_are_cleaned_by_text() {
        assert_eq!(clean(Path::new("/a/./b/../c")), Path::new("/a/c"));
    }

    #[test]
    fn a_link_that_others_can_redirect_is_refused_with_the_real_path() {
        if process::effective_uid() != 0 {
            return; // only root can make files of others
        }
        let root = std::env::temp_dir().join(format!("understudy-program-{}", std::process::id()));
        fs::create_dir_all(root.join("real")).unwrap();
        fs::write(root.join("real/x"), "#!/bin/sh\n").unwrap();
        std::os::unix::fs::symlink(root.join("real"), root.join("link")).unwrap();
        let name = root.join("link/x");
        assert_eq!(locate(name.to_str().unwrap()).unwrap(), root.join("real/x"));
        std::os::unix::fs::lchown(root.join("link"), Some(12345), None).unwrap();
        let error = locate(name.to_str().unwrap()).unwrap_err();
        assert!(error.contains("is a symbolic link") && error.contains("real/x"), "{error}");
        let direct = root.join("real/x");
        assert_eq!(locate(direct.to_str().unwrap()).unwrap(), direct);
        let me = Credentials { uid: process::effective_uid(), gid: 0, groups: Vec::new() };
        assert!(is_executable(&direct, &me).unwrap_err().contains("may not execute"));
        fs::set_permissions(&direct, fs::Permissions::from_mode(0o757)).unwrap();
        is_executable(&direct, &me).unwrap();
        assert!(insecure(&direct, &me).unwrap().unwrap().contains("writable by"));
        fs::remove_dir_all(&root).unwrap();
    }
}
