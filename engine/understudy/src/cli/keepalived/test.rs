//! `-t`: is the configuration good? Exit statuses as keepalived's (reference §1.11).

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use crate::cli::error;
use crate::daemon::load::{self, Source, Summary};

/// Says what is wrong with it, on stderr or at the end of a file.
pub fn test(source: &Source, log: Option<&Path>) -> ExitCode {
    let summary = load::examine(source);
    let mut text = summary.findings.clone();
    if let Some(error) = &summary.error {
        text += &format!("error: {error}\n");
    }
    let Some(log) = log else {
        eprint!("{text}");
        return ExitCode::from(status(&summary));
    };
    let file = File::options().create(true).append(true).open(log);
    if let Err(e) = file.and_then(|mut file| file.write_all(text.as_bytes())) {
        error(&format!("write {}: {e}", log.display()));
        eprint!("{text}");
    }
    ExitCode::from(status(&summary))
}

/// The worst counts. What only we advise is no reason to fail.
fn status(summary: &Summary) -> u8 {
    if summary.include_failed {
        6
    } else if summary.argument_missing {
        2
    } else if summary.error.is_some() && summary.files.is_empty() {
        4
    } else if summary.error.is_some() || summary.complaints > 0 {
        5
    } else {
        0
    }
}
