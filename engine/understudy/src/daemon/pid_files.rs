//! Files with the numbers of the processes (reference §5.3).

use std::fs;
use std::io;
use std::path::PathBuf;

use understudy_core::node::process::EngineSettings;

use crate::say;

/// Which process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The supervisor.
    Engine,
    /// The VRRP worker.
    Vrrp,
    /// The check worker.
    Check,
}

/// What the command line says of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Those of keepalived where nothing is said; else there is none.
    pub usual: bool,
    /// For the supervisor.
    pub engine: Option<PathBuf>,
    /// For the VRRP worker.
    pub vrrp: Option<PathBuf>,
    /// For the check worker.
    pub check: Option<PathBuf>,
}

impl Told {
    /// The file of a process.
    pub fn path(
        &self,
        whose: Whose,
        engine: &EngineSettings,
        namespace: Option<&str>,
    ) -> Option<PathBuf> {
        let (told, name) = match whose {
            Whose::Engine => (&self.engine, "keepalived"),
            Whose::Vrrp => (&self.vrrp, "vrrp"),
            Whose::Check => (&self.check, "checkers"),
        };
        told.clone().or_else(|| {
            // keepalived mounts the directory of a network namespace in place of its usual one.
            let directory = match namespace {
                Some(namespace) => format!("/run/keepalived/{namespace}"),
                None if engine.use_pid_dir || engine.instance.is_some() => "/run/keepalived".into(),
                None => "/run".to_owned(),
            };
            let instance = engine.instance.as_ref().map_or_else(String::new, |i| format!("_{i}"));
            self.usual.then(|| format!("{directory}/{name}{instance}.pid").into())
        })
    }
}

/// One of them.
#[derive(Debug, Default)]
pub struct PidFile {
    /// Chosen once; a reload moves no file.
    path: Option<PathBuf>,
    written: Option<u32>,
}

impl PidFile {
    /// In this place.
    pub const fn at(path: Option<PathBuf>) -> Self {
        Self { path, written: None }
    }

    /// Makes it say this number; `None`: there is no process, and no file.
    pub fn set(&mut self, pid: Option<u32>) {
        let Some(path) = self.path.as_ref().filter(|_| self.written != pid) else { return };
        self.written = pid;
        let done = match pid {
            Some(pid) => write(path, pid),
            None => fs::remove_file(path),
        };
        if let Err(e) = done {
            say!(Warning, "file with the process number, {}: {e}", path.display());
        }
    }
}

/// Readable by everybody, whatever the mask: it is no secret, and others look for it.
fn write(path: &PathBuf, pid: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    if let Some(directory) = path.parent().filter(|d| !d.as_os_str().is_empty()) {
        fs::create_dir_all(directory)?;
    }
    super::paths::replace(path, format!("{pid}\n").as_bytes(), false)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_lie_where_keepalived_has_them() {
        let path = |told: &Told, whose, engine: &EngineSettings| {
            told.path(whose, engine, None).map(|path| path.display().to_string())
        };
        let usual = Told { usual: true, ..Told::default() };
        let mut engine = EngineSettings::default();
        let all = [Whose::Engine, Whose::Vrrp, Whose::Check];
        let expect = |engine: &EngineSettings, expected: [&str; 3]| {
            for (whose, expected) in all.into_iter().zip(expected) {
                assert_eq!(path(&usual, whose, engine).as_deref(), Some(expected));
            }
        };
        expect(&engine, ["/run/keepalived.pid", "/run/vrrp.pid", "/run/checkers.pid"]);
        engine.use_pid_dir = true;
        let directory = "/run/keepalived";
        let plain = ["keepalived", "vrrp", "checkers"].map(|n| format!("{directory}/{n}.pid"));
        expect(&engine, [&plain[0], &plain[1], &plain[2]]);
        engine.instance = Some("blue".to_owned());
        let named = ["keepalived", "vrrp", "checkers"].map(|n| format!("{directory}/{n}_blue.pid"));
        expect(&engine, [&named[0], &named[1], &named[2]]);
        let there = usual.path(Whose::Vrrp, &engine, Some("red")).unwrap();
        assert_eq!(there, PathBuf::from("/run/keepalived/red/vrrp_blue.pid"));
        let told = Told { vrrp: Some("/x".into()), ..Told::default() };
        assert_eq!(path(&told, Whose::Vrrp, &engine).as_deref(), Some("/x"));
        assert_eq!(path(&told, Whose::Engine, &engine), None);
    }

    #[test]
    fn a_file_comes_and_goes_with_its_process() {
        let path = std::env::temp_dir().join(format!("understudy-pid-{}", std::process::id()));
        let mut file = PidFile::at(Some(path.clone()));
        file.set(None);
        file.set(Some(12));
        assert_eq!(fs::read_to_string(&path).unwrap(), "12\n");
        file.set(Some(13));
        assert_eq!(fs::read_to_string(&path).unwrap(), "13\n");
        file.set(None);
        assert!(!path.exists());
    }
}
