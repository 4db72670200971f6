//! What instances track beside scripts: files and processes, as the kernel tells of them, and interfaces of which it does
//! not tell.

pub mod files;
pub mod link_beats;
pub mod processes;
mod route;

use understudy_core::node::settings::VrrpSettings;
use understudy_core::node::vrrp::Observations;
use understudy_core::time::Time;

use files::Files;
use link_beats::LinkBeats;
use processes::Processes;

/// All that is watched.
#[derive(Debug, Default)]
pub struct Watches {
    /// Files.
    pub files: Files,
    /// Processes.
    pub processes: Processes,
    /// Interfaces that are asked for their link.
    pub beats: LinkBeats,
}

impl Watches {
    /// Watches exactly what these settings track; says what it is like.
    pub fn set(&mut self, settings: &VrrpSettings, now: Time) -> Observations {
        self.beats.set(&settings.link_beats, now);
        self.files.set(&settings.files, now);
        self.processes.set(&settings.processes, settings.buffers.processes, now);
        Observations { files: self.files.read_all(), processes: self.processes.counts() }
    }

    /// When something must be looked at that nobody tells of.
    pub fn deadline(&self) -> Option<Time> {
        let all = [self.files.deadline(), self.processes.deadline(), self.beats.deadline()];
        all.into_iter().flatten().min()
    }
}
