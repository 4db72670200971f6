//! The log: lines on stderr, with systemd's priority prefix when it listens; in place of keepalived also to syslog and
//! to a file. Writing never waits: a line that finds no room is counted, and the count is told with the next that does.
//! Never give it a secret.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use serde::{Deserialize, Serialize};

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

/// Where lines go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sinks {
    /// stderr.
    pub console: bool,
    /// syslog, with this facility (its number, not shifted).
    pub syslog: Option<u8>,
    /// A file; each process has its own.
    pub file: Option<PathBuf>,
}

impl Default for Sinks {
    fn default() -> Self {
        Self { console: true, syslog: None, file: None }
    }
}

/// What is open of them.
#[derive(Debug)]
struct Open {
    console: bool,
    syslog: Option<(UnixDatagram, u8)>,
    file: Option<File>,
}

/// syslog's socket.
const SYSLOG: &str = "/dev/log";

static LOST: AtomicU32 = AtomicU32::new(0);
static FINEST: AtomicU8 = AtomicU8::new(Level::Info as u8);
static NAME: OnceLock<String> = OnceLock::new();
static OPEN: OnceLock<Open> = OnceLock::new();

/// Says which process writes, and down to which level.
pub fn init(name: &str, finest: Level) {
    let _ = NAME.set(name.to_owned());
    FINEST.store(finest as u8, Ordering::Relaxed);
}

/// Says where to; `suffix` is added to the name of the file.
pub fn open(sinks: &Sinks, suffix: &str) {
    let syslog = sinks.syslog.and_then(|facility| {
        let socket = UnixDatagram::unbound().ok()?;
        socket.connect(SYSLOG).ok()?;
        socket.set_nonblocking(true).ok()?;
        Some((socket, facility))
    });
    let file = sinks.file.as_ref().and_then(|path| append_to(&with_suffix(path, suffix)));
    let _ = OPEN.set(Open { console: sinks.console, syslog, file });
}

/// `keepalived.log` becomes `keepalived_vrrp.log`.
fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().map(|e| format!(".{}", e.to_string_lossy())).unwrap_or_default();
    path.with_file_name(format!("{stem}{suffix}{ending}"))
}

fn append_to(path: &Path) -> Option<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    // Its directory may be everybody's.
    let mut options = File::options();
    options.create(true).append(true).mode(0o600).custom_flags(libc::O_NOFOLLOW);
    options.open(path).ok()
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
    let open = OPEN.get();
    if open.is_none_or(|open| open.console)
        && !socket::write_now(&std::io::stderr().as_fd(), out.as_bytes())
    {
        LOST.fetch_add(lost + 1, Ordering::Relaxed);
    }
    let Some(open) = open else { return };
    if let Some(mut file) = open.file.as_ref() {
        let _ = file.write_all(out.as_bytes());
    }
    if let Some((socket, facility)) = &open.syslog {
        let mut all_sent = true;
        for part in text.lines() {
            all_sent &= socket.send(datagram(*facility, level, part).as_bytes()).is_ok();
        }
        if !all_sent {
            LOST.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn name() -> &'static str {
    NAME.get().map_or("understudy", String::as_str)
}

/// One record of syslog (RFC 3164): `<30>Dec  1 12:53:19 Keepalived[12]: text`
fn datagram(facility: u8, level: Level, text: &str) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, month, day, hour, minute, second) = clock::local(clock::realtime());
    let month = usize::try_from(month - 1).ok().and_then(|m| MONTHS.get(m)).unwrap_or(&"Jan");
    let priority = u16::from(facility) * 8 + level as u16;
    let text: String = text.chars().map(printable).collect();
    let pid = std::process::id();
    format!(
        "<{priority}>{month} {day:2} {hour:02}:{minute:02}:{second:02} {}[{pid}]: {text}",
        name()
    )
}

/// One line is one record, and control characters of others' output stay out of terminals.
fn printable(c: char) -> char {
    if c.is_control() && c != '\t' { '?' } else { c }
}

fn line(out: &mut String, level: Level, text: &str) {
    static JOURNAL: OnceLock<bool> = OnceLock::new();
    let name = name();
    if *JOURNAL.get_or_init(|| std::env::var_os("JOURNAL_STREAM").is_some()) {
        let _ = write!(out, "<{}>{name}: ", level as u8);
    } else {
        let now = clock::realtime();
        let (_, _, _, hour, minute, second) = clock::local(now);
        let _ =
            write!(out, "{hour:02}:{minute:02}:{second:02}.{:03} {name}: ", now.subsec_millis());
    }
    out.extend(text.chars().map(printable));
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

    #[test]
    fn a_record_of_syslog_has_facility_level_and_name() {
        let record = datagram(3, Level::Info, "a\nb");
        assert!(record.starts_with("<30>"), "{record}");
        assert!(record.ends_with(&format!("[{}]: a?b", std::process::id())), "{record}");
    }

    #[test]
    fn each_process_has_a_file_of_its_own() {
        let path = Path::new("/tmp/keepalived.log");
        assert_eq!(with_suffix(path, "_vrrp"), Path::new("/tmp/keepalived_vrrp.log"));
        assert_eq!(with_suffix(Path::new("/tmp/log"), "_x"), Path::new("/tmp/log_x"));
    }
}
