//! Notifications in order: those of one queue (an instance, a virtual server) run one after the other, none is left out;
//! different queues run side by side. They belong to the supervisor, so they outlive a worker.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use understudy_core::node::settings::ProcessSettings;
use understudy_core::time::Time;

use super::child::{ChildId, Children, Outcome, Program};
use super::program::Programs;
use crate::daemon::context::Notification;
use crate::say;
use crate::sys::epoll::Epoll;

/// A notification runs no longer than this; a promotion may take its time, but not for ever.
const TIMEOUT: Duration = Duration::from_secs(300);
/// So many may wait in one queue; more means that they hang again and again.
const WAITING: usize = 1000;

/// All queues.
#[derive(Debug)]
pub struct Queues {
    programs: Programs,
    children: Children,
    waiting: BTreeMap<String, VecDeque<Notification>>,
    running: BTreeMap<ChildId, String>,
    /// Programs that run beside the queues for as long as the engine does: readers of FIFOs.
    readers: BTreeMap<ChildId, String>,
    /// The one that the engine waits for, and how it ended.
    awaited: Option<ChildId>,
    awaited_ended: Option<Outcome>,
}

impl Queues {
    /// Empty, by the rules of this configuration.
    pub fn new(process: &ProcessSettings) -> Self {
        Self {
            programs: Programs::new(process),
            children: Children::new(),
            waiting: BTreeMap::new(),
            running: BTreeMap::new(),
            readers: BTreeMap::new(),
            awaited: None,
            awaited_ended: None,
        }
    }

    /// A new configuration's rules; what waits stays.
    pub fn reload(&mut self, process: &ProcessSettings) {
        self.programs = Programs::new(process);
    }

    /// Adds a notification behind those of its queue.
    pub fn add(&mut self, notification: Notification, epoll: &Epoll, now: Time) {
        let queue = self.waiting.entry(notification.queue.clone()).or_default();
        if queue.len() >= WAITING {
            say!(
                Error,
                "{}: {WAITING} notifications wait already: one is lost",
                notification.queue
            );
            return;
        }
        queue.push_back(notification);
        self.next(epoll, now);
    }

    /// Starts a program that runs beside the queues until `terminate_readers`.
    pub fn start_reader(
        &mut self,
        command: &understudy_core::command::Command,
        path: &str,
        epoll: &Epoll,
        now: Time,
    ) {
        let program = self.programs.resolve(command).map(|(file, credentials)| {
            let mut argv = command.argv.clone();
            argv.push(path.to_owned());
            Program {
                path: file,
                argv,
                credentials,
                timeout: Duration::MAX,
                dies_with_parent: true,
            }
        });
        let id = self.children.start(epoll, program, path, now);
        self.readers.insert(id, path.to_owned());
    }

    /// Starts a program beside the queues that the engine waits for; `take_awaited` tells of its end.
    pub fn start_awaited(
        &mut self,
        command: &understudy_core::command::Command,
        tag: &str,
        timeout: Duration,
        epoll: &Epoll,
        now: Time,
    ) {
        let program = self.programs.resolve(command).map(|(path, credentials)| Program {
            path,
            argv: command.argv.clone(),
            credentials,
            timeout,
            dies_with_parent: true,
        });
        self.awaited = Some(self.children.start(epoll, program, tag, now));
    }

    /// Whether it still runs.
    pub const fn is_awaiting(&self) -> bool {
        self.awaited.is_some()
    }

    /// How it ended, once.
    pub fn take_awaited(&mut self) -> Option<Outcome> {
        self.awaited_ended.take()
    }

    /// Ends the programs of `start_reader`.
    pub fn terminate_readers(&mut self, now: Time) {
        for id in self.readers.keys() {
            self.children.terminate(*id, now);
        }
    }

    /// Starts what may start.
    fn next(&mut self, epoll: &Epoll, now: Time) {
        let busy: Vec<&String> = self.running.values().collect();
        let free: Vec<String> = self
            .waiting
            .iter()
            .filter(|(name, queue)| !queue.is_empty() && !busy.contains(name))
            .map(|(name, _)| name.clone())
            .collect();
        for name in free {
            let Some(notification) = self.waiting.get_mut(&name).and_then(VecDeque::pop_front)
            else {
                continue;
            };
            let command = &notification.command;
            let program = self.programs.resolve(command).map(|(path, credentials)| {
                let mut argv = command.argv.clone();
                argv.extend(notification.extra.iter().cloned());
                Program { path, argv, credentials, timeout: TIMEOUT, dies_with_parent: false }
            });
            let tag = command.argv.first().map_or("", String::as_str);
            let id = self.children.start(epoll, program, tag, now);
            self.running.insert(id, name);
        }
    }

    /// An event for `token`. `false`: not one of ours.
    pub fn ready(&mut self, token: u64, now: Time) -> bool {
        self.children.ready(token, now)
    }

    /// Timeouts.
    pub fn timer(&mut self, now: Time) {
        self.children.timer(now);
    }

    /// When `timer` is due.
    pub fn deadline(&self) -> Option<Time> {
        self.children.deadline()
    }

    /// Collects those that have ended and starts the next; the failures are told with their queue.
    pub fn after(&mut self, epoll: &Epoll, now: Time) -> Vec<(String, Outcome)> {
        let mut failures = Vec::new();
        loop {
            let ended = self.children.take_ended();
            if ended.is_empty() {
                return failures;
            }
            for (id, outcome) in ended {
                if self.awaited == Some(id) {
                    self.awaited = None;
                    self.awaited_ended = Some(outcome);
                    continue;
                }
                let queue = self.running.remove(&id).or_else(|| self.readers.remove(&id));
                if !outcome.is_success() {
                    failures.push((queue.unwrap_or_default(), outcome));
                }
            }
            self.waiting.retain(|_, queue| !queue.is_empty());
            self.next(epoll, now);
        }
    }

    /// Has every notification been run?
    pub fn is_idle(&self) -> bool {
        self.running.is_empty() && self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use understudy_core::command::Command;

    use super::*;
    use crate::sys::clock;

    fn notification(queue: &str, script: &str) -> Notification {
        let argv = ["/usr/bin/env", "sh", "-c", script, "x"].map(str::to_owned).to_vec();
        let command = Command { argv, run_as: None };
        Notification { queue: queue.to_owned(), command, extra: vec!["INSTANCE".to_owned()] }
    }

    #[test]
    fn one_queue_runs_in_order_with_its_extra_arguments_and_queues_run_side_by_side() {
        let file = std::env::temp_dir().join(format!("understudy-queue-{}", std::process::id()));
        let path = file.display();
        let epoll = Epoll::new().unwrap();
        let mut queues = Queues::new(&ProcessSettings::default());
        let now = clock::now();
        queues.add(notification("a", &format!("sleep 0.3; echo first $1 >> {path}")), &epoll, now);
        queues.add(notification("a", &format!("echo second >> {path}; exit 4")), &epoll, now);
        queues.add(notification("b", &format!("echo other >> {path}")), &epoll, now);
        let give_up = now + Duration::from_secs(10);
        let mut failures = Vec::new();
        while !queues.is_idle() {
            assert!(clock::now() < give_up);
            let mut ready = Vec::new();
            epoll.wait(true, &mut ready).unwrap();
            for event in ready {
                assert!(queues.ready(event.token, clock::now()));
            }
            failures.extend(queues.after(&epoll, clock::now()));
        }
        let content = std::fs::read_to_string(&file).unwrap();
        assert_eq!(content, "other\nfirst INSTANCE\nsecond\n");
        assert_eq!(failures.len(), 1);
        assert_eq!(failures[0].1.exit, super::super::child::Exit::Code(4));
        std::fs::remove_file(file).unwrap();
    }
}
