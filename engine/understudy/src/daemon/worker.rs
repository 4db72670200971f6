//! What the turn loop drives: one implementation for each worker process. A worker never blocks, never sleeps and never
//! waits for the supervisor; all it wants of the world beside its own descriptors goes through `Context`.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use understudy_core::node::settings::{HostSettings, ProcessSettings};
use understudy_core::time::Time;

pub use super::context::Context;
use super::dump::What;
pub use crate::notify::child::Exit;
pub use crate::notify::child::{ChildId, Outcome};
pub use crate::sys::epoll::Interest;

/// What a worker calls one of its descriptors. Any number below 2^62.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token(pub u64);

/// Why a worker can't start. The text names operation, object and cause.
#[derive(Debug)]
pub struct Error(String);

impl Error {
    /// With this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// What an operator asks of a worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// As `switchover`.
    pub verb: String,
    /// As the name of an instance.
    pub target: Option<String>,
    /// What the verb needs beside it.
    #[serde(default)]
    pub arguments: Value,
}

/// A worker's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// Done, with what there is to tell.
    Done(Value),
    /// Not done, and why.
    Refused(String),
    /// Not a verb (or target) of this worker.
    Unknown,
}

/// One worker process.
pub trait Worker {
    /// Opens what it needs, adopts what the kernel has, and goes on from `handover` (what `Worker::handover` last
    /// returned, in an earlier life) if there is one.
    fn start(
        settings: HostSettings,
        handover: Option<&[u8]>,
        context: &mut Context,
    ) -> Result<Self, Error>
    where
        Self: Sized;

    /// A registered descriptor is readable or writable. Read until nothing is left: what waits in a socket counts before
    /// the deadlines.
    fn ready(&mut self, token: Token, now: Time, context: &mut Context);

    /// Its deadline has come: look at the deadlines.
    fn timer(&mut self, now: Time, context: &mut Context);

    /// A program started by `Context::run` has ended, was ended at its timeout, or could not be started.
    fn child(&mut self, child: ChildId, outcome: Outcome, now: Time, context: &mut Context);

    /// When `timer` is to be called next; asked after every turn.
    fn deadline(&self) -> Option<Time>;

    /// A new configuration: act on the differences only.
    fn reload(&mut self, settings: HostSettings, now: Time, context: &mut Context);

    /// Begins an orderly stop: make before break.
    fn stop(&mut self, now: Time, context: &mut Context);

    /// Is everything given up? Asked after every turn once `stop` was called; then the process ends.
    fn stopped(&self) -> bool;

    /// JSON for the next life; sent to the supervisor after each turn in which `Context::changed` was called.
    fn handover(&self) -> Vec<u8>;

    /// Its part of `understudy status --json`: an object whose keys are merged into the whole.
    fn status(&self, now: Time) -> Value;

    /// What a dump says; `None`: there is nothing to write.
    fn dump(&mut self, what: What, process: &ProcessSettings, now: Time) -> Option<String>;

    /// An operator's move.
    fn request(&mut self, request: &Request, now: Time, context: &mut Context) -> Reply;

    /// A message of the other worker (its `Context::peer_worker`).
    fn peer(&mut self, _message: &Value, _now: Time, _context: &mut Context) {}

    /// The machine slept for so long; the engine's clock stood still meanwhile, the network did not.
    fn slept(&mut self, _by: Duration, _now: Time, _context: &mut Context) {}
}
