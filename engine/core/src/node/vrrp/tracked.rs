//! What instances track, beside their own interface: scripts, files, processes and other interfaces (reference §3.8).
//! A change is told once, whoever tracks it; what it means is each instance's own affair.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use super::bfd;
use super::{Action, Handover, Slot, VrrpNode, Weight};
use crate::bfd::session::Session;
use crate::journal::Reason;
use crate::time::Time;
use crate::track::file::{Content, File};
use crate::track::interface::Link;
use crate::track::process::Process;
use crate::track::script::Script;
use crate::track::settings::{LinkDelays, TrackRef};
use crate::track::verdict::{Health, Verdict};

/// What files and processes are like, by their names.
#[derive(Clone, Debug, Default)]
pub struct Observations {
    /// What files hold.
    pub files: BTreeMap<String, Content>,
    /// How many processes there are.
    pub processes: BTreeMap<String, u32>,
}

/// A tracked object as it was seen last.
#[derive(Clone, Copy, Debug)]
pub enum Seen<'a> {
    /// An interface: is it up?
    Interface(bool),
    /// A script.
    Script(&'a Script),
    /// A file.
    File(&'a File),
    /// Processes.
    Process(&'a Process),
    /// A BFD session.
    Bfd(&'a Session),
}

/// A tracked object, and what it means for one instance.
pub(super) struct Tracked<'a> {
    pub track: &'a TrackRef,
    pub seen: Seen<'a>,
    pub verdict: Verdict,
}

impl Seen<'_> {
    /// As `track_...` calls it.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Interface(_) => "interface",
            Self::Script(_) => "script",
            Self::File(_) => "file",
            Self::Process(_) => "process",
            Self::Bfd(_) => "bfd",
        }
    }

    /// A number, where there is one.
    pub(super) fn value(&self) -> Option<i64> {
        match self {
            Self::Interface(_) | Self::Script(_) | Self::Bfd(_) => None,
            Self::File(file) => Some(file.value().into()),
            Self::Process(process) => Some(process.count().into()),
        }
    }

    const fn health(&self) -> Health {
        match self {
            Self::Interface(true) => Health::Good,
            Self::Interface(false) => Health::Bad,
            Self::Script(script) => script.health(),
            Self::File(file) if file.value() == 0 => Health::Good,
            Self::File(_) => Health::Bad,
            Self::Process(process) => process.health(),
            Self::Bfd(session) if session.is_well() => Health::Good,
            Self::Bfd(_) => Health::Bad,
        }
    }

    fn verdict(&self, track: &TrackRef) -> Verdict {
        match self {
            Self::File(file) => track.verdict_of_value(file.value()),
            Self::Interface(_) | Self::Script(_) | Self::Process(_) | Self::Bfd(_) => {
                track.verdict(self.health())
            }
        }
    }
}

impl Tracked<'_> {
    /// `ok`, `failed` or `unknown`; of a file with a weight whether it is a fault.
    pub const fn state(&self) -> &'static str {
        match (self.seen, self.seen.health()) {
            (Seen::File(_), _) if matches!(self.verdict, Verdict::Fault) => "failed",
            (Seen::File(_), _) | (_, Health::Good) => "ok",
            (_, Health::Bad) => "failed",
            (_, Health::Unknown) => "unknown",
        }
    }
}

impl VrrpNode {
    /// Everything that an instance tracks.
    pub(super) fn tracked<'a>(&'a self, slot: &'a Slot) -> impl Iterator<Item = Tracked<'a>> {
        let tracks = &slot.settings.tracks;
        let interfaces =
            tracks.interfaces.iter().map(|it| (it, Some(Seen::Interface(self.is_up(&it.name)))));
        let scripts = tracks.scripts.iter().map(|track| {
            let mut all = self.scripts.iter();
            (track, all.find(|it| it.settings().name == track.name).map(Seen::Script))
        });
        let files = tracks.files.iter().map(|track| {
            let mut all = self.files.iter();
            (track, all.find(|it| it.settings().name == track.name).map(Seen::File))
        });
        let processes = tracks.processes.iter().map(|track| {
            let mut all = self.processes.iter();
            (track, all.find(|it| it.settings().name == track.name).map(Seen::Process))
        });
        let bfds = tracks.bfds.iter().map(|it| (it, self.bfd.find(&it.name).map(Seen::Bfd)));
        let all = interfaces.chain(scripts).chain(files).chain(processes).chain(bfds);
        all.filter_map(|(track, seen)| {
            let seen = seen?;
            Some(Tracked { track, seen, verdict: seen.verdict(track) })
        })
    }

    /// Why an instance can't work with what it tracks.
    pub(super) fn why(&self, tracked: &Tracked<'_>) -> Reason {
        let found = match tracked.seen {
            Seen::File(file) => Some(format!("{} holds {}", file.settings().path, file.value())),
            Seen::Process(process) => Some(process.to_string()),
            Seen::Bfd(session) => Some(bfd::why(session)),
            Seen::Interface(_) | Seen::Script(_) => None,
        };
        let (kind, name) = (tracked.seen.kind().into(), tracked.track.name.clone());
        Reason::Track { kind, name, found }
    }

    pub(super) fn is_up(&self, name: &str) -> bool {
        self.up.get(name).is_some_and(Link::is_up)
    }

    /// An interface is up or down; says whether that counts.
    pub(super) fn see_link(&mut self, name: &str, up: bool, now: Time) -> bool {
        let delays = self.delays_of(name);
        match self.up.get_mut(name) {
            Some(link) => link.observe(up, delays, now),
            None => {
                self.up.insert(name.into(), Link::new(up));
                true
            }
        }
    }

    /// A virtual interface has those of the one below it.
    fn delays_of(&self, name: &str) -> LinkDelays {
        if self.link_delays.is_empty() {
            return LinkDelays::default();
        }
        let mut links = self.slots.iter().flat_map(|slot| slot.settings.virtual_links());
        let below = links.find(|it| it.name == name).map_or(name, |it| it.parent.as_str());
        self.link_delays.get(below).copied().unwrap_or_default()
    }

    pub(super) fn link(&mut self, now: Time, name: &str, up: bool) {
        let appeared = !self.up.contains_key(name);
        if self.see_link(name, up, now) {
            self.link_counts(now, name, appeared, up);
        }
    }

    fn link_counts(&mut self, now: Time, name: &str, appeared: bool, up: bool) {
        self.addresses.appeared(name);
        self.virtual_link_seen(now, name, appeared, up);
        self.dirty.conditions = true;
        self.dirty.addresses = true;
    }

    /// Interfaces with delays, for a successor.
    pub(super) fn delayed_links(&self) -> Vec<(String, Link)> {
        let delayed =
            self.up.iter().filter(|(name, _)| self.delays_of(name) != LinkDelays::default());
        delayed.map(|(name, link)| (name.clone(), *link)).collect()
    }

    /// What a former life knew, before the world is looked at.
    pub(super) fn restore_tracked(&mut self, handover: Option<&Handover>) {
        let Some(handover) = handover else { return };
        for state in &handover.scripts {
            let mut scripts = self.scripts.iter_mut();
            if let Some(script) = scripts.find(|it| it.settings().name == state.name) {
                script.restore(state);
            }
        }
        for state in &handover.processes {
            let mut processes = self.processes.iter_mut();
            if let Some(process) = processes.find(|it| it.settings().name == state.name) {
                process.restore(state);
            }
        }
        self.up.extend(handover.delayed_links.iter().cloned());
    }

    /// Takes in what is seen, without telling anybody: before a start or a reload is through.
    pub(super) fn observe(&mut self, seen: &Observations, now: Time) {
        for file in &mut self.files {
            if let Some(content) = seen.files.get(&file.settings().name) {
                file.observe(*content);
            }
        }
        for process in &mut self.processes {
            let count = seen.processes.get(&process.settings().name);
            process.observe(count.copied().unwrap_or(0), now);
        }
    }

    pub(super) fn file(&mut self, name: &str, content: Content, out: &mut Vec<Action>) {
        let Some(file) = self.files.iter_mut().find(|it| it.settings().name == name) else {
            return;
        };
        if content == Content::TooBig {
            let text = format!("file {name}: beyond 32 bits, {} still counts", file.value());
            out.push(Action::Log(Weight::Warning, text));
        }
        if let Some(former) = file.observe(content) {
            let text = format!("file {name} holds {} after {former}", file.value());
            out.push(Action::Log(Weight::Notice, text));
            self.dirty.conditions = true;
        }
    }

    pub(super) fn counted(&mut self, name: &str, count: u32, now: Time, out: &mut Vec<Action>) {
        let Some(process) = self.processes.iter_mut().find(|it| it.settings().name == name) else {
            return;
        };
        let waited = process.deadline();
        let changed = process.observe(count, now);
        if changed {
            told(process, out);
            self.dirty.conditions = true;
        }
        if changed || process.deadline() != waited {
            out.push(Action::Changed);
        }
    }

    pub(super) fn script_ended(
        &mut self,
        name: &str,
        success: bool,
        took: Duration,
        output: &str,
        out: &mut Vec<Action>,
    ) {
        let Some(script) = self.scripts.iter_mut().find(|it| it.settings().name == name) else {
            return;
        };
        if script.ended(success, took, output) {
            let result = if success { "succeeded" } else { "failed" };
            out.push(Action::Log(Weight::Notice, format!("script {name} {result}")));
            out.push(Action::Changed);
            self.dirty.conditions = true;
        }
    }

    /// When a change has lasted long enough.
    pub(super) fn tracking_deadline(&self) -> Option<Time> {
        let links = self.up.values().filter_map(Link::deadline);
        links.chain(self.processes.iter().filter_map(Process::deadline)).min()
    }

    pub(super) fn tracking_timer(&mut self, now: Time, out: &mut Vec<Action>) {
        let due = self.up.iter_mut().filter_map(|(name, link)| {
            let counts = link.timer(now);
            counts.then(|| (name.clone(), link.is_up()))
        });
        for (name, up) in due.collect::<Vec<_>>() {
            self.link_counts(now, &name, false, up);
            out.push(Action::Changed);
        }
        for process in &mut self.processes {
            if process.timer(now) {
                told(process, out);
                out.push(Action::Changed);
                self.dirty.conditions = true;
            }
        }
    }
}

fn told(process: &Process, out: &mut Vec<Action>) {
    let name = &process.settings().name;
    let (weight, result) = match process.health() {
        Health::Good => (Weight::Notice, "as it should be"),
        Health::Bad | Health::Unknown => (Weight::Warning, "failed"),
    };
    out.push(Action::Log(weight, format!("process {name} {result}: {process}")));
}
