//! All checks of a host, each run once however many servers ask for it, and the queue of their deadlines.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use super::handover::CheckMemory;
use crate::checks::schedule::{self, Check};
use crate::checks::settings::{CheckKind, CheckSettings};
use crate::checks::verdict::Verdict;
use crate::random::Random;
use crate::time::Time;

/// Names one check for as long as it is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckId(pub u64);

/// One check and what is known of it.
#[derive(Debug)]
pub struct Run {
    pub settings: CheckSettings,
    pub machine: Check,
    /// What a MISC_CHECK with `misc_dynamic` asked for.
    pub weight: Option<u32>,
    /// Why the last run failed; `None` after a good one.
    pub last_error: Option<String>,
    /// How long the last run took.
    pub took: Option<Duration>,
    planned: Option<Time>,
}

/// What the end of a run means for the servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing.
    Nothing,
    /// A failure that may still be forgiven; to be reported or not.
    Retry { tries: u32, report: bool },
    /// The check, or the weight that it asks for, changed.
    Changed { tries: u32 },
}

#[derive(Debug, Default)]
pub struct Checks {
    all: BTreeMap<CheckId, Run>,
    queue: BTreeSet<(Time, CheckId)>,
    next_id: u64,
}

/// What equal checks have in common and can be ordered by: makes looking for an equal one cheap.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Network(SocketAddr),
    Program(Vec<String>),
    Session(String),
}

fn target(settings: &CheckSettings) -> Target {
    match &settings.kind {
        CheckKind::Tcp(connection)
        | CheckKind::Http { connection, .. }
        | CheckKind::Ping(connection) => Target::Network(connection.to),
        CheckKind::Misc { command, .. } => Target::Program(command.argv.clone()),
        CheckKind::Bfd { session } => Target::Session(session.clone()),
    }
}

impl Checks {
    pub fn get(&self, check: CheckId) -> Option<&Run> {
        self.all.get(&check)
    }

    pub fn settings(&self, check: CheckId) -> Option<&CheckSettings> {
        self.get(check).map(|run| &run.settings)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Run> {
        self.all.values()
    }

    pub fn deadline(&self) -> Option<Time> {
        self.queue.first().map(|(due, _)| *due)
    }

    pub fn timer(&mut self, now: Time, mut run: impl FnMut(CheckId, usize)) {
        let mut actions = Vec::new();
        while let Some((due, check)) = self.queue.first().copied()
            && due <= now
        {
            if let Some(found) = self.all.get_mut(&check) {
                found.machine.handle(now, schedule::Event::Timer, &mut actions);
            }
            self.queue.remove(&(due, check));
            self.plan(check);
            for action in actions.drain(..) {
                if let schedule::Action::Run { page } = action {
                    run(check, page);
                }
            }
        }
    }

    /// The end of a run; `None` if the check is no more.
    pub fn finished(
        &mut self,
        now: Time,
        check: CheckId,
        verdict: &Verdict,
        took: Duration,
    ) -> Option<Outcome> {
        let run = self.all.get_mut(&check)?;
        let mut actions = Vec::new();
        run.machine.handle(now, schedule::Event::Finished(verdict), &mut actions);
        run.took = Some(took);
        let mut outcome = Outcome::Nothing;
        match verdict {
            Verdict::Passed { weight } => {
                run.last_error = None;
                if run.weight != *weight {
                    run.weight = *weight;
                    outcome = Outcome::Changed { tries: 1 };
                }
            }
            Verdict::Failed(failure) => run.last_error = Some(alloc::format!("{failure}")),
            Verdict::Undecided(why) => run.last_error = Some(alloc::format!("not asked: {why}")),
        }
        for action in actions {
            outcome = match action {
                schedule::Action::Up => Outcome::Changed { tries: 1 },
                schedule::Action::Down { tries } => Outcome::Changed { tries },
                schedule::Action::Retry { tries, report } => Outcome::Retry { tries, report },
                schedule::Action::Run { .. } => outcome,
            };
        }
        self.plan(check);
        Some(outcome)
    }

    /// The checks by this session run no later than `now`.
    pub fn hasten_session(&mut self, name: &str, now: Time) {
        let of_it = |run: &Run| match &run.settings.kind {
            CheckKind::Bfd { session } => session == name,
            _ => false,
        };
        let found: Vec<CheckId> =
            self.all.iter().filter(|(_, run)| of_it(run)).map(|(id, _)| *id).collect();
        for check in found {
            let Some(run) = self.all.get_mut(&check) else { continue };
            if let Some(planned) = run.planned {
                self.queue.remove(&(planned, check));
            }
            run.machine.hasten(now);
            self.plan(check);
        }
    }

    pub fn cancel_all(&mut self, mut cancel: impl FnMut(CheckId)) {
        self.queue.clear();
        let all = core::mem::take(&mut self.all);
        all.iter().filter(|(_, run)| run.planned.is_none()).for_each(|(id, _)| cancel(*id));
    }

    /// Begins to take over a new configuration.
    pub fn rebuild<'a>(&'a mut self, memory: &'a [CheckMemory], now: Time) -> Rebuild<'a> {
        self.queue.clear();
        let old = core::mem::take(&mut self.all);
        let mut old_by_target: BTreeMap<Target, Vec<CheckId>> = BTreeMap::new();
        for (id, run) in &old {
            old_by_target.entry(target(&run.settings)).or_default().push(*id);
        }
        let mut memory_by_target: BTreeMap<Target, Vec<&CheckMemory>> = BTreeMap::new();
        for remembered in memory {
            memory_by_target.entry(target(&remembered.settings)).or_default().push(remembered);
        }
        let new_by_target = BTreeMap::new();
        Rebuild { checks: self, old, old_by_target, memory_by_target, new_by_target, now }
    }

    fn add(&mut self, run: Run) -> CheckId {
        let check = CheckId(self.next_id);
        self.next_id += 1;
        self.all.insert(check, run);
        self.plan(check);
        check
    }

    fn plan(&mut self, check: CheckId) {
        let Some(run) = self.all.get_mut(&check) else { return };
        run.planned = run.machine.deadline();
        if let Some(due) = run.planned {
            self.queue.insert((due, check));
        }
    }
}

/// A configuration being taken over.
#[derive(Debug)]
pub struct Rebuild<'a> {
    checks: &'a mut Checks,
    old: BTreeMap<CheckId, Run>,
    old_by_target: BTreeMap<Target, Vec<CheckId>>,
    memory_by_target: BTreeMap<Target, Vec<&'a CheckMemory>>,
    new_by_target: BTreeMap<Target, Vec<CheckId>>,
    now: Time,
}

impl Rebuild<'_> {
    /// The check with these settings: one that is there already, one that goes on, or a new one. With `soon` a check
    /// that has no verdict yet runs within a second.
    pub fn check(&mut self, settings: &CheckSettings, soon: bool, random: &mut Random) -> CheckId {
        let target = target(settings);
        let new = self.new_by_target.get(&target).map_or(&[][..], Vec::as_slice);
        let equal = |id: &&CheckId| self.checks.settings(**id) == Some(settings);
        let check = match new.iter().find(equal) {
            Some(check) => *check,
            None => {
                let check = self.take_over(&target, settings, random);
                self.new_by_target.entry(target).or_default().push(check);
                check
            }
        };
        if soon
            && let Some(run) = self.checks.all.get_mut(&check)
            && run.machine.progress().up.is_none()
        {
            if let Some(planned) = run.planned {
                self.checks.queue.remove(&(planned, check));
            }
            run.machine.hasten(self.now + random.part_of(Duration::from_secs(1)));
            self.checks.plan(check);
        }
        check
    }

    /// The new set, as far as it is built.
    pub fn checks(&self) -> &Checks {
        self.checks
    }

    /// Gives up what is no more.
    pub fn finish(self, mut cancel: impl FnMut(CheckId)) {
        let running = self.old.iter().filter(|(_, run)| run.planned.is_none());
        running.for_each(|(id, _)| cancel(*id));
    }

    fn take_over(
        &mut self,
        target: &Target,
        settings: &CheckSettings,
        random: &mut Random,
    ) -> CheckId {
        let ids = self.old_by_target.get(target).map_or(&[][..], Vec::as_slice);
        let unchanged =
            ids.iter().find(|id| self.old.get(id).is_some_and(|r| r.settings == *settings));
        if let Some(&check) = unchanged
            && let Some(run) = self.old.remove(&check)
        {
            self.checks.all.insert(check, run);
            self.checks.plan(check);
            return check;
        }
        // Other timers, same question: what is known goes on (reference §4.10).
        let remembered = self.memory_by_target.get(target).map_or(&[][..], Vec::as_slice);
        let exact = remembered.iter().find(|m| m.settings == *settings);
        let similar = || remembered.iter().find(|m| m.settings.kind == settings.kind);
        let run = match exact.or_else(similar) {
            Some(memory) => {
                let mut machine = Check::resume(settings, memory.progress.clone());
                machine.hasten(self.now + settings.schedule.delay_loop);
                let settings = settings.clone();
                let last_error = memory.last_error.clone();
                Run {
                    settings,
                    machine,
                    weight: memory.weight,
                    last_error,
                    took: None,
                    planned: None,
                }
            }
            None => {
                let machine = Check::new(settings, self.now, random);
                let settings = settings.clone();
                Run { settings, machine, weight: None, last_error: None, took: None, planned: None }
            }
        };
        self.checks.add(run)
    }
}
