//! A tracked file: the number that it holds is multiplied by the weight (reference §2.10, §3.8).

use super::settings::{FileSettings, TrackRef};
use super::verdict::Verdict;

/// One file with what it held last.
#[derive(Clone, Debug)]
pub struct File {
    settings: FileSettings,
    value: i32,
}

/// What was found in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// A number; 0 where there is no file, or no number in it.
    Number(i32),
    /// A number beyond 32 bits: what was there before counts.
    TooBig,
}

impl Content {
    /// Reads what strtol(3) with base 0 would: blanks, a sign, `0x` and hexadecimal, `0` and octal, or decimal digits;
    /// whatever follows does not count.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        let text = bytes.trim_ascii_start();
        let (negative, text) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            _ => (false, text),
        };
        let (base, digits) = match text {
            [b'0', b'x' | b'X', digit, ..] if digit.is_ascii_hexdigit() => (16, &text[2..]),
            [b'0', ..] => (8, text),
            _ => (10, text),
        };
        let mut number = 0_i64;
        for digit in digits.iter().map_while(|byte| char::from(*byte).to_digit(base)) {
            number = number.saturating_mul(i64::from(base)).saturating_add(i64::from(digit));
        }
        let number = if negative { -number } else { number };
        i32::try_from(number).map_or(Self::TooBig, Self::Number)
    }
}

impl File {
    /// One that holds nothing yet.
    #[must_use]
    pub const fn new(settings: FileSettings) -> Self {
        Self { settings, value: 0 }
    }

    /// What the configuration says.
    #[must_use]
    pub const fn settings(&self) -> &FileSettings {
        &self.settings
    }

    /// What it held last.
    #[must_use]
    pub const fn value(&self) -> i32 {
        self.value
    }

    /// Takes in what it holds; the former value if that is another one.
    pub fn observe(&mut self, content: Content) -> Option<i32> {
        let Content::Number(value) = content else { return None };
        let former = core::mem::replace(&mut self.value, value);
        (former != value).then_some(former)
    }
}

impl TrackRef {
    /// What a file's `value` means for the instance that refers to it.
    #[must_use]
    pub fn verdict_of_value(&self, value: i32) -> Verdict {
        if self.weight == 0 {
            let wrong = (value != 0) != self.reverse;
            return if wrong { Verdict::Fault } else { Verdict::Weight(0) };
        }
        let weight = i64::from(if self.reverse { -self.weight } else { self.weight });
        match i64::from(value) * weight {
            ..=-254 => Verdict::Fault,
            sum => Verdict::Weight(i32::try_from(sum.min(253)).unwrap_or(253)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_keepalived_reads_them() {
        // As keepalived 2.2.7 took them.
        for (text, value) in [
            ("10\n", 10),
            ("-5", -5),
            ("+7", 7),
            (" 12", 12),
            ("12abc", 12),
            ("abc", 0),
            ("0x10", 16),
            ("010", 8),
            ("5 6", 5),
            ("", 0),
            ("3.7", 3),
            ("4\n5\n", 4),
            ("0x", 0),
            ("08", 0),
            ("-0xff", -255),
            ("2147483647", i32::MAX),
        ] {
            assert_eq!(Content::read(text.as_bytes()), Content::Number(value), "{text:?}");
        }
        for text in ["99999999999", "-2147483649", "99999999999999999999999999"] {
            assert_eq!(Content::read(text.as_bytes()), Content::TooBig, "{text:?}");
        }
        assert_eq!(Content::read(&[0xff, b'1']), Content::Number(0));
    }

    #[test]
    fn a_value_is_multiplied_until_it_is_a_fault() {
        use Verdict::{Fault, Weight};
        for (weight, reverse, value, verdict) in [
            (0, false, 0, Weight(0)),
            (0, false, -1, Fault),
            (0, true, 0, Fault),
            (0, true, 3, Weight(0)),
            (1, false, 20, Weight(20)),
            (1, true, 20, Weight(-20)),
            (-3, false, 20, Weight(-60)),
            (-3, true, 20, Weight(60)),
            (1, false, -253, Weight(-253)),
            (1, false, -254, Fault),
            (2, false, -127, Fault),
            (1, false, 254, Weight(253)),
            (254, false, i32::MAX, Weight(253)),
            (254, false, i32::MIN, Fault),
            (-254, false, i32::MIN, Weight(253)),
        ] {
            let track = TrackRef { name: "f".into(), weight, reverse };
            assert_eq!(track.verdict_of_value(value), verdict, "{weight} {reverse} {value}");
        }
    }

    #[test]
    fn a_number_that_is_too_big_changes_nothing() {
        let settings = FileSettings { name: "f".into(), path: "/f".into(), init: None };
        let mut file = File::new(settings);
        assert_eq!(file.observe(Content::Number(8)), Some(0));
        assert_eq!(file.observe(Content::TooBig), None);
        assert_eq!(file.observe(Content::Number(8)), None);
        assert_eq!(file.value(), 8);
    }
}
