//! A worker that does nothing but live: what the process side is tried with.

use serde_json::{Value, json};
use understudy_core::node::settings::HostSettings;
use understudy_core::time::Time;

use super::worker::{ChildId, Context, Error, Outcome, Reply, Request, Token, Worker};

/// Counts its lives.
#[derive(Debug)]
pub struct IdleWorker {
    lives: u64,
    stopped: bool,
}

impl Worker for IdleWorker {
    fn start(_: HostSettings, handover: Option<&[u8]>, _: &mut Context) -> Result<Self, Error> {
        let before: Option<Value> = handover.and_then(|bytes| serde_json::from_slice(bytes).ok());
        let lives = before.and_then(|v| v["lives"].as_u64()).unwrap_or(0) + 1;
        Ok(Self { lives, stopped: false })
    }

    fn ready(&mut self, _: Token, _: Time, _: &mut Context) {}
    fn timer(&mut self, _: Time, _: &mut Context) {}
    fn child(&mut self, _: ChildId, _: Outcome, _: Time, _: &mut Context) {}

    fn deadline(&self) -> Option<Time> {
        None
    }

    fn reload(&mut self, _: HostSettings, _: Time, _: &mut Context) {}

    fn stop(&mut self, _: Time, _: &mut Context) {
        self.stopped = true;
    }

    fn stopped(&self) -> bool {
        self.stopped
    }

    fn handover(&self) -> Vec<u8> {
        json!({ "lives": self.lives }).to_string().into_bytes()
    }

    fn status(&self, _: Time) -> Value {
        json!({ "lives": self.lives })
    }

    fn request(&mut self, _: &Request, _: Time, _: &mut Context) -> Reply {
        Reply::Unknown
    }
}
