//! The command line of what only reads a configuration: `check` and `show`.

use lexopt::{Arg, Parser};
use understudy_core::config::Parsed;

use crate::config_files;

/// What was given.
#[derive(Debug, Default)]
pub struct Reading {
    file: Option<String>,
    config_id: Option<String>,
    /// `--json`
    pub json: bool,
    /// The one that is the command's own was given.
    pub own: bool,
}

impl Reading {
    /// Reads a command line; `own` is a long option without value of the command itself. `None`: help is wanted.
    pub fn parse(mut arguments: Parser, own: &str) -> Result<Option<Self>, lexopt::Error> {
        let mut reading = Self::default();
        while let Some(argument) = arguments.next()? {
            match argument {
                Arg::Long("json") => reading.json = true,
                Arg::Long(name) if name == own => reading.own = true,
                Arg::Long("config-id") | Arg::Short('i') => {
                    reading.config_id = Some(arguments.value()?.to_string_lossy().into_owned());
                }
                Arg::Long("help") | Arg::Short('h') => return Ok(None),
                Arg::Value(file) if reading.file.is_none() => {
                    reading.file = Some(file.to_string_lossy().into_owned());
                }
                other => return Err(other.unexpected()),
            }
        }
        Ok(Some(reading))
    }

    /// The file, and what it says.
    pub fn read(self) -> (String, Parsed) {
        let file = self.file.unwrap_or_else(|| config_files::default_file().to_owned());
        let parsed = config_files::parse(&file, self.config_id);
        (file, parsed)
    }
}
