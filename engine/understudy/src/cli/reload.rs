//! `understudy reload`: reads the configuration again, and says whether it was taken.

use std::ffi::OsString;
use std::process::ExitCode;

use super::options::Options;
use crate::control::Ask;
use crate::control::client::{self, Client};

/// Asks the running engine.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    let options = match Options::parse(arguments, &["dry-run"], &[]).and_then(Options::no_words) {
        Ok(options) => options,
        Err(text) => return super::usage(&text),
    };
    let dry_run = options.has("dry-run");
    let path = options.paths().socket();
    match Client::connect(&path).and_then(|mut client| client.ask(&Ask::Reload { dry_run })) {
        Ok(Ok(value)) => {
            let warnings = value["warnings"].as_u64().unwrap_or(0);
            if let Some(findings) = value["findings"].as_str() {
                eprint!("{findings}");
            }
            let done = if dry_run { "the configuration can be used" } else { "reloaded" };
            if options.json {
                println!("{value}");
            } else {
                println!("{done}; warnings: {warnings}");
            }
            ExitCode::SUCCESS
        }
        Ok(Err(text)) => {
            super::error(&format!("reload: {text}"));
            ExitCode::from(2)
        }
        Err(e) => {
            super::error(&client::explain(&path, &e));
            ExitCode::from(3)
        }
    }
}
