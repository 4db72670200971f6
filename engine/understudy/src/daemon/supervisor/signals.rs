//! Signals, as keepalived takes them (reference §3.12), and the files that they ask for.

use std::path::PathBuf;

use super::{CHECK, Supervisor, VRRP};
use crate::daemon::channel::Kind;
use crate::daemon::dump::{self, Dump, Page, What};
use crate::daemon::launch;
use crate::say;
use crate::sys::signal;

impl Supervisor {
    /// One signal, sent to this process or to a worker.
    pub(super) fn signal(&mut self, signal: i32) {
        match signal {
            signal::SIGINT if self.options.ignore_sigint => {}
            signal::SIGTERM | signal::SIGINT => {
                say!(Info, "stopping");
                self.stop(None);
            }
            signal::SIGHUP => self.reload(),
            signal::SIGUSR1 => self.dump_data(),
            signal::SIGUSR2 => self.ask_dump(VRRP, What::Stats, ""),
            signal::SIGSTATSCLEAR => self.ask_dump(VRRP, What::StatsClear, ""),
            signal::SIGJSON => self.ask_dump(VRRP, What::Json, ""),
            other => say!(Info, "signal {other} means nothing"),
        }
    }

    /// Where dumps go: with keepalived's name where exporters look for them, else to our own directory.
    fn dumps(&self) -> PathBuf {
        if launch::current().as_keepalived {
            launch::temporary_directory()
        } else {
            self.options.paths.run.clone()
        }
    }

    fn dump_data(&mut self) {
        self.ask_dump(VRRP, What::Data, "");
        self.ask_dump(CHECK, What::Data, "_check");
        let process = &self.config.process;
        let mut page = Page::default();
        dump::global(&mut page, process);
        let path = What::Data.path(&self.dumps(), "_parent", process);
        if let Err(e) = dump::write(&path, &page.text, &process.engine) {
            say!(Error, "write {}: {e}", path.display());
        }
    }

    fn ask_dump(&mut self, which: usize, what: What, process: &str) {
        let path = what.path(&self.dumps(), process, &self.config.process);
        self.send_dump(which, &Dump { what, path });
    }

    fn send_dump(&mut self, which: usize, order: &Dump) {
        let body = serde_json::to_vec(order).expect("plain data becomes JSON");
        self.slots[which].send(Kind::Dump, &body, &self.epoll);
    }

    /// With `config_save_dir` the data before and after each reload is kept, named as keepalived does.
    pub(super) fn save_state(&mut self, generation: u32, when: &str) {
        let Some(directory) = self.save_dir.clone() else { return };
        for (which, name) in [(VRRP, "vrrp"), (CHECK, "healthcheckers")] {
            let Some(pid) = self.slots[which].pid() else { continue };
            let path = directory.join(format!("keepalived_{name}.{pid}.{generation}.{when}"));
            self.send_dump(which, &Dump { what: What::Data, path });
        }
    }
}
