//! `understudy check [--json] [--strict] [-i ID] [FILE]`: parses and validates, touching nothing.

use std::process::ExitCode;

use lexopt::{Arg, Parser};
use understudy_core::config::Parsed;

use crate::config_files;
use crate::diagnostics::{json, print, render_all, renderer, summary};

const USAGE: &str = "usage: understudy check [--json] [--strict] [--config-id ID] [FILE]\n\n\
    Reads the configuration (default: /etc/understudy/understudy.conf, else\n\
    /etc/keepalived/keepalived.conf; `-` is the standard input) and says what is wrong with it.\n\n\
    --json             findings as a JSON list\n\
    --strict           exit 1 if there are warnings\n\
    -i, --config-id ID what `@ID` conditions compare with (default: the host's name)\n\n\
    Exit codes: 0 valid, 1 warnings with --strict, 2 invalid, 64 usage.";

#[derive(Default)]
struct Options {
    file: Option<String>,
    config_id: Option<String>,
    json: bool,
    strict: bool,
}

/// Runs the command.
pub fn run(arguments: Parser) -> ExitCode {
    match options(arguments) {
        Ok(Some(options)) => check(options),
        Ok(None) => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("understudy check: {why}\n\n{USAGE}");
            ExitCode::from(64)
        }
    }
}

fn options(mut arguments: Parser) -> Result<Option<Options>, lexopt::Error> {
    let mut options = Options::default();
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("json") => options.json = true,
            Arg::Long("strict") => options.strict = true,
            Arg::Long("config-id") | Arg::Short('i') => {
                options.config_id = Some(arguments.value()?.to_string_lossy().into_owned());
            }
            Arg::Long("help") | Arg::Short('h') => return Ok(None),
            Arg::Value(file) if options.file.is_none() => {
                options.file = Some(file.to_string_lossy().into_owned());
            }
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(options))
}

fn check(options: Options) -> ExitCode {
    let file = options.file.unwrap_or_else(|| config_files::default_file().to_owned());
    let parsed = config_files::parse(&file, options.config_id);
    if options.json {
        print(&format!("{:#}\n", json(&parsed)));
    } else {
        let findings = render_all(&renderer(), &parsed);
        print(&format!("{findings}{file}: {}\n", summary(&parsed)));
    }
    exit_code(&parsed, options.strict)
}

fn exit_code(parsed: &Parsed, strict: bool) -> ExitCode {
    match (&parsed.settings, parsed.diagnostics.is_empty()) {
        (None, _) => ExitCode::from(2),
        (Some(_), false) if strict => ExitCode::from(1),
        (Some(_), _) => ExitCode::SUCCESS,
    }
}
