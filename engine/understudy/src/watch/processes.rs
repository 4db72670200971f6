//! Tracked processes: counted once by a look at all of `/proc`, then by the kernel's events. Where it does not tell us,
//! `/proc` is looked at every second.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use understudy_core::node::buffers::Buffer;
use understudy_core::time::Time;
use understudy_core::track::process::Candidate;
use understudy_core::track::settings::WatchSettings;

use crate::netlink::connector::{self, Event};
use crate::netlink::message::{Error, Socket};
use crate::say;

/// Without events `/proc` is looked at so often.
const EVERY: Duration = Duration::from_secs(1);
/// So many events are taken before the adverts have their turn again: a storm of processes must not stop them.
const AT_ONCE: usize = 64;

/// All tracked processes.
#[derive(Debug, Default)]
pub struct Processes {
    settings: Vec<WatchSettings>,
    events: Option<Socket>,
    /// Which of `settings` a process is meant by; only those that some is.
    running: BTreeMap<u32, Vec<bool>>,
    /// What was told last.
    told: Vec<u32>,
    /// The kernel does not tell, and that was said.
    polls: bool,
    next: Option<Time>,
}

impl Processes {
    /// Counts exactly these from now on.
    pub fn set(&mut self, settings: &[WatchSettings], buffer: Option<Buffer>, now: Time) {
        settings.clone_into(&mut self.settings);
        if settings.is_empty() {
            *self = Self { polls: self.polls, ..Self::default() };
            return;
        }
        // First listen, then look: nothing falls between.
        if self.events.is_none() && !self.polls {
            match connector::open() {
                Ok(socket) => self.events = Some(socket),
                Err(e) => self.poll(&e),
            }
        }
        if let Some(Err(e)) = self.events.as_ref().map(|socket| socket.set_buffer(buffer)) {
            say!(Warning, "set process_monitor_rcv_bufs: {e}");
        }
        self.next = self.polls.then_some(now + EVERY);
        self.look();
        self.told = self.numbers();
    }

    /// What is readable when something has happened.
    pub const fn descriptor(&self) -> Option<&Socket> {
        self.events.as_ref()
    }

    /// When [`Processes::timer`] is to be called.
    pub const fn deadline(&self) -> Option<Time> {
        self.next
    }

    /// How many of each run.
    pub fn counts(&self) -> BTreeMap<String, u32> {
        let names = self.settings.iter().map(|it| it.name.clone());
        names.zip(self.numbers()).collect()
    }

    /// Hands those whose number has changed to `tell`.
    pub fn ready(&mut self, now: Time, tell: impl FnMut(&str, u32)) {
        let Some(mut socket) = self.events.take() else { return };
        let read = socket.some_events(AT_ONCE, |message| {
            if let Some(event) = connector::read(message) {
                self.event(event);
            }
        });
        match read {
            Ok(()) => self.events = Some(socket),
            Err(Error::Overrun) => {
                self.events = Some(socket);
                // Not at once: where so many processes come and go, it would happen again and again.
                if self.next.is_none() {
                    say!(Notice, "events of processes were lost; looking at all of them soon");
                    self.next = Some(now + EVERY);
                }
            }
            Err(e) => {
                self.poll(&e);
                self.next = Some(now);
            }
        }
        self.tell(tell);
    }

    /// Looks at all of `/proc`, where nobody tells of it, or where something was not heard.
    pub fn timer(&mut self, now: Time, tell: impl FnMut(&str, u32)) {
        if self.next.is_some_and(|at| now >= at) {
            self.next = self.polls.then_some(now + EVERY);
            self.look();
            self.tell(tell);
        }
    }

    fn poll(&mut self, why: &Error) {
        self.polls = true;
        say!(
            Warning,
            "the kernel does not tell of processes ({why}); looking at /proc every second"
        );
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Fork { parent, child } => {
                if let Some(meant) = self.running.get(&parent) {
                    let meant = meant.clone();
                    self.running.insert(child, meant);
                }
            }
            Event::Changed(process) => self.examine(process),
            Event::Exit(process) => _ = self.running.remove(&process),
        }
    }

    fn look(&mut self) {
        self.running.clear();
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            if let Some(process) = entry.file_name().to_str().and_then(|name| name.parse().ok()) {
                self.examine(process);
            }
        }
    }

    /// Whether a process is one that is meant, now.
    fn examine(&mut self, process: u32) {
        let command = self.settings.iter().any(WatchSettings::looks_at_command);
        let candidate = candidate(process, command);
        let means = |wanted: &WatchSettings| candidate.as_ref().is_some_and(|it| wanted.means(it));
        let meant: Vec<bool> = self.settings.iter().map(means).collect();
        if meant.contains(&true) {
            self.running.insert(process, meant);
        } else {
            self.running.remove(&process);
        }
    }

    fn numbers(&self) -> Vec<u32> {
        let mut numbers = vec![0; self.settings.len()];
        for meant in self.running.values() {
            for (number, meant) in numbers.iter_mut().zip(meant) {
                *number += u32::from(*meant);
            }
        }
        numbers
    }

    fn tell(&mut self, mut tell: impl FnMut(&str, u32)) {
        let numbers = self.numbers();
        let former = std::mem::replace(&mut self.told, numbers);
        for (index, (number, former)) in self.told.iter().zip(former).enumerate() {
            if *number != former {
                tell(&self.settings[index].name, *number);
            }
        }
    }
}

/// What `/proc` says of a process; `None`: it has ended, though its parent may not know yet.
fn candidate(process: u32, command: bool) -> Option<Candidate> {
    let stat = fs::read(format!("/proc/{process}/stat")).ok()?;
    let (name, state) = name_and_state(&stat)?;
    if matches!(state, b'Z' | b'X' | b'x') {
        return None;
    }
    let mut words = Vec::new();
    if command {
        let mut bytes = fs::read(format!("/proc/{process}/cmdline")).ok()?;
        if bytes.last() == Some(&0) {
            bytes.pop();
            words = bytes.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
        } else if !bytes.is_empty() {
            // It has written over its command (setproctitle(3)).
            words = vec![bytes];
        }
    }
    Some(Candidate { name: name.to_vec(), command: words })
}

/// Of `PID (NAME) STATE ...`; a name may have anything in it.
fn name_and_state(stat: &[u8]) -> Option<(&[u8], u8)> {
    let open = stat.iter().position(|byte| *byte == b'(')?;
    let close = stat.iter().rposition(|byte| *byte == b')')?;
    Some((stat.get(open + 1..close)?, *stat.get(close + 2)?))
}

#[cfg(test)]
mod tests;
