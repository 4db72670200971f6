//! `understudy check [--json] [--strict] [-i ID] [FILE]`: parses and validates, touching nothing.

use std::process::ExitCode;

use lexopt::Parser;
use understudy_core::config::Parsed;

use super::reading::Reading;
use crate::diagnostics::{self, print, render_all, renderer, summary};

const USAGE: &str = "usage: understudy check [--json] [--strict] [--config-id ID] [FILE]\n\n\
    Reads the configuration (default: /etc/understudy/understudy.conf, else\n\
    /etc/keepalived/keepalived.conf; `-` is the standard input) and says what is wrong with it.\n\n\
    --json             findings as a JSON list\n\
    --strict           exit 1 if there are warnings\n\
    -i, --config-id ID what `@ID` conditions compare with (default: the host's name)\n\n\
    Exit codes: 0 valid, 1 warnings with --strict, 2 invalid, 64 usage.";

/// Runs the command.
pub fn run(arguments: Parser) -> ExitCode {
    match Reading::parse(arguments, "strict") {
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

fn check(options: Reading) -> ExitCode {
    let (json, strict) = (options.json, options.own);
    let (file, parsed) = options.read();
    if json {
        print(&format!("{:#}\n", diagnostics::json(&parsed)));
    } else {
        let findings = render_all(&renderer(), &parsed);
        print(&format!("{findings}{file}: {}\n", summary(&parsed)));
    }
    exit_code(&parsed, strict)
}

fn exit_code(parsed: &Parsed, strict: bool) -> ExitCode {
    match (&parsed.settings, parsed.diagnostics.is_empty()) {
        (None, _) => ExitCode::from(2),
        (Some(_), false) if strict => ExitCode::from(1),
        (Some(_), _) => ExitCode::SUCCESS,
    }
}
