//! FRR's daemons on a host of the tests' network: without its usual places, so that many run beside each other.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::net::{Killed, Net, run};

/// Where Debian has them.
const PLACE: &str = "/usr/lib/frr";

/// Whether a daemon of FRR is not there; said once for each test.
pub fn no_frr(daemon: &str) -> bool {
    let missing = !Path::new(PLACE).join(daemon).exists();
    if missing {
        eprintln!("skipped: needs {PLACE}/{daemon} (package frr)");
    }
    missing
}

/// A running daemon.
pub struct Frr {
    child: Killed,
    daemon: &'static str,
    namespace: String,
    directory: String,
}

impl Frr {
    /// Starts one on a host.
    pub fn start(net: &Net, host: usize, daemon: &'static str, conf: &str) -> Self {
        // Common to all of a host: they talk to zebra.
        let directory = net.file(&format!("frr-{host}"));
        fs::create_dir_all(&directory).unwrap();
        // It gives up root, and must still reach its files.
        for path in [net.file(""), directory.clone()] {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        run(&format!("chown frr:frr {directory}"));
        let file = format!("{directory}/{daemon}.conf");
        fs::write(&file, conf).unwrap();
        let log = fs::File::create(format!("{directory}/{daemon}.log")).unwrap();
        let mut command = Command::new("ip");
        command
            .args(["netns", "exec", &net.host(host), &format!("{PLACE}/{daemon}")])
            .args([
                "-f",
                &file,
                "-i",
                &format!("{directory}/{daemon}.pid"),
                "--vty_socket",
                &directory,
            ])
            .args(["-z", &format!("{directory}/zserv"), "-P", "0", "--log", "stdout"])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        if daemon == "bfdd" {
            command.args(["--bfdctl", &format!("{directory}/bfdd.sock")]);
        }
        let child = Killed(command.spawn().unwrap());
        Self { child, daemon, namespace: net.host(host), directory }
    }

    /// Ends it without a chance to say good-bye.
    pub fn kill(mut self) {
        self.child.kill();
    }

    /// What it answers to commands; nothing before it listens.
    pub fn tell(&self, commands: &[&str]) -> String {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace, "vtysh"]).args([
            "--vty_socket",
            &self.directory,
            "-d",
            self.daemon,
        ]);
        for line in commands {
            command.args(["-c", line]);
        }
        String::from_utf8_lossy(&command.output().unwrap().stdout).into_owned()
    }

    /// The same, as JSON.
    pub fn show(&self, command: &str) -> Value {
        serde_json::from_str(&self.tell(&[command])).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
