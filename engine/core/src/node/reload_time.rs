//! The content of `reload_time_file` (reference §2.2): `HH:MM:SS`, `YY-MM-DD HH:MM:SS` or `YYYY-MM-DD HH:MM:SS`, each with
//! an optional `Z` for UTC.

/// A moment as people write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Year, month, day; `None`: any day.
    pub date: Option<(i32, i32, i32)>,
    /// Hour, minute, second.
    pub time: (i32, i32, i32),
    /// Not local time.
    pub utc: bool,
}

impl Moment {
    /// Reads it.
    ///
    /// # Errors
    /// Says what it should look like.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const FORM: &str = "expected [[YY]YY-MM-DD ]HH:MM:SS[Z]";
        let text = text.trim();
        let (text, utc) = match text.strip_suffix('Z') {
            Some(rest) => (rest.trim_end(), true),
            None => (text, false),
        };
        let (date, time) = match text.split_once([' ', '\t']) {
            Some((date, time)) => (Some(date), time.trim_start()),
            None => (None, text),
        };
        let time = numbers(time, ':').ok_or(FORM)?;
        if time.0 > 23 || time.1 > 59 || time.2 > 59 {
            return Err("there is no such time of day");
        }
        let date = match date {
            None => None,
            Some(date) => {
                let (year, month, day) = numbers(date, '-').ok_or(FORM)?;
                let year = if year < 100 { year + 2000 } else { year };
                if !(1970..=9999).contains(&year) || day < 1 || day > days(year, month) {
                    return Err("there is no such day");
                }
                Some((year, month, day))
            }
        };
        Ok(Self { date, time, utc })
    }
}

/// Three decimal numbers.
fn numbers(text: &str, between: char) -> Option<(i32, i32, i32)> {
    let mut parts = text.split(between).map(|part| {
        let good = (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        good.then(|| part.parse().ok()).flatten()
    });
    let numbers = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(numbers)
}

const fn days(year: i32, month: i32) -> i32 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_dates_are_read() {
        let moment = |text| Moment::parse(text).ok().map(|m| (m.date, m.time, m.utc));
        assert_eq!(moment("03:04:05"), Some((None, (3, 4, 5), false)));
        assert_eq!(moment("23:59:59Z\n"), Some((None, (23, 59, 59), true)));
        let date = Some((2026, 2, 28));
        assert_eq!(moment("26-02-28 00:00:00"), Some((date, (0, 0, 0), false)));
        assert_eq!(moment("2026-02-28 00:00:00Z"), Some((date, (0, 0, 0), true)));
        assert!(moment("2024-02-29 00:00:00").is_some());
        for wrong in [
            "",
            "24:00:00",
            "00:60:00",
            "1:2",
            "1:2:3:4",
            "-1:00:00",
            "26-02-29 00:00:00",
            "26-13-01 00:00:00",
            "26-01-00 00:00:00",
            "26-01-01",
            "tomorrow",
        ] {
            assert_eq!(moment(wrong), None, "{wrong}");
        }
    }
}
