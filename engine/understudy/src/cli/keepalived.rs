//! Called by the name `keepalived`: its options (reference §5.1). What isn't there yet is said, never swallowed.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use lexopt::{Arg, Parser};

use super::run;
use crate::config_files;
use crate::daemon::load::Source;
use crate::daemon::paths::Paths;
use crate::daemon::supervisor;
use crate::sys::process;

/// Options without value that change nothing here, and why.
const NEEDLESS: &[(&str, &str)] = &[
    ("l", "the log goes to stderr anyway"),
    ("log-console", "the log goes to stderr anyway"),
    ("G", "the log goes to stderr only"),
    ("no-syslog", "the log goes to stderr only"),
    ("D", "details are in `understudy events`"),
    ("log-detail", "details are in `understudy events`"),
    ("flush-log-file", "lines are written at once"),
];

/// Options without value that are not there yet.
const FLAGS_NOT_YET: &[&str] = &[
    "all",
    "X",
    "release-vips",
    "V",
    "dont-release-vrrp",
    "I",
    "dont-release-ipvs",
    "R",
    "dont-respawn",
    "d",
    "dump-conf",
    "a",
    "address-monitoring",
    "x",
    "snmp",
    "m",
    "core-dump",
    "e",
    "all-config",
    "ignore-sigint",
    "no-mem-check",
];

/// Options with a value that are not there yet.
const VALUES_NOT_YET: &[&str] = &[
    "S",
    "log-facility",
    "u",
    "umask",
    "r",
    "vrrp_pid",
    "c",
    "checkers_pid",
    "b",
    "bfd_pid",
    "A",
    "snmp-agent-socket",
];

/// Options with an optional, attached value that are not there yet.
const OPTIONAL_NOT_YET: &[&str] = &["g", "log-file", "M", "core-dump-pattern", "perf", "debug"];

#[derive(Debug, Default)]
struct Options {
    source: Source,
    foreground: bool,
    test: bool,
    pid_file: Option<PathBuf>,
    namespace: Option<String>,
}

/// Runs as keepalived would.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    let mut options = Options {
        source: Source { file: config_files::default_file().into(), ..Source::default() },
        ..Options::default()
    };
    match parse(arguments.clone(), &mut options) {
        Ok(None) => {}
        Ok(Some(code)) => return code,
        Err(text) => {
            super::error(&text);
            return ExitCode::FAILURE;
        }
    }
    if options.test {
        return test(&options);
    }
    if !options.foreground {
        return background(arguments);
    }
    run::run(
        supervisor::Options {
            source: options.source,
            paths: Paths::new(None, None),
            namespace: options.namespace,
            pid_file: Some(options.pid_file.unwrap_or_else(|| "/run/keepalived.pid".into())),
        },
        false,
    )
}

fn parse(arguments: Vec<OsString>, options: &mut Options) -> Result<Option<ExitCode>, String> {
    let mut parser = Parser::from_args(arguments);
    let say = |e: lexopt::Error| e.to_string();
    while let Some(arg) = parser.next().map_err(say)? {
        let name = match &arg {
            Arg::Value(word) => {
                eprintln!("warning: `{}` is not an option; it is ignored", word.to_string_lossy());
                continue;
            }
            Arg::Long(name) => (*name).to_owned(),
            Arg::Short(letter) => letter.to_string(),
        };
        let unknown = arg.unexpected().to_string();
        match name.as_str() {
            "f" | "use-file" => options.source.file = parser.value().map_err(say)?.into(),
            "n" | "dont-fork" => options.foreground = true,
            "P" | "vrrp" => options.source.without_check = true,
            "C" | "check" => options.source.without_vrrp = true,
            "B" | "no_bfd" => options.source.without_bfd = true,
            "p" | "pid" => options.pid_file = Some(parser.value().map_err(say)?.into()),
            "s" | "namespace" => {
                let name = parser.value().map_err(say)?.to_string_lossy().into_owned();
                options.namespace = Some(name);
            }
            "i" | "config-id" => {
                let id = parser.value().map_err(say)?.to_string_lossy().into_owned();
                options.source.config_id = Some(id);
            }
            "t" | "config-test" => {
                options.test = true;
                if let Some(log) = parser.optional_value() {
                    eprintln!("warning: findings go to stderr, not to {}", log.to_string_lossy());
                }
            }
            "v" | "version" => {
                eprintln!("Understudy v{} (in place of keepalived)", env!("CARGO_PKG_VERSION"));
                return Ok(Some(ExitCode::SUCCESS));
            }
            "h" | "help" => {
                eprint!("{HELP}");
                return Ok(Some(ExitCode::SUCCESS));
            }
            "signum" => {
                let name = parser.value().map_err(say)?.to_string_lossy().into_owned();
                return Ok(Some(signal_number(&name)));
            }
            name if NEEDLESS.iter().any(|(known, _)| *known == name) => {}
            name if FLAGS_NOT_YET.contains(&name) => not_yet(name),
            name if VALUES_NOT_YET.contains(&name) => {
                parser.value().map_err(say)?;
                not_yet(name);
            }
            name if OPTIONAL_NOT_YET.contains(&name) => {
                let _ = parser.optional_value();
                not_yet(name);
            }
            _ => return Err(unknown),
        }
    }
    Ok(None)
}

fn not_yet(name: &str) {
    let dashes = if name.len() == 1 { "-" } else { "--" };
    eprintln!("warning: {dashes}{name} is not there yet; it is ignored");
}

fn signal_number(name: &str) -> ExitCode {
    let number = match name {
        "STOP" => libc::SIGTERM,
        "RELOAD" => libc::SIGHUP,
        "DATA" => libc::SIGUSR1,
        "STATS" => libc::SIGUSR2,
        "STATS_CLEAR" => libc::SIGRTMAX() - 1,
        "JSON" => libc::SIGRTMIN() + 2,
        _ => {
            super::error(&format!("there is no signal {name}"));
            return ExitCode::FAILURE;
        }
    };
    println!("{number}");
    ExitCode::SUCCESS
}

/// `-t`: is the configuration good? Exit statuses as keepalived's (reference §1.11).
fn test(options: &Options) -> ExitCode {
    let summary = crate::daemon::load::examine(&options.source);
    eprint!("{}", summary.findings);
    match (&summary.error, summary.files.is_empty(), summary.warnings) {
        (Some(text), true, _) => {
            super::error(text);
            ExitCode::from(4)
        }
        (Some(text), false, _) => {
            super::error(text);
            ExitCode::from(5)
        }
        (None, _, 1..) => ExitCode::from(5),
        (None, ..) => ExitCode::SUCCESS,
    }
}

/// Without `-n`: goes on in a process of its own, in its own session.
fn background(arguments: Vec<OsString>) -> ExitCode {
    let mut command = Command::new("/proc/self/exe");
    std::os::unix::process::CommandExt::arg0(&mut command, "keepalived");
    command.arg("-n").args(arguments).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null());
    process::prepare(
        &mut command,
        process::Preparation { own_session: true, ..Default::default() },
    );
    match command.spawn() {
        Ok(_) => ExitCode::SUCCESS,
        Err(e) => {
            super::error(&format!("start in the background: {e}"));
            ExitCode::FAILURE
        }
    }
}

const HELP: &str = "\
Understudy in place of keepalived.

Usage: keepalived [OPTION...]
  -f, --use-file=FILE       the configuration
  -t, --config-test         checks it and ends: 0 good, 4 unreadable, 5 has findings
  -n, --dont-fork           stays in the foreground
  -P, --vrrp                VRRP only
  -C, --check               health checks only
  -p, --pid=FILE            file for the process number, default /run/keepalived.pid
  -s, --namespace=NAME      network namespace, whatever the configuration says
  -i, --config-id=ID        for lines that begin with @ID
      --signum=NAME         number of STOP, RELOAD, DATA, STATS, STATS_CLEAR, JSON
  -v, --version             prints the version
  -h, --help                prints this
Other options of keepalived are taken, and a warning says which are not there yet.
All of Understudy's commands: `understudy --help`.
";
