//! Called by the name `keepalived`: its options, exit statuses and files (reference §5.1, §5.3). What isn't there yet is
//! said, never swallowed.

mod options;
mod test;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use super::{genhash, run};
use crate::daemon::launch::{self, Launch};
use crate::daemon::load;
use crate::daemon::paths::Paths;
use crate::daemon::pid_files::{Told, Whose};
use crate::daemon::supervisor;
use crate::log::Level;
use crate::sys::{process, schedule};
use options::{Ask, Options};

/// A start in the background is watched for this long.
const STARTED_WITHIN: Duration = Duration::from_secs(30);
/// How often.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// What the kernel calls core dumps.
const CORE_PATTERN: &str = "/proc/sys/kernel/core_pattern";

/// Runs as keepalived would.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    if arguments.first().is_some_and(|first| first == "-T" || first == "--genhash") {
        return genhash::run(lexopt::Parser::from_args(arguments.into_iter().skip(1)));
    }
    let options = match Options::parse(arguments.clone()) {
        Ok(options) => options,
        Err(text) => {
            super::error(&text);
            return ExitCode::FAILURE;
        }
    };
    match &options.ask {
        Some(Ask::Version) => {
            // Scripts and exporters look for keepalived's version in its words.
            let own = env!("CARGO_PKG_VERSION");
            eprintln!("Keepalived v{} (Understudy {own})", options::COMPATIBLE_WITH);
            ExitCode::SUCCESS
        }
        Some(Ask::Help) => {
            eprint!("{}", options::HELP);
            ExitCode::SUCCESS
        }
        Some(Ask::Signal(name)) => options::signal_number(name),
        Some(Ask::Test(log)) => test::test(&options.source, log.as_deref()),
        None => start(options, arguments),
    }
}

fn start(options: Options, arguments: Vec<OsString>) -> ExitCode {
    let process = load::examine(&options.source).process;
    let namespace = options.namespace.clone().or(process.namespaces.net);
    let names = [&namespace, &process.engine.instance];
    let names: Vec<&str> = names.into_iter().flatten().map(String::as_str).collect();
    let identity = (!names.is_empty()).then(|| names.join("_"));
    let told = Told { usual: true, ..options.pid_files.clone() };
    let paths = paths(&told, identity.as_deref());
    if let Some(pid) = supervisor::running(&paths) {
        super::error(&format!("daemon is already running (pid {pid})"));
        return ExitCode::SUCCESS;
    }
    if !options.foreground {
        let pid_file = told.path(Whose::Engine, &process.engine, namespace.as_deref());
        return background(arguments, options.log_to_console, pid_file);
    }
    foreground(options, told, paths, identity)
}

fn foreground(
    options: Options,
    pid_files: Told,
    paths: Paths,
    identity: Option<String>,
) -> ExitCode {
    let launch = Launch {
        as_keepalived: true,
        log: options.sinks(),
        umask: options.umask,
        watch_addresses: options.watch_addresses,
        identity,
    };
    if options.core_dumps
        && let Err(e) = schedule::allow_core_dumps()
    {
        super::error(&format!("allow core dumps: {e}"));
    }
    let former_pattern = options.core_pattern.as_ref().and_then(|pattern| {
        let former = fs::read(CORE_PATTERN).ok()?;
        fs::write(CORE_PATTERN, pattern).ok().map(|()| former)
    });
    let level = if options.detail > 1 { Level::Debug } else { Level::Info };
    let code = run::run(
        supervisor::Options {
            source: options.source,
            paths,
            namespace: options.namespace,
            pid_files,
            ignore_sigint: options.ignore_sigint,
            dont_respawn: options.dont_respawn,
            leave: options.leave,
        },
        launch,
        level,
    );
    if let Some(former) = former_pattern {
        let _ = fs::write(CORE_PATTERN, former);
    }
    code
}

/// Several keepalived run on a host if their files are apart; so are then our own directories.
fn paths(told: &Told, identity: Option<&str>) -> Paths {
    let usual = Paths::new(None, None);
    let own = match (&told.engine, identity) {
        (Some(file), _) if file != Path::new("/run/keepalived.pid") => {
            file.to_string_lossy().trim_matches('/').replace('/', "-")
        }
        (_, Some(identity)) => identity.to_owned(),
        _ => return usual,
    };
    let apart = |directory: &PathBuf, variable: &str| {
        if std::env::var_os(variable).is_some() { directory.clone() } else { directory.join(&own) }
    };
    Paths {
        run: apart(&usual.run, "RUNTIME_DIRECTORY"),
        state: apart(&usual.state, "STATE_DIRECTORY"),
    }
}

/// Without `-n`: goes on in a process of its own, in its own session. Returns when that has begun, with its status if it
/// could not.
fn background(
    arguments: Vec<OsString>,
    log_to_console: bool,
    pid_file: Option<PathBuf>,
) -> ExitCode {
    let mut command = Command::new("/proc/self/exe");
    std::os::unix::process::CommandExt::arg0(&mut command, "keepalived");
    command.args(arguments).arg("-n").stdin(Stdio::null()).stdout(Stdio::null());
    if !log_to_console && Path::new("/dev/log").exists() {
        command.stderr(Stdio::null());
    }
    process::prepare(
        &mut command,
        process::Preparation { own_session: true, ..Default::default() },
    );
    match command.spawn() {
        Ok(child) => wait_for_start(child, pid_file.as_deref()),
        Err(e) => {
            super::error(&format!("start in the background: {e}"));
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "whoever started us waits for nothing else")]
fn wait_for_start(mut child: Child, pid_file: Option<&Path>) -> ExitCode {
    let own = format!("{}\n", child.id());
    let has_begun = || pid_file.is_some_and(|f| fs::read_to_string(f).is_ok_and(|t| t == own));
    for _ in 0..STARTED_WITHIN.as_millis() / LOOK_EVERY.as_millis() {
        if let Ok(Some(status)) = child.try_wait() {
            let code = status.code().and_then(|code| u8::try_from(code).ok());
            return ExitCode::from(code.unwrap_or(1));
        }
        if has_begun() {
            break;
        }
        std::thread::sleep(LOOK_EVERY);
    }
    ExitCode::SUCCESS
}

/// The name in the log of `process` (nothing for the supervisor), as keepalived's in syslog.
pub fn log_name(process: &str) -> String {
    let identity = launch::current().identity.as_ref();
    let identity = identity.map_or_else(String::new, |name| format!("_{name}"));
    format!("Keepalived{process}{identity}")
}
