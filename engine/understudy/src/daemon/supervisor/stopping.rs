//! The orderly stop: the VRRP worker first, so that the addresses move while the services still answer.

use std::time::Duration;

use understudy_core::time::Time;

use super::{CHECK, Failure, Supervisor, VRRP};
use crate::daemon::handover;
use crate::daemon::record::Record;
use crate::say;
use crate::sys::clock;

/// Notifications of the stop may take so long.
const LAST_NOTIFICATIONS: Duration = Duration::from_secs(5);
/// Mails of the stop may take so long.
const LAST_MAILS: Duration = Duration::from_secs(2);

/// What is left to do at a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Running,
    Vrrp,
    Check,
    Notifications,
    Script,
    Done,
}

impl Supervisor {
    /// Begins an orderly stop: the VRRP worker first, so that the addresses move while the services still answer.
    pub(super) fn stop(&mut self, failure: Option<Failure>) {
        if self.stage != Stage::Running {
            return;
        }
        self.failure = failure;
        self.systemd.stopping();
        self.systemd.status("stopping");
        if self.announced {
            self.record(Record::new("engine", "stopping", "told to stop"));
        }
        if let Some((loader, _)) = &self.loader {
            loader.give_up();
        }
        self.stage = Stage::Vrrp;
        self.starting = None;
        self.stop_worker(VRRP);
        self.proceed();
    }

    /// Begins the stop of a worker, which takes `child_wait_time` at most. One that leaves everything where it is needs
    /// no time: what it has put into the kernel is found by the next start.
    fn stop_worker(&mut self, which: usize) {
        let now = clock::now();
        self.stage_by = now + self.config.process.engine.child_wait;
        if self.options.leave[which] {
            self.slots[which].leave();
        } else {
            self.slots[which].stop(&self.epoll, now);
        }
    }

    pub(super) fn proceed(&mut self) {
        let now = clock::now();
        loop {
            let overdue = self.stage_by <= now;
            match self.stage {
                Stage::Running | Stage::Done => return,
                Stage::Vrrp | Stage::Check => {
                    let which = if self.stage == Stage::Vrrp { VRRP } else { CHECK };
                    if let Some(pid) = self.slots[which].pid() {
                        if overdue {
                            say!(
                                Error,
                                "{} worker (pid {pid}) does not stop: it is ended",
                                self.slots[which].name
                            );
                            self.slots[which].kill();
                            self.stage_by = Time::MAX; // its pidfd tells of its end
                        }
                        return;
                    }
                    if self.released[which] {
                        handover::forget(&self.options.paths.handover(self.slots[which].name));
                        if which == VRRP {
                            handover::forget(&self.options.paths.addresses());
                        }
                        self.slots[which].unsaved = false;
                    } else if !self.options.leave[which] {
                        self.withdraw(which);
                    }
                    self.stage = if which == VRRP { Stage::Check } else { Stage::Notifications };
                    if which == VRRP {
                        self.stop_worker(CHECK);
                    } else {
                        self.stage_by = now + LAST_NOTIFICATIONS;
                        self.mailer.last_call(now + LAST_MAILS);
                    }
                }
                Stage::Notifications => {
                    let idle = self.queues.is_idle() && self.mailer.is_idle();
                    if !idle && !overdue {
                        return;
                    }
                    self.stage = Stage::Script;
                    self.stage_by = Time::MAX; // it has a limit of its own
                    self.run_shutdown_script();
                }
                Stage::Script => {
                    if self.queues.is_awaiting() {
                        return;
                    }
                    self.stage = Stage::Done;
                }
            }
        }
    }

    pub(super) fn close(&mut self) {
        let now = clock::now();
        self.queues.terminate_readers(now);
        self.fifos.close();
        self.journal.close();
        let _ = std::fs::remove_file(self.options.paths.lock());
        self.pid_files.iter_mut().for_each(|file| file.set(None));
        if self.failure.is_none() {
            say!(Info, "stopped");
        }
    }
}
