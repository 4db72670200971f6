//! When a check runs, and after which run its server is up or down (reference §4.3, §4.5, §4.7).
//!
//! An HTTP check has several pages, one for each run; all other checks have one. The first round counts without
//! retries: a server that was never seen well gets no second chance.

use alloc::vec::Vec;
use core::time::Duration;

use super::settings::{CheckKind, CheckSettings, Schedule};
use super::verdict::Verdict;
use crate::random::Random;
use crate::time::Time;

/// The machine of one check.
#[derive(Clone, Debug)]
pub struct Check {
    schedule: Schedule,
    pages: usize,
    /// HTTP_GET: when the page that took the server down works again, all pages are asked before the server is up. So
    /// even one page is asked twice.
    all_again: bool,
    fast_recovery: bool,
    /// Period while down; HTTP_GET never asks more often than it retries.
    down_period: Duration,
    /// MISC_CHECK counts its delay from the start of the program, all others from the end of the run.
    from_start: bool,
    progress: Progress,
}

/// All that a check remembers; goes on in the worker's next life.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Progress {
    /// The last verdict that counted; `None` before the first.
    pub up: Option<bool>,
    /// Failed runs since the last good one, while up.
    failures: u32,
    /// The page of the next run.
    page: usize,
    /// The page that took the server down: asked alone until it works.
    failed_page: bool,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum Phase {
    /// The next run starts then.
    Waiting(Time),
    /// A run began then, and its verdict is awaited.
    Running(Time),
}

/// What the machine is told.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// Look at your deadline.
    Timer,
    /// The run ended.
    Finished(&'a Verdict),
}

/// What it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Start a run; exactly one `Finished` must follow.
    Run {
        /// Index of the page.
        page: usize,
    },
    /// From now on the check is good.
    Up,
    /// From now on it is failed.
    Down {
        /// Runs that failed in a row.
        tries: u32,
    },
    /// A failure that may still be forgiven.
    Retry {
        /// Runs that failed in a row.
        tries: u32,
        /// To be reported (`log_all_failures`).
        report: bool,
    },
}

impl Check {
    /// A new check: the first run comes after 1 s and a random part of `warmup`, so that many don't start together.
    #[must_use]
    pub fn new(settings: &CheckSettings, now: Time, random: &mut Random) -> Self {
        let due = now + Duration::from_secs(1) + random.part_of(settings.schedule.warmup);
        let phase = Phase::Waiting(due);
        let progress = Progress { up: None, failures: 0, page: 0, failed_page: false, phase };
        Self::resume(settings, progress)
    }

    /// A check that goes on where it was. A run that was under way starts again at once.
    #[must_use]
    pub fn resume(settings: &CheckSettings, mut progress: Progress) -> Self {
        let schedule = settings.schedule.clone();
        let (pages, fast_recovery, down_period) = match &settings.kind {
            CheckKind::Http { urls, fast_recovery, .. } => {
                let period = schedule.delay_loop.max(schedule.delay_before_retry);
                (urls.len().max(1), *fast_recovery, period)
            }
            CheckKind::Tcp(_)
            | CheckKind::Ping(_)
            | CheckKind::Misc { .. }
            | CheckKind::Bfd { .. } => (1, false, schedule.delay_loop),
        };
        if let Phase::Running(since) = progress.phase {
            progress.phase = Phase::Waiting(since);
        }
        if progress.page >= pages {
            progress.page = 0;
        }
        let from_start = matches!(settings.kind, CheckKind::Misc { .. });
        let all_again = matches!(settings.kind, CheckKind::Http { .. });
        Self { schedule, pages, all_again, fast_recovery, down_period, from_start, progress }
    }

    /// Takes one event at `now`; appends what to do to `out`.
    pub fn handle(&mut self, now: Time, event: Event<'_>, out: &mut Vec<Action>) {
        match (self.progress.phase, event) {
            (Phase::Waiting(due), Event::Timer) => {
                if now >= due {
                    self.progress.phase = Phase::Running(now);
                    out.push(Action::Run { page: self.progress.page });
                }
            }
            // The run has its own timeouts.
            (Phase::Running(_), Event::Timer) => {}
            // Of a run that was given up.
            (Phase::Waiting(_), Event::Finished(_)) => {}
            (Phase::Running(since), Event::Finished(verdict)) => {
                let delay = match verdict {
                    Verdict::Passed { .. } => self.passed(out),
                    Verdict::Failed(_) => self.failed(out),
                    Verdict::Undecided(_) => self.schedule.delay_loop,
                };
                let base = if self.from_start { since } else { now };
                self.progress.phase = Phase::Waiting((base + delay).max(now));
            }
        }
    }

    /// When `Event::Timer` is due next; `None` while a run is under way.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        match self.progress.phase {
            Phase::Waiting(due) => Some(due),
            Phase::Running(_) => None,
        }
    }

    /// The last verdict that counted; before the first a check with `alpha` is failed, and any other unknown.
    #[must_use]
    pub fn up(&self) -> Option<bool> {
        self.progress.up.or(self.schedule.alpha.then_some(false))
    }

    /// What it remembers.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Runs no later than `due`.
    pub fn hasten(&mut self, due: Time) {
        if let Phase::Waiting(planned) = &mut self.progress.phase {
            *planned = (*planned).min(due);
        }
    }

    fn passed(&mut self, out: &mut Vec<Action>) -> Duration {
        let progress = &mut self.progress;
        progress.failures = 0;
        let was_failed_page = core::mem::take(&mut progress.failed_page);
        let at_once = self.fast_recovery && progress.up != Some(true);
        let between = if at_once { Duration::ZERO } else { self.schedule.delay_loop };
        if was_failed_page && self.all_again {
            progress.page = 0; // all pages again, from the first, before the server is up
            return between;
        }
        if progress.page + 1 < self.pages {
            progress.page += 1;
            return between;
        }
        progress.page = 0;
        if progress.up != Some(true) {
            progress.up = Some(true);
            out.push(Action::Up);
        }
        self.schedule.delay_loop
    }

    fn failed(&mut self, out: &mut Vec<Action>) -> Duration {
        let progress = &mut self.progress;
        match progress.up {
            Some(true) if progress.failures < self.schedule.retry => {
                progress.failures += 1;
                let report = self.schedule.log_all_failures;
                out.push(Action::Retry { tries: progress.failures, report });
                return self.schedule.delay_before_retry;
            }
            Some(true) | None => {
                out.push(Action::Down { tries: progress.failures + 1 });
                progress.up = Some(false);
                progress.failures = 0;
            }
            Some(false) => {}
        }
        progress.failed_page = true;
        self.down_period
    }
}

#[cfg(test)]
mod tests;
