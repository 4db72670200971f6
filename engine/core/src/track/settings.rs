//! Tracked objects and how instances refer to them (reference §3.8).

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::command::Command;

/// A reference to a tracked object. Weight 0: a failure is a fault of the instance.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TrackRef {
    /// Name of the script, interface, file or process.
    pub name: String,
    /// -253..=253; positive counts on success, negative on failure.
    pub weight: i16,
    /// Success and failure change places.
    pub reverse: bool,
}

/// All that one instance watches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Tracks {
    /// Interfaces beside its own.
    pub interfaces: Vec<TrackRef>,
    /// Scripts.
    pub scripts: Vec<TrackRef>,
    /// Files that hold a number.
    pub files: Vec<TrackRef>,
    /// Processes that are counted.
    pub processes: Vec<TrackRef>,
}

/// A script that is run again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ScriptSettings {
    /// Name in the configuration.
    pub name: String,
    /// What to run.
    pub command: Command,
    /// Start to start; default 1 s.
    pub interval: Duration,
    /// Then the process group gets SIGTERM, 2 s later SIGKILL; counts as a failure. Default: `interval`.
    pub timeout: Duration,
    /// Successes needed to become good, 1..; default 1.
    pub rise: u32,
    /// Failures needed to become bad, 1..; default 1.
    pub fall: u32,
    /// Bad until it first succeeds `rise` times.
    pub init_fail: bool,
}
