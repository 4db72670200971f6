//! What `understudy status --json` shows of the virtual servers.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::IpAddr;

use super::{CheckNode, names};
use crate::ipvs::desire;
use crate::ipvs::table::ServiceKey;

/// One virtual server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct VirtualServerStatus {
    /// Its name in the configuration.
    pub name: String,
    /// Its scheduler.
    pub scheduler: String,
    /// Its quorum.
    pub quorum: QuorumStatus,
    /// The sorry server serves.
    pub sorry_active: bool,
    /// Its real servers.
    pub servers: Vec<ServerStatus>,
}

/// A quorum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct QuorumStatus {
    /// Reached.
    pub up: bool,
    /// Weight that is needed.
    pub need: u32,
    /// Weight of the living servers.
    pub have: u64,
}

/// One real server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ServerStatus {
    /// Its address.
    pub address: String,
    /// Its port as configured.
    pub port: u16,
    /// Its weight while up.
    pub weight: u32,
    /// Alive.
    pub up: bool,
    /// Drained by the operator.
    pub drained: bool,
    /// Its checks.
    pub checks: Vec<CheckStatus>,
    /// Established connections in the kernel, filled in by the caller.
    pub active_connections: Option<u64>,
    /// Its places in the kernel's table.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub destinations: Vec<(ServiceKey, IpAddr, u16)>,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct CheckStatus {
    /// Its keyword.
    pub kind: String,
    /// Good; `None` before the first verdict.
    pub up: Option<bool>,
    /// Why the last run failed.
    pub last_error: Option<String>,
    /// How long the last run took.
    pub duration_ms: Option<u64>,
}

impl CheckNode {
    /// All virtual servers as they are now.
    #[must_use]
    pub fn status(&self) -> Vec<VirtualServerStatus> {
        let all = self.settings.virtual_servers.iter().zip(&self.virtual_servers);
        all.map(|(settings, state)| {
            let pairs = settings.real_servers.iter().zip(&state.servers);
            let health: Vec<_> = state.servers.iter().map(|s| s.health).collect();
            VirtualServerStatus {
                name: settings.name.clone(),
                scheduler: settings.scheduler.clone(),
                quorum: QuorumStatus {
                    up: state.quorum_up,
                    need: settings.quorum,
                    have: desire::living_weight(&health),
                },
                sorry_active: !state.quorum_up && settings.sorry_server.is_some(),
                servers: pairs
                    .map(|(server, known)| ServerStatus {
                        address: server.ip.to_string(),
                        port: server.check_port,
                        weight: known.health.weight,
                        up: known.health.alive,
                        drained: known.drained,
                        checks: known
                            .checks
                            .iter()
                            .filter_map(|id| self.check_status(*id))
                            .collect(),
                        active_connections: None,
                        destinations: settings
                            .keys
                            .iter()
                            .map(|key| (*key, server.ip, desire::destination_port(server, *key)))
                            .collect(),
                    })
                    .collect(),
            }
        })
        .collect()
    }

    fn check_status(&self, check: super::CheckId) -> Option<CheckStatus> {
        let run = self.checks.get(check)?;
        Some(CheckStatus {
            kind: names::kind(&run.settings).to_string(),
            up: run.machine.up(),
            last_error: run.last_error.clone(),
            duration_ms: run.took.map(|t| u64::try_from(t.as_millis()).unwrap_or(u64::MAX)),
        })
    }
}
