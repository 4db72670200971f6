//! keepalived's command line, as a table.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use lexopt::{Arg, Parser};
use understudy_core::config::umask_of;

use crate::config_files;
use crate::daemon::launch;
use crate::daemon::load::Source;
use crate::daemon::pid_files::Told;
use crate::log::Sinks;
use crate::sys::signal;

/// The version of keepalived whose configuration we read.
pub const COMPATIBLE_WITH: &str = "2.4.3";

/// Something that ends at once.
#[derive(Debug)]
pub enum Ask {
    /// The version.
    Version,
    /// The options.
    Help,
    /// The number of a signal.
    Signal(String),
    /// Is the configuration good? Findings go to this file.
    Test(Option<PathBuf>),
}

/// What was said.
#[derive(Debug)]
pub struct Options {
    /// What to read.
    pub source: Source,
    /// Network namespace, whatever the configuration says.
    pub namespace: Option<String>,
    /// Instead of running.
    pub ask: Option<Ask>,
    /// Stays in the foreground.
    pub foreground: bool,
    /// Files with process numbers.
    pub pid_files: Told,
    /// Mask of new files.
    pub umask: Option<u16>,
    /// Changes of addresses are logged.
    pub watch_addresses: bool,
    /// Logged to stderr, too.
    pub log_to_console: bool,
    /// How often `-D` was said.
    pub detail: u8,
    no_syslog: bool,
    facility: u8,
    log_file: Option<PathBuf>,
    /// Only SIGTERM stops.
    pub ignore_sigint: bool,
    /// The end of a worker ends everything.
    pub dont_respawn: bool,
    /// A stop leaves what each of the workers has put into the kernel.
    pub leave: [bool; 2],
    /// Core dumps are written.
    pub core_dumps: bool,
    /// And called so.
    pub core_pattern: Option<String>,
}

/// What comes after an option, and what it does.
enum Effect {
    Flag(fn(&mut Options)),
    Value(fn(&mut Options, OsString) -> Result<(), String>),
    /// Attached to it, or nothing.
    Optional(fn(&mut Options, Option<OsString>)),
    /// Changes nothing here: what it asks for is so anyway.
    Needless,
    /// Is still to come; with a value or without.
    NotYet(bool),
    /// Of debug builds only; the value is attached.
    Debugging,
}

use Effect::{Debugging, Flag, Needless, NotYet, Optional, Value};

#[rustfmt::skip] // one row a line
const TABLE: &[(&str, &str, Effect)] = &[
    ("f", "use-file", Value(|o, v| { o.source.file = absolute(v); Ok(()) })),
    ("P", "vrrp", Flag(|o| o.source.without_check = true)),
    ("C", "check", Flag(|o| o.source.without_vrrp = true)),
    ("B", "no_bfd", Flag(|o| o.source.without_bfd = true)),
    ("", "all", Flag(|o| o.source.all_workers = true)),
    ("l", "log-console", Flag(|o| o.log_to_console = true)),
    ("D", "log-detail", Flag(|o| o.detail += 1)),
    ("S", "log-facility", Value(|o, v| facility(&v).map(|f| o.facility = f))),
    ("g", "log-file", Optional(|o, v| o.log_file = Some(v.map_or_else(default_log, absolute)))),
    ("", "flush-log-file", Needless),
    ("G", "no-syslog", Flag(|o| o.no_syslog = true)),
    ("u", "umask", Value(|o, v| mask(&v).map(|m| o.umask = Some(m)))),
    ("X", "release-vips", Needless),
    ("V", "dont-release-vrrp", Flag(|o| o.leave[0] = true)),
    ("I", "dont-release-ipvs", Flag(|o| o.leave[1] = true)),
    ("R", "dont-respawn", Flag(|o| o.dont_respawn = true)),
    ("n", "dont-fork", Flag(|o| o.foreground = true)),
    ("d", "dump-conf", Flag(|o| o.source.show = true)),
    ("p", "pid", Value(|o, v| { o.pid_files.engine = Some(absolute(v)); Ok(()) })),
    ("r", "vrrp_pid", Value(|o, v| { o.pid_files.vrrp = Some(absolute(v)); Ok(()) })),
    ("c", "checkers_pid", Value(|o, v| { o.pid_files.check = Some(absolute(v)); Ok(()) })),
    ("b", "bfd_pid", Value(|_, _| Ok(()))), // there is no process of its own
    ("a", "address-monitoring", Flag(|o| o.watch_addresses = true)),
    ("x", "snmp", NotYet(false)),
    ("A", "snmp-agent-socket", NotYet(true)),
    ("s", "namespace", Value(|o, v| { o.namespace = Some(text(&v)); Ok(()) })),
    ("m", "core-dump", Flag(|o| o.core_dumps = true)),
    ("M", "core-dump-pattern", Optional(pattern)),
    ("e", "all-config", Flag(|o| o.source.strict_includes = true)),
    ("i", "config-id", Value(|o, v| { o.source.config_id = Some(text(&v)); Ok(()) })),
    ("", "signum", Value(|o, v| { o.ask = Some(Ask::Signal(text(&v))); Ok(()) })),
    ("t", "config-test", Optional(|o, v| o.ask = Some(Ask::Test(v.map(absolute))))),
    ("", "ignore-sigint", Flag(|o| o.ignore_sigint = true)),
    ("v", "version", Flag(|o| o.ask = Some(Ask::Version))),
    ("h", "help", Flag(|o| o.ask = Some(Ask::Help))),
    ("", "no-mem-check", Needless),
    ("", "config-fd", Value(|_, _| Ok(()))),
    ("", "perf", Debugging),
    ("", "debug", Debugging),
];

impl Options {
    /// Reads a command line. What asks for something ends it, as in keepalived.
    pub fn parse(arguments: Vec<OsString>) -> Result<Self, String> {
        let mut options = Self {
            source: Source { file: config_files::default_file().into(), ..Source::default() },
            namespace: None,
            ask: None,
            foreground: false,
            pid_files: Told::default(),
            umask: None,
            watch_addresses: false,
            log_to_console: false,
            detail: 0,
            no_syslog: false,
            facility: 3,
            log_file: None,
            ignore_sigint: false,
            dont_respawn: false,
            leave: [false; 2],
            core_dumps: false,
            core_pattern: None,
        };
        let mut parser = Parser::from_args(arguments);
        let say = |e: lexopt::Error| e.to_string();
        while let Some(arg) = parser.next().map_err(say)? {
            let (name, is_long) = match &arg {
                Arg::Value(word) => {
                    let word = word.to_string_lossy();
                    eprintln!("warning: `{word}` is not an option; it is ignored");
                    continue;
                }
                Arg::Long(name) => ((*name).to_owned(), true),
                Arg::Short(letter) => (letter.to_string(), false),
            };
            let unknown = arg.unexpected().to_string();
            let found =
                TABLE.iter().find(|(short, long, _)| name == if is_long { *long } else { *short });
            let Some((.., effect)) = found else { return Err(unknown) };
            match effect {
                Flag(set) => set(&mut options),
                Value(set) => {
                    let value = parser.value().map_err(say)?;
                    set(&mut options, value).map_err(|e| format!("option {name}: {e}"))?;
                }
                Optional(set) => set(&mut options, parser.optional_value()),
                Needless => {}
                NotYet(has_value) => {
                    if *has_value {
                        parser.value().map_err(say)?;
                    }
                    let dashes = if is_long { "--" } else { "-" };
                    eprintln!("warning: {dashes}{name} is not there yet; it is ignored");
                }
                Debugging => _ = parser.optional_value(),
            }
            if matches!(options.ask, Some(Ask::Version | Ask::Help | Ask::Signal(_))) {
                break;
            }
        }
        Ok(options)
    }

    /// Where the log goes. With systemd stderr is the journal; without syslog's socket it is all there is.
    pub fn sinks(&self) -> Sinks {
        let journal = std::env::var_os("JOURNAL_STREAM").is_some();
        let syslog = !self.no_syslog && !journal && std::path::Path::new("/dev/log").exists();
        Sinks {
            console: self.log_to_console || journal || (!syslog && self.log_file.is_none()),
            syslog: syslog.then_some(self.facility),
            file: self.log_file.clone(),
        }
    }
}

fn text(value: &OsString) -> String {
    value.to_string_lossy().into_owned()
}

/// As seen from here: in the background the working directory is another.
fn absolute(value: OsString) -> PathBuf {
    let path = PathBuf::from(value);
    std::path::absolute(&path).unwrap_or(path)
}

fn default_log() -> PathBuf {
    launch::temporary_directory().join("keepalived.log")
}

fn facility(value: &OsString) -> Result<u8, String> {
    let name = text(value);
    let local = name.strip_prefix("local").unwrap_or(&name).parse::<u8>().ok();
    match (name.as_str(), local) {
        ("user", _) => Ok(1),
        ("daemon", _) => Ok(3),
        (_, Some(n @ 0..=7)) => Ok(16 + n),
        _ => Err(format!("`{name}` is none of 0 to 7, local0 to local7, user and daemon")),
    }
}

fn mask(value: &OsString) -> Result<u16, String> {
    umask_of(&text(value)).ok_or_else(|| format!("`{}` is no mask", text(value)))
}

fn pattern(options: &mut Options, value: Option<OsString>) {
    options.core_dumps = true;
    options.core_pattern = Some(value.map_or_else(|| "core".to_owned(), |v| text(&v)));
}

/// Prints the number of a signal.
pub fn signal_number(name: &str) -> ExitCode {
    let number = match name {
        "STOP" => signal::SIGTERM,
        "RELOAD" => signal::SIGHUP,
        "DATA" => signal::SIGUSR1,
        "STATS" => signal::SIGUSR2,
        "STATS_CLEAR" => signal::SIGSTATSCLEAR,
        "JSON" => signal::SIGJSON,
        _ => {
            crate::cli::error(&format!("there is no signal {name}"));
            return ExitCode::FAILURE;
        }
    };
    println!("{number}");
    ExitCode::SUCCESS
}

/// What `--help` prints.
pub const HELP: &str = "\
Understudy in place of keepalived.

Usage: keepalived [OPTION...]
  -f, --use-file=FILE       the configuration
  -t, --config-test[=LOG]   checks it and ends: 0 good, 2 argument missing, 4 unreadable, 5 findings,
                            6 an include failed
  -e, --all-config          every include must succeed
  -i, --config-id=ID        for lines that begin with @ID
  -d, --dump-conf           logs the effective configuration

  -n, --dont-fork           stays in the foreground
  -P, --vrrp                VRRP only
  -C, --check               health checks only
  -B, --no_bfd              no BFD sessions
  -s, --namespace=NAME      network namespace, whatever the configuration says
      --all                 starts both workers, also with nothing to do
  -R, --dont-respawn        ends when a worker ends
  -V, --dont-release-vrrp   leaves the addresses at a stop
  -I, --dont-release-ipvs   leaves the services at a stop
      --ignore-sigint       is stopped by SIGTERM only

  -p, --pid=FILE            file for the process number, default /run/keepalived.pid
  -r, --vrrp_pid=FILE       that of the VRRP worker, default /run/vrrp.pid
  -c, --checkers_pid=FILE   that of the check worker, default /run/checkers.pid
  -u, --umask=MASK          mode bits that new files do not get

  -l, --log-console         logs to stderr, too
  -D, --log-detail          twice: logs everything
  -S, --log-facility=N      0 to 7, local0 to local7, user, daemon
  -g, --log-file[=FILE]     logs to a file, default keepalived.log in $TMPDIR or /tmp
  -G, --no-syslog           does not log to syslog
  -a, --address-monitoring  logs all changes of addresses
  -m, --core-dump           allows core dumps
  -M, --core-dump-pattern[=PATTERN]

  -T, --genhash             as `genhash`; must be the first
      --signum=NAME         number of STOP, RELOAD, DATA, STATS, STATS_CLEAR, JSON
  -v, --version             prints the version
  -h, --help                prints this
All of Understudy's commands: `understudy --help`.
";

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(line.split_whitespace().map(OsString::from).collect())
    }

    #[test]
    fn options_come_as_keepalived_takes_them() {
        let options = parse("-nlDD -f /a -p/b -r /c --checkers_pid=/d -u 022 -S 2 -VI -G").unwrap();
        assert!(options.foreground && options.log_to_console && options.no_syslog);
        assert_eq!(options.detail, 2);
        assert_eq!(options.source.file, PathBuf::from("/a"));
        assert_eq!(options.pid_files.engine, Some("/b".into()));
        assert_eq!(options.pid_files.vrrp, Some("/c".into()));
        assert_eq!(options.pid_files.check, Some("/d".into()));
        assert_eq!((options.umask, options.facility), (Some(0o022), 18));
        assert_eq!(options.leave, [true, true]);
        assert!(matches!(parse("-t").unwrap().ask, Some(Ask::Test(None))));
        let Some(Ask::Test(Some(log))) = parse("-t/log -f x").unwrap().ask else { panic!() };
        assert_eq!(log, PathBuf::from("/log"));
        // The value must be attached: this is a test of the default file, and a word too many.
        assert!(matches!(parse("-t /log").unwrap().ask, Some(Ask::Test(None))));
        assert!(matches!(parse("-v --nonsense").unwrap().ask, Some(Ask::Version)));
    }

    #[test]
    fn what_it_does_not_know_is_an_error() {
        for line in ["--nonsense", "-Z", "-f", "-u 9999", "-S nobody", "--pid"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn no_option_stands_twice_in_the_table() {
        for (i, (short, long, _)) in TABLE.iter().enumerate() {
            for (other_short, other_long, _) in &TABLE[..i] {
                assert!(long != other_long && (short.is_empty() || short != other_short), "{long}");
            }
        }
    }
}
