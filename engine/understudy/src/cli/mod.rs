//! The commands: one file each. All speak in one voice: results on stdout, `error: operation, object: cause` on stderr.

pub mod check;
pub mod drain;
pub mod events;
pub mod genhash;
pub mod keepalived;
pub mod options;
pub mod plan;
mod reading;
pub mod reload;
pub mod run;
pub mod show;
pub mod status;
pub mod withdraw;
pub mod worker;

use std::ffi::OsString;
use std::process::ExitCode;

/// Prints an error in the one voice.
pub fn error(text: &str) {
    eprintln!("error: {text}");
}

/// Something with the command line is wrong: exit status 64 (EX_USAGE).
pub fn usage(text: &str) -> ExitCode {
    error(&format!("{text}\nSee `understudy --help`."));
    ExitCode::from(64)
}

/// Commands that later versions will have.
const NOT_YET: &[&str] = &[
    "rehearse",
    "switchover",
    "maintenance",
    "freeze",
    "thaw",
    "servers",
    "top",
    "upgrade",
    "import",
];

const HELP: &str = "\
Understudy keeps services up with pairs of hosts that share a virtual IP. It reads keepalived.conf.

Usage: understudy COMMAND [OPTION...]

The daemon
  run [-f FILE]             runs in the foreground; for systemd: Type=notify-reload
  reload [--dry-run]        reads the configuration again; a bad one changes nothing
  withdraw                  removes what an engine that can't come back has left in the kernel

Looking at it
  status [--json]           who is master and why, servers, problems; exits with
                            0 healthy, 1 degraded, 2 faulty, 3 no engine runs
  events [--json] [--follow] [--instance NAME]
                            what changed, and why; also when no engine runs
  explain [INSTANCE]        why it is in its state

Moves
  drain SERVER              a real server (ADDRESS or ADDRESS:PORT) gets no new connections
  undrain SERVER            it gets them again

Before it runs
  check [--json] [--strict] FILE
                            what is wrong with a configuration, and where
  show [--json] FILE        the effective configuration, every default filled in
  show --keywords [--json]  all keywords, and which work
  plan [--json] FILE        the IPVS table as `ipvsadm -Sn` prints it, and addresses as `ip` commands

Others
  genhash -s IP -p PORT -u URL
                            the digest of a page, for HTTP_GET
  --version                 prints the version
  --help                    prints this

Options of all commands that talk to an engine, and of `run`
  --run-dir DIR             control socket and handover; default $RUNTIME_DIRECTORY or /run/understudy
  --state-dir DIR           journal; default $STATE_DIRECTORY or /var/lib/understudy

Without -f the configuration is /etc/understudy/understudy.conf, else /etc/keepalived/keepalived.conf.
Called by the name `keepalived` it takes keepalived's options.
";

/// Runs what the command line says.
pub fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_default();
    let name = std::path::Path::new(&name).file_name().unwrap_or_default().to_owned();
    let mut arguments: Vec<OsString> = arguments.collect();
    if name == "keepalived" {
        return keepalived::main(arguments);
    }
    if arguments.is_empty() {
        eprint!("{HELP}");
        return ExitCode::from(64);
    }
    let command = arguments.remove(0);
    match command.to_str().unwrap_or_default() {
        "run" => run::main(arguments),
        "worker" => worker::main(arguments),
        "status" => status::main(arguments, false),
        "explain" => status::main(arguments, true),
        "events" => events::main(arguments),
        "reload" => reload::main(arguments),
        "withdraw" => withdraw::main(arguments),
        "check" => check::run(lexopt::Parser::from_args(arguments)),
        verb @ ("drain" | "undrain") => drain::main(verb, arguments),
        "plan" => plan::main(arguments),
        "genhash" => genhash::run(lexopt::Parser::from_args(arguments)),
        "show" => show::run(lexopt::Parser::from_args(arguments)),
        "--version" | "-V" | "version" => {
            println!("understudy {}", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        "--help" | "-h" | "help" => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        later if NOT_YET.contains(&later) => usage(&format!("`{later}` is not there yet")),
        other => usage(&format!("there is no command `{other}`")),
    }
}
