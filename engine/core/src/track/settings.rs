//! Tracked objects and how instances refer to them (reference §3.8).

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::command::Command;

/// A reference to a tracked object. Weight 0: a failure is a fault of the instance.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TrackRef {
    /// Name of the script, interface, file, process or BFD session.
    pub name: String,
    /// -253..=253, of files and processes -254..=254; positive counts on success, negative on failure. A file's value is
    /// multiplied by it.
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
    /// BFD sessions.
    #[cfg_attr(feature = "serde", serde(default))]
    pub bfds: Vec<TrackRef>,
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

/// A file that holds a number.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FileSettings {
    /// Name in the configuration.
    pub name: String,
    /// Where it is.
    pub path: String,
    /// Written when the engine starts; not at a reload, nor by a successor.
    pub init: Option<FileInit>,
}

/// What a file holds at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FileInit {
    /// The number.
    pub value: i32,
    /// Also where the file is there already.
    pub overwrite: bool,
}

/// Processes that are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct WatchSettings {
    /// Name in the configuration.
    pub name: String,
    /// Their name or command.
    pub process: String,
    /// Their arguments.
    pub parameters: Parameters,
    /// `process` is the whole command (argv\[0\]), not the name of at most 15 bytes.
    pub full_command: bool,
    /// At least so many, 0..=65535; default 1.
    pub quorum: u32,
    /// At most so many; default: no bound, `u32::MAX`.
    pub quorum_max: u32,
    /// Too few or too many count after that; default zero.
    pub terminate_delay: Duration,
    /// Enough again counts after that; default zero.
    pub fork_delay: Duration,
}

/// Which arguments a process must have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Parameters {
    /// Whichever.
    Any,
    /// These, and no more.
    Exactly(Vec<String>),
    /// These first (`partial`).
    First(Vec<String>),
    /// These first, and the last one need not be complete (`initial`).
    Begin(Vec<String>),
}

/// How long a change of an interface must last before it counts (`interface_up_down_delays`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LinkDelays {
    /// Until it is down, 0..=255 s.
    pub down: Duration,
    /// Until it is up, 0..=255 s.
    pub up: Duration,
}

/// An interface that is asked for its link, once a second (`linkbeat_interfaces`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LinkBeat {
    /// Its name.
    pub interface: String,
    /// How; `None`: by the first of them that works. One that does not work is followed by the next.
    pub method: Option<Method>,
}

/// How an interface is asked for its link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Method {
    /// By a register of the transceiver (SIOCGMIIREG).
    Mii,
    /// By the driver (ETHTOOL_GLINK).
    Ethtool,
    /// By its flags (SIOCGIFFLAGS).
    Ioctl,
}
