//! How long a backup waits (RFC 3768 §6.1, RFC 9568 §6.1).

use core::time::Duration;

use super::settings::Version;

/// Skew_Time: the better the priority, the sooner. In version 2 a part of a second, in version 3 of the interval.
#[must_use]
pub fn skew_time(version: Version, priority: u8, master_advert_interval: Duration) -> Duration {
    let whole = match version {
        Version::V2 => Duration::from_secs(1),
        Version::V3 => master_advert_interval,
    };
    whole * (256 - u32::from(priority)) / 256
}

/// Master_Down_Interval: this much silence makes a backup the master.
#[must_use]
pub fn master_down_interval(
    version: Version,
    priority: u8,
    master_advert_interval: Duration,
    adverts: u8,
) -> Duration {
    master_advert_interval * u32::from(adverts)
        + skew_time(version, priority, master_advert_interval)
}

/// Adverts due within this much of each other leave together: waking up costs far more than sending.
#[must_use]
pub fn slack(advert_interval: Duration) -> Duration {
    (advert_interval / 20).min(Duration::from_millis(50))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn version_2_skews_by_a_part_of_a_second() {
        assert_eq!(skew_time(Version::V2, 100, 5 * SECOND), Duration::from_nanos(609_375_000));
        let down = master_down_interval(Version::V2, 100, 5 * SECOND, 3);
        assert_eq!(down, Duration::from_nanos(15_609_375_000));
    }

    #[test]
    fn version_3_skews_by_a_part_of_the_interval() {
        let down = master_down_interval(Version::V3, 100, Duration::from_millis(10), 3);
        assert_eq!(down, Duration::from_nanos(36_093_750));
        assert_eq!(skew_time(Version::V3, 255, SECOND), Duration::from_nanos(3_906_250));
    }

    #[test]
    fn slack_is_small_for_short_intervals() {
        assert_eq!(slack(Duration::from_millis(10)), Duration::from_micros(500));
        assert_eq!(slack(10 * SECOND), Duration::from_millis(50));
    }
}
