//! What the engine's processes are called, how the kernel schedules them, and what they do around a start, a reload and
//! a stop (reference §2.1, §2.2). Every value is final.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::command::Command;

/// How the kernel schedules one worker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Scheduling {
    /// Nice value, -20..=19; default 0.
    pub nice: i8,
    /// Its memory is never swapped.
    pub no_swap: bool,
    /// SCHED_RR priority, 1..=99; `None`: not real-time.
    pub rt_priority: Option<u8>,
    /// The processors it may use; empty: all.
    pub cpus: Vec<u16>,
    /// Microseconds that it may run without a pause while real-time (RLIMIT_RTTIME), 2..; `None`: no limit. One that
    /// hangs is replaced for its silence.
    pub rt_limit: Option<u32>,
}

/// Names of the processes, at most 15 bytes; `None`: the usual ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ProcessNames {
    /// The supervisor.
    pub engine: Option<String>,
    /// The VRRP worker.
    pub vrrp: Option<String>,
    /// The check worker.
    pub check: Option<String>,
}

/// A program that the engine waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AwaitedScript {
    /// What is run.
    pub command: Command,
    /// How long it may take, 1..=1000 s; default 10 s.
    pub timeout: Duration,
}

/// Reloads that are checked, timed or told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ReloadSettings {
    /// A configuration with anything to complain about is refused, too (`reload_check_config`).
    pub check: bool,
    /// The findings are written here.
    pub check_log: Option<String>,
    /// A file with the time of the next reload.
    pub time_file: Option<String>,
    /// The time of day in it counts every day.
    pub repeat: bool,
    /// A file that is there while the configuration is read; an empty name: the usual one.
    pub marker: Option<String>,
}

/// What concerns the processes themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EngineSettings {
    /// The name of this engine among several on the host.
    pub instance: Option<String>,
    /// Files with process numbers lie in a directory of their own.
    pub use_pid_dir: bool,
    /// How long a worker may take to stop; default 5 s.
    pub child_wait: Duration,
    /// What the processes are called.
    pub names: ProcessNames,
    /// How the VRRP worker is scheduled.
    pub vrrp: Scheduling,
    /// How the check worker is scheduled.
    pub check: Scheduling,
    /// A worker whose timers come late raises its SCHED_RR priority up to this, 1..=99; 0: never.
    pub max_auto_priority: u8,
    /// By one each time that a timer is later than this; default 1 s.
    pub min_auto_priority_delay: Duration,
    /// Programs are run by the path that is configured, not by where its links lead.
    pub use_symlink_paths: bool,
    /// Programs have all groups of their user.
    pub supplementary_groups: bool,
    /// Run before the workers start.
    pub startup_script: Option<AwaitedScript>,
    /// Run after the workers have ended.
    pub shutdown_script: Option<AwaitedScript>,
    /// File mode bits that are taken away from new files; `None`: 0177 for dumps and FIFOs, as inherited for programs.
    pub umask: Option<u16>,
    /// Reloads.
    pub reload: ReloadSettings,
    /// Each configuration that is read is kept here.
    pub save_dir: Option<String>,
    /// The instance's name is part of the names of dumps.
    pub data_use_instance: bool,
    /// The layout of the JSON dump, 1 or 2; default 1.
    pub json_version: u8,
    /// The name of the dump of all data; relative to the directory of dumps.
    pub dump_file: Option<String>,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            instance: None,
            use_pid_dir: false,
            child_wait: Duration::from_secs(5),
            names: ProcessNames::default(),
            vrrp: Scheduling::default(),
            check: Scheduling::default(),
            max_auto_priority: 0,
            min_auto_priority_delay: Duration::from_secs(1),
            use_symlink_paths: false,
            supplementary_groups: false,
            startup_script: None,
            shutdown_script: None,
            umask: None,
            reload: ReloadSettings::default(),
            save_dir: None,
            data_use_instance: false,
            json_version: 1,
            dump_file: None,
        }
    }
}
