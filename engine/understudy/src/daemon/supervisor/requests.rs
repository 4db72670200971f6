//! What clients of the control socket ask: answers that the workers have a part in are put together here.

use std::time::Duration;

use serde_json::{Value, json};
use understudy_core::time::Time;

use super::{Purpose, Supervisor};
use crate::control::{Answer, Ask};
use crate::daemon::channel::Kind;
use crate::daemon::record::Record;
use crate::daemon::status::{self, Facts, WorkerFacts};
use crate::daemon::worker::{Reply, Request};
use crate::sys::{clock, memory};

/// Workers tell their status within this.
const STATUS_WITHIN: Duration = Duration::from_secs(1);

/// An answer that is put together.
#[derive(Debug)]
pub(super) enum Pending {
    Status { client: u64, parts: [Option<Value>; 2], waiting: usize, by: Time },
    Move { client: u64, waiting: usize, reply: Reply, by: Time },
}

impl Supervisor {
    pub(super) fn asked(&mut self, client: u64, ask: Ask) {
        let now = clock::now();
        match ask {
            Ask::Status => {
                let number = self.next_pending();
                let body = number.to_string();
                let waiting = self
                    .slots
                    .iter_mut()
                    .filter(|slot| slot.is_wanted() && slot.trouble.is_none())
                    .filter_map(|slot| {
                        slot.send(Kind::AskStatus, body.as_bytes(), &self.epoll).then_some(())
                    })
                    .count();
                let by = now + STATUS_WITHIN;
                self.pending
                    .insert(number, Pending::Status { client, parts: [None, None], waiting, by });
                self.complete(number);
            }
            Ask::Events { instance, follow } => {
                let of = |r: &Record| instance.as_ref().is_none_or(|i| *i == r.subject);
                let records: Vec<Record> = self.journal.records().filter(of).collect();
                self.server.answer(client, &Answer::Ok(json!(records)), &self.epoll);
                if follow {
                    self.server.follow(client, instance);
                }
            }
            Ask::Reload { dry_run: true } => {
                if self.loader.is_some() {
                    let busy = "a reload is under way; try again".to_owned();
                    self.server.answer(client, &Answer::Error(busy), &self.epoll);
                } else {
                    self.read_configuration(Purpose::DryRun(client));
                }
            }
            Ask::Reload { dry_run: false } => {
                self.wanting_reload.push(client);
                self.reload();
            }
            Ask::Move(request) => self.operator(client, &request, now),
        }
    }

    fn operator(&mut self, client: u64, request: &Request, now: Time) {
        let number = self.next_pending();
        let body = serde_json::to_vec(&(number, request)).expect("plain data becomes JSON");
        let waiting = self
            .slots
            .iter_mut()
            .filter_map(|slot| slot.send(Kind::Request, &body, &self.epoll).then_some(()))
            .count();
        let by = now + STATUS_WITHIN;
        self.pending.insert(number, Pending::Move { client, waiting, reply: Reply::Unknown, by });
        self.complete(number);
    }

    fn next_pending(&mut self) -> u64 {
        self.next_pending += 1;
        self.next_pending
    }

    pub(super) fn status_part(&mut self, number: u64, from: usize, part: Value) {
        if let Some(Pending::Status { parts, waiting, .. }) = self.pending.get_mut(&number) {
            parts[from] = Some(part);
            *waiting = waiting.saturating_sub(1);
            self.complete(number);
        }
    }

    pub(super) fn reply_part(&mut self, number: u64, new: Reply) {
        if let Some(Pending::Move { waiting, reply, .. }) = self.pending.get_mut(&number) {
            *waiting = waiting.saturating_sub(1);
            if new != Reply::Unknown {
                *reply = new;
            }
            self.complete(number);
        }
    }

    /// Answers if nothing is missing, or if it is time.
    pub(super) fn complete(&mut self, number: u64) {
        let now = clock::now();
        let Some(pending) = self.pending.get(&number) else { return };
        let (Pending::Status { waiting, by, .. } | Pending::Move { waiting, by, .. }) = pending;
        if *waiting > 0 && *by > now {
            return;
        }
        match self.pending.remove(&number) {
            Some(Pending::Status { client, parts, .. }) => {
                let whole = self.status(parts);
                self.server.answer(client, &Answer::Ok(whole), &self.epoll);
                memory::trim(); // with hundreds of instances it was megabytes
            }
            Some(Pending::Move { client, waiting, reply, .. }) => {
                let answer = match reply {
                    Reply::Done(value) => Answer::Ok(value),
                    Reply::Refused(why) => Answer::Error(why),
                    Reply::Unknown if waiting > 0 => {
                        Answer::Error("the worker does not answer".to_owned())
                    }
                    Reply::Unknown => Answer::Error("no worker knows this".to_owned()),
                };
                self.server.answer(client, &answer, &self.epoll);
            }
            None => {}
        }
    }

    fn status(&self, parts: [Option<Value>; 2]) -> Value {
        let wanted = self.slots.iter().zip(parts).filter(|(slot, _)| slot.is_wanted());
        let workers = wanted.map(|(slot, part)| WorkerFacts {
            name: slot.name,
            pid: slot.pid(),
            restarts: slot.restarts,
            trouble: slot.trouble.clone(),
            part,
        });
        status::compose(&Facts {
            started_at: self.started_at,
            now: clock::realtime(),
            file: &self.options.source.file,
            files: &self.config.files,
            error: self.config_error.as_deref(),
            warnings: self.config.warnings,
            starting: !self.announced,
            workers: workers.collect(),
        })
    }
}
