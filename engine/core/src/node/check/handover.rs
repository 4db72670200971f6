//! What the node remembers for its next life, and what it reads from the kernel's table when nothing is remembered.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use super::{CheckNode, names};
use crate::checks::schedule::Progress;
use crate::checks::settings::CheckSettings;
use crate::ipvs::settings::{RealServer, Timeouts, VirtualServer};
use crate::ipvs::table::{Service, ServiceKey};

/// The state of a whole node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Memory {
    /// Checks.
    pub checks: Vec<CheckMemory>,
    /// Virtual servers.
    pub virtual_servers: Vec<VirtualServerMemory>,
    /// Services in the kernel that we made.
    pub ours: Vec<ServiceKey>,
    /// Services put right so far.
    pub repairs: u64,
    /// The kernel's timeouts before ours.
    #[cfg_attr(feature = "serde", serde(default))]
    pub found_timeouts: Option<Timeouts>,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CheckMemory {
    /// Which.
    pub settings: CheckSettings,
    /// Its machine.
    pub progress: Progress,
    /// The weight it asked for.
    pub weight: Option<u32>,
    /// Why it failed last.
    pub last_error: Option<String>,
}

/// One virtual server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct VirtualServerMemory {
    /// Its name.
    pub name: String,
    /// Which of those with this name.
    pub nth: usize,
    /// Its quorum.
    pub quorum_up: bool,
    /// Its real servers.
    pub servers: Vec<ServerMemory>,
}

/// One real server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ServerMemory {
    /// Its address.
    pub ip: IpAddr,
    /// Its port as configured.
    pub port: u16,
    /// Its state.
    pub alive: bool,
    /// Drained by the operator.
    pub drained: bool,
}

impl CheckNode {
    /// All that the next life needs.
    #[must_use]
    pub fn memory(&self) -> Memory {
        let check = |run: &super::checks::Run| CheckMemory {
            settings: run.settings.clone(),
            progress: run.machine.progress().clone(),
            weight: run.weight,
            last_error: run.last_error.clone(),
        };
        let ids = names::identities(&self.settings.virtual_servers);
        let all = self.settings.virtual_servers.iter().zip(&self.virtual_servers).zip(ids);
        let virtual_servers = all.map(|((settings, state), (name, nth))| {
            let pairs = settings.real_servers.iter().zip(&state.servers);
            let servers = pairs.map(|(server, known)| ServerMemory {
                ip: server.ip,
                port: server.check_port,
                alive: known.health.alive,
                drained: known.drained,
            });
            let quorum_up = state.quorum_up;
            VirtualServerMemory { name, nth, quorum_up, servers: servers.collect() }
        });
        Memory {
            virtual_servers: virtual_servers.collect(),
            checks: self.checks.iter().map(check).collect(),
            ours: self.ours.iter().copied().collect(),
            repairs: self.repairs,
            found_timeouts: self.found_timeouts,
        }
    }
}

impl Memory {
    /// Nothing is remembered: a first life.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.virtual_servers.is_empty()
    }

    pub(super) fn index(&self) -> Index<'_> {
        let mut index = Index::default();
        for virtual_server in &self.virtual_servers {
            let id = (virtual_server.name.as_str(), virtual_server.nth);
            index.quorums.insert(id, virtual_server.quorum_up);
            for server in &virtual_server.servers {
                index.servers.insert((id, server.ip, server.port), *server);
            }
        }
        index
    }
}

type Id<'a> = (&'a str, usize);

/// The memory, by name.
#[derive(Default)]
pub(super) struct Index<'a> {
    quorums: BTreeMap<Id<'a>, bool>,
    servers: BTreeMap<(Id<'a>, IpAddr, u16), ServerMemory>,
}

impl Index<'_> {
    pub fn quorum(&self, (name, nth): &names::Identity) -> Option<bool> {
        self.quorums.get(&(name.as_str(), *nth)).copied()
    }

    pub fn server(
        &self,
        (name, nth): &names::Identity,
        server: &RealServer,
    ) -> Option<ServerMemory> {
        self.servers.get(&((name.as_str(), *nth), server.ip, server.check_port)).copied()
    }
}

/// What the kernel's table says of a real server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trace {
    /// It is in the pool.
    pub serves: bool,
    /// Its weight there.
    pub weight: Option<u32>,
}

/// Looks for a real server in the service that the kernel has for its virtual server; `None`: no such service.
pub(super) fn trace(
    there: Option<&Service>,
    virtual_server: &VirtualServer,
    server: &RealServer,
) -> Option<Trace> {
    let service = there?;
    let port = crate::ipvs::desire::destination_port(server, service.key);
    let found = service.destinations.iter().find(|d| d.ip == server.ip && d.port == port);
    let sorry = virtual_server.sorry_server.as_ref();
    let as_sorry =
        sorry_serves(service, virtual_server) && sorry.is_some_and(|s| s.ip == server.ip);
    let serves = found.is_some_and(|d| d.weight > 0 || server.weight == 0) && !as_sorry;
    Some(Trace { serves, weight: found.filter(|_| serves).map(|d| d.weight) })
}

/// The sorry server serves in the kernel, and no real server does.
pub(super) fn sorry_serves(service: &Service, virtual_server: &VirtualServer) -> bool {
    let Some(sorry) = &virtual_server.sorry_server else { return false };
    let serving = service.destinations.iter().filter(|d| d.weight > 0);
    let mut others = serving.clone().filter(|d| d.ip != sorry.ip);
    serving.clone().any(|d| d.ip == sorry.ip) && others.next().is_none()
}
