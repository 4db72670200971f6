//! An interface whose changes count only when they last (`interface_up_down_delays`, reference §2.6).

use core::time::Duration;

use super::settings::LinkDelays;
use crate::time::Time;

/// One interface with what counts of it, and what may count soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Link {
    /// What counts.
    up: bool,
    /// It is the other way round, and counts from then on.
    turns_at: Option<Time>,
}

impl Link {
    /// As it is seen first: without a delay.
    #[must_use]
    pub const fn new(up: bool) -> Self {
        Self { up, turns_at: None }
    }

    /// What counts.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        self.up
    }

    /// When something else may count.
    #[must_use]
    pub const fn deadline(&self) -> Option<Time> {
        self.turns_at
    }

    /// Is up or down at `now`; says whether that counts at once.
    pub fn observe(&mut self, up: bool, delays: LinkDelays, now: Time) -> bool {
        if up == self.up {
            self.turns_at = None;
            return false;
        }
        let delay = if up { delays.up } else { delays.down };
        if delay == Duration::ZERO {
            *self = Self::new(up);
            return true;
        }
        self.turns_at.get_or_insert(now + delay);
        false
    }

    /// Says whether what has lasted counts now.
    pub fn timer(&mut self, now: Time) -> bool {
        let due = self.turns_at.is_some_and(|at| now >= at);
        if due {
            *self = Self::new(!self.up);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lasts_counts() {
        let at = |ms: u64| Time::from_nanos(ms * 1_000_000);
        let delays = LinkDelays { down: Duration::from_millis(500), up: Duration::from_secs(2) };
        let mut link = Link::new(true);
        assert!(!link.observe(false, delays, at(0)));
        assert!(!link.observe(false, delays, at(300)), "counted from the first");
        assert_eq!(link.deadline(), Some(at(500)));
        assert!(!link.observe(true, delays, at(400)));
        assert_eq!(link.deadline(), None);
        link.observe(false, delays, at(1000));
        assert!(!link.timer(at(1499)) && link.is_up());
        assert!(link.timer(at(1500)) && !link.is_up());
        link.observe(true, delays, at(2000));
        assert!(!link.timer(at(3999)));
        assert!(link.timer(at(4000)) && link.is_up());
        assert!(link.observe(false, LinkDelays::default(), at(5000)), "no delay");
    }
}
