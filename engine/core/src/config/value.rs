//! Words as values: switches, numbers, times, addresses (reference, conventions and §1.5).

use alloc::format;
use alloc::string::{String, ToString};
use core::net::IpAddr;
use core::time::Duration;

use super::diagnostic::{At, Diagnostics, code};
use super::lexer::Word;

/// `on`, `true`, `yes` or `off`, `false`, `no`; without a word, on.
pub fn switch(keyword: &Word, word: Option<&Word>, out: &mut Diagnostics) -> Option<At<bool>> {
    let Some(word) = word else { return Some(At::new(true, keyword.span)) };
    match word.text.as_str() {
        "on" | "true" | "yes" => Some(At::new(true, word.span)),
        "off" | "false" | "no" => Some(At::new(false, word.span)),
        _ => {
            out.add(
                code::BAD_ARGUMENT,
                word.span,
                format!("`{}`: `{}` is neither on nor off", keyword.text, word.text),
            )
            .label("expected on, true, yes, off, false or no");
            None
        }
    }
}

/// A decimal number from `low` to `high`.
pub fn int(name: &str, word: &Word, low: i64, high: i64, out: &mut Diagnostics) -> Option<i64> {
    let text = word.text.trim();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        out.add(code::BAD_ARGUMENT, word.span, format!("`{name}`: `{text}` is not a number"))
            .label(format!("expected a number from {low} to {high}"));
        return None;
    }
    let number = text.parse().ok().filter(|n| (low..=high).contains(n));
    if number.is_none() {
        out.add(code::OUT_OF_RANGE, word.span, format!("`{name}`: {text} is out of range"))
            .label(format!("expected {low} to {high}"));
    }
    number
}

/// Decimal seconds; the bounds are microseconds.
pub fn time(
    name: &str,
    word: &Word,
    low: u64,
    high: u64,
    out: &mut Diagnostics,
) -> Option<Duration> {
    let range = || format!("expected seconds from {} to {}", seconds(low), seconds(high));
    let Some((micros, rounded)) = micros(word.text.trim()) else {
        out.add(code::BAD_ARGUMENT, word.span, format!("`{name}`: `{}` is not a time", word.text))
            .label(range());
        return None;
    };
    if !(low..=high).contains(&micros) {
        out.add(
            code::OUT_OF_RANGE,
            word.span,
            format!("`{name}`: {} s is out of range", word.text),
        )
        .label(range());
        return None;
    }
    if rounded {
        out.add(code::ADJUSTED, word.span, format!("`{name}`: more than 6 decimals"))
            .label(format!("taken as {} s", seconds(micros)));
    }
    Some(Duration::from_micros(micros))
}

/// Microseconds of decimal seconds, rounded half up; whether they had to be rounded.
pub fn micros(text: &str) -> Option<(u64, bool)> {
    let text = text.strip_prefix('+').unwrap_or(text);
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && decimals.is_empty()) || !all_digits(whole) || !all_digits(decimals) {
        return None;
    }
    let seconds: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let kept: String = decimals.chars().chain("000000".chars()).take(6).collect();
    let up = u64::from(decimals.as_bytes().get(6).is_some_and(|b| *b >= b'5'));
    let micros = seconds.checked_mul(1_000_000)?.checked_add(kept.parse().ok()?)?;
    Some((micros.checked_add(up)?, decimals.len() > 6))
}

/// Microseconds as decimal seconds, as short as possible.
#[must_use]
pub fn seconds(micros: u64) -> String {
    let (whole, rest) = (micros / 1_000_000, micros % 1_000_000);
    if rest == 0 {
        return whole.to_string();
    }
    let text = format!("{whole}.{rest:06}");
    text.trim_end_matches('0').to_string()
}

/// An IPv4 or IPv6 address.
pub fn ip(name: &str, word: &Word, out: &mut Diagnostics) -> Option<At<IpAddr>> {
    match word.text.parse() {
        Ok(ip) => Some(At::new(ip, word.span)),
        Err(_) => {
            out.add(
                code::BAD_ARGUMENT,
                word.span,
                format!("`{name}`: `{}` is no address", word.text),
            )
            .label("expected an IPv4 or IPv6 address");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_up_to_six_decimals() {
        assert_eq!(micros("1"), Some((1_000_000, false)));
        assert_eq!(micros(".5"), Some((500_000, false)));
        assert_eq!(micros("0.0000015"), Some((2, true)));
        assert_eq!(micros("2x"), None);
        assert_eq!(micros("-1"), None);
        assert_eq!(micros("."), None);
        assert_eq!(micros("99999999999999999999"), None);
        assert_eq!(seconds(1_500_000), "1.5");
        assert_eq!(seconds(3_000_000), "3");
        assert_eq!(seconds(1), "0.000001");
    }

    #[test]
    fn numbers_are_decimal_and_in_range() {
        let read = |text: &str| {
            let word = Word { text: text.into(), span: Default::default() };
            int("n", &word, 1, 255, &mut Diagnostics::default())
        };
        assert_eq!(read("050"), Some(50));
        assert_eq!(read("+7"), Some(7));
        assert_eq!(read("0x50"), None);
        assert_eq!(read("256"), None);
        assert_eq!(read("-1"), None);
        assert_eq!(read("12abc"), None);
    }
}
