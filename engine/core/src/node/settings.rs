//! The whole configuration of one host, by the process that acts on it.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::bfd::settings::BfdSettings;
use crate::command::{Command, RunAs};
use crate::ipvs::settings::{FlushOnStop, Timeouts, VirtualServer};
use crate::ipvs::sync::SyncDaemon;
use crate::mail::settings::MailSettings;
use crate::net::address::Address;
use crate::net::firewall::Firewall;
use crate::net::route::Route;
use crate::net::rule::Rule;
use crate::node::buffers::{Buffer, Buffers};
use crate::node::namespaces::Namespaces;
use crate::node::process::EngineSettings;
use crate::track::settings::{FileSettings, LinkBeat, LinkDelays, ScriptSettings, WatchSettings};
use crate::vrrp::settings::{InstanceSettings, Paces, SyncGroupSettings};

/// A FIFO that gets a line for every change, and the program that reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Fifo {
    /// Its path.
    pub path: String,
    /// Its owner.
    pub owner: Option<RunAs>,
    /// Started once, with the path as last argument.
    pub script: Option<Command>,
}

/// What concerns every process (`global_defs`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ProcessSettings {
    /// Name in mails; default the host's name, filled in by the binary when `None`.
    pub router_id: Option<String>,
    /// How mails are sent.
    pub mail: MailSettings,
    /// Whom scripts without own user run as; `None`: `keepalived_script` if there is such a user, else root.
    pub script_user: Option<RunAs>,
    /// Refuse scripts run as root that others can change.
    pub script_security: bool,
    /// Network namespaces.
    pub namespaces: Namespaces,
    /// The processes themselves.
    pub engine: EngineSettings,
    /// Both kinds of lines.
    pub notify_fifo: Option<Fifo>,
    /// VRRP lines only.
    pub vrrp_notify_fifo: Option<Fifo>,
    /// Virtual server lines only.
    pub lvs_notify_fifo: Option<Fifo>,
}

/// What the VRRP worker acts on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct VrrpSettings {
    /// No instance becomes master before this long after the start.
    pub startup_delay: Duration,
    /// No mails about faults.
    pub no_email_faults: bool,
    /// Groups as 224.0.0.18 are joined without an IGMP report.
    pub disable_local_igmp: bool,
    /// Adverts for virtual routers that are not configured are logged.
    pub log_unknown_vrids: bool,
    /// Instances in the order of the file.
    pub instances: Vec<InstanceSettings>,
    /// Sync groups.
    pub sync_groups: Vec<SyncGroupSettings>,
    /// Scripts that instances track.
    pub scripts: Vec<ScriptSettings>,
    /// Files that instances track.
    pub files: Vec<FileSettings>,
    /// Processes that instances track.
    pub processes: Vec<WatchSettings>,
    /// How fast announcements leave.
    pub paces: Paces,
    /// Interfaces whose changes count when they last.
    pub link_delays: Vec<(String, LinkDelays)>,
    /// BFD sessions.
    pub bfd: Vec<BfdSettings>,
    /// Interfaces that are asked for their link, beside what the kernel tells.
    pub link_beats: Vec<LinkBeat>,
    /// Addresses held whatever the state.
    pub static_addresses: Vec<Address>,
    /// What names of virtual interfaces of addresses begin with (`vmac_addr_prefix`).
    pub vmac_addr_prefix: String,
    /// Routes held whatever the state.
    pub static_routes: Vec<Route>,
    /// Rules held whatever the state.
    pub static_rules: Vec<Rule>,
    /// Where packets of addresses that do not accept are dropped.
    pub firewall: Firewall,
    /// Keeps connections alive across a takeover.
    pub sync_daemon: Option<SyncDaemon>,
    /// Room for what the kernel tells.
    pub buffers: Buffers,
    /// A FIFO line of each state after a reload (`fifo_write_vrrp_states_on_reload`).
    pub fifo_states: bool,
    /// No instance becomes master before this long after the boot (`vrrp_delay_after_boot`).
    pub delay_after_boot: Duration,
}

/// What the check worker acts on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CheckWorkerSettings {
    /// Virtual servers in the order of the file.
    pub virtual_servers: Vec<VirtualServer>,
    /// Delete all of the kernel's services at start (`lvs_flush`).
    pub flush_at_start: bool,
    /// Mails when a server changes, not when one of its checks does (`no_checker_emails`).
    pub no_checker_emails: bool,
    /// Servers that are in the pool from the start are told as up (`rs_init_notifies`).
    pub init_notifies: bool,
    /// What goes at a stop.
    pub flush_on_stop: FlushOnStop,
    /// When connections are forgotten; put back at a stop.
    pub timeouts: Option<Timeouts>,
    /// Room for answers of the kernel.
    pub buffer: Option<Buffer>,
}

/// The whole configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HostSettings {
    /// For every process.
    pub process: ProcessSettings,
    /// For the VRRP worker.
    pub vrrp: VrrpSettings,
    /// For the check worker.
    pub check: CheckWorkerSettings,
}
