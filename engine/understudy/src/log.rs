//! The log: lines on stderr, with systemd's priority prefix when it listens. Writing never waits: a line that finds no
//! room is counted, and the count is told with the next that does. Never give it a secret.

use std::fmt::Write as _;
use std::os::fd::AsFd;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use crate::sys::{clock, socket};

/// How much a line matters (syslog's numbers).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// Something does not work.
    Error = 3,
    /// Something will not work, or did not for a moment.
    Warning = 4,
    /// Something that an operator wants to know changed.
    Notice = 5,
    /// What happens.
    Info = 6,
    /// How it happens.
    Debug = 7,
}

static LOST: AtomicU32 = AtomicU32::new(0);
static FINEST: AtomicU8 = AtomicU8::new(Level::Info as u8);
static NAME: OnceLock<&'static str> = OnceLock::new();

/// Says which process writes, and down to which level.
pub fn init(name: &'static str, finest: Level) {
    let _ = NAME.set(name);
    FINEST.store(finest as u8, Ordering::Relaxed);
}

/// Is everything written, also what only developers want?
pub fn is_detailed() -> bool {
    FINEST.load(Ordering::Relaxed) >= Level::Debug as u8
}

/// Writes a line.
pub fn write(level: Level, text: &str) {
    if level as u8 > FINEST.load(Ordering::Relaxed) {
        return;
    }
    let lost = LOST.swap(0, Ordering::Relaxed);
    let mut out = String::with_capacity(text.len() + 64);
    if lost > 0 {
        line(&mut out, Level::Warning, &format!("{lost} log lines were lost: nobody read them"));
    }
    for part in text.lines() {
        line(&mut out, level, part);
    }
    if !socket::write_now(&std::io::stderr().as_fd(), out.as_bytes()) {
        LOST.fetch_add(lost + 1, Ordering::Relaxed);
    }
}

fn line(out: &mut String, level: Level, text: &str) {
    static JOURNAL: OnceLock<bool> = OnceLock::new();
    let name = NAME.get().copied().unwrap_or("understudy");
    if *JOURNAL.get_or_init(|| std::env::var_os("JOURNAL_STREAM").is_some()) {
        let _ = write!(out, "<{}>{name}: ", level as u8);
    } else {
        let now = clock::realtime();
        let (_, _, _, hour, minute, second) = clock::local(now);
        let _ =
            write!(out, "{hour:02}:{minute:02}:{second:02}.{:03} {name}: ", now.subsec_millis());
    }
    // One line is one record, and control characters of others' output stay out of terminals.
    out.extend(text.chars().map(|c| if c.is_control() && c != '\t' { '?' } else { c }));
    out.push('\n');
}

/// `error!("...")` and so on: `log::write` with a format.
#[macro_export]
macro_rules! say {
    ($level:ident, $($part:tt)+) => {
        $crate::log::write($crate::log::Level::$level, &format!($($part)+))
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_one_end_and_no_control_characters() {
        let mut out = String::new();
        line(&mut out, Level::Info, "a\x1b[31mb\tc");
        assert!(out.ends_with("a?[31mb\tc\n"), "{out:?}");
        assert_eq!(out.lines().count(), 1);
    }
}
