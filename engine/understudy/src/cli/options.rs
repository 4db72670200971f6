//! Options that several commands share.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};

use crate::daemon::paths::Paths;

/// What was given.
#[derive(Debug, Default)]
pub struct Options {
    run_dir: Option<PathBuf>,
    state_dir: Option<PathBuf>,
    /// `--json`
    pub json: bool,
    /// Options of the command itself, without value.
    pub flags: Vec<String>,
    /// Options of the command itself, with their value.
    pub values: Vec<(String, OsString)>,
    /// What is no option.
    pub words: Vec<String>,
}

impl Options {
    /// Reads a command line. `flags` and `values` name the command's own options (long, or one letter).
    pub fn parse(
        arguments: Vec<OsString>,
        flags: &[&str],
        values: &[&str],
    ) -> Result<Self, String> {
        let mut parser = Parser::from_args(arguments);
        let mut options = Self::default();
        while let Some(arg) = parser.next().map_err(|e| e.to_string())? {
            let name = match &arg {
                Arg::Value(value) => {
                    options.words.push(value.to_string_lossy().into_owned());
                    continue;
                }
                Arg::Long(name) => (*name).to_owned(),
                Arg::Short(letter) => letter.to_string(),
            };
            let unknown = arg.unexpected().to_string();
            match name.as_str() {
                "run-dir" => options.run_dir = Some(value(&mut parser)?.into()),
                "state-dir" => options.state_dir = Some(value(&mut parser)?.into()),
                "json" if !flags.contains(&"no-json") => options.json = true,
                name if flags.contains(&name) => options.flags.push(name.to_owned()),
                name if values.contains(&name) => {
                    let value = value(&mut parser)?;
                    options.values.push((name.to_owned(), value));
                }
                _ => return Err(unknown),
            }
        }
        Ok(options)
    }

    /// Was this option given?
    pub fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|f| f == flag)
    }

    /// Its value; the last counts.
    pub fn value(&self, names: &[&str]) -> Option<&OsString> {
        self.values.iter().rev().find(|(name, _)| names.contains(&name.as_str())).map(|(_, v)| v)
    }

    /// The engine's directories.
    pub fn paths(&self) -> Paths {
        Paths::new(self.run_dir.clone(), self.state_dir.clone())
    }

    /// Nothing but options may have been given.
    pub fn no_words(self) -> Result<Self, String> {
        match self.words.first() {
            Some(word) => Err(format!("unexpected argument `{word}`")),
            None => Ok(self),
        }
    }
}

fn value(parser: &mut Parser) -> Result<OsString, String> {
    parser
        .value()
        .and_then(|v| v.parse_with(|s| Ok::<_, String>(OsString::from(s))))
        .map_err(|e| e.to_string())
}
