//! A program that the engine runs: a track script, a check, a notification. Always an argument vector, never a shell.

use alloc::string::String;
use alloc::vec::Vec;

/// Whom a program runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RunAs {
    /// Login name.
    pub user: String,
    /// Group; the user's own when absent.
    pub group: Option<String>,
}

/// A program with its arguments and its user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Command {
    /// Program (an absolute path, or a name to look up in PATH) and its arguments; never empty.
    pub argv: Vec<String>,
    /// The user given with the script; `None` is the configuration's `script_user`.
    pub run_as: Option<RunAs>,
}
