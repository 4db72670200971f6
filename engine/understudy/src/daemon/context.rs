//! What a worker may ask of its process: descriptors to be woken for, programs to run, and messages to the supervisor,
//! which owns notifications, mails, FIFOs and the journal (they outlive a worker).

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use understudy_core::command::Command;
use understudy_core::mail::message::Alert;
use understudy_core::node::settings::ProcessSettings;
use understudy_core::time::Time;

use super::channel::Kind;
use super::record::Record;
use super::worker::{Interest, Token};
use crate::log::{self, Level};
use crate::notify::child::{ChildId, Children, Outcome, Program};
use crate::notify::program::Programs;
use crate::sys::clock;
use crate::sys::epoll::Epoll;

/// Which FIFO a line is for; `notify_fifo` gets both kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FifoKind {
    /// `vrrp_notify_fifo`
    Vrrp,
    /// `lvs_notify_fifo`
    Lvs,
}

/// A notification: run when those before it in its queue have ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// Those of one queue run one after the other.
    pub queue: String,
    /// What to run.
    pub command: Command,
    /// Arguments behind its own.
    pub extra: Vec<String>,
}

/// A line for the FIFOs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FifoLine {
    /// Whose.
    pub kind: FifoKind,
    /// With everything that ends it (a newline; a zero byte where keepalived writes one).
    pub line: String,
}

/// A worker's connection to the world.
#[derive(Debug)]
pub struct Context {
    epoll: Epoll,
    children: Children,
    programs: Programs,
    changed: bool,
    outbox: Vec<(Kind, Vec<u8>)>,
}

impl Context {
    /// For a process that starts; also for tests.
    pub fn new(process: &ProcessSettings) -> io::Result<Self> {
        Ok(Self {
            epoll: Epoll::new()?,
            children: Children::new(),
            programs: Programs::new(process),
            changed: false,
            outbox: Vec::new(),
        })
    }

    /// Wakes the worker for `fd`; again with another interest changes it. It ends when the descriptor is closed.
    pub fn register(&self, fd: &impl AsFd, token: Token, interest: Interest) -> io::Result<()> {
        assert!(token.0 < crate::notify::child::FIRST_TOKEN, "token {} is not a worker's", token.0);
        self.epoll.add(fd, interest, token.0)
    }

    /// Starts a program in its own process group. `Worker::child` tells how it ended, also when it couldn't be started.
    /// At `timeout` the group gets SIGTERM, and 2 s later SIGKILL. It dies with the worker.
    pub fn run(&mut self, command: &Command, timeout: Duration, tag: &str) -> ChildId {
        let program = self.programs.resolve(command).map(|(path, credentials)| Program {
            path,
            argv: command.argv.clone(),
            credentials,
            timeout,
            dies_with_parent: true,
        });
        self.children.start(&self.epoll, program, tag, clock::now())
    }

    /// Ends a program early; `Worker::child` still tells of its end.
    pub fn kill(&mut self, child: ChildId) {
        self.children.terminate(child, clock::now());
    }

    /// Runs a notification after those that were given to the same queue before. `extra` follows its own arguments.
    pub fn notify(&mut self, queue: &str, command: &Command, extra: &[&str]) {
        let extra = extra.iter().map(|s| (*s).to_owned()).collect();
        self.post(
            Kind::Notify,
            &Notification { queue: queue.to_owned(), command: command.clone(), extra },
        );
    }

    /// Writes to the FIFOs of this kind.
    pub fn fifo(&mut self, kind: FifoKind, line: &str) {
        self.post(Kind::Fifo, &FifoLine { kind, line: line.to_owned() });
    }

    /// Sends a mail.
    pub fn mail(&mut self, alert: &Alert) {
        self.post(Kind::Mail, alert);
    }

    /// Puts a change and its reason into the journal.
    pub fn record(&mut self, record: Record) {
        self.post(Kind::Record, &record.stamped(clock::realtime()));
    }

    /// Writes a line to the log; never waits.
    pub fn log(&self, level: Level, text: &str) {
        log::write(level, text);
    }

    /// What `Worker::handover` returns is different now: it is asked after this turn.
    pub fn changed(&mut self) {
        self.changed = true;
    }

    /// A message to the other worker; lost if that isn't running.
    pub fn peer_worker(&mut self, message: &Value) {
        self.post(Kind::Peer, message);
    }

    fn post(&mut self, kind: Kind, body: &impl Serialize) {
        let body = serde_json::to_vec(body).expect("plain data becomes JSON");
        self.outbox.push((kind, body));
    }

    /// What has been sent to the supervisor since the last call: for the turn loop, and for tests.
    pub fn take_outbox(&mut self) -> Vec<(Kind, Vec<u8>)> {
        std::mem::take(&mut self.outbox)
    }

    /// Was `changed` called since the last call?
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Programs that have ended since the last call.
    pub fn take_ended(&mut self) -> Vec<(ChildId, Outcome)> {
        self.children.take_ended()
    }

    /// For the turn loop: its own descriptors are in the same set.
    pub(super) fn epoll(&self) -> &Epoll {
        &self.epoll
    }

    /// For the turn loop: an event of a program. `false`: not one of ours.
    pub(super) fn child_ready(&mut self, token: u64, now: Time) -> bool {
        self.children.ready(token, now)
    }

    /// For the turn loop: timeouts of programs.
    pub(super) fn timer(&mut self, now: Time) {
        self.children.timer(now);
    }

    /// For the turn loop: the next of these timeouts.
    pub(super) fn deadline(&self) -> Option<Time> {
        self.children.deadline()
    }

    /// For the turn loop: users and programs are looked up again after a reload.
    pub(super) fn reload(&mut self, process: &ProcessSettings) {
        self.programs = Programs::new(process);
    }

    /// For the turn loop, at the end: programs still running get SIGTERM.
    pub(super) fn end_children(&mut self) {
        self.children.terminate_all(clock::now());
    }
}
