//! From virtual servers and the health of their real servers to the table that the kernel should hold.
//! Quorum lost, with a sorry server: it serves alone. Without one the living servers go on (reference §4.2, §4.4).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::IpAddr;

use super::settings::{RealServer, SorryServer, VirtualServer};
use super::table::{Destination, Forward, Service, ServiceKey};

/// What is known of one real server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// No check of it is failed.
    pub alive: bool,
    /// Its weight after its checks had their say (reference §4.8), 0..=2147483647.
    pub weight: u32,
}

/// What is known of one virtual server.
#[derive(Clone, Copy, Debug)]
pub struct Pool<'a> {
    /// Its settings.
    pub settings: &'a VirtualServer,
    /// One entry for each of `settings.real_servers`.
    pub health: &'a [Health],
    /// Enough of them live.
    pub quorum_up: bool,
}

/// The wanted table. Virtual servers that share a service (one group, one protocol) fill it together; the first one's
/// settings count.
#[must_use]
pub fn table<'a>(pools: impl IntoIterator<Item = Pool<'a>>) -> Vec<Service> {
    let mut table: Vec<Service> = Vec::new();
    let mut index = BTreeMap::new();
    for pool in pools {
        for service in services(pool) {
            match index.get(&service.key) {
                None => {
                    index.insert(service.key, table.len());
                    table.push(service);
                }
                Some(&at) => {
                    let there = core::mem::take(&mut table[at].destinations);
                    let mut both = Destinations::with_capacity(there.len());
                    there.into_iter().chain(service.destinations).for_each(|d| both.put(d));
                    table[at].destinations = both.list;
                }
            }
        }
    }
    table
}

/// The table with all servers healthy and their initial weights: what a configuration means before anything was checked.
#[must_use]
pub fn healthy(all: &[VirtualServer]) -> Vec<Service> {
    let alive = |server: &RealServer| Health { alive: true, weight: server.weight };
    let health: Vec<Vec<Health>> =
        all.iter().map(|v| v.real_servers.iter().map(alive).collect()).collect();
    table(all.iter().zip(&health).map(|(settings, health)| {
        let have = living_weight(health);
        let quorum_up = super::quorum::next(false, have, settings.quorum, settings.hysteresis);
        Pool { settings, health, quorum_up }
    }))
}

/// The wanted services of one virtual server.
#[must_use]
pub fn services(pool: Pool<'_>) -> Vec<Service> {
    let settings = pool.settings;
    let service = |&key| Service {
        key,
        scheduler: settings.scheduler.clone(),
        flags: settings.flags,
        persistence: settings.persistence.clone(),
        destinations: destinations(pool, key),
    };
    settings.keys.iter().map(service).collect()
}

/// Total weight of the living servers, as the quorum counts it.
#[must_use]
pub fn living_weight(health: &[Health]) -> u64 {
    health.iter().filter(|h| h.alive).map(|h| u64::from(h.weight)).sum()
}

fn destinations(pool: Pool<'_>, key: ServiceKey) -> Vec<Destination> {
    let sorry_serves = !pool.quorum_up && pool.settings.sorry_server.is_some();
    let mut out = Destinations::with_capacity(pool.settings.real_servers.len() + 1);
    if let Some(sorry) = &pool.settings.sorry_server
        && sorry_serves
    {
        out.put(sorry_destination(sorry, key, 1));
    }
    for (server, health) in pool.settings.real_servers.iter().zip(pool.health) {
        let serves = health.alive && !sorry_serves;
        if serves || server.inhibit_on_failure {
            out.put(destination(server, key, if serves { health.weight } else { 0 }));
        }
    }
    if let Some(sorry) = &pool.settings.sorry_server
        && sorry.inhibit
    {
        out.put(sorry_destination(sorry, key, 0));
    }
    out.list
}

/// Each address and port once, the first one counts: the sorry server may also be a real server.
struct Destinations {
    list: Vec<Destination>,
    seen: BTreeSet<(IpAddr, u16)>,
}

impl Destinations {
    fn with_capacity(capacity: usize) -> Self {
        Self { list: Vec::with_capacity(capacity), seen: BTreeSet::new() }
    }

    fn put(&mut self, destination: Destination) {
        if self.seen.insert((destination.ip, destination.port)) {
            self.list.push(destination);
        }
    }
}

fn destination(server: &RealServer, key: ServiceKey, weight: u32) -> Destination {
    Destination {
        ip: server.ip,
        port: destination_port(server, key),
        forward: server.forward,
        weight,
        upper: server.upper,
        lower: server.lower,
    }
}

/// A real server's port in one of its virtual server's services. NAT without a port: the service's (reference §4.1).
#[must_use]
pub fn destination_port(server: &RealServer, key: ServiceKey) -> u16 {
    let nat_port = match (server.port, key) {
        (0, ServiceKey::Address { port, .. }) => port,
        (port, _) => port,
    };
    port(server.forward, key, nat_port)
}

fn sorry_destination(sorry: &SorryServer, key: ServiceKey, weight: u32) -> Destination {
    Destination {
        ip: sorry.ip,
        port: port(sorry.forward, key, sorry.port),
        forward: sorry.forward,
        weight,
        upper: 0,
        lower: 0,
    }
}

/// With DR and TUN packets arrive unchanged, so the port is the service's; behind a mark there is none.
fn port(forward: Forward, key: ServiceKey, nat_port: u16) -> u16 {
    match (forward, key) {
        (Forward::Nat, _) => nat_port,
        (Forward::Dr | Forward::Tun(_), ServiceKey::Address { port, .. }) => port,
        (Forward::Dr | Forward::Tun(_), ServiceKey::Mark { .. }) => 0,
    }
}

/// The family of a service's packets.
#[must_use]
pub fn is_v6(key: ServiceKey) -> bool {
    match key {
        ServiceKey::Address { ip, .. } => matches!(ip, IpAddr::V6(_)),
        ServiceKey::Mark { family, .. } => family == super::table::Family::V6,
    }
}

#[cfg(test)]
mod tests;
