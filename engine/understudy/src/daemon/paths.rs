//! Where the engine keeps what outlives a process: what ends with the boot, and what stays.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The engine's directories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// For this boot: control socket, handover of the workers, lock.
    pub run: PathBuf,
    /// Stays: the journal.
    pub state: PathBuf,
}

impl Paths {
    /// As told on the command line, else by systemd, else the usual ones.
    pub fn new(run: Option<PathBuf>, state: Option<PathBuf>) -> Self {
        let choose = |told: Option<PathBuf>, variable: &str, usual: &str| {
            // systemd lists several with colons; the first is ours.
            let given = std::env::var(variable).ok().filter(|v| !v.is_empty());
            let given = given.and_then(|v| v.split(':').next().map(PathBuf::from));
            told.or(given).unwrap_or_else(|| usual.into())
        };
        Self {
            run: choose(run, "RUNTIME_DIRECTORY", "/run/understudy"),
            state: choose(state, "STATE_DIRECTORY", "/var/lib/understudy"),
        }
    }

    /// Creates what is missing.
    pub fn create(&self) -> io::Result<()> {
        for directory in [&self.run, &self.state] {
            DirBuilder::new().recursive(true).mode(0o755).create(directory).map_err(|e| {
                io::Error::new(e.kind(), format!("create {}: {e}", directory.display()))
            })?;
        }
        Ok(())
    }

    /// The control socket.
    pub fn socket(&self) -> PathBuf {
        self.run.join("control.sock")
    }

    /// Held by the engine that runs here.
    pub fn lock(&self) -> PathBuf {
        self.run.join("engine.lock")
    }

    /// The journal.
    pub fn events(&self) -> PathBuf {
        self.state.join("events.json")
    }

    /// The addresses that the VRRP worker may have put into the kernel.
    pub fn addresses(&self) -> PathBuf {
        self.run.join("addresses.state")
    }

    /// The network namespaces that the engine works in, if they are not its own.
    pub fn namespaces(&self) -> PathBuf {
        self.run.join("namespaces.state")
    }

    /// What a worker left.
    pub fn handover(&self, worker: &str) -> PathBuf {
        self.run.join(format!("{worker}.state"))
    }
}

/// Replaces `path` as a whole: readers see the old content or the new. `durable`: also after a power cut.
pub fn replace(path: &Path, content: &[u8], durable: bool) -> io::Result<()> {
    use std::io::Write;
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let mut file = fs::File::create(&name)?;
    file.write_all(content)?;
    if durable {
        file.sync_all()?;
    }
    drop(file);
    fs::rename(&name, path)?;
    if durable && let Some(directory) = path.parent() {
        fs::File::open(directory)?.sync_all()?;
    }
    Ok(())
}
