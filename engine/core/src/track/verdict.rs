//! What an observation means for an instance: a weight, or a fault (reference §3.8).

use super::settings::TrackRef;

/// What is known of a tracked object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Health {
    /// No result yet.
    Unknown,
    /// As it should be.
    Good,
    /// Failed.
    Bad,
}

/// What it means for one instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Added to the priority.
    Weight(i32),
    /// The instance can't work.
    Fault,
    /// The instance waits for the first result.
    Undecided,
}

impl TrackRef {
    /// What `health` means for the instance that refers to it.
    #[must_use]
    pub fn verdict(&self, health: Health) -> Verdict {
        let weight = i32::from(self.weight);
        let signed = if self.reverse { -weight } else { weight };
        let wrong = if self.reverse { Health::Good } else { Health::Bad };
        match health {
            Health::Unknown if weight == 0 => Verdict::Undecided,
            _ if weight == 0 && health == wrong => Verdict::Fault,
            Health::Good if weight > 0 => Verdict::Weight(signed),
            Health::Bad if weight < 0 => Verdict::Weight(signed),
            Health::Unknown | Health::Good | Health::Bad => Verdict::Weight(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_count_on_one_side_only() {
        use Health::{Bad, Good, Unknown};
        use Verdict::{Fault, Undecided, Weight};
        for (weight, reverse, [unknown, good, bad]) in [
            (0, false, [Undecided, Weight(0), Fault]),
            (0, true, [Undecided, Fault, Weight(0)]),
            (10, false, [Weight(0), Weight(10), Weight(0)]),
            (-10, false, [Weight(0), Weight(0), Weight(-10)]),
            (10, true, [Weight(0), Weight(-10), Weight(0)]),
            (-10, true, [Weight(0), Weight(0), Weight(10)]),
        ] {
            let track = TrackRef { name: "x".into(), weight, reverse };
            let verdicts = [Unknown, Good, Bad].map(|health| track.verdict(health));
            assert_eq!(verdicts, [unknown, good, bad], "weight {weight} reverse {reverse}");
        }
    }
}
