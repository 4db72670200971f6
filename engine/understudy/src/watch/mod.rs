//! What instances track beside scripts and interfaces: files and processes, as the kernel tells of them.

pub mod files;
pub mod processes;
mod route;

use understudy_core::node::settings::VrrpSettings;
use understudy_core::node::vrrp::Observations;
use understudy_core::time::Time;

use files::Files;
use processes::Processes;

/// All that is watched.
#[derive(Debug, Default)]
pub struct Watches {
    /// Files.
    pub files: Files,
    /// Processes.
    pub processes: Processes,
}

impl Watches {
    /// Watches exactly what these settings track; says what it is like.
    pub fn set(&mut self, settings: &VrrpSettings, now: Time) -> Observations {
        self.files.set(&settings.files, now);
        self.processes.set(&settings.processes, now);
        Observations { files: self.files.read_all(), processes: self.processes.counts() }
    }

    /// When something must be looked at that nobody tells of.
    pub fn deadline(&self) -> Option<Time> {
        [self.files.deadline(), self.processes.deadline()].into_iter().flatten().min()
    }
}
