//! The kernel's clocks. Protocol time is CLOCK_MONOTONIC: it is the same for all processes until the next boot, and it
//! stands still while the machine sleeps (after a resume no deadline is overdue by the night).

use std::time::Duration;

use understudy_core::time::Time;

fn nanos(clock: libc::clockid_t) -> u64 {
    let mut ts = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `ts` is valid for writing; the clocks used here always exist.
    unsafe { libc::clock_gettime(clock, &raw mut ts) };
    let seconds = u64::try_from(ts.tv_sec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(ts.tv_nsec).unwrap_or(0))
}

/// Now, on the engine's clock.
pub fn now() -> Time {
    Time::from_nanos(nanos(libc::CLOCK_MONOTONIC))
}

/// Now, as people write it: time since 1970.
pub fn realtime() -> Duration {
    Duration::from_nanos(nanos(libc::CLOCK_REALTIME))
}

/// Microseconds on CLOCK_MONOTONIC, as systemd's `MONOTONIC_USEC=` wants them.
pub fn monotonic_usec() -> u64 {
    nanos(libc::CLOCK_MONOTONIC) / 1000
}

/// Notices that the machine slept: CLOCK_BOOTTIME goes on meanwhile, CLOCK_MONOTONIC does not.
#[derive(Debug)]
pub struct SleepWatch {
    gap: u64,
}

/// Less than this is the distance between the two readings, not sleep.
const NOTICED: u64 = 50_000_000;

impl SleepWatch {
    fn gap_now() -> u64 {
        nanos(libc::CLOCK_BOOTTIME).saturating_sub(nanos(libc::CLOCK_MONOTONIC))
    }

    /// Starts watching.
    pub fn new() -> Self {
        Self { gap: Self::gap_now() }
    }

    /// How long the machine slept since the last call, if it did.
    pub fn slept(&mut self) -> Option<Duration> {
        let gap = Self::gap_now();
        let slept = gap.saturating_sub(self.gap);
        if slept < NOTICED {
            return None;
        }
        self.gap = gap;
        Some(Duration::from_nanos(slept))
    }
}

/// Local time of day and date for people: (year, month, day, hour, minute, second).
pub fn local(since_epoch: Duration) -> (i32, i32, i32, i32, i32, i32) {
    let seconds = libc::time_t::try_from(since_epoch.as_secs()).unwrap_or(0);
    // SAFETY: an all-zero `tm` is a valid value of it.
    let mut tm: libc::tm = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are valid for the call; the result is written into `tm`.
    unsafe { libc::localtime_r(&raw const seconds, &raw mut tm) };
    (tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec)
}

/// The same in UTC.
pub fn utc(since_epoch: Duration) -> (i32, i32, i32, i32, i32, i32) {
    let seconds = libc::time_t::try_from(since_epoch.as_secs()).unwrap_or(0);
    // SAFETY: an all-zero `tm` is a valid value of it.
    let mut tm: libc::tm = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are valid for the call; the result is written into `tm`.
    unsafe { libc::gmtime_r(&raw const seconds, &raw mut tm) };
    (tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec)
}

/// The time since 1970 of a date (year, month, day) and a time (hour, minute, second), local or in UTC. A day behind the
/// last of its month is in the next one.
pub fn of_calendar(date: (i32, i32, i32), time: (i32, i32, i32), in_utc: bool) -> Option<Duration> {
    // SAFETY: an all-zero `tm` is a valid value of it.
    let mut tm: libc::tm = unsafe { std::mem::zeroed() };
    (tm.tm_year, tm.tm_mon, tm.tm_mday) = (date.0 - 1900, date.1 - 1, date.2);
    (tm.tm_hour, tm.tm_min, tm.tm_sec) = time;
    tm.tm_isdst = -1;
    // SAFETY: a valid structure; both bring it into its normal form.
    let seconds =
        unsafe { if in_utc { libc::timegm(&raw mut tm) } else { libc::mktime(&raw mut tm) } };
    u64::try_from(seconds).ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_forward_and_nobody_slept() {
        let mut watch = SleepWatch::new();
        let before = now();
        assert!(now() >= before);
        assert_eq!(watch.slept(), None);
        assert!(realtime() > Duration::from_secs(1_700_000_000));
    }

    #[test]
    fn the_calendar_goes_both_ways() {
        let day = of_calendar((2026, 2, 29), (1, 2, 3), true).unwrap();
        assert_eq!(utc(day), (2026, 3, 1, 1, 2, 3));
        let day = of_calendar((2026, 7, 31), (1, 2, 3), false).unwrap();
        assert_eq!(local(day), (2026, 7, 31, 1, 2, 3));
    }

    #[test]
    fn sleep_is_told_once() {
        let mut watch = SleepWatch { gap: SleepWatch::gap_now().saturating_sub(3_000_000_000) };
        if SleepWatch::gap_now() < 3_000_000_000 {
            return; // a machine that has never slept: the subtraction above reached zero
        }
        assert_eq!(watch.slept().map(|d| d.as_secs()), Some(3));
        assert_eq!(watch.slept(), None);
    }
}
