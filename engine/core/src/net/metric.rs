//! Metrics of routes: what a route says of the path behind it (RTAX_*, linux/rtnetlink.h).

use alloc::string::String;
use core::fmt;

/// How a metric is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number from .0 to .1.
    Number(u32, u32),
    /// `N`, or a time (`250ms`, `1.5s`); the kernel counts so many parts of a millisecond.
    Time(u32),
    /// RTAX_FEATURE_ECN, the only one: `ecn`.
    Features,
    /// The name of a congestion control algorithm.
    Name,
}

/// One kind of metric.
#[derive(Debug)]
pub struct Kind {
    /// Its word in iproute2.
    pub word: &'static str,
    /// RTAX_*.
    pub number: u16,
    /// `lock` may stand before its value.
    pub lockable: bool,
    /// How it is written.
    pub unit: Unit,
}

const fn kind(word: &'static str, number: u16, lockable: bool, unit: Unit) -> Kind {
    Kind { word, number, lockable, unit }
}

const ANY: Unit = Unit::Number(0, u32::MAX);
const SWITCH: Unit = Unit::Number(0, 1);

/// RTAX_LOCK: bits of the locked ones.
pub const LOCK: u16 = 1;

/// RTAX_RTO_MIN.
pub const RTO_MIN: u16 = 13;

/// All kinds, by number. `lock` where keepalived takes it.
pub const KINDS: &[Kind] = &[
    kind("mtu", 2, true, ANY),
    kind("window", 3, false, ANY),
    kind("rtt", 4, true, Unit::Time(8)),
    kind("rttvar", 5, true, Unit::Time(4)),
    kind("ssthresh", 6, true, ANY),
    kind("cwnd", 7, true, ANY),
    kind("advmss", 8, true, ANY),
    kind("reordering", 9, true, ANY),
    kind("hoplimit", 10, false, Unit::Number(0, 255)),
    kind("initcwnd", 11, false, ANY),
    kind("features", 12, false, Unit::Features),
    kind("rto_min", RTO_MIN, true, Unit::Time(1)),
    kind("initrwnd", 14, false, ANY),
    kind("quickack", 15, false, SWITCH),
    kind("congctl", 16, true, Unit::Name),
    kind("fastopen_no_cookie", 17, false, SWITCH),
];

impl Kind {
    /// The kind with this RTAX_* number.
    #[must_use]
    pub fn of(number: u16) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.number == number)
    }
}

/// The value of a metric, as the kernel takes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Value {
    /// A number.
    Number(u32),
    /// RTAX_CC_ALGO.
    Name(String),
}

/// One metric of a route.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Metric {
    /// RTAX_*; one of [`KINDS`].
    pub number: u16,
    /// Its value.
    pub value: Value,
    /// The kernel must not change it.
    pub locked: bool,
}

/// As iproute2 takes it.
impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(kind) = Kind::of(self.number) else { return Ok(()) };
        f.write_str(kind.word)?;
        if self.locked {
            f.write_str(" lock")?;
        }
        match (&self.value, kind.unit) {
            (Value::Name(name), _) => write!(f, " {name}"),
            (Value::Number(_), Unit::Features) => f.write_str(" ecn"),
            (Value::Number(n), Unit::Time(parts)) if n % parts == 0 => {
                write!(f, " {}ms", n / parts)
            }
            (Value::Number(n), _) => write!(f, " {n}"),
        }
    }
}

/// `250ms`, `1.5s`, or a bare number of the kernel's parts.
#[must_use]
pub fn time(text: &str, parts: u32) -> Option<u32> {
    let (digits, millis) = match text.strip_suffix("ms") {
        Some(digits) => (digits, 1),
        None => match text.strip_suffix('s') {
            Some(digits) => (digits, 1000),
            None => return text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?,
        },
    };
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let empty = whole.is_empty() && decimals.is_empty();
    if empty || decimals.len() > 9 || !all_digits(whole) || !all_digits(decimals) {
        return None;
    }
    let scale = 10u64.pow(u32::try_from(decimals.len()).ok()?);
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let decimals: u64 = if decimals.is_empty() { 0 } else { decimals.parse().ok()? };
    let all = whole.checked_mul(scale)?.checked_add(decimals)?;
    let counted = all.checked_mul(millis)?.checked_mul(u64::from(parts))?;
    // Half a part counts as one.
    u32::try_from(counted.checked_add(scale / 2)? / scale).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_become_the_kernels_parts() {
        for (text, parts, want) in [
            ("250ms", 8, Some(2000)),
            ("1.5s", 8, Some(12000)),
            ("1000", 8, Some(1000)),
            (".5s", 4, Some(2000)),
            ("0.3ms", 8, Some(2)),
            ("s", 8, None),
            ("ms", 8, None),
            ("1m", 8, None),
            ("-1", 8, None),
            ("99999999999s", 8, None),
            ("", 8, None),
        ] {
            assert_eq!(time(text, parts), want, "{text}");
        }
    }

    #[test]
    fn the_kinds_are_sorted_by_number() {
        assert!(KINDS.is_sorted_by_key(|kind| kind.number));
    }
}
