//! When an instance's addresses are announced by gratuitous ARP or unsolicited NA (reference §3.4): a first set at once,
//! a delayed set, a refresh, and all of it no faster than the interface's interval allows.

use alloc::vec::Vec;

use super::pace::Gate;
use super::settings::Garp;
use crate::time::Time;

/// An address as announcements see it.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// It is announced by neighbour advertisements.
    pub ipv6: bool,
    /// Index of the gate of its interface.
    pub gate: usize,
}

/// What is owed to one address.
#[derive(Clone, Copy, Debug)]
struct Owed {
    messages: u32,
    target: Target,
}

/// The announcements that one instance owes. Addresses are known by their index.
#[derive(Clone, Debug)]
pub struct Announcer {
    garp: Garp,
    owed: Vec<Owed>,
    second_set: Option<(Time, u32)>,
    refresh: Option<Time>,
    /// One address on each interface that sends no adverts.
    extra: Vec<usize>,
    /// Their next messages.
    extra_at: Option<Time>,
}

impl Announcer {
    /// Owes nothing yet.
    #[must_use]
    pub fn new(garp: Garp, addresses: impl Iterator<Item = Target>) -> Self {
        let owed = addresses.map(|target| Owed { messages: 0, target }).collect();
        Self { garp, owed, second_set: None, refresh: None, extra: Vec::new(), extra_at: None }
    }

    /// Addresses on interfaces that send no adverts, one for each.
    #[must_use]
    pub fn with_extra(mut self, extra: Vec<usize>) -> Self {
        self.extra = extra;
        self
    }

    /// Became master at `now`.
    pub fn start(&mut self, now: Time) {
        self.owe_all(self.garp.repeat);
        self.second_set =
            (!self.garp.delay.is_zero()).then_some((now + self.garp.delay, self.garp.repeat));
        self.refresh =
            (!self.garp.refresh.is_zero()).then_some(now + self.garp.delay + self.garp.refresh);
        self.extra_at = self.next_extra(now);
    }

    /// A worse master was heard at `now`; its announcements may have been later than ours.
    pub fn again(&mut self, now: Time) {
        let repeat = self.garp.lower_prio_repeat;
        self.owe_all(repeat);
        if repeat > 0 && !self.garp.lower_prio_delay.is_zero() {
            self.second_set = Some((now + self.garp.lower_prio_delay, repeat));
        }
    }

    /// One address was put back.
    pub fn one(&mut self, address: usize) {
        let owed = &mut self.owed[address].messages;
        *owed = self.garp.repeat.max(*owed);
    }

    /// No longer master.
    pub fn stop(&mut self) {
        self.owed.iter_mut().for_each(|owed| owed.messages = 0);
        self.second_set = None;
        self.refresh = None;
        self.extra_at = None;
    }

    fn next_extra(&self, now: Time) -> Option<Time> {
        let any = !self.extra.is_empty() && !self.garp.extra.is_zero();
        any.then_some(now + self.garp.extra)
    }

    /// Goes on where one with other settings was before a reload; while master ours count from the next set on,
    /// and refreshes begin with one.
    pub fn continue_from(&mut self, former: &Self, now: Time, master: bool) {
        self.second_set = former.second_set;
        self.refresh = (master && !self.garp.refresh.is_zero()).then_some(now);
        self.extra_at = if master { self.next_extra(now) } else { None };
    }

    /// Other gates, in the order of the addresses.
    pub fn set_targets(&mut self, targets: impl Iterator<Item = Target>) {
        for (owed, target) in self.owed.iter_mut().zip(targets) {
            owed.target = target;
        }
    }

    /// When [`Announcer::take_due`] has something to do.
    #[must_use]
    pub fn deadline(&self, gates: &[Gate]) -> Option<Time> {
        let owing = self.owed.iter().filter(|owed| owed.messages > 0).map(|owed| owed.target);
        let queued = owing.map(|target| gates[target.gate].opens(target.ipv6)).min();
        let second = self.second_set.map(|(at, _)| at);
        [queued, second, self.refresh, self.extra_at].into_iter().flatten().min()
    }

    /// Hands each message that is due to `send`, repetition by repetition, through its interface's gate.
    pub fn take_due(&mut self, now: Time, gates: &mut [Gate], mut send: impl FnMut(usize)) {
        if let Some((at, repeat)) = self.second_set
            && now >= at
        {
            self.second_set = None;
            self.owe_all(repeat);
        }
        if let Some(at) = self.refresh
            && now >= at
        {
            self.refresh = Some(now + self.garp.refresh);
            self.owe_all(self.garp.refresh_repeat);
        }
        if self.extra_at.is_some_and(|at| now >= at) {
            self.extra_at = self.next_extra(now);
            for address in &self.extra {
                let owed = &mut self.owed[*address].messages;
                *owed = (*owed).max(1);
            }
        }
        loop {
            // The address that has most messages before it goes first, so that all are heard of early.
            let owing = self.owed.iter_mut().enumerate().rev();
            let may = |owed: &Owed| {
                let Target { gate, ipv6 } = owed.target;
                owed.messages > 0 && now >= gates[gate].opens(ipv6)
            };
            let next = owing.filter(|(_, owed)| may(owed)).max_by_key(|(_, owed)| owed.messages);
            let Some((address, owed)) = next else { return };
            owed.messages -= 1;
            send(address);
            gates[owed.target.gate].pass(owed.target.ipv6, now);
        }
    }

    fn owe_all(&mut self, messages: u32) {
        for owed in &mut self.owed {
            owed.messages = messages.max(owed.messages);
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;
    use std::vec;
    use std::vec::Vec;

    use super::*;
    use crate::vrrp::settings::Pace;

    fn targets<const N: usize>(ipv6: [bool; N]) -> impl Iterator<Item = Target> {
        ipv6.into_iter().map(|ipv6| Target { ipv6, gate: 0 })
    }

    fn gates(interval: u64, na_interval: u64) -> [Gate; 1] {
        let pace = Pace {
            interval: Duration::from_millis(interval),
            na_interval: Duration::from_millis(na_interval),
        };
        [Gate::new(pace)]
    }

    fn taken(announcer: &mut Announcer, ms: u64, gates: &mut [Gate]) -> Vec<usize> {
        let mut sent = Vec::new();
        announcer.take_due(at(ms), gates, |address| sent.push(address));
        sent
    }

    fn at(ms: u64) -> Time {
        Time::from_nanos(ms * 1_000_000)
    }

    #[test]
    fn a_set_now_a_set_later_and_refreshes() {
        let garp = Garp { repeat: 2, refresh: Duration::from_secs(10), ..Garp::default() };
        let mut announcer = Announcer::new(garp, targets([false; 2]));
        let mut gates = gates(0, 0);
        announcer.start(at(1000));
        assert_eq!(taken(&mut announcer, 1000, &mut gates), [0, 1, 0, 1]);
        assert_eq!(announcer.deadline(&gates), Some(at(6000)));
        assert_eq!(taken(&mut announcer, 6000, &mut gates), [0, 1, 0, 1]);
        assert_eq!(announcer.deadline(&gates), Some(at(16_000)));
        assert_eq!(taken(&mut announcer, 16_000, &mut gates), [0, 1]);
        assert_eq!(announcer.deadline(&gates), Some(at(26_000)));
        announcer.stop();
        assert_eq!(announcer.deadline(&gates), None);
    }

    #[test]
    fn interfaces_without_adverts_are_kept_in_mind() {
        let garp = Garp {
            repeat: 1,
            delay: Duration::ZERO,
            extra: Duration::from_secs(3),
            ..Garp::default()
        };
        let mut announcer = Announcer::new(garp, targets([false; 3])).with_extra(vec![1]);
        let mut gates = gates(0, 0);
        assert_eq!(announcer.deadline(&gates), None);
        announcer.start(at(0));
        assert_eq!(taken(&mut announcer, 0, &mut gates), [0, 1, 2]);
        for second in [3, 6] {
            assert_eq!(announcer.deadline(&gates), Some(at(second * 1000)));
            assert_eq!(taken(&mut announcer, second * 1000, &mut gates), [1]);
        }
        announcer.stop();
        assert_eq!(announcer.deadline(&gates), None);
    }

    #[test]
    fn the_interval_spreads_them() {
        let garp = Garp { repeat: 2, delay: Duration::ZERO, ..Garp::default() };
        let mut announcer = Announcer::new(garp, targets([false; 2]));
        let mut gates = gates(100, 0);
        announcer.start(at(0));
        for (ms, sent) in [(0, 0), (100, 1), (200, 0), (300, 1)] {
            assert_eq!(announcer.deadline(&gates).map(|due| due.max(at(ms))), Some(at(ms)));
            assert_eq!(taken(&mut announcer, ms, &mut gates), [sent]);
        }
        assert_eq!(announcer.deadline(&gates), None);
    }

    #[test]
    fn neighbour_advertisements_have_an_interval_of_their_own() {
        let garp = Garp { repeat: 2, delay: Duration::ZERO, ..Garp::default() };
        let mut announcer = Announcer::new(garp, targets([false, true]));
        let mut gates = gates(0, 100);
        announcer.start(at(0));
        assert_eq!(taken(&mut announcer, 0, &mut gates), [0, 1, 0]);
        assert_eq!(announcer.deadline(&gates), Some(at(100)));
        assert_eq!(taken(&mut announcer, 100, &mut gates), [1]);
        assert_eq!(announcer.deadline(&gates), None);
    }
}
