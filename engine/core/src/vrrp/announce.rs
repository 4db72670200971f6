//! When an instance's addresses are announced by gratuitous ARP or unsolicited NA (reference §3.4): a first set at once,
//! a delayed set, a refresh, and all of it no faster than the interface's interval allows.

use alloc::vec::Vec;

use super::settings::Garp;
use crate::time::Time;

/// The announcements that one instance owes. Addresses are known by their index.
#[derive(Clone, Debug)]
pub struct Announcer {
    garp: Garp,
    /// Messages still to be sent, for each address.
    owed: Vec<u32>,
    second_set: Option<(Time, u32)>,
    refresh: Option<Time>,
}

impl Announcer {
    /// Owes nothing yet.
    #[must_use]
    pub fn new(garp: Garp, addresses: usize) -> Self {
        Self { garp, owed: alloc::vec![0; addresses], second_set: None, refresh: None }
    }

    /// Became master at `now`.
    pub fn start(&mut self, now: Time) {
        self.owe_all(self.garp.repeat);
        self.second_set =
            (!self.garp.delay.is_zero()).then_some((now + self.garp.delay, self.garp.repeat));
        self.refresh =
            (!self.garp.refresh.is_zero()).then_some(now + self.garp.delay + self.garp.refresh);
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
        self.owed[address] = self.garp.repeat.max(self.owed[address]);
    }

    /// No longer master.
    pub fn stop(&mut self) {
        self.owed.fill(0);
        self.second_set = None;
        self.refresh = None;
    }

    /// Other settings, from a reload; while master they count from the next set on.
    pub fn reload(&mut self, garp: Garp, addresses: usize, now: Time, master: bool) {
        self.garp = garp;
        self.owed.clear();
        self.owed.resize(addresses, 0);
        self.refresh = (master && !garp.refresh.is_zero()).then_some(now + garp.refresh);
    }

    /// When [`Announcer::take_due`] has something to do; `gate`: before that the interface takes nothing more.
    #[must_use]
    pub fn deadline(&self, gate: Time) -> Option<Time> {
        let queued = self.owed.iter().any(|owed| *owed > 0).then_some(gate);
        let second = self.second_set.map(|(at, _)| at);
        [queued, second, self.refresh].into_iter().flatten().min()
    }

    /// Hands each message that is due to `send`, repetition by repetition, and moves the interface's `gate`.
    pub fn take_due(&mut self, now: Time, gate: &mut Time, mut send: impl FnMut(usize)) {
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
        while now >= *gate {
            // The address that has most messages before it goes first, so that all are heard of early.
            let Some((address, owed)) =
                self.owed.iter_mut().enumerate().rev().max_by_key(|(_, owed)| **owed)
            else {
                return;
            };
            if *owed == 0 {
                return;
            }
            *owed -= 1;
            send(address);
            if !self.garp.interval.is_zero() {
                *gate = now + self.garp.interval;
            }
        }
    }

    fn owe_all(&mut self, messages: u32) {
        for owed in &mut self.owed {
            *owed = messages.max(*owed);
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;
    use std::vec::Vec;

    use super::*;

    fn taken(announcer: &mut Announcer, ms: u64, gate: &mut Time) -> Vec<usize> {
        let mut sent = Vec::new();
        announcer.take_due(at(ms), gate, |address| sent.push(address));
        sent
    }

    fn at(ms: u64) -> Time {
        Time::from_nanos(ms * 1_000_000)
    }

    #[test]
    fn a_set_now_a_set_later_and_refreshes() {
        let garp = Garp { repeat: 2, refresh: Duration::from_secs(10), ..Garp::default() };
        let mut announcer = Announcer::new(garp, 2);
        let mut gate = Time::ZERO;
        announcer.start(at(1000));
        assert_eq!(taken(&mut announcer, 1000, &mut gate), [0, 1, 0, 1]);
        assert_eq!(announcer.deadline(gate), Some(at(6000)));
        assert_eq!(taken(&mut announcer, 6000, &mut gate), [0, 1, 0, 1]);
        assert_eq!(announcer.deadline(gate), Some(at(16_000)));
        assert_eq!(taken(&mut announcer, 16_000, &mut gate), [0, 1]);
        assert_eq!(announcer.deadline(gate), Some(at(26_000)));
        announcer.stop();
        assert_eq!(announcer.deadline(gate), None);
    }

    #[test]
    fn the_interval_spreads_them() {
        let garp = Garp {
            repeat: 2,
            delay: Duration::ZERO,
            interval: Duration::from_millis(100),
            ..Garp::default()
        };
        let mut announcer = Announcer::new(garp, 2);
        let mut gate = Time::ZERO;
        announcer.start(at(0));
        for (ms, sent) in [(0, 0), (100, 1), (200, 0), (300, 1)] {
            assert_eq!(announcer.deadline(gate).map(|due| due.max(at(ms))), Some(at(ms)));
            assert_eq!(taken(&mut announcer, ms, &mut gate), [sent]);
        }
        assert_eq!(announcer.deadline(gate), None);
    }
}
