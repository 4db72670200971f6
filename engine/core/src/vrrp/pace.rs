//! How fast announcements may follow each other: on one interface, or on several that share a limit (`garp_group`,
//! `vrrp_garp_interval`; reference §2.6).

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::settings::{Pace, Paces};
use crate::time::Time;

/// Before that no more announcements.
#[derive(Clone, Copy, Debug)]
pub struct Gate {
    pace: Pace,
    /// Gratuitous ARPs.
    arp: Time,
    /// Neighbour advertisements.
    na: Time,
}

impl Gate {
    /// One that is open.
    #[must_use]
    pub const fn new(pace: Pace) -> Self {
        Self { pace, arp: Time::ZERO, na: Time::ZERO }
    }

    /// When it is open for the next message.
    #[must_use]
    pub const fn opens(&self, ipv6: bool) -> Time {
        if ipv6 { self.na } else { self.arp }
    }

    /// A message goes through at `now`.
    pub fn pass(&mut self, ipv6: bool, now: Time) {
        let (gate, interval) = if ipv6 {
            (&mut self.na, self.pace.na_interval)
        } else {
            (&mut self.arp, self.pace.interval)
        };
        if interval > Duration::ZERO {
            *gate = now + interval;
        }
    }
}

/// The gates of all interfaces.
#[derive(Clone, Debug, Default)]
pub struct Gates {
    paces: Paces,
    gates: Vec<Gate>,
    /// Index of the gate, by interface.
    interfaces: BTreeMap<String, usize>,
}

impl Gates {
    /// All open.
    #[must_use]
    pub fn new(paces: Paces) -> Self {
        Self { paces, ..Self::default() }
    }

    /// What they were made of.
    #[must_use]
    pub const fn paces(&self) -> &Paces {
        &self.paces
    }

    /// Index of the gate of an interface.
    pub fn of(&mut self, interface: &str) -> usize {
        if let Some(index) = self.interfaces.get(interface) {
            return *index;
        }
        let index = self.gates.len();
        let mut groups = self.paces.groups.iter();
        let group = groups.find(|group| group.interfaces.iter().any(|it| it == interface));
        let shared: &[String] = group.map_or(&[], |group| &group.interfaces);
        let names = shared.iter().map(String::as_str).chain([interface]);
        self.interfaces.extend(names.map(|name| (name.into(), index)));
        self.gates.push(Gate::new(group.map_or(self.paces.default, |group| group.pace)));
        index
    }

    /// To ask them, and to pass.
    pub const fn all(&mut self) -> &mut [Gate] {
        self.gates.as_mut_slice()
    }

    /// To ask them.
    #[must_use]
    pub const fn list(&self) -> &[Gate] {
        self.gates.as_slice()
    }
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;
    use crate::vrrp::settings::PaceGroup;

    #[test]
    fn interfaces_of_a_group_share_a_gate() {
        let pace = |ms| Pace { interval: Duration::from_millis(ms), na_interval: Duration::ZERO };
        let group =
            |pace, names: [&str; 2]| PaceGroup { pace, interfaces: names.map(Into::into).into() };
        let paces = Paces {
            default: pace(1),
            groups: vec![group(pace(2), ["a", "b"]), group(pace(3), ["c", "d"])],
        };
        let mut gates = Gates::new(paces);
        let found = ["x", "b", "a", "y", "x", "d"].map(|name| gates.of(name));
        assert_eq!(found, [0, 1, 1, 2, 0, 3]);
        let paces = gates.list().iter().map(|gate| gate.pace.interval.as_millis());
        assert_eq!(paces.collect::<Vec<_>>(), [1, 2, 1, 3]);
    }
}
