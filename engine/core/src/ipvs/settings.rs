//! The configuration's side: virtual servers, their real servers and their quorum. Every value is final: what is
//! inherited (reference §4.1) is filled in.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use super::table::{Forward, Persistence, ServiceKey};
use crate::checks::settings::CheckSettings;
use crate::command::Command;

/// The server that serves while the quorum is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SorryServer {
    /// Its address.
    pub ip: IpAddr,
    /// Its port.
    pub port: u16,
    /// Forwarding method.
    pub forward: Forward,
    /// Kept with weight 0 while unused.
    pub inhibit: bool,
}

/// One real server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RealServer {
    /// Its address.
    pub ip: IpAddr,
    /// Its port in the kernel's table; 0 for DR and TUN behind a mark.
    pub port: u16,
    /// Its port as configured: what it is called, and where checks go by default.
    pub check_port: u16,
    /// Forwarding method.
    pub forward: Forward,
    /// Initial weight, default 1.
    pub weight: u32,
    /// Upper connection limit; 0: none.
    pub upper: u32,
    /// Lower connection limit; 0: none.
    pub lower: u32,
    /// On failure weight 0 instead of removal.
    pub inhibit_on_failure: bool,
    /// Starts as down.
    pub alpha: bool,
    /// Mails about its changes. Default true.
    pub smtp_alert: bool,
    /// Became up.
    pub notify_up: Option<Command>,
    /// Became down.
    pub notify_down: Option<Command>,
    /// All must succeed; none: always alive.
    pub checks: Vec<CheckSettings>,
}

/// One virtual server; with a group it is several services in the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct VirtualServer {
    /// As the configuration names it: `10.0.0.1:80 tcp`, `fwmark 2`, `group web`.
    pub name: String,
    /// Services in the kernel, in the order of the group.
    pub keys: Vec<ServiceKey>,
    /// Scheduler, default `wlc`.
    pub scheduler: String,
    /// IP_VS_SVC_F_* beside persistence.
    pub flags: u32,
    /// Persistence, if any.
    pub persistence: Option<Persistence>,
    /// Total weight of living servers that is needed, default 1.
    pub quorum: u32,
    /// Distance between losing and regaining the quorum, default 0.
    pub hysteresis: u32,
    /// Quorum gained.
    pub quorum_up: Option<Command>,
    /// Quorum lost.
    pub quorum_down: Option<Command>,
    /// Run the down notifications at stop.
    pub omega: bool,
    /// Mails about changes of the quorum.
    pub smtp_alert: bool,
    /// Serves while the quorum is lost.
    pub sorry_server: Option<SorryServer>,
    /// Its servers.
    pub real_servers: Vec<RealServer>,
}

/// What an orderly stop deletes of the kernel's table (`lvs_flush_on_stop`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum FlushOnStop {
    /// What is ours, and whoever wants to know is told of each server.
    #[default]
    Not,
    /// What is ours; nobody is told of servers.
    Ours,
    /// Everything.
    Everything,
}

/// Seconds after which IPVS forgets a connection, 1..=2678400; 0: the kernel's value stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Timeouts {
    /// An established one of TCP.
    pub tcp: u32,
    /// One of TCP after a FIN.
    pub tcp_fin: u32,
    /// Of UDP.
    pub udp: u32,
}
