//! A seeded generator (SplitMix64, Steele, Lea and Flood 2014): the same seed gives the same run. Not for secrets.

use core::time::Duration;

/// The generator; its whole state is one number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Random(u64);

impl Random {
    /// A generator that always gives the same numbers for the same seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number, all 64 bits equally likely.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number in 0..`limit`; 0 if `limit` is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        if limit == 0 { 0 } else { self.next_u64() % limit }
    }

    /// A part of `whole`, in steps of a nanosecond.
    pub fn part_of(&mut self, whole: Duration) -> Duration {
        Duration::from_nanos(self.below(u64::try_from(whole.as_nanos()).unwrap_or(u64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_sequence_of_seed_1234567() {
        let mut random = Random::new(1_234_567);
        let got: [u64; 3] = core::array::from_fn(|_| random.next_u64());
        assert_eq!(
            got,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn a_part_is_less_than_the_whole() {
        let mut random = Random::new(1);
        for _ in 0..1000 {
            assert!(random.part_of(Duration::from_millis(3)) < Duration::from_millis(3));
        }
        assert_eq!(random.part_of(Duration::ZERO), Duration::ZERO);
    }
}
