//! One virtual router on one interface: the state machine of RFC 9568 §6.4 (version 3) and RFC 3768 §6.4 (version 2),
//! with what keepalived adds to it (reference §3.2). Their Active is our Master.

mod event;
mod parameters;

use core::net::IpAddr;
use core::time::Duration;

pub use event::{Action, Actions, Condition, Event, Heard, Move, State};
pub use parameters::Parameters;

use super::priority::LEAVING;
use super::settings::Version;
use super::timers::{master_down_interval, skew_time, slack};
use crate::journal::Reason;
use crate::time::Time;

/// One virtual router on one interface.
#[derive(Clone, Debug)]
pub struct Instance {
    parameters: Parameters,
    state: State,
    since: Time,
    /// Effective priority.
    priority: u8,
    /// Own address, to break ties.
    source: Option<IpAddr>,
    /// Init only: started, but not yet decided.
    undecided: bool,
    quiet_until: Time,
    /// Master_Adver_Interval: the current master's, in version 3.
    master_advert_interval: Duration,
    /// Backup: the master is down then. Master: the next advert is due then.
    deadline: Time,
    /// Adverts of a worse master are suffered until then (`preempt_delay`).
    preempt_from: Option<Time>,
    /// An orderly leave: addresses are kept until the successor speaks, but not longer than this.
    keeping_until: Option<Time>,
    /// Handed over by the operator: as with nopreempt.
    yielded: bool,
    /// As member of a group: would be master, and why.
    wish: Option<Reason>,
    last_sent: Option<Time>,
    heard: Option<Heard>,
}

impl Instance {
    /// Not started yet.
    #[must_use]
    pub fn new(parameters: Parameters, priority: u8) -> Self {
        Self {
            parameters,
            state: State::Init,
            since: Time::ZERO,
            priority,
            source: None,
            undecided: false,
            quiet_until: Time::ZERO,
            master_advert_interval: parameters.advert_interval,
            deadline: Time::MAX,
            preempt_from: None,
            keeping_until: None,
            yielded: false,
            wish: None,
            last_sent: None,
            heard: None,
        }
    }

    /// Its state.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// Since when.
    #[must_use]
    pub const fn since(&self) -> Time {
        self.since
    }

    /// Effective priority.
    #[must_use]
    pub const fn priority(&self) -> u8 {
        self.priority
    }

    /// The neighbour that was heard last.
    #[must_use]
    pub const fn heard(&self) -> Option<Heard> {
        self.heard
    }

    /// When the last advert was sent.
    #[must_use]
    pub const fn last_sent(&self) -> Option<Time> {
        self.last_sent
    }

    /// Would be master if its group were.
    #[must_use]
    pub const fn wishes(&self) -> bool {
        self.wish.is_some()
    }

    /// Has left in order and waits for its successor's first advert.
    #[must_use]
    pub const fn is_keeping(&self) -> bool {
        self.keeping_until.is_some()
    }

    /// The address that adverts are sent from.
    pub fn set_source(&mut self, source: Option<IpAddr>) {
        self.source = source;
    }

    /// When [`Event::Timer`] is due next, if ever.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        let running = match self.state {
            State::Backup | State::Master => Some(self.deadline),
            State::Init | State::Fault => None,
        };
        match (running, self.keeping_until) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// A master's advert may leave this much early, together with others.
    #[must_use]
    pub fn slack(&self) -> Duration {
        match self.state {
            State::Master => slack(self.parameters.advert_interval),
            State::Init | State::Backup | State::Fault => Duration::ZERO,
        }
    }

    /// Takes one event at `now`; appends what to do to `out`, in the order in which to do it.
    pub fn handle(&mut self, now: Time, event: Event<'_>, out: &mut Actions) {
        use State::{Backup, Fault, Init, Master};
        match (self.state, event) {
            (Init, Event::Start { condition, quiet_until }) => {
                self.quiet_until = quiet_until;
                self.start(now, condition, out);
            }
            (Init, Event::Resume { state, last_advert }) => {
                self.resume(now, state, last_advert, out)
            }
            (Init, Event::Timer) => self.stop_keeping_when_due(now, out),
            (Init, Event::Advert { priority, .. }) => self.successor_spoke(priority, out),
            (Init, Event::Priority(priority)) => self.priority = priority,
            (Init, Event::Condition(condition)) => {
                if self.undecided {
                    self.start(now, condition, out);
                }
            }
            (Init, Event::Together { .. }) => {} // Not started, or stopped: no part of the group.
            (Init, Event::Parameters(parameters)) => self.set_parameters(parameters),
            (Init, Event::Operator(_) | Event::Slept) => {}
            (Init, Event::Stop(_)) => self.undecided = false,

            (Backup, Event::Start { .. } | Event::Resume { .. }) => {} // Only once.
            (Backup, Event::Timer) => {
                self.stop_keeping_when_due(now, out);
                if now >= self.deadline {
                    self.master_is_down(now, out);
                }
            }
            (Backup, Event::Advert { source, priority, interval }) => {
                self.backup_hears(now, source, priority, interval, out);
            }
            (Backup, Event::Priority(priority)) => {
                // The running timer moves by what its length changes.
                self.reckon_anew(|it| it.priority = priority);
            }
            (Backup, Event::Condition(Condition::Faulty(reason))) => {
                self.enter_fault(now, reason.clone(), out);
            }
            (Backup, Event::Condition(Condition::Good | Condition::Undecided)) => {}
            (Backup, Event::Together { state: Master, reason }) => {
                self.become_master(now, reason.clone(), out);
            }
            (Backup, Event::Together { state: Init | Backup | Fault, .. }) => {}
            (Backup, Event::Parameters(parameters)) => {
                self.reckon_anew(|it| it.set_parameters(parameters));
            }
            (Backup, Event::Operator(Move::Yield)) => self.yielded = true,
            (Backup, Event::Operator(Move::Reclaim)) => self.yielded = false,
            (Backup, Event::Slept) => self.deadline = now + self.master_down_interval(),
            (Backup, Event::Stop(reason)) => self.change_state(now, Init, reason.clone(), out),

            (Master, Event::Start { .. } | Event::Resume { .. }) => {} // Only once.
            (Master, Event::Timer) => {
                if now + self.slack() >= self.deadline {
                    match self.expired(now) {
                        Some(silent) => {
                            let wait = self.master_down_interval();
                            self.become_backup(now, wait, Reason::Expired { silent }, out);
                        }
                        None => self.send_advert_on_time(now, out),
                    }
                }
            }
            (Master, Event::Advert { source, priority, interval }) => {
                self.master_hears(now, source, priority, interval, out);
            }
            (Master, Event::Priority(priority)) => self.priority = priority, // In the next advert.
            (Master, Event::Condition(Condition::Faulty(reason))) => {
                self.send(now, LEAVING, out);
                self.enter_fault(now, reason.clone(), out);
            }
            (Master, Event::Condition(Condition::Good | Condition::Undecided)) => {}
            (Master, Event::Together { state: Backup, reason }) => {
                self.become_backup(now, self.master_down_interval(), reason.clone(), out);
            }
            (Master, Event::Together { state: Init | Master | Fault, .. }) => {}
            (Master, Event::Parameters(parameters)) => {
                // Adverts keep their beat, but none is later than the new interval allows.
                self.set_parameters(parameters);
                self.deadline = self.deadline.min(now + parameters.advert_interval);
            }
            (Master, Event::Operator(Move::Yield)) => {
                self.send(now, LEAVING, out);
                self.yielded = true;
                self.keep(now, out);
                self.deadline = now + self.master_down_interval();
                self.change_state(now, Backup, Reason::Operator, out);
            }
            (Master, Event::Operator(Move::Reclaim)) => {}
            (Master, Event::Slept) => {
                self.become_backup(now, self.master_down_interval(), Reason::Slept, out);
            }
            (Master, Event::Stop(reason)) => {
                self.send(now, LEAVING, out);
                self.keep(now, out);
                self.change_state(now, Init, reason.clone(), out);
            }

            (Fault, Event::Start { .. } | Event::Resume { .. }) => {} // Only once.
            (Fault, Event::Timer) => {}
            (Fault, Event::Advert { .. }) => {} // Reference §3.2: ignored.
            (Fault, Event::Priority(priority)) => self.priority = priority,
            (Fault, Event::Condition(Condition::Good)) => {
                // The owner waits as everybody: `state MASTER` matters only at the start.
                self.become_backup(now, self.master_down_interval(), Reason::Recovered, out);
            }
            (Fault, Event::Condition(Condition::Undecided | Condition::Faulty(_))) => {}
            (Fault, Event::Together { .. }) => {} // Its fault is what the group follows.
            (Fault, Event::Parameters(parameters)) => self.set_parameters(parameters),
            (Fault, Event::Operator(Move::Yield)) => self.yielded = true,
            (Fault, Event::Operator(Move::Reclaim)) => self.yielded = false,
            (Fault, Event::Slept) => {}
            (Fault, Event::Stop(reason)) => self.change_state(now, Init, reason.clone(), out),
        }
    }

    fn start(&mut self, now: Time, condition: &Condition, out: &mut Actions) {
        self.undecided = *condition == Condition::Undecided;
        let begin = now.max(self.quiet_until);
        match condition {
            Condition::Undecided => {}
            Condition::Faulty(reason) => self.enter_fault(now, reason.clone(), out),
            Condition::Good if self.parameters.owner_at_start => {
                let wait = begin.since(now);
                if wait.is_zero() && !self.parameters.grouped {
                    self.become_master(now, Reason::Owner, out);
                } else {
                    self.become_backup(now, wait, Reason::Owner, out);
                }
            }
            Condition::Good => {
                let wait = begin.since(now) + self.master_down_interval();
                self.become_backup(now, wait, Reason::Started, out);
            }
        }
    }

    fn resume(&mut self, now: Time, state: State, last_advert: Time, out: &mut Actions) {
        let reason = Reason::Resumed { away: now.since(last_advert) };
        match state {
            State::Master => {
                out.push(Action::SendAdvert(self.priority));
                self.last_sent = Some(now);
                let next = last_advert + self.parameters.advert_interval;
                self.deadline =
                    if next > now { next } else { now + self.parameters.advert_interval };
                out.push(Action::Hold);
                out.push(Action::Announce);
                self.change_state(now, State::Master, reason, out);
            }
            State::Backup | State::Init | State::Fault => {
                self.deadline = now + self.master_down_interval();
                self.change_state(now, State::Backup, reason, out);
            }
        }
    }

    fn backup_hears(
        &mut self,
        now: Time,
        source: IpAddr,
        priority: u8,
        interval: Duration,
        out: &mut Actions,
    ) {
        if now < self.quiet_until {
            return;
        }
        self.heard = Some(Heard { address: source, priority, at: now });
        self.successor_spoke(priority, out);
        if priority == LEAVING {
            // §6.4.2: the master is leaving; wait only Skew_Time, also with nopreempt.
            self.deadline = now + self.skew_time();
        } else if priority >= self.priority {
            self.preempt_from = None;
            self.wait_for(now, interval);
        } else if !self.parameters.preempt || self.yielded {
            self.wait_for(now, interval);
        } else if !self.parameters.preempt_delay.is_zero() {
            let from = *self.preempt_from.get_or_insert(now + self.parameters.preempt_delay);
            if now < from {
                self.wait_for(now, interval);
            }
        }
        // Else a worse master is about to be preempted: the timer runs out.
    }

    /// The master is well: its silence counts from now.
    fn wait_for(&mut self, now: Time, interval: Duration) {
        self.wish = None;
        if self.parameters.version == Version::V3 && !interval.is_zero() {
            self.master_advert_interval = interval;
        }
        self.deadline = now + self.master_down_interval();
    }

    fn master_is_down(&mut self, now: Time, out: &mut Actions) {
        if self.parameters.grouped {
            // The group becomes master as one; until then this member listens on.
            if self.wish.is_none() {
                self.wish = Some(self.why_down(now));
            }
            self.deadline = now + self.master_down_interval();
            out.push(Action::Wish);
        } else {
            self.become_master(now, self.why_down(now), out);
        }
    }

    /// Why a member becomes master with its group.
    #[must_use]
    pub fn why_master(&self) -> Reason {
        self.wish.clone().unwrap_or(Reason::Recovered)
    }

    fn why_down(&self, now: Time) -> Reason {
        let stall = now.since(self.deadline);
        match self.heard {
            None => Reason::Alone { waited: now.since(self.since) },
            Some(Heard { address, priority: LEAVING, .. }) => Reason::Left { peer: address },
            Some(Heard { address, priority, at })
                if priority < self.priority
                    && now.since(at) < self.master_advert_interval * self.down_timer_adverts() =>
            {
                Reason::Preempted { peer: address, theirs: priority, ours: self.priority }
            }
            Some(Heard { address, at, .. }) => {
                let silent = now.since(at);
                let interval = self.master_advert_interval.as_nanos().max(1);
                let adverts = u32::try_from(silent.as_nanos() / interval).unwrap_or(u32::MAX);
                Reason::Silent { peer: address, silent, adverts, stall }
            }
        }
    }

    fn master_hears(
        &mut self,
        now: Time,
        source: IpAddr,
        priority: u8,
        interval: Duration,
        out: &mut Actions,
    ) {
        self.heard = Some(Heard { address: source, priority, at: now });
        let silent = self.last_sent.map_or(Duration::ZERO, |at| now.since(at));
        if priority == LEAVING {
            // §6.4.3: tell the other backups at once who stays.
            self.send_advert_now(now, out);
        } else if silent > self.parameters.advert_interval * self.down_timer_adverts() {
            // We slept, somebody had to take over, and did: listen first.
            self.wait_for(now, interval);
            let reason = Reason::Stalled { peer: source, silent };
            self.become_backup(now, self.master_down_interval(), reason, out);
        } else if self.is_better(source, priority) {
            if self.parameters.higher_prio_send_advert {
                self.send(now, self.priority, out);
            }
            self.wait_for(now, interval);
            let reason = Reason::Better { peer: source, theirs: priority, ours: self.priority };
            self.become_backup(now, self.master_down_interval(), reason, out);
        } else if self.source != Some(source) {
            if !self.parameters.lower_prio_no_advert {
                self.send_advert_now(now, out);
            }
            // Its announcements may have come after ours.
            out.push(Action::AnnounceAgain);
            out.push(Action::HeardLower);
        }
    }

    fn is_better(&self, source: IpAddr, priority: u8) -> bool {
        priority > self.priority
            || (priority == self.priority && self.source.is_some_and(|own| source > own))
    }

    fn become_master(&mut self, now: Time, reason: Reason, out: &mut Actions) {
        self.wish = None;
        self.preempt_from = None;
        self.yielded = false;
        self.keeping_until = None;
        self.master_advert_interval = self.parameters.advert_interval;
        self.send_advert_now(now, out);
        out.push(Action::Hold);
        out.push(Action::Announce);
        self.change_state(now, State::Master, reason, out);
    }

    fn become_backup(&mut self, now: Time, wait: Duration, reason: Reason, out: &mut Actions) {
        self.wish = None;
        self.preempt_from = None;
        self.deadline = now + wait;
        out.push(Action::Release);
        self.change_state(now, State::Backup, reason, out);
    }

    fn enter_fault(&mut self, now: Time, reason: Reason, out: &mut Actions) {
        self.wish = None;
        self.preempt_from = None;
        self.keeping_until = None;
        self.heard = None;
        self.master_advert_interval = self.parameters.advert_interval;
        out.push(Action::Release);
        self.change_state(now, State::Fault, reason, out);
    }

    /// Leaves in order: the addresses stay until the successor announces itself. The slowest one needs the skew of
    /// priority 1, and some time to do it.
    fn keep(&mut self, now: Time, out: &mut Actions) {
        let interval = self.parameters.advert_interval;
        if self.parameters.speaks {
            let slowest = skew_time(self.parameters.version, 1, interval);
            self.keeping_until = Some(now + slowest + Duration::from_millis(250));
        } else {
            out.push(Action::Release);
        }
    }

    fn successor_spoke(&mut self, priority: u8, out: &mut Actions) {
        if priority != LEAVING && self.keeping_until.take().is_some() {
            out.push(Action::Release);
        }
    }

    fn stop_keeping_when_due(&mut self, now: Time, out: &mut Actions) {
        if self.keeping_until.is_some_and(|until| now >= until) {
            self.keeping_until = None;
            out.push(Action::Release);
        }
    }

    /// The only place where the state changes.
    fn change_state(&mut self, now: Time, to: State, reason: Reason, out: &mut Actions) {
        let from = self.state;
        self.state = to;
        self.since = now;
        self.undecided = false;
        out.push(Action::Became { from, to, reason });
    }

    /// Planned time plus interval, so that lateness does not add up; but never a burst after a stall, and those that
    /// left together stay together.
    /// It was silent for so long that it must have a successor.
    fn expired(&self, now: Time) -> Option<Duration> {
        let silent = now.since(self.last_sent?);
        (silent > self.parameters.expires_after?).then_some(silent)
    }

    fn send_advert_on_time(&mut self, now: Time, out: &mut Actions) {
        let next = self.deadline + self.parameters.advert_interval;
        self.send(now, self.priority, out);
        self.deadline = if self.deadline <= now && next > now {
            next
        } else {
            now + self.parameters.advert_interval
        };
    }

    fn send_advert_now(&mut self, now: Time, out: &mut Actions) {
        self.send(now, self.priority, out);
        self.deadline = now + self.parameters.advert_interval;
    }

    fn send(&mut self, now: Time, priority: u8, out: &mut Actions) {
        self.last_sent = Some(now);
        out.push(Action::SendAdvert(priority));
    }

    fn set_parameters(&mut self, parameters: Parameters) {
        if parameters.version == Version::V2
            || self.master_advert_interval == self.parameters.advert_interval
        {
            self.master_advert_interval = parameters.advert_interval;
        }
        self.parameters = parameters;
    }

    /// Changes something that the backup's timer depends on, and moves the timer accordingly.
    fn reckon_anew(&mut self, change: impl FnOnce(&mut Self)) {
        let before = self.master_down_interval();
        change(self);
        self.deadline = self.deadline - before + self.master_down_interval();
    }

    fn skew_time(&self) -> Duration {
        skew_time(self.parameters.version, self.priority, self.master_advert_interval)
    }

    fn down_timer_adverts(&self) -> u32 {
        u32::from(self.parameters.down_timer_adverts)
    }

    /// Silence after which this instance, as a backup, takes over.
    #[must_use]
    pub fn master_down_interval(&self) -> Duration {
        master_down_interval(
            self.parameters.version,
            self.priority,
            self.master_advert_interval,
            self.parameters.down_timer_adverts,
        )
    }
}

#[cfg(test)]
mod tests;
